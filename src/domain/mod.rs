//! Pure decisions and types: no database, no clock, no randomness, no I/O.

pub mod actor;
pub mod approvals;
pub mod counted;
pub mod credit_applications;
pub mod credit_groups;
pub mod credit_lines;
pub mod currency;
pub mod customers;
pub mod events;
pub mod exchange_rates;
pub mod exposure;
pub mod ids;
pub mod masking;
pub mod money;
pub mod names;
pub mod organisation;
pub mod payments;
pub mod products;
pub mod receivables;
pub mod reservations;
pub mod social_credit_code;
pub mod text_enum;
