//! Lending authority over steps for days of absence: to somebody who exists, as long as the lender
//! holds it, and ended by the lender or from above.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::json;

use crate::approvals::domain::approvals::{Authority, DelegationId};
use crate::approvals::domain::authority_rules::DECIDING_SCOPES;
use crate::approvals::domain::delegations::lent_of;
use crate::approvals::domain::events;
use crate::approvals::store::delegations::{self as store, DelegationRow};
use crate::error::{Error, Problem, days};
use crate::error_codes::ProblemCode;
use crate::platform::store::people::{self, PersonRow};
use crate::platform::store::seen::Seen;
use crate::platform::store::tx::{Reader, Tx};

/// Most days from the first day of a delegation to its last.
pub const DELEGATION_DAYS_MAX: i64 = 366;

/// What somebody lends to a colleague.
#[derive(Debug, Clone)]
pub struct NewDelegation {
    /// Who decides meanwhile: issuer and subject.
    pub delegate: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
    /// Why.
    pub reason: String,
}

/// Lends the caller's authority over steps to a colleague for some days. What was itself lent
/// is not passed on.
///
/// # Errors
/// 422 for days that make no sense, for oneself, for somebody nobody has seen, and for somebody who
/// may decide nothing.
pub fn delegate(tx: &mut Tx<'_>, new: &NewDelegation) -> Result<DelegationRow, Error> {
    let scopes: BTreeSet<String> = DECIDING_SCOPES
        .iter()
        .filter(|scope| tx.actor.scopes.contains(**scope))
        .map(|&scope| scope.to_owned())
        .collect();
    if scopes.is_empty() {
        return Err(Problem::new(ProblemCode::NothingToDelegate).into());
    }
    if new.delegate == tx.actor.principal {
        return Err(Problem::field("delegate", "is the caller itself", "不得为本人").into());
    }
    let (first, last) = (("from", new.from), ("until", new.until));
    days::window(first, last)?;
    days::not_before_today("until", new.until, tx.today)?;
    days::at_most_days(DELEGATION_DAYS_MAX, first, last)?;
    let known = people::find(tx.connection, std::slice::from_ref(&new.delegate))?;
    // A customer decides nothing.
    if !known.iter().any(|person| person.customer_id.is_none()) {
        return Err(Problem::field(
            "delegate",
            "is nobody who has come to this service",
            "不是曾使用本系统的人员",
        )
        .into());
    }
    let row = DelegationRow {
        id: tx.mint_home()?,
        delegator: tx.actor.principal.clone(),
        delegate: new.delegate.clone(),
        scopes: scopes.into_iter().map(Some).collect(),
        org_path: tx.actor.org_path.clone(),
        delegated_from: new.from,
        delegated_until: new.until,
        reason: new.reason.clone(),
        revoked_at: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        revoked_on: None,
    };
    store::insert(tx.connection, &row)?;
    let details = json!({
        "delegate": row.delegate, "from": row.delegated_from, "until": row.delegated_until, "scopes": row.scopes,
    });
    tx.tell(
        "approval.delegate",
        events::APPROVAL_DELEGATED,
        &row,
        details,
    )?;
    Ok(row)
}

/// Ends a delegation at once. Who gave it may, and whoever stands at or above the organisation it is
/// for; the delegate may not.
///
/// # Errors
/// 404, 412 when it is not what was seen, 403 for the delegate, 409 when it is revoked already.
pub fn revoke(
    tx: &mut Tx<'_>,
    id: DelegationId,
    seen: Seen<'_, DelegationRow>,
) -> Result<DelegationRow, Error> {
    let mut row = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &row)?;
    let who = &tx.actor.principal;
    if *who != row.delegator && (*who == row.delegate || !tx.actor.reaches(&row.org_path)) {
        return Err(Problem::new(ProblemCode::FourEyesRequired)
            .because(
                "Who gave a delegation revokes it, or somebody at or above its organisation; the delegate does not.",
                "委托由委托人本人或其所属机构及上级机构的人员撤销，受托人不得撤销。",
            )
            .into());
    }
    if row.revoked_at.is_some() {
        return Err(ProblemCode::InvalidTransition.into());
    }
    row.revoked_at = Some(tx.now);
    row.revoked_on = Some(tx.today);
    row.version += 1;
    row.updated_at = tx.now;
    store::revoke(tx.connection, &row)?;
    let details = json!({
        "delegator": row.delegator, "delegate": row.delegate, "revoked_by": tx.actor.principal,
    });
    tx.tell(
        "approval.revoke_delegation",
        events::APPROVAL_DELEGATION_REVOKED,
        &row,
        details,
    )?;
    Ok(row)
}

/// What the lenders of delegations may do themselves, by who they are.
pub type Lenders = BTreeMap<String, Authority>;

/// Reads what the lenders of delegations may do themselves, by the latest token of each.
///
/// # Errors
/// When the database cannot serve.
pub fn lenders(reader: &mut Reader<'_>, rows: &[DelegationRow]) -> Result<Lenders, Error> {
    let names: Vec<String> = rows.iter().map(|row| row.delegator.clone()).collect();
    if names.is_empty() {
        return Ok(Lenders::new());
    }
    let known = people::find(reader.connection, &names)?;
    let staff = known.into_iter().filter(|one| one.customer_id.is_none());
    Ok(staff
        .map(|one| (one.principal.clone(), authority(one)))
        .collect())
}

fn authority(person: PersonRow) -> Authority {
    Authority {
        principal: person.principal,
        scopes: person.scopes.into_iter().flatten().collect(),
        org_path: person.org_path,
    }
}

/// What a delegation lends by now: what of it its lender still holds.
pub fn lent(row: &DelegationRow, lenders: &Lenders) -> Option<Authority> {
    let given = Authority {
        principal: row.delegator.clone(),
        scopes: row.scopes.iter().flatten().cloned().collect(),
        org_path: row.org_path.clone(),
    };
    lent_of(given, lenders.get(&row.delegator))
}
