//! The HTTP API: request and response types, guards, handlers of a few lines.

pub mod answers;
pub mod audience;
pub mod bodies;
pub mod command;
pub mod cursor;
pub mod guard;
pub mod metrics;
pub mod middleware;
pub(crate) mod moulds;
pub(crate) mod negotiation;
pub mod openapi;
pub mod operation;
pub mod parameters;
pub mod preconditions;
pub mod probes;
pub mod problem;
pub mod problems;
pub mod seen_people;
pub mod server;
pub mod state;
pub mod tables;
pub mod types;
pub mod wire;

/// What a handler that writes answers.
pub type Reply<T> = Result<answers::Recorded<T>, crate::error::Error>;
