//! What each rule of a set says about an order. One function per rule, each with its numbers.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{
    CheckRules, ExposureComponent, GradeRule, Measured, OrderTerms, OverdueBounds, RestrictedDays,
    RoomRule, RuleEffect, Standing, Verdict,
};
use crate::catalogue::domain::counted::Claim;
use crate::catalogue::domain::exchange_rates::{RateGap, Rates};
use crate::error::{Bilingual, Reason};
use crate::error_codes::ProblemCode;
use crate::rules::domain::credit_policies::CashOnly;
use crate::scores::domain::scores::ScoreFacts;
use crate::values::currency::Currency;
use crate::values::money::decimal_string;
use crate::values::text_keys::compared;

/// A rule, named by the refusal it can lead to, and how it came out.
pub type RuleOutcome = (ProblemCode, Verdict);

/// What the rules look at beside where the customer stands.
struct Order<'a> {
    terms: &'a OrderTerms,
    /// What is asked for, in the company's currency.
    amount: Measured,
    /// What the order is worth with it, in the company's currency.
    worth: Measured,
    today: NaiveDate,
}

/// Evaluates every rule beside room, in the documented order. Without a set there is none but what the
/// credit policy says: who pays before delivery.
pub fn evaluate(
    claim: &Claim,
    terms: &OrderTerms,
    standing: &Standing,
    rates: &Rates,
    today: NaiveDate,
) -> Vec<RuleOutcome> {
    let Some(set) = &standing.rule_set else {
        let by_policy = grade(None, standing, today);
        return vec![(ProblemCode::GradeCashOnly, by_policy)];
    };
    let rules = &set.rules;
    let order = Order {
        terms,
        amount: in_company_currency(claim, 0, rates),
        worth: in_company_currency(claim, terms.worth_minor, rates),
        today,
    };
    let mut outcomes = vec![
        (ProblemCode::SupplyHold, supply_hold(rules, standing)),
        (
            ProblemCode::GradeCashOnly,
            grade(rules.grade.as_ref(), standing, today),
        ),
        (
            ProblemCode::OverdueExceeded,
            overdue(rules, standing, today),
        ),
        (ProblemCode::DunningLevelExceeded, dunning(rules, standing)),
        (ProblemCode::DocumentsMissing, documents(rules, &order)),
        (
            ProblemCode::DocumentTooLarge,
            largest(rules, standing, &order),
        ),
        (
            ProblemCode::OldestItemExceeded,
            oldest(rules, standing, &order),
        ),
    ];
    let limited = |one: &&ExposureComponent| rules.component_limit(**one).is_some();
    let components: Vec<RuleOutcome> = ExposureComponent::EVERY
        .iter()
        .filter(limited)
        .map(|one| {
            (
                ProblemCode::ComponentLimitExceeded,
                component(rules, standing, &order, *one),
            )
        })
        .collect();
    if components.is_empty() {
        outcomes.push((ProblemCode::ComponentLimitExceeded, Verdict::NotConfigured));
    }
    outcomes.extend(components);
    outcomes
}

/// What being over a limit leads to. What is tolerated beyond the limit counts as over it here.
pub fn room(rule: Option<RoomRule>, over_minor: i64, limit_minor: i64, reason: Reason) -> Verdict {
    let Some(rule) = rule else {
        return Verdict::Fail(reason);
    };
    let most = rule.refer_up_to_bp.unwrap_or(0);
    let within = rule.refer_up_to_bp.is_some()
        && i128::from(over_minor) * 10_000 <= i128::from(limit_minor) * i128::from(most);
    let effect = if within {
        RuleEffect::Refer
    } else {
        rule.effect
    };
    Verdict::of(effect, reason)
}

fn in_company_currency(claim: &Claim, before_minor: i64, rates: &Rates) -> Measured {
    let (own, to) = (claim.amount.currency(), Currency::COMPANY);
    let minor = claim.amount.minor().saturating_add(before_minor);
    Ok(match rates.between(own, to)? {
        None => minor,
        Some(into) => into.rate_e10.convert_up(minor, own, to).unwrap_or(i64::MAX),
    })
}

