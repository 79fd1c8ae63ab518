//! Customer credit control: may this customer have it on credit, at which limits, and what is
//! owed since when.
//!
//! # The layers
//!
//! Each noun of the business has a file of the same name in each layer. A layer knows the ones
//! below it and nothing of those above.
//!
//! | layer | is | never |
//! |---|---|---|
//! | [`run`] | the commands: parts put together, started, stopped | rules, reading the environment |
//! | [`http`] | request and answer types, guards, handlers of a few lines | queries, decisions |
//! | [`jobs`], [`sample`] | other callers of the use cases | rules of their own |
//! | [`app`] | use cases: load under lock, decide, apply, record, publish | HTTP, network |
//! | [`store`] | rows, query pieces, load and apply on a connection | decisions about the business |
//! | [`domain`] | types and decisions, pure functions | I/O, time, randomness |
//! | [`auth`], [`crypto`], [`config`], [`clock`], [`telemetry`], [`devdb`] | leaves: one matter each | the business |
//!
//! Some calls have one home, and the linter knows it: the current time is read in [`clock`], the
//! environment in [`config`], transactions are opened in [`store::db`], identifiers are minted in
//! [`domain::ids`].
//!
//! # The way of one request
//!
//! `POST /v1/customers` as it passes through the files:
//!
//! 1. [`http::middleware`] gives the request an identifier and a trace, and turns away what no
//!    handler should see: an address that is too long, an answer format that does not exist.
//! 2. [`http::guard`]: `Require<CustomersWrite>` is the first parameter of the handler.
//!    It verifies the token ([`auth::token`]) without any I/O, takes the request off the caller's
//!    quota and compares the scope. Who may not, learns nothing more; and without this value a
//!    handler has no way to the database.
//! 3. [`http::command`] reads the body within its limits, refuses unknown fields, and takes the
//!    `Idempotency-Key` and a fingerprint of the request.
//! 4. [`store::db::Db::write`] waits for a turn in a bounded queue, or answers 503; takes a
//!    connection; opens a transaction; and looks whether the key has been answered before. If so,
//!    that answer goes out again, byte for byte.
//! 5. [`app::customers::create`] does the work on a [`store::tx::Tx`]: it asks [`domain`] for
//!    decisions, reads and writes through [`store::customers`], seals classified values with
//!    [`crypto`], records what was done and publishes an event.
//! 6. Still in [`store::db`]: a transaction that recorded nothing does not commit. Business rows,
//!    audit entries, events and the answer under its key share one commit; a refusal that is a
//!    decision is recorded as well, without what it tried.
//! 7. [`http::answers`] sends the answer, only now. On the way out the middleware puts a problem
//!    into the caller's language ([`http::problem`]), sets the headers, logs one line without
//!    personal data, and counts.
//!
//! Reserving, capturing, releasing and amending go another way between 3 and 7:
//! [`http::together`] collects what arrives while others are being served ([`store::collector`]);
//! [`app::reservations`] loads and locks what all of it needs, lines of groups before those of
//! customers ([`app::ledger`]), decides each command in its turn on one [`app::book`], and writes
//! once; [`store::db`] commits business rows, audit entries, events and answers of all of them
//! together. A batch that fails is taken apart, and each of its commands is decided alone; so is one
//! that has room only once what expired on lines in somebody else's hands is given back, and that has
//! to wait for them ([`app::ledger`]). Credit checks are collected in the same way, and read without
//! locks.
//!
//! A read is shorter: guard, [`store::db::Db::read`], a query that starts from what the caller
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
