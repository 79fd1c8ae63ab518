//! The checks before an approval (L4): each has a name, an outcome and its numbers.
//!
//! They look at what an application would lead to, not at what is there: the limit after it, the
//! total of the group after it. Amounts are in minor units of the company's currency.

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};

pub use super::check_facts::{
    Attachment, CheckFacts, CheckOutcome, CheckResult, NetCapital, Route,
};
use crate::rules::domain::credit_policies::{
    CheckName, CreditPolicy, FailureRoute, GradePolicy, MissingOutcome,
};
use crate::scores::domain::scores::{Grade, Rating, ScoreFacts};
use crate::values::currency::Currency;
use crate::values::money::decimal_string;

/// Runs every check.
pub fn evaluate(facts: &CheckFacts, policy: &CreditPolicy) -> Vec<CheckResult> {
    vec![
        grade(facts, policy),
        score_validity(facts, policy),
        new_customer_share(facts, policy),
        concentration(facts, policy),
        overdue_balance(facts, policy),
        documents(facts, policy),
    ]
}

/// Where the results lead under a policy.
pub fn route(results: &[CheckResult], policy: &CreditPolicy) -> Route {
    let failed: Vec<CheckName> = results
        .iter()
        .filter(|result| result.outcome == CheckOutcome::Fail)
        .map(|result| result.check)
        .collect();
    let refusing: Vec<CheckName> = failed
        .iter()
        .copied()
        .filter(|check| policy.route_of(*check) == FailureRoute::Refuse)
        .collect();
    if !refusing.is_empty() {
        Route::Refused(refusing)
    } else if failed.is_empty() {
        Route::Ordinary
    } else {
        Route::Exceptional
    }
}

