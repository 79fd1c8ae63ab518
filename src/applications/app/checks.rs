//! The checks before an approval: loads what they look at, runs them, keeps what they found.

use serde_json::json;

use super::effects::{self, Effects};
use crate::applications::domain::checks::{
    self, Attachment, CheckFacts, CheckOutcome, CheckResult, NetCapital, Route,
};
use crate::applications::store::applications::{self as store, ApplicationRow, ChecksRow};
use crate::catalogue::app::exchange_rates as rates;
use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::catalogue::store::company_figures;
use crate::error::{Bilingual, Error, OrInternal, Problem, Reason};
use crate::error_codes::ProblemCode;
use crate::exposure::app::receivables;
use crate::exposure::store::{groups, lines, parties as loads};
use crate::platform::store::dated_facts::DatedFact;
use crate::platform::store::documents;
use crate::platform::store::tx::{Reader, Tx};
use crate::rules::domain::credit_policies::CreditPolicy;
use crate::scores::domain::expected_sales::ExpectedSales;
use crate::scores::domain::scores::{Rating, Score, ScoreFacts};
use crate::values::ids::{ApplicationId, CustomerId};

/// What the checks found.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Version of the policy; 0 for the built-in one.
    pub policy_version: i32,
    /// Every result.
    pub results: Vec<CheckResult>,
    /// Where they lead.
    pub route: Route,
    /// What the customer, or the group by its members, is taken for.
    pub rating: Rating,
    /// What the application does.
    pub effects: Effects,
}

/// Runs every check of an application as of now. One by which nothing more becomes usable has none. What
/// cannot be measured in the company's currency, for want of a rate, counts as without limit.
///
/// # Errors
/// When the database cannot serve.
pub fn run(reader: &mut Reader<'_>, row: &ApplicationRow) -> Result<Checked, Error> {
    let in_force = documents::in_force::<CreditPolicy>(reader, reader.today)?;
    let (policy_version, policy) = (in_force.number, in_force.document);
    let line = match row.credit_line_id.filter(|_| row.action.is_about_a_line()) {
        Some(id) => lines::of_owners(
            reader.connection,
            &row.customer_id.into_iter().collect::<Vec<_>>(),
            &row.group_id.into_iter().collect::<Vec<_>>(),
        )?
        .into_iter()
        .find(|line| line.id == id),
        None => None,
    };
    // What the applicant states decides nothing.
    let expected_sales_minor = match row.customer_id {
        Some(id) => ExpectedSales::latest(reader.connection, id, reader.today)?
            .map(|expected| expected.amount_minor),
        None => None,
    };
    let scores = scores_of(reader, row)?;
    let rating = Rating::weakest(&scores, reader.today);
    let (mut results, mut route) = (Vec::new(), Route::Ordinary);
    let effects = effects::of(reader, row)?;
    if effects.raises {
        let facts = CheckFacts {
            today: reader.today,
            limit_after_minor: effects.whole.of_customer_minor(),
            payment_term_days: row
                .payment_term_days
                .or(line.as_ref().and_then(|line| line.payment_term_days)),
            deposit_share_bp: row
                .deposit_share_bp
                .or(line.as_ref().and_then(|line| line.deposit_share_bp)),
            scores,
            first_business_on: match row.customer_id {
                Some(id) => loads::first_business_on(reader.connection, id)?,
                None => None,
            },
            is_group: row.group_id.is_some(),
            expected_sales_minor,
            net_capital: net_capital(reader)?,
            group_total_after_minor: effects.whole.group_minor,
            overdue_minor: overdue(reader, row, policy.count_money_on_account)?,
            attachments: attachments(row)?,
        };
        results = checks::evaluate(&facts, &policy);
        route = checks::route(&results, &policy);
    }
    Ok(Checked {
        policy_version,
        results,
        route,
        rating,
        effects,
    })
}

