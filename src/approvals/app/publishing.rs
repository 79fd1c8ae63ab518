//! Publishing a document: by one, confirmed by another, and in force no earlier than confirmed.

use serde_json::json;

pub use super::pending_changes::PROPOSE;
use super::pending_changes::{Proposal, propose};
use crate::approvals::domain::authority_rules::AuthorityRule;
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::error::Error;
use crate::platform::store::documents::{self, Document, Publication};
use crate::platform::store::tx::Tx;

/// A document that a second person confirms.
pub trait Confirmed: Document {
    /// What a change of it is.
    const KIND: ChangeKind;
}

impl Confirmed for Vec<AuthorityRule> {
    const KIND: ChangeKind = ChangeKind::AuthorityRules;
}

/// Proposes a new version of the whole document. Several may wait: what one was asked in view of is
/// gone once another is in force.
///
/// # Errors
/// 422 for what makes no sense or goes below the floor, or when it would begin in the past.
pub fn publish<D: Confirmed>(
    tx: &mut Tx<'_>,
    new: &Publication<D>,
) -> Result<PendingChangeRow, Error> {
    documents::check(new, tx.today)?;
    let latest = D::latest(tx.connection)?.unwrap_or(0);
    let subject = format!("{}/{}", D::NOUN, latest.saturating_add(1));
    let mut proposal = Proposal::of_company(D::KIND, subject, new, json!({"version": latest}))?;
    proposal.evidence.clone_from(&new.note);
    propose(tx, proposal)
}

/// Publishes what was proposed, from the day on that was asked for, or from today.
///
/// # Errors
/// 409 when another version was published meanwhile.
pub fn carry_out<D: Confirmed>(
    tx: &mut Tx<'_>,
    change: &PendingChangeRow,
) -> Result<String, Error> {
    let mut new: Publication<D> = change.asked()?;
    let version = documents::next_version::<D>(tx)?;
    change.as_seen(&json!({"version": version - 1}))?;
    new.effective_from = new.effective_from.max(tx.today);
    let made = change.made(tx);
    let version = documents::publish(tx, &new, version, made)?;
    Ok(format!("{}/{}", D::NOUN, version.number))
}
