//! The checks before an approval: loads what they look at, runs them, keeps what they found.

use std::collections::BTreeSet;

use serde_json::json;

use crate::applications::domain::checks::{
    self, Attachment, CheckFacts, CheckOutcome, CheckResult, NetCapital, Route,
};
use crate::applications::store::applications::{self as store, ApplicationRow, ChecksRow};
use crate::catalogue::app::exchange_rates as rates;
use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::catalogue::domain::products::ProductCode;
use crate::catalogue::store::company_figures;
use crate::error::{Bilingual, Error, OrInternal, Problem, Reason};
use crate::error_codes::ProblemCode;
use crate::exposure::app::receivables;
use crate::exposure::domain::line_terms::{ApplicationAction, change};
use crate::exposure::domain::lines::{LimitKind, LineStatus, limit_on};
use crate::exposure::store::lines::{self, LineRow};
use crate::exposure::store::{groups, parties as loads};
use crate::platform::store::dated_facts::DatedFact;
use crate::platform::store::documents;
use crate::platform::store::tx::{Reader, Tx};
use crate::rules::domain::credit_policies::CreditPolicy;
use crate::scores::domain::expected_sales::ExpectedSales;
use crate::scores::domain::scores::{Rating, Score, ScoreFacts};
use crate::values::currency::Currency;
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
    /// Limit after the application in minor units of the company's currency; `None` without.
    pub limit_after_minor: Option<i64>,
}

/// Runs every check of an application as of now. An application for less risk has none. What
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
    let after = limit_after(row, line.as_ref(), reader.today);
    let own = row.currency;
    let limit_after_minor = match after {
        Some(minor) => rates::in_company_currency(reader, minor, own)?,
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
    if row.action.raises_risk() {
        let facts = CheckFacts {
            today: reader.today,
            limit_after_minor,
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
            group_total_after_minor: total_after(reader, row, line.as_ref(), after)?,
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
        limit_after_minor,
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

/// The limit that the application leads to, in the currency of the line; `None` without a limit.
fn limit_after(
    row: &ApplicationRow,
    line: Option<&LineRow>,
    today: chrono::NaiveDate,
) -> Option<i64> {
    match (row.action, line) {
        // It is about an exception, not about a sum: nothing small enough for a lower chain.
        (ApplicationAction::AdmitMember, _) => None,
        (_, Some(line)) => match change(&line.terms(), row.action, &row.asked(), 0, today) {
            Ok(after) => {
                // The most it will ever be, also while a temporary increase is still to come.
                let day = after.temporary.map_or(today, |more| more.from.max(today));
                limit_on(after.limit_minor, after.temporary.as_ref(), day)
            }
            Err(_) => line.limit_minor,
        },
        (_, None) => row.amount_minor,
    }
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
            members.extend(row.member_customer_id);
            members
        }
        (None, None) => Vec::new(),
    })
}

/// A line as the total of a group sees it.
struct Counted {
    customer: Option<CustomerId>,
    product: Option<ProductCode>,
    limit_minor: Option<i64>,
    currency: Currency,
}

