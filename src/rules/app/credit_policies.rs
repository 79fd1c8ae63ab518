//! The credit policy: publishing its versions, and the one in force.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::error::{Error, FieldError, OrInternal, Place, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::tx::{Event, Reader, Tx};
use crate::rules::domain::credit_policies::CreditPolicy;
use crate::rules::store::credit_policies::{self as store, VersionRow};
use crate::values::organisation::OrgPath;

/// The policy in force on a day, and its version; 0 for the built-in one.
///
/// # Errors
/// When a stored policy cannot be read.
pub fn in_force(reader: &mut Reader<'_>, day: NaiveDate) -> Result<(i32, CreditPolicy), Error> {
    match store::in_force(reader.connection, day)? {
        Some(row) => Ok((row.version, stored(row.policy)?)),
        None => Ok((0, CreditPolicy::default())),
    }
}

/// The policy of a stored version.
///
/// # Errors
/// When it cannot be read.
pub fn stored(policy: Value) -> Result<CreditPolicy, Error> {
    serde_json::from_value(policy).or_internal()
}

/// Publishes a new version of the whole policy.
///
/// # Errors
/// 422 for a field that is out of range, or when it would begin in the past.
pub fn publish(
    tx: &mut Tx<'_>,
    policy: &CreditPolicy,
    effective_from: NaiveDate,
    note: Option<String>,
) -> Result<VersionRow, Error> {
    if let Some((field, detail)) = policy.out_of_range() {
        return Err(Problem::new(ProblemCode::ValidationFailed)
            .at(FieldError {
                place: Place::Pointer(format!("#/policy/{field}")),
                detail: crate::error::Bilingual::new(detail, "超出允许范围"),
            })
            .into());
    }
    if effective_from < tx.today {
        return Err(Problem::field("effective_from", "is in the past", "不得早于今天").into());
    }
    let version = store::next_version(tx.connection)?;
    tx.time_after_locks(tx.now);
    let row = VersionRow {
        version,
        effective_from,
        policy: json!(policy),
        note,
        published_by: tx.actor.principal.clone(),
        published_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    let details = json!({"version": row.version, "effective_from": row.effective_from});
    let subject = format!("credit_policies/{}", row.version);
    tx.record("credit_policy.publish", subject.clone(), details.clone())?;
    tx.emit(Event {
        kind: "credit_policy.published",
        subject,
        org_path: OrgPath::root(),
        customer_id: None,
        data: details,
    })?;
    Ok(row)
}
