//! `shouxin verify ledger`: proves that every balance equals its movements, and names each one
//! that does not.

use crate::error::Error;
use crate::exposure::store::verification as store;
pub use crate::exposure::store::verification::DifferenceRow;
use crate::platform::store::tx::Reader;

/// What a verification found.
#[derive(Debug)]
pub struct LedgerReport {
    /// Lines looked at.
    pub lines: i64,
    /// Movements added up.
    pub movements: i64,
    /// Receivables looked at.
    pub receivables: i64,
    /// Payments looked at.
    pub payments: i64,
    /// Reservations looked at.
    pub reservations: i64,
    /// Names of the checks that were made.
    pub checks: Vec<&'static str>,
    /// Everything that differs; empty when all is well.
    pub differences: Vec<DifferenceRow>,
}

/// Verifies the ledger. The caller reads in one snapshot, so it can run at any time under load.
///
/// # Errors
/// When the database cannot serve.
pub fn ledger(reader: &mut Reader<'_>) -> Result<LedgerReport, Error> {
    let [lines, movements, receivables, payments, reservations] = store::extent(reader.connection)?;
    Ok(LedgerReport {
        lines,
        movements,
        receivables,
        payments,
        reservations,
        checks: store::checks().collect(),
        differences: store::differences(reader.connection)?,
    })
}
