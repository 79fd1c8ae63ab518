//! The integration tests: the service as its callers meet it, over HTTP and a real PostgreSQL.
//!
//! One binary, because linking is what costs. `support` starts a private PostgreSQL once and a
//! server on a database of its own for every test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets something unexpected ends there"
)]

mod amendments;
mod application_checks;
mod approvals;
mod audit;
mod authorisation;
mod authority;
mod check_rules;
mod company_figures;
mod contract;
mod credit_applications;
mod credit_groups;
mod credit_line_history;
mod credit_lines;
mod currencies;
mod delegations;
mod deposits;
mod events;
mod exchange_rates;
mod exclusions;
mod expired_holds;
mod faults;
mod group_modes;
mod harness;
mod http;
mod idempotency;
mod jwt;
mod ledger;
mod limits;
mod line_conflicts;
mod line_contracts;
mod line_histories;
mod line_lifecycle;
mod main_story;
mod migrations;
mod model;
mod overload;
mod payments;
mod products;
mod races;
mod references;
mod referrals;
mod replica;
mod reports;
mod reservation_batches;
mod reservations;
mod sample;
mod support;
mod tidy;
mod together;
mod worked_cases;
mod worked_reservations;
