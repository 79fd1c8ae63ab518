//! The integration tests: the service as its callers meet it, over HTTP and a real PostgreSQL.
//!
//! By area, so that `cargo test --lib --test main exposure::` tests one while it is worked on;
//! `contract` and `http` hold for every operation, `house` for the sources.
//!
//! One binary, because linking is what costs. `support` starts a private PostgreSQL once and a
//! server on a database of its own for every test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets something unexpected ends there"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a story is read from its beginning to its end"
)]

mod applications;
mod approvals;
mod catalogue;
mod changes;
mod contract;
mod customers;
mod exposure;
mod house;
mod http;
mod reports;
mod rules;
mod scores;
mod support;
