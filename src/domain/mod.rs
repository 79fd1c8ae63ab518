//! Pure decisions and types: no database, no clock, no randomness, no I/O.

pub mod actor;
pub mod credit_groups;
pub mod currency;
pub mod customers;
pub mod events;
pub mod ids;
pub mod masking;
pub mod money;
pub mod names;
pub mod organisation;
pub mod products;
pub mod social_credit_code;
mod text_enum;