fn text(minor: i64) -> String {
    decimal_string(minor, Currency::COMPANY)
}

fn reason(
    code: ProblemCode,
    en: impl Into<String>,
    zh: impl Into<String>,
    facts: Vec<(&'static str, String)>,
) -> Reason {
    Reason {
        code,
        level: None,
        detail: Bilingual::new(en, zh),
        facts,
    }
}

/// What cannot be measured passes no bound.
fn unmeasured(code: ProblemCode, gap: &RateGap) -> Reason {
    Reason {
        code,
        ..gap.reason()
    }
}

/// The refusal of a customer that is excluded: with the days, and without the reason, which is not
/// for everybody.
pub fn restricted(code: ProblemCode, days: RestrictedDays) -> Reason {
    let from = days.from;
    let mut facts = vec![("from", from.to_string())];
    let detail = match days.until {
        Some(until) => {
            facts.push(("until", until.to_string()));
            Bilingual::new(
                format!("From {from} until {until}."),
                format!("自 {from} 至 {until}。"),
            )
        }
        None => Bilingual::new(
            format!("From {from} until further notice."),
            format!("自 {from} 起，至另行通知为止。"),
        ),
    };
    reason(code, detail.en, detail.zh, facts)
}

fn supply_hold(rules: &CheckRules, standing: &Standing) -> Verdict {
    match (rules.supply_hold, standing.supply_hold) {
        (None, _) => Verdict::NotConfigured,
        (Some(_), None) => Verdict::Pass,
        (Some(rule), Some(days)) => {
            Verdict::of(rule.effect, restricted(ProblemCode::SupplyHold, days))
        }
    }
}

/// What the policy says of every order, and what a rule set says besides: the stricter of both.
fn grade(rule: Option<&GradeRule>, standing: &Standing, today: NaiveDate) -> Verdict {
    if let Some(why) = pays_cash(&standing.cash_only, standing.score, today) {
        return Verdict::Fail(why);
    }
    match rule {
        Some(rule) => grade_by_rule(rule, standing.score, today),
        None if standing.cash_only == CashOnly::default() => Verdict::NotConfigured,
        None => Verdict::Pass,
    }
}

/// Why a customer pays before delivery by the credit policy, if it does.
pub fn pays_cash(policy: &CashOnly, score: Option<ScoreFacts>, today: NaiveDate) -> Option<Reason> {
    // A grade does not get better by running out.
    let by_grade = score.is_some_and(|own| policy.grades.contains(&own.grade));
    let missing = policy.ungraded && !score.is_some_and(|own| own.holds_on(today));
    (by_grade || missing).then(|| why_cash(by_grade, score))
}

fn grade_by_rule(rule: &GradeRule, score: Option<ScoreFacts>, today: NaiveDate) -> Verdict {
    let valid = score.is_some_and(|own| own.holds_on(today));
    let by_grade = score.is_some_and(|own| rule.cash_only.contains(&own.grade));
    let missing = rule.missing_effect.filter(|_| !valid);
    match by_grade.then_some(rule.effect).max(missing) {
        Some(effect) => Verdict::of(effect, why_cash(by_grade, score)),
        None => Verdict::Pass,
    }
}

/// The reason: the grade, or that none may be relied on.
fn why_cash(by_grade: bool, score: Option<ScoreFacts>) -> Reason {
    let code = ProblemCode::GradeCashOnly;
    let Some(score) = score else {
        let (en, zh) = ("The customer has no grade.", "客户没有信用等级。");
        return reason(code, en, zh, Vec::new());
    };
    let (grade, until) = (score.grade.as_str(), score.valid_until);
    let facts = vec![
        ("grade", grade.to_owned()),
        ("valid_until", until.to_string()),
    ];
    let (en, zh) = match by_grade {
        true => (
            format!("Grade {grade} allows cash business only."),
            format!("{grade} 级客户仅限现款交易。"),
        ),
        false => (
            format!("The grade was valid until {until}."),
            format!("信用等级有效期至 {until}。"),
        ),
    };
    reason(code, en, zh, facts)
}

fn overdue(rules: &CheckRules, standing: &Standing, today: NaiveDate) -> Verdict {
    let Some(rule) = rules.overdue else {
        return Verdict::NotConfigured;
    };
    let tiers = [
        (RuleEffect::Decline, rule.decline),
        (RuleEffect::Refer, rule.refer),
    ];
    tiers
        .into_iter()
        .find_map(|(effect, bounds)| {
            let why = beyond(bounds?, standing, today)?;
            Some(Verdict::of(effect, why))
        })
        .unwrap_or(Verdict::Pass)
}

fn beyond(bounds: OverdueBounds, standing: &Standing, today: NaiveDate) -> Option<Reason> {
    let code = ProblemCode::OverdueExceeded;
    let owed = &standing.owed;
    let days = owed
        .overdue_since
        .map_or(0, |due| (today - due).num_days().max(0));
    let too_long = bounds.days_max.is_some_and(|most| days > i64::from(most));
    let minor = match (&owed.overdue, bounds.amount_max_minor) {
        (Ok(minor), _) => Some(*minor),
        (Err(_), None) => None,
        // What cannot be measured is more than any amount, whatever the days say.
        (Err(gap), Some(_)) => return Some(unmeasured(code, gap)),
    };
    let too_much = bounds
        .amount_max_minor
        .is_some_and(|most| minor.is_some_and(|minor| minor > most));
    if !too_long && !too_much {
        return None;
    }
    let mut facts = vec![("days", days.to_string())];
    facts.extend(bounds.days_max.map(|most| ("days_max", most.to_string())));
    facts.extend(minor.map(|minor| ("amount", text(minor))));
    let most = bounds.amount_max_minor;
    facts.extend(most.map(|most| ("amount_max", text(most))));
    facts.push(("currency", Currency::COMPANY.code().to_owned()));
    let (mut en, mut zh) = (
        format!("The oldest is overdue for {days} days"),
        format!("最长已逾期 {days} 天"),
    );
    if let Some(amount) = minor.map(text) {
        en.push_str(&format!(", {amount} in all"));
        zh.push_str(&format!("，合计 {amount}"));
    }
    Some(reason(code, format!("{en}."), format!("{zh}。"), facts))
}

fn dunning(rules: &CheckRules, standing: &Standing) -> Verdict {
    let Some(rule) = rules.dunning else {
        return Verdict::NotConfigured;
    };
    match standing.dunning.filter(|fact| fact.level > rule.level_max) {
        None => Verdict::Pass,
        Some(fact) => {
            let (level, most) = (fact.level, rule.level_max);
            let facts = vec![
                ("level_reached", level.to_string()),
                ("level_max", most.to_string()),
                ("as_of", fact.as_of.to_string()),
            ];
            let why = reason(
                ProblemCode::DunningLevelExceeded,
                format!("Dunning is at level {level}; {most} is the highest allowed."),
                format!("催收等级为 {level}，最高允许 {most}。"),
                facts,
            );
            Verdict::of(rule.effect, why)
        }
    }
}

fn documents(rules: &CheckRules, order: &Order<'_>) -> Verdict {
    let Some(rule) = &rules.documents else {
        return Verdict::NotConfigured;
    };
    let carried: BTreeSet<String> = order
        .terms
        .documents
        .iter()
        .map(|kind| compared(kind))
        .collect();
    let missing: Vec<&str> = rule
        .required
        .iter()
        .filter(|kind| !carried.contains(&compared(kind)))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Verdict::Pass;
    }
    let missing = missing.join(", ");
    let why = reason(
        ProblemCode::DocumentsMissing,
        // A list of types may be long; the fact has all of it.
        "Documents that the rules ask for are missing.",
        "缺少规则要求的资料。",
        vec![("missing", missing)],
    );
    Verdict::of(rule.effect, why)
}

