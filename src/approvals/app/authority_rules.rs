//! The authority matrix: publishing its versions, and asking which steps a case needs.

use chrono::NaiveDate;
use serde_json::json;

use crate::approvals::domain::authority_rules::{self, AuthorityRule, CaseSubject, PlannedStep};
use crate::approvals::store::authority_rules::{self as store, VersionRow};
use crate::error::{Error, FieldError, OrInternal, Place, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::tx::{Event, Reader, Tx};
use crate::values::organisation::OrgPath;

/// The steps of a case, and where they come from.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Version of the rules; 0 for the built-in ones.
    pub version: i32,
    /// Name of the rule.
    pub rule: String,
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
}

/// The steps that a case would need today.
///
/// # Errors
/// 422 when no rule is for it.
pub fn chain(reader: &mut Reader<'_>, subject: &CaseSubject) -> Result<Chain, Error> {
    let (version, set) = in_force(reader, reader.today)?;
    let rule = authority_rules::rule_for(&set, subject)
        .ok_or_else(|| Error::from(Problem::new(ProblemCode::AuthorityRuleMissing)))?;
    Ok(Chain {
        version,
        rule: rule.name.clone(),
        steps: rule.plan(&subject.org_path),
    })
}

/// The rules in force on a day, and their version.
///
/// # Errors
/// When stored rules cannot be read.
pub fn in_force(
    reader: &mut Reader<'_>,
    day: NaiveDate,
) -> Result<(i32, Vec<AuthorityRule>), Error> {
    match store::in_force(reader.connection, day)? {
        Some(row) => Ok((row.version, stored(&row)?)),
        None => Ok((0, authority_rules::built_in())),
    }
}

/// The rules of a version; 0 is the built-in one.
///
/// # Errors
/// When there is no such version, or it cannot be read.
pub fn version(reader: &mut Reader<'_>, number: i32) -> Result<Vec<AuthorityRule>, Error> {
    if number == 0 {
        return Ok(authority_rules::built_in());
    }
    let row = store::find(reader.connection, number)?;
    stored(&row.ok_or_else(|| Error::internal("a case by rules that were never published"))?)
}

/// The rules of a stored version.
///
/// # Errors
/// When they cannot be read.
pub fn stored(row: &VersionRow) -> Result<Vec<AuthorityRule>, Error> {
    serde_json::from_value(row.rules.clone()).or_internal()
}

/// Publishes a new version of the whole matrix.
///
/// # Errors
/// 422 with the place of the first rule that is wrong, or when it would begin in the past.
pub fn publish(
    tx: &mut Tx<'_>,
    set: &[AuthorityRule],
    effective_from: NaiveDate,
    note: Option<String>,
) -> Result<VersionRow, Error> {
    authority_rules::check(set).map_err(|(place, error)| {
        Error::from(Problem::new(ProblemCode::ValidationFailed).at(FieldError {
            place: Place::Pointer(format!("#/rules/{place}")),
            detail: crate::error::Bilingual::new(error.to_string(), chinese(&error)),
        }))
    })?;
    if effective_from < tx.today {
        return Err(Problem::field("effective_from", "is in the past", "不得早于今天").into());
    }
    let version = store::next_version(tx.connection)?;
    tx.time_after_locks(tx.now);
    let row = VersionRow {
        version,
        effective_from,
        rules: json!(set),
        note,
        published_by: tx.actor.principal.clone(),
        published_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    let details =
        json!({"version": row.version, "effective_from": row.effective_from, "rules": set.len()});
    let subject = format!("authority_rules/{}", row.version);
    tx.record("authority_rules.publish", subject.clone(), details.clone())?;
    tx.emit(Event {
        kind: "authority_rules.published",
        subject,
        org_path: OrgPath::root(),
        customer_id: None,
        data: details,
    })?;
    Ok(row)
}

fn chinese(error: &authority_rules::RuleError) -> &'static str {
    use authority_rules::RuleError as E;
    match error {
        E::Count => "规则数须在 1 至 200 之间",
        E::Name => "名称与前面的规则重复",
        E::Steps => "步骤数须在 1 至 5 之间",
        E::Scope => "所列权限不能用于审批",
        E::Depth => "organisation_depth 须在 1 至 8 之间",
        E::Amount => "金额不得小于零",
        E::Deadline => "deadline_days（1 至 365）与 escalate_to 须同时填写或同时不填",
        E::Unreachable => "前面的规则已涵盖其全部情形，永远不会被用到",
    }
}
