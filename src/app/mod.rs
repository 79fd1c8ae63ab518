//! Use cases: load under lock, decide, apply, record, publish. One function each, on a `Tx`.

pub mod customers;
pub mod products;
