//! Use cases: load under lock, decide, apply, record, publish. One function each, on a `Tx`.

pub mod credit_groups;
pub mod customers;
pub mod products;