/// Keeps what the checks found.
///
/// # Errors
/// When the database refuses.
pub fn keep(
    tx: &mut Tx<'_>,
    id: ApplicationId,
    stage: &str,
    checked: &Checked,
) -> Result<(), Error> {
    let runs = store::checks(tx.connection, id)?;
    let row = ChecksRow {
        bucket: id.bucket().as_i16(),
        application_id: id.uuid(),
        run_number: runs.first().map_or(0, |latest| latest.run_number) + 1,
        stage: stage.to_owned(),
        policy_version: checked.policy_version,
        results: json!(checked.results),
        run_by: tx.actor.principal.clone(),
        run_at: tx.now,
        raises: Some(checked.effects.raises),
        measured: Some(json!(checked.effects.whole)),
    };
    Ok(store::insert_checks(tx.connection, &row)?)
}

/// The problem of checks that are in the way: every failed one is a reason, and `failed_checks`
/// has their numbers.
pub fn problem(code: ProblemCode, results: &[CheckResult]) -> Error {
    let failed: Vec<&CheckResult> = results
        .iter()
        .filter(|result| result.outcome == CheckOutcome::Fail)
        .collect();
    let numbers: Vec<serde_json::Value> = failed
        .iter()
        .map(|result| {
            let numbers: Vec<_> = result
                .numbers
                .iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect();
            json!({"check": result.check, "numbers": numbers})
        })
        .collect();
    let mut problem = Problem::new(code).with_member("failed_checks", json!(numbers));
    problem.reasons = failed
        .into_iter()
        .map(|result| Reason {
            code: ProblemCode::ApprovalCheckFailed,
            level: None,
            detail: Bilingual::new(&result.detail_en, &result.detail_zh),
            facts: vec![("check", result.check.as_str().to_owned())],
        })
        .collect();
    problem.into()
}

/// The attachments of an application.
///
/// # Errors
/// When stored ones cannot be read.
pub fn attachments(row: &ApplicationRow) -> Result<Vec<Attachment>, Error> {
    serde_json::from_value(row.attachments.clone()).or_internal()
}

/// The latest score of each that an application is about.
fn scores_of(
    reader: &mut Reader<'_>,
    row: &ApplicationRow,
) -> Result<Vec<Option<ScoreFacts>>, Error> {
    let about = customers_of(reader, row)?;
    let known = Score::latest_of(reader.connection, &about, reader.today)?;
    let each = about.iter().map(|id| known.get(id).map(Score::facts));
    Ok(each.collect())
}

/// The company's net capital on the day, where it is on record.
fn net_capital(reader: &mut Reader<'_>) -> Result<Option<NetCapital>, Error> {
    let today = reader.today;
    let kind = CompanyFigureKind::NetCapital;
    let Some(row) = company_figures::in_force(reader.connection, kind, today)? else {
        return Ok(None);
    };
    Ok(Some(NetCapital {
        minor: rates::in_company_currency(reader, row.amount_minor, row.currency)?,
        as_of: row.as_of,
    }))
}

/// What is overdue of the customer or the members; `None` when a part cannot be measured.
/// Money on account covers what is due first, where it counts.
fn overdue(
    reader: &mut Reader<'_>,
    row: &ApplicationRow,
    money_counts: bool,
) -> Result<Option<i64>, Error> {
    let mut sum: i64 = 0;
    for customer in customers_of(reader, row)? {
        for (own, minor) in receivables::overdue_by_currency(reader, customer, money_counts)? {
            match rates::in_company_currency(reader, minor, own)? {
                Some(minor) => sum = sum.saturating_add(minor),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(sum))
}

/// The customer of an application, or the members of its group with the one to be admitted.
///
/// # Errors
/// When the database cannot serve.
pub(super) fn customers_of(
    reader: &mut Reader<'_>,
    row: &ApplicationRow,
) -> Result<Vec<CustomerId>, Error> {
    Ok(match (row.customer_id, row.group_id) {
        (Some(id), _) => vec![id],
        (None, Some(group)) => {
            let mut members = groups::open_members_of(reader.connection, group)?;
            members.extend(row.member_customer_id.filter(|one| !members.contains(one)));
            members
        }
        (None, None) => Vec::new(),
    })
}
