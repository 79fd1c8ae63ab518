//! Contracts of lines: what was signed, and what a line waits for (L8).

use chrono::NaiveDate;
use serde_json::json;

use super::lines::{record, wrong_status};
use super::pictures;
use crate::error::{Error, Problem, days};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::events;
use crate::exposure::domain::lines::LineStatus;
use crate::exposure::store::contracts::{self, ContractRow};
use crate::exposure::store::lines::{self as store, LineChange, LineRow};
use crate::platform::store::seen::Seen;
use crate::platform::store::tx::Tx;
use crate::values::ids::LineId;
use crate::values::text_keys::compared;

/// A signed contract.
#[derive(Debug, Clone)]
pub struct NewContract {
    /// Number of the contract.
    pub number: String,
    /// Day of signature.
    pub signed_on: NaiveDate,
    /// How the customer pays.
    pub payment_method: String,
    /// Term the contract gives: that of the line, or a shorter one that it is from now on.
    pub payment_term_days: Option<i32>,
    /// Who answers for what when payment fails.
    pub liability_clauses: Option<String>,
    /// Day on which the customer was told the credit policy.
    pub policy_notified_on: Option<NaiveDate>,
}

/// Records the signed contract of a line; one that waits for it is active from now on. A contract
/// confirms the term that was approved, or gives a shorter one.
///
/// # Errors
/// 404, 412 when it is not what was seen, 409 for a closed line, for a contract that is on record and
/// for a longer term, 403 for who applied for the line where it waits for the contract, 422 for days
/// in the future.
pub fn record_contract(
    tx: &mut Tx<'_>,
    id: LineId,
    seen: Seen<'_, LineRow>,
    new: &NewContract,
) -> Result<LineRow, Error> {
    let mut row = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &row)?;
    if row.status == LineStatus::Closed {
        return Err(wrong_status(row.status));
    }
    let told = [
        ("signed_on", Some(new.signed_on)),
        ("policy_notified_on", new.policy_notified_on),
    ];
    for (field, day) in told {
        if let Some(day) = day {
            days::not_after_today(field, day, tx.today)?;
        }
    }
    let contract = ContractRow {
        bucket: row.bucket,
        line_id: id,
        number: new.number.clone(),
        signed_on: new.signed_on,
        payment_method: new.payment_method.clone(),
        payment_term_days: new.payment_term_days,
        liability_clauses: new.liability_clauses.clone(),
        policy_notified_on: new.policy_notified_on,
        recorded_by: tx.actor.principal.clone(),
        recorded_at: tx.now,
    };
    // Under the lock of the line nobody else records one.
    let number = compared(&new.number);
    let known = contracts::numbers_of(tx.connection, id)?;
    if known.iter().any(|known| compared(known) == number) {
        return Err(ProblemCode::DuplicateContract.into());
    }
    contracts::insert(tx.connection, &contract)?;
    if row.status == LineStatus::AwaitingContract {
        refuse_requester(tx, id)?;
        row.status = LineStatus::Active;
    }
    if new.payment_term_days.is_some() {
        row.payment_term_days = new.payment_term_days;
        let apply_with = json!({"action": "change_terms", "credit_line_id": id});
        pictures::refuse_increase_of(tx, &row, apply_with)?;
    }
    row.version += 1;
    row.updated_at = tx.now;
    let change = LineChange {
        change: "contract",
        reason: &new.number,
        application_id: None,
        changed_by: &tx.actor.principal,
    };
    store::write_terms(tx.connection, &row, change)?;
    record(
        tx,
        "credit_line.contract",
        events::CREDIT_LINE_CONTRACT_SIGNED,
        &row,
        "",
    )?;
    Ok(row)
}

/// Refuses that who applied for a line records what opens it.
fn refuse_requester(tx: &mut Tx<'_>, id: LineId) -> Result<(), Error> {
    let requested_by = store::requested_by(tx.connection, id)?;
    if requested_by.as_ref() != Some(&tx.actor.principal) {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::FourEyesRequired)
        .because(
            "Who applied for the line does not record the contract that opens it.",
            "额度申请人不得登记启用该额度的合同。",
        )
        .into())
}
