//! Customer credit control: may this customer have it on credit, at which limits, and what is
//! owed since when.
//!
//! # The areas
//!
//! What the product does is what the folders show. An area uses those above it in this list and
//! nothing below it; `tests/house/tidy/rooms.rs` holds the table, and fails on an arrow that it does
//! not allow.
//!
//! | area | is |
//! |---|---|
//! | [`values`] | money, currencies, identifiers, organisation, names: pure, and without a noun of the business |
//! | [`auth`], [`crypto`], [`config`], [`clock`], [`telemetry`], [`devdb`] | leaves: one matter each |
//! | [`platform`] | what every area stands on: HTTP without routes, PostgreSQL without nouns |
//! | [`approvals`] | cases, steps, delegations, the authority matrix; knows nothing of what is approved |
//! | [`catalogue`] | products, exchange rates, figures of the company |
//! | [`customers`] | the archive |
//! | [`scores`] | grades and until when they hold |
//! | [`rules`] | credit policy, rule sets of checks, exclusions and holds, dunning levels |
//! | [`exposure`] | one ledger and one lock order: granted (lines, groups), held (reservations, referrals), owed (receivables, payments) |
//! | [`applications`] | applying for credit, what is checked, and the decision |
//! | [`changes`] | changes of facts, settings and documents that loosen, and wait for a second person |
//! | [`reports`] | across areas |
//! | [`routes`], [`jobs`], [`sample`], [`run`] | the ways in |
//!
//! # The layers of an area
//!
//! Each noun has a file of the same name in each layer it needs. A layer uses those before it, of its
//! own area and of lower ones; the HTTP of another area is its own.
//!
//! | layer | is | never |
//! |---|---|---|
//! | `domain` | types and decisions, pure functions | I/O, time, randomness |
//! | `store` | rows, query pieces, load and apply on a connection | decisions about the business |
//! | `app` | use cases: load under lock, decide, apply, record, publish | HTTP, network |
//! | `http` | request and answer types, guards, handlers of a few lines | queries, decisions |
//!
//! Some calls have one home, and the linter knows it: the current time is read in [`clock`], the
//! environment in [`config`], transactions are opened in [`platform::store::db`], identifiers are
//! minted in [`values::ids`].
//!
//! # The way of one request
//!
//! `POST /v1/customers` as it passes through the files:
//!
//! 1. [`platform::http::middleware`] gives the request an identifier and a trace, and turns away what no
//!    handler should see: an address that is too long, an answer format that does not exist.
//! 2. [`platform::http::guard`]: `Require<CustomersWrite>` is the first parameter of the handler.
//!    It verifies the token ([`auth::token`]) without any I/O, takes the request off the caller's
//!    quota and compares the scope. Who may not, learns nothing more; and without this value a
//!    handler has no way to the database.
//! 3. [`platform::http::command`] reads the body within its limits, refuses unknown fields, and takes the
//!    `Idempotency-Key` and a fingerprint of the request.
//! 4. [`platform::store::db::Db::write`] waits for a turn in a bounded queue, or answers 503; takes a
//!    connection; opens a transaction; and looks whether the key has been answered before. If so,
//!    that answer goes out again, byte for byte.
//! 5. [`customers::app::customers::create`] does the work on a [`platform::store::tx::Tx`]: it asks its `domain` for
//!    decisions, reads and writes through `customers::store::customers`, seals classified values with
//!    [`crypto`], records what was done and publishes an event.
//! 6. Still in [`platform::store::db`]: a transaction that recorded nothing does not commit. Business rows,
//!    audit entries, events and the answer under its key share one commit; a refusal that is a
//!    decision is recorded as well, without what it tried.
//! 7. [`platform::http::answers`] sends the answer, only now. On the way out the middleware puts a problem
//!    into the caller's language ([`platform::http::problem`]), sets the headers, logs one line without
//!    personal data, and counts.
//!
//! Reserving, capturing, releasing and amending go another way between 3 and 7:
//! [`exposure::http::together`] collects what arrives while others are being served ([`platform::store::collector`]);
//! [`exposure::app::reservations`] loads and locks what all of it needs, lines of groups before those of
//! customers ([`exposure::app::ledger`]), decides each command in its turn on one [`exposure::app::ledger::book`], and writes
//! once; [`platform::store::db`] commits business rows, audit entries, events and answers of all of them
//! together. A batch that fails is taken apart, and each of its commands is decided alone; so is one
//! that has room only once what expired on lines in somebody else's hands is given back, and that has
//! to wait for them ([`exposure::app::ledger`]). Credit checks are collected in the same way, and read without
//! locks.
//!
//! A read is shorter: guard, [`platform::store::db::Db::read`], a query that starts from what the caller
//! may see, and the answer.

#![cfg_attr(
    test,
    expect(
        clippy::too_many_lines,
        reason = "a table of cases is as long as it has cases"
    )
)]

pub mod applications;
pub mod approvals;
pub mod auth;
pub mod catalogue;
pub mod changes;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod customers;
pub mod devdb;
pub mod error;
pub mod error_codes;
pub mod exposure;
pub mod jobs;
pub mod platform;
pub mod reports;
pub mod routes;
pub mod rules;
pub mod run;
pub mod sample;
pub mod scores;
pub mod telemetry;
pub mod values;
