//! Pure decisions and types: no database, no clock, no randomness, no I/O.

pub mod actor;
pub mod currency;
pub mod event_kinds;
pub mod ids;
pub mod level;
pub mod masking;
pub mod money;
pub mod names;
pub mod organisation;
pub mod text_enum;
pub mod text_keys;
