//! The HTTP API: request and response types, guards, handlers of a few lines.

pub mod answers;
pub mod approval_delegations;
pub mod approvals;
pub mod authority_rules;
pub mod command;
pub mod company_figures;
pub mod credit_applications;
pub mod credit_checks;
pub mod credit_groups;
pub mod credit_line_versions;
pub mod credit_lines;
pub mod credit_policies;
pub mod credit_summaries;
pub mod cursor;
pub mod customers;
pub mod events;
mod examples;
pub mod exchange_rates;
pub mod guard;
pub mod levels;
pub mod metrics;
pub mod middleware;
mod negotiation;
pub mod openapi;
pub mod operation;
pub mod operations;
pub mod parameters;
pub mod payments;
pub mod problem;
pub mod problems;
pub mod products;
pub mod receivables;
pub mod reports;
pub mod reservation_batches;
pub mod reservations;
pub mod routes;
pub mod scores;
pub mod server;
pub mod state;
pub mod tables;
pub mod together;
pub mod types;
pub mod wire;

/// What a handler that writes answers.
pub type Reply<T> = Result<answers::Recorded<T>, crate::error::Error>;
