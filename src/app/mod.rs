//! Use cases: load under lock, decide, apply, record, publish. One function each, on a `Tx`.

pub mod approvals;
pub mod credit_applications;
pub mod credit_groups;
pub mod credit_lines;
pub mod customers;
pub mod exchange_rates;
pub mod exposure;
pub mod payments;
pub mod products;
pub mod receivables;
pub mod reservations;
pub mod standing;
pub mod verification;
