//! Recording figures of the company: by one, confirmed by another.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use crate::approvals::app::pending_changes::PROPOSE;
use crate::approvals::app::pending_changes::{Proposal, propose};
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::catalogue::domain::events;
use crate::catalogue::store::company_figures::{self as store, FigureRow};
use crate::error::Error;
use crate::error::days::not_after_today;
use crate::platform::store::telling::About;
use crate::platform::store::tx::Tx;
use crate::values::currency::Currency;

/// A figure to be recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewFigure {
    /// What is stated.
    pub figure: CompanyFigureKind,
    /// Day of which it is true.
    pub as_of: NaiveDate,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// Its currency.
    pub currency: Currency,
    /// Where it comes from.
    pub source: String,
}

/// Proposes a figure. One of a day that has one already corrects it; the earlier one is kept.
///
/// # Errors
/// 422 for a day in the future.
pub fn record(tx: &mut Tx<'_>, new: &NewFigure) -> Result<PendingChangeRow, Error> {
    not_after_today("as_of", new.as_of, tx.today)?;
    let next = store::next_revision(tx.connection, new.figure, new.as_of)?;
    let (kind, seen) = (ChangeKind::CompanyFigure, json!({"revision": next - 1}));
    let mut proposal = Proposal::of_company(kind, subject(new), new, seen)?;
    proposal.evidence = Some(new.source.clone());
    propose(tx, proposal)
}

/// Records what was proposed.
///
/// # Errors
/// 409 when the figure of the day was corrected meanwhile.
pub fn carry_out(tx: &mut Tx<'_>, change: &PendingChangeRow) -> Result<String, Error> {
    let new: NewFigure = change.asked()?;
    let revision = store::next_revision(tx.connection, new.figure, new.as_of)?;
    change.as_seen(&json!({"revision": revision - 1}))?;
    let made = change.made(tx);
    let row = FigureRow {
        figure: new.figure,
        as_of: new.as_of,
        revision,
        amount_minor: new.amount_minor,
        currency: new.currency,
        source: new.source.clone(),
        recorded_by: made.by,
        recorded_at: tx.now,
        confirmed_by: made.confirmed_by,
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
    let about = About::of_company(subject(&new));
    tx.tell(
        "company_figure.record",
        events::COMPANY_FIGURE_RECORDED,
        &about,
        details,
    )?;
    Ok(about.subject)
}

fn subject(new: &NewFigure) -> String {
    format!("company_figure/{}:{}", new.figure.as_str(), new.as_of)
}
