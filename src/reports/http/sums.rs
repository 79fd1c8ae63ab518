//! Sums as reports show them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::http::types::{Amount, Percent};
use crate::reports::domain::reports::percent_of;
use crate::reports::store::reports::SumRow;
use crate::values::currency::Currency;

/// Sums in one currency. Amounts of different currencies are never added up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditSums, example = json!({
    "currency": "CNY", "limit": "500000.00", "held": "20000.00", "drawn": "80000.00", "exposure": "100000.00",
    "on_account": "0.00", "available": "400000.00", "utilisation_percent": "20.00", "lines": 1, "customers": 1,
}))]
pub struct SumsView {
    /// Currency of all amounts.
    pub currency: Currency,
    /// Sum of the limits of the day, temporary increases included. Lines that are closed, expired, not
    /// yet valid or waiting for a contract have none.
    pub limit: Amount,
    /// Set aside by open reservations.
    pub held: Amount,
    /// Used by open receivables.
    pub drawn: Amount,
    /// At risk: held and drawn, on lines that have ended too.
    pub exposure: Amount,
    /// What money on account takes off that.
    pub on_account: Amount,
    /// Limit less exposure, what is on account again, and less what is gone for good on lines that do not revolve. Negative
    /// when over the limit; null where a line has no amount of its own.
    #[schema(required = true)]
    pub available: Option<Amount>,
    /// Exposure, less what is on account, as a share of the limit; null without a limit.
    #[schema(required = true)]
    pub utilisation_percent: Option<Percent>,
    /// Lines counted: those with a limit, and those that are in use.
    pub lines: i64,
    /// Customers behind them.
    pub customers: i64,
}

pub(super) fn sums(row: &SumRow) -> SumsView {
    let amount = |minor: i64| Amount::of(minor, row.currency);
    let exposure = exposure_minor(row);
    let net = exposure.saturating_sub(row.on_account_minor);
    let available = (!row.is_open_ended).then_some(
        row.limit_minor
            .saturating_sub(net)
            .saturating_sub(row.consumed_minor),
    );
    SumsView {
        currency: row.currency,
        limit: amount(row.limit_minor),
        held: amount(row.held_minor),
        drawn: amount(row.drawn_minor),
        exposure: amount(exposure),
        available: available.map(amount),
        on_account: amount(row.on_account_minor),
        utilisation_percent: percent_of(net, row.limit_minor)
            .filter(|_| !row.is_open_ended)
            .map(Percent),
        lines: row.line_count,
        customers: row.customer_count,
    }
}

pub(super) fn exposure_minor(row: &SumRow) -> i64 {
    row.held_minor.saturating_add(row.drawn_minor)
}

/// Rows and totals, and how many rows there are in all.
pub(super) struct Parted {
    pub(super) rows: Vec<SumRow>,
    pub(super) totals: Vec<SumRow>,
    pub(super) row_count: i64,
}

impl Parted {
    pub(super) fn of(sums: Vec<SumRow>) -> Self {
        let (totals, rows): (Vec<SumRow>, Vec<SumRow>) =
            sums.into_iter().partition(|row| row.is_total);
        Self {
            row_count: rows.first().map_or(0, |row| row.row_count),
            rows,
            totals,
        }
    }

    pub(super) fn is_truncated(&self) -> bool {
        i64::try_from(self.rows.len()).is_ok_and(|shown| shown < self.row_count)
    }
}