fn largest(rules: &CheckRules, standing: &Standing, order: &Order<'_>) -> Verdict {
    let Some(rule) = rules.largest_document else {
        return Verdict::NotConfigured;
    };
    let code = ProblemCode::DocumentTooLarge;
    let most = rule.amount_max_minor;
    // What an order was worth before counts once, whether or not it is among the latest.
    let together = || Ok(order.amount?.saturating_add(standing.owed.ordered_lately?));
    let size: Measured = order
        .worth
        .and_then(|worth| together().map(|other: i64| worth.max(other)));
    match &size {
        Err(gap) => Verdict::Fail(unmeasured(code, gap)),
        Ok(minor) if *minor <= most => Verdict::Pass,
        Ok(minor) => {
            let (asked, most) = (text(*minor), text(most));
            let why = reason(
                code,
                format!(
                    "The order, with what was ordered shortly before, is {asked}; {most} is the most."
                ),
                format!("单笔及近期合计金额 {asked}，上限 {most}。"),
                vec![
                    ("requested", asked),
                    ("amount_max", most),
                    ("currency", Currency::COMPANY.code().to_owned()),
                ],
            );
            Verdict::of(rule.effect, why)
        }
    }
}

fn oldest(rules: &CheckRules, standing: &Standing, order: &Order<'_>) -> Verdict {
    let Some(rule) = rules.oldest_open_item else {
        return Verdict::NotConfigured;
    };
    let Some(issued_on) = standing.owed.oldest_issued_on else {
        return Verdict::Pass;
    };
    let (days, most) = ((order.today - issued_on).num_days(), rule.days_max);
    if days <= i64::from(most) {
        return Verdict::Pass;
    }
    let why = reason(
        ProblemCode::OldestItemExceeded,
        format!("The oldest open receivable is {days} days old; {most} is the most."),
        format!("最早的未清应收已有 {days} 天，上限 {most} 天。"),
        vec![
            ("issued_on", issued_on.to_string()),
            ("days", days.to_string()),
            ("days_max", most.to_string()),
        ],
    );
    Verdict::of(rule.effect, why)
}