/// Total credit of the group, or of the customer where it is in none, after the application: the
/// ceiling of the group where there is one; else, for each member, its unified limit or the sum
/// of its products. `None` when something in it has no limit.
fn total_after(
    reader: &mut Reader<'_>,
    row: &ApplicationRow,
    changed: Option<&LineRow>,
    after: Option<i64>,
) -> Result<Option<i64>, Error> {
    let group = match (row.group_id, row.customer_id) {
        (Some(group), _) => Some(group),
        (None, Some(customer)) => groups::open_group_of(reader.connection, customer)?,
        (None, None) => None,
    };
    let members = match group {
        Some(group) => {
            let mut members = groups::open_members_of(reader.connection, group)?;
            members.extend(row.member_customer_id);
            members
        }
        None => row.customer_id.into_iter().collect(),
    };
    let groups: Vec<_> = group.into_iter().collect();
    let today = reader.today;
    let mut counted: Vec<Counted> = lines::of_owners(reader.connection, &members, &groups)?
        .into_iter()
        .filter(|line| Some(line.id) != changed.map(|changed| changed.id))
        .filter(|line| line.status != LineStatus::Closed && line.valid_until >= today)
        .filter(|line| line.limit_kind != LimitKind::Inherit)
        .map(|line| Counted {
            limit_minor: line.limit_on(today),
            customer: line.customer_id,
            product: line.product,
            currency: line.currency,
        })
        .collect();
    // A line that keeps inheriting its limit adds nothing to the levels that bound it.
    let kind = match changed {
        Some(line) if row.limit_kind.is_none() && row.amount_minor.is_none() => line.limit_kind,
        _ => row.limit_kind.unwrap_or(LimitKind::Amount),
    };
    if row.action != ApplicationAction::AdmitMember && kind != LimitKind::Inherit {
        counted.push(Counted {
            customer: row.customer_id,
            product: row.product.clone(),
            limit_minor: after,
            currency: row.currency,
        });
    }
    let mut sizes = Vec::with_capacity(counted.len());
    for line in counted {
        let size = match line.limit_minor {
            Some(minor) => rates::in_company_currency(reader, minor, line.currency)?,
            None => None,
        };
        sizes.push((line.customer, line.product, size));
    }
    Ok(total(&sizes))
}

type Sized = (Option<CustomerId>, Option<ProductCode>, Option<i64>);

fn total(lines: &[Sized]) -> Option<i64> {
    let largest = |of: &dyn Fn(&Sized) -> bool| -> Option<Option<i64>> {
        let sizes: Vec<Option<i64>> = lines
            .iter()
            .filter(|line| of(line))
            .map(|line| line.2)
            .collect();
        (!sizes.is_empty()).then(|| {
            sizes
                .into_iter()
                .try_fold(0, |most: i64, size| size.map(|size| most.max(size)))
        })
    };
    if let Some(ceiling) = largest(&|line| line.0.is_none()) {
        return ceiling;
    }
    let members: BTreeSet<CustomerId> = lines.iter().filter_map(|line| line.0).collect();
    let mut sum: i64 = 0;
    for member in members {
        let own = |line: &Sized| line.0 == Some(member);
        let size = match largest(&|line| own(line) && line.1.is_none()) {
            Some(unified) => unified?,
            None => {
                let products: BTreeSet<&ProductCode> = lines
                    .iter()
                    .filter(|line| own(line))
                    .filter_map(|line| line.1.as_ref())
                    .collect();
                let mut of_products: i64 = 0;
                for product in products {
                    let size = largest(&|line| own(line) && line.1.as_ref() == Some(product));
                    of_products = of_products.saturating_add(size.flatten()?);
                }
                of_products
            }
        };
        sum = sum.saturating_add(size);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ids::Bucket;

    fn customer(number: u64) -> CustomerId {
        CustomerId::mint(Bucket::from_random(1), number, [0; 9])
    }

    fn line(customer: Option<CustomerId>, product: Option<&str>, size: Option<i64>) -> Sized {
        let product = product.map(|code| ProductCode::parse(code).unwrap());
        (customer, product, size)
    }

    #[test]
    fn a_total_counts_nothing_twice() {
        let (one, other) = (customer(1), customer(2));
        let members = [
            line(Some(one), None, Some(100)),
            line(Some(one), Some("a"), Some(80)),
            line(Some(one), Some("b"), Some(80)),
            line(Some(other), Some("a"), Some(30)),
            // An old line and the one that follows it are one limit.
            line(Some(other), Some("a"), Some(40)),
            line(Some(other), Some("b"), Some(5)),
        ];
        assert_eq!(total(&members), Some(145));
        let mut with_ceiling = members.to_vec();
        with_ceiling.push(line(None, None, Some(120)));
        assert_eq!(total(&with_ceiling), Some(120));
        let mut unlimited = members.to_vec();
        unlimited.push(line(Some(other), Some("c"), None));
        assert_eq!(total(&unlimited), None);
        assert_eq!(total(&[]), Some(0));
    }
}
