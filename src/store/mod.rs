//! PostgreSQL: rows, query pieces, load and apply.
//!
//! Functions here take a connection and do one thing with it. Only [`db`] opens transactions, and
//! no function here decides anything about the business.

pub mod approval_delegations;
pub mod approvals;
pub mod audit;
pub mod authority_rules;
pub mod check_rule_sets;
pub mod collector;
pub mod company_figures;
pub mod connection;
pub mod counted;
pub mod credit_applications;
pub mod credit_contracts;
pub mod credit_groups;
pub mod credit_line_versions;
pub mod credit_lines;
pub mod credit_movements;
pub mod credit_policies;
pub mod customers;
pub mod db;
pub mod dunning_levels;
pub mod errors;
pub mod events;
pub mod exchange_rates;
pub mod exposure;
pub mod idempotency;
pub mod in_force;
pub mod migrations;
pub mod owed;
pub mod payments;
pub mod products;
pub mod receivables;
pub mod referrals;
pub mod reports;
pub mod reservations;
pub mod restrictions;
pub mod sample;
#[expect(
    missing_docs,
    reason = "generated; every column is described by COMMENT ON in the migrations"
)]
pub mod schema;
pub mod scores;
pub mod sets;
pub mod sql_types;
pub mod tx;
pub mod verification;
mod versioned;
mod visibility;
