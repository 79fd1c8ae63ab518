//! The private cluster against an installed PostgreSQL.

mod faults;
mod lifecycle;
pub(super) mod support;