fn component(
    rules: &CheckRules,
    standing: &Standing,
    order: &Order<'_>,
    component: ExposureComponent,
) -> Verdict {
    let (Some(limits), Some(most)) = (rules.component_limits, rules.component_limit(component))
    else {
        return Verdict::NotConfigured;
    };
    let code = ProblemCode::ComponentLimitExceeded;
    let owed = &standing.owed;
    let (there, asked) = match component {
        ExposureComponent::OpenReceivables => (&owed.open, order.amount),
        ExposureComponent::OverdueReceivables => (&owed.overdue_in_all, Ok(0)),
        ExposureComponent::OpenOrders => (&owed.open_orders, order.amount),
    };
    let name = ("component", component.as_str().to_owned());
    let (there, asked) = match (there, &asked) {
        (Err(gap), _) | (_, Err(gap)) => {
            let mut why = unmeasured(code, gap);
            why.facts.push(name);
            return Verdict::of(limits.effect, why);
        }
        (Ok(there), Ok(asked)) => (*there, *asked),
    };
    if there.saturating_add(asked) <= most {
        return Verdict::Pass;
    }
    let (there, asked, most) = (text(there), text(asked), text(most));
    let why = reason(
        code,
        format!("{}: {there} and {asked} more; {most} is the most.", name.1),
        format!("{}：现有 {there}，新增 {asked}，上限 {most}。", name.1),
        vec![
            name,
            ("amount", there),
            ("requested", asked),
            ("amount_max", most),
            ("currency", Currency::COMPANY.code().to_owned()),
        ],
    );
    Verdict::of(limits.effect, why)
}
