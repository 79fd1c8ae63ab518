//! PostgreSQL: rows, query pieces, load and apply.
//!
//! Functions here take a connection and do one thing with it. Only [`db`] opens transactions, and
//! no function here decides anything about the business.

pub mod audit;
pub mod collector;
pub mod connection;
pub(crate) mod dated_facts;
pub mod db;
pub mod documents;
pub mod errors;
pub mod events;
pub mod idempotency;
pub mod listing;
pub mod locking;
pub mod made;
pub mod migrations;
pub mod people;
#[expect(
    missing_docs,
    reason = "generated; every column is described by COMMENT ON in the migrations"
)]
pub mod schema;
pub mod seen;
pub mod sets;
pub mod sql_types;
pub mod telling;
pub mod tx;
pub(crate) mod visibility;
