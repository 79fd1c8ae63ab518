//! A transaction, and the queue before it.

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;

use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;

/// Works in a transaction that begins with these statements, sent as one.
pub(super) fn in_transaction<T>(
    connection: &mut PgConnection,
    begin: &str,
    work: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
) -> Result<T, Error> {
    type Manager = AnsiTransactionManager;
    Manager::begin_transaction_sql(connection, begin)?;
    match work(connection) {
        Ok(value) => {
            Manager::commit_transaction(connection)?;
            Ok(value)
        }
        Err(error) => {
            // A connection that cannot even roll back is broken and not used again.
            if let Err(rollback) = Manager::rollback_transaction(connection) {
                tracing::debug!(error = %rollback, "a transaction could not be rolled back");
            }
            Err(error)
        }
    }
}

/// A place in the waiting queue, given back on drop.
pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    pub(super) fn enter(waiting: &'a AtomicUsize, queue_max: usize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::AcqRel);
        let place = Self(waiting);
        (before < queue_max).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

pub(super) fn overloaded() -> Error {
    Problem::new(ProblemCode::Overloaded)
        .with_header("Retry-After", "1")
        .into()
}
