//! Recording figures of the company.

use chrono::NaiveDate;
use serde_json::json;

use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::catalogue::domain::events;
use crate::catalogue::store::company_figures::{self as store, FigureRow};
use crate::error::Error;
use crate::error::days::not_after_today;
use crate::platform::store::telling::About;
use crate::platform::store::tx::Tx;
use crate::values::money::Money;

/// A figure to be recorded.
#[derive(Debug, Clone)]
pub struct NewFigure {
    /// What is stated.
    pub figure: CompanyFigureKind,
    /// Day of which it is true.
    pub as_of: NaiveDate,
    /// Amount.
    pub amount: Money,
    /// Where it comes from.
    pub source: String,
}

/// Records a figure. One of a day that has one already corrects it; the earlier one is kept.
///
/// # Errors
/// 422 for a day in the future.
pub fn record(tx: &mut Tx<'_>, new: &NewFigure) -> Result<FigureRow, Error> {
    not_after_today("as_of", new.as_of, tx.today)?;
    let row = FigureRow {
        figure: new.figure,
        as_of: new.as_of,
        revision: store::next_revision(tx.connection, new.figure, new.as_of)?,
        amount_minor: new.amount.minor(),
        currency: new.amount.currency(),
        source: new.source.clone(),
        recorded_by: tx.actor.principal.clone(),
        recorded_at: tx.now,
    };
    if !store::insert(tx.connection, &row)? {
        return Err(Error::Retry("somebody else corrected the same figure"));
    }
    let details = json!({
        "figure": row.figure,
        "as_of": row.as_of,
        "revision": row.revision,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
    });
    let about = About::of_company(subject(&row));
    tx.tell(
        "company_figure.record",
        events::COMPANY_FIGURE_RECORDED,
        &about,
        details,
    )?;
    Ok(row)
}

fn subject(row: &FigureRow) -> String {
    format!("company_figure/{}:{}", row.figure.as_str(), row.as_of)
}
