//! The HTTP API: request and response types, guards, handlers of a few lines.

pub mod answers;
pub mod command;
pub mod credit_groups;
pub mod cursor;
pub mod customers;
pub mod events;
mod examples;
pub mod guard;
pub mod metrics;
pub mod middleware;
pub mod openapi;
pub mod operation;
pub mod operations;
pub mod parameters;
pub mod problem;
pub mod problems;
pub mod products;
pub mod routes;
pub mod server;
pub mod state;
pub mod types;

/// What a handler that writes answers.
pub type Reply<T> = Result<answers::Recorded<T>, crate::error::Error>;
