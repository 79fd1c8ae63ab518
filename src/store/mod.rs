//! PostgreSQL: rows, query pieces, load and apply.
//!
//! Functions here take a connection and do one thing with it. Only [`db`] opens transactions, and
//! no function here decides anything about the business.

pub mod audit;
pub mod customers;
pub mod db;
pub mod errors;
pub mod events;
pub mod idempotency;
pub mod migrations;
pub mod sample;
#[expect(
    missing_docs,
    reason = "generated; every column is described by COMMENT ON in the migrations"
)]
pub mod schema;
pub mod sql_types;
pub mod tx;