fn result(
    check: CheckName,
    outcome: CheckOutcome,
    detail_en: &str,
    detail_zh: &str,
    numbers: Vec<(&str, String)>,
) -> CheckResult {
    CheckResult {
        check,
        outcome,
        detail_en: detail_en.to_owned(),
        detail_zh: detail_zh.to_owned(),
        numbers: numbers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

fn yuan(minor: i64) -> String {
    decimal_string(minor, Currency::COMPANY)
}

fn limit(minor: Option<i64>) -> String {
    minor.map_or_else(|| "unlimited".to_owned(), yuan)
}

/// Basis points as a percentage with two places.
pub fn percent(basis_points: i64) -> String {
    let sign = if basis_points < 0 { "-" } else { "" };
    let whole = basis_points.unsigned_abs();
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

/// A part of a whole in basis points, rounded up: a share is never shown smaller than it is.
pub fn share_bp(part_minor: i64, whole_minor: i64) -> Option<i64> {
    (whole_minor > 0)
        .then(|| {
            (i128::from(part_minor) * 10_000 + i128::from(whole_minor) - 1)
                .div_euclid(i128::from(whole_minor))
        })
        .and_then(|share| i64::try_from(share).ok())
}

/// How a check comes out that lacks a fact, as the policy says.
fn without(
    check: CheckName,
    policy: &CreditPolicy,
    fact: &str,
    (en, zh): (&str, &str),
    mut numbers: Vec<(&str, String)>,
) -> CheckResult {
    let outcome = match policy.when_missing(check) {
        MissingOutcome::Fail => CheckOutcome::Fail,
        MissingOutcome::Warn => CheckOutcome::Warn,
        MissingOutcome::Pass => CheckOutcome::Pass,
    };
    numbers.push(("missing", fact.to_owned()));
    result(check, outcome, en, zh, numbers)
}

/// The bounds of the grades that are known, however old, and of who has none where one is missing or
/// has run out. All of them bind.
fn grade(facts: &CheckFacts, policy: &CreditPolicy) -> CheckResult {
    use CheckOutcome::{Fail, Pass};
    let rating = Rating::weakest(&facts.scores, facts.today);
    let known: BTreeSet<Grade> = facts.scores.iter().flatten().map(|own| own.grade).collect();
    let holds = |score: &Option<ScoreFacts>| score.is_some_and(|own| own.holds_on(facts.today));
    let missing = facts.scores.is_empty() || !facts.scores.iter().all(holds);
    let graded = known
        .iter()
        .rev()
        .filter_map(|grade| policy.grades.get(grade).cloned());
    let ungraded = missing.then(|| policy.of_ungraded());
    let mut numbers = vec![("grade", rating.as_str().to_owned())];
    for own in graded.chain(ungraded) {
        if let Some((en, zh)) = beyond_grade(facts, &own, &mut numbers) {
            return result(CheckName::Grade, Fail, en, zh, numbers);
        }
    }
    if missing {
        let words = ("There is no valid score.", "没有有效的评分。");
        return without(CheckName::Grade, policy, "score", words, numbers);
    }
    result(
        CheckName::Grade,
        Pass,
        "Within the bounds of the grade.",
        "符合该等级的信用政策。",
        numbers,
    )
}

/// In which way more is asked for than the grade allows; its numbers join the others.
fn beyond_grade(
    facts: &CheckFacts,
    own: &GradePolicy,
    numbers: &mut Vec<(&'static str, String)>,
) -> Option<(&'static str, &'static str)> {
    let mut fails = |failed: bool, name: &'static str, most: String, asked: String| {
        if failed {
            numbers.push((name, most));
            numbers.push(("requested", asked));
        }
        failed
    };
    if own.cash_only && facts.limit_after_minor != Some(0) {
        return Some((
            "The grade pays before delivery.",
            "该信用等级只能现款交易。",
        ));
    }
    if let Some(most) = own.limit_max_minor
        && fails(
            facts.limit_after_minor.is_none_or(|after| after > most),
            "limit_max",
            yuan(most),
            limit(facts.limit_after_minor),
        )
    {
        return Some((
            "The limit is above the highest of the grade.",
            "额度超过该等级上限。",
        ));
    }
    if let (Some(most), Some(days)) = (own.payment_term_days_max, facts.payment_term_days)
        && fails(
            days > most,
            "payment_term_days_max",
            most.to_string(),
            days.to_string(),
        )
    {
        return Some((
            "The payment term is longer than the grade allows.",
            "账期超过该等级上限。",
        ));
    }
    let least = own.deposit_share_bp_min?;
    let asked = facts.deposit_share_bp.unwrap_or(0);
    fails(
        asked < least,
        "deposit_share_min",
        percent(least.into()),
        percent(asked.into()),
    )
    .then_some((
        "The deposit is smaller than the grade asks for.",
        "保证金比例低于该等级要求。",
    ))
}

fn score_validity(facts: &CheckFacts, policy: &CreditPolicy) -> CheckResult {
    use CheckOutcome::{Fail, Pass};
    let name = CheckName::ScoreValidity;
    // Of several the one that runs out first.
    let first = facts
        .scores
        .iter()
        .flatten()
        .min_by_key(|own| own.valid_until);
    let numbers = first.map_or_else(Vec::new, |score| {
        vec![
            ("scored_on", score.scored_on.to_string()),
            ("valid_until", score.valid_until.to_string()),
        ]
    });
    match first {
        Some(score) if !score.holds_on(facts.today) => {
            let (en, zh) = ("The score has expired.", "评分已过期。");
            result(name, Fail, en, zh, numbers)
        }
        Some(_) if facts.scores.iter().all(Option::is_some) => {
            result(name, Pass, "The score is valid.", "评分有效。", numbers)
        }
        _ => {
            let words = ("There is no score.", "没有评分。");
            without(name, policy, "score", words, numbers)
        }
    }
}

fn new_customer_share(facts: &CheckFacts, policy: &CreditPolicy) -> CheckResult {
    use CheckOutcome::{Fail, NotEvaluated, Pass};
    let name = CheckName::NewCustomerShare;
    let (Some(months), Some(share)) = (policy.new_customer_months, policy.new_customer_share_bp)
    else {
        return result(
            name,
            NotEvaluated,
            "The policy sets no share for new customers.",
            "信用政策未设定新客户比例。",
            vec![],
        );
    };
    if facts.is_group {
        return result(
            name,
            NotEvaluated,
            "Groups are not new customers.",
            "集团不适用新客户比例。",
            vec![],
        );
    }
    let until = facts
        .first_business_on
        .and_then(|first| first.checked_add_months(Months::new(u32::try_from(months).ok()?)));
    if until.is_some_and(|until| until <= facts.today) {
        return result(
            name,
            Pass,
            "The customer is not new.",
            "不是新客户。",
            vec![],
        );
    }
    let Some(sales) = facts.expected_sales_minor else {
        let words = (
            "It is not on record what sales are expected of a new customer.",
            "未登记新客户的预计销售额。",
        );
        return without(name, policy, "expected_sales", words, vec![]);
    };
    let most = i64::try_from(i128::from(sales) * i128::from(share) / 10_000).unwrap_or(i64::MAX);
    let numbers = vec![
        ("expected_sales", yuan(sales)),
        ("share_max", percent(share.into())),
        ("limit_max", yuan(most)),
        ("requested", limit(facts.limit_after_minor)),
    ];
    if facts.limit_after_minor.is_none_or(|after| after > most) {
        result(
            name,
            Fail,
            "The limit is above the share of expected sales for new customers.",
            "额度超过新客户预计销售额的允许比例。",
            numbers,
        )
    } else {
        result(
            name,
            Pass,
            "Within the share of expected sales.",
            "在预计销售额的允许比例之内。",
            numbers,
        )
    }
}

fn concentration(facts: &CheckFacts, policy: &CreditPolicy) -> CheckResult {
    use CheckOutcome::{Fail, NotEvaluated, Pass, Warn};
    let name = CheckName::Concentration;
    let (warn, most) = (policy.concentration_warn_bp, policy.concentration_max_bp);
    if warn.is_none() && most.is_none() {
        return result(
            name,
            NotEvaluated,
            "The policy sets no concentration limit.",
            "信用政策未设定集中度上限。",
            vec![],
        );
    }
    let Some(NetCapital { minor, as_of }) = facts.net_capital else {
        let words = (
            "The net capital of the company is not on record.",
            "未登记公司净资本。",
        );
        return without(name, policy, "net_capital", words, vec![]);
    };
    let Some(net_capital) = minor else {
        let words = (
            "The net capital of the company is in a currency that has no rate.",
            "公司净资本的币种没有可用汇率。",
        );
        let numbers = vec![("net_capital_as_of", as_of.to_string())];
        return without(name, policy, "rate", words, numbers);
    };
    let mut numbers = vec![
        ("total_after", limit(facts.group_total_after_minor)),
        ("net_capital", yuan(net_capital)),
        ("net_capital_as_of", as_of.to_string()),
    ];
    let share = facts
        .group_total_after_minor
        .map_or(Some(i64::MAX), |total| share_bp(total, net_capital))
        .unwrap_or(i64::MAX);
    if share < i64::MAX {
        numbers.push(("share", percent(share)));
    }
    let beyond = |bound: Option<i32>| bound.is_some_and(|bound| share > i64::from(bound));
    if let Some(most) = most.filter(|most| beyond(Some(*most))) {
        numbers.push(("share_max", percent(most.into())));
        return result(
            name,
            Fail,
            "The total of the group is too large a share of net capital.",
            "集团授信总额占净资本比例过高。",
            numbers,
        );
    }
    if let Some(warn) = warn.filter(|warn| beyond(Some(*warn))) {
        numbers.push(("share_warn", percent(warn.into())));
        return result(
            name,
            Warn,
            "The total of the group is a large share of net capital.",
            "集团授信总额占净资本比例较高。",
            numbers,
        );
    }
    result(
        name,
        Pass,
        "Within the concentration limit.",
        "在集中度上限之内。",
        numbers,
    )
}

fn overdue_balance(facts: &CheckFacts, policy: &CreditPolicy) -> CheckResult {
    use CheckOutcome::{Fail, Pass, Warn};
    let name = CheckName::OverdueBalance;
    let Some(overdue) = facts.overdue_minor else {
        let words = (
            "Something is overdue in a currency that has no rate.",
            "存在无汇率币种的逾期款项。",
        );
        return match policy.overdue_max_minor {
            Some(_) => without(name, policy, "rate", words, vec![]),
            None => result(name, Warn, words.0, words.1, vec![]),
        };
    };
    let mut numbers = vec![("overdue", yuan(overdue))];
    if overdue == 0 {
        return result(name, Pass, "Nothing is overdue.", "无逾期款项。", numbers);
    }
    if let Some(most) = policy.overdue_max_minor {
        numbers.push(("overdue_max", yuan(most)));
        if overdue > most {
            return result(
                name,
                Fail,
                "Too much is overdue.",
                "逾期金额过高。",
                numbers,
            );
        }
    }
    result(
        name,
        Warn,
        "Something is overdue.",
        "存在逾期款项。",
        numbers,
    )
}

fn documents(facts: &CheckFacts, policy: &CreditPolicy) -> CheckResult {
    use CheckOutcome::{Fail, NotEvaluated, Pass};
    let name = CheckName::Documents;
    if policy.required_documents.is_empty() {
        return result(
            name,
            NotEvaluated,
            "The policy asks for no documents.",
            "信用政策未要求资料。",
            vec![],
        );
    }
    let valid = |until: Option<NaiveDate>| until.is_none_or(|until| until >= facts.today);
    let wanting = |kind: &str, known: bool| {
        let mut of = facts.attachments.iter().filter(|one| one.kind == kind);
        let is_known = of.clone().next().is_some();
        is_known == known && !of.any(|one| valid(one.valid_until))
    };
    let list = |known: bool| {
        let kinds: Vec<&str> = policy
            .required_documents
            .iter()
            .filter(|kind| wanting(kind, known))
            .map(String::as_str)
            .collect();
        kinds.join(", ")
    };
    let (missing, expired) = (list(false), list(true));
    if missing.is_empty() && expired.is_empty() {
        return result(
            name,
            Pass,
            "Every document is there and valid.",
            "所需资料齐全有效。",
            vec![],
        );
    }
    let words = (
        "Documents are missing or have expired.",
        "资料缺失或已过期。",
    );
    if expired.is_empty() {
        return without(name, policy, &missing, words, vec![]);
    }
    let numbers = [("missing", missing), ("expired", expired)];
    let there = numbers.into_iter().filter(|(_, list)| !list.is_empty());
    result(name, Fail, words.0, words.1, there.collect())
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;
