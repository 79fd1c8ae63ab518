//! The rules of credit checks: publishing their versions, and where customers stand by the one in
//! force.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use crate::approvals::app::publishing::Confirmed;
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::catalogue::app::exchange_rates;
use crate::catalogue::domain::exchange_rates::Rates;
use crate::error::{Bilingual, Error};
use crate::platform::store::dated_facts::DatedFact;
use crate::platform::store::documents::{self, Document, in_range};
use crate::platform::store::tx::Reader;
use crate::rules::domain::check_rules::{
    CheckRules, DunningFact, ExposureComponent, Measured, Moved, Owed, RuleSet, Standing,
};
use crate::rules::domain::credit_policies::{CashOnly, CreditPolicy};
use crate::rules::domain::events;
use crate::rules::domain::restrictions::RestrictionKind;
use crate::rules::store::owed::{self, Floor};
use crate::rules::store::{in_force, restrictions};
use crate::scores::domain::scores::ScoreFacts;
use crate::values::currency::Currency;
use crate::values::event_kinds::EventKind;
use crate::values::ids::CustomerId;

/// What decisions go by today.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The credit policy; the built-in one where none was published.
    pub policy: CreditPolicy,
    /// The rules of credit checks, where there are any.
    pub rule_set: Option<RuleSet>,
}

/// Loads what decisions go by today.
///
/// # Errors
/// When a stored document cannot be read.
pub fn in_force(reader: &mut Reader<'_>) -> Result<InForce, Error> {
    let (policy, version, rules) = in_force::documents(reader.connection, reader.today)?;
    let policy = match policy {
        Some(policy) => documents::read(policy)?,
        None => CreditPolicy::default(),
    };
    let rule_set = match version.zip(rules) {
        Some((version, rules)) => Some(RuleSet {
            version,
            rules: documents::read(rules)?,
        }),
        None => None,
    };
    Ok(InForce { policy, rule_set })
}

impl Confirmed for CheckRules {
    const KIND: ChangeKind = ChangeKind::CheckRuleSet;
}

impl Document for CheckRules {
    const NOUN: &'static str = "check_rule_sets";
    const ACTION: &'static str = "check_rule_set.publish";
    const EVENT: EventKind = events::CHECK_RULE_SET_PUBLISHED;

    fn check(&self) -> Result<(), (String, Bilingual)> {
        in_range(self.out_of_range())
    }
}

/// Where these customers, with their latest scores, stand today, as far as policy and rules ask:
/// exclusions and who pays before delivery always, and whatever a configured rule looks at. A fixed
/// number of statements for any number of customers. `with_money` says that some of them have money on
/// account that counts: it covers the oldest due.
///
/// # Errors
/// When the database cannot serve.
pub fn standing_of(
    reader: &mut Reader<'_>,
    (rule_set, cash_only): (Option<RuleSet>, &CashOnly),
    scores: &BTreeMap<CustomerId, Option<ScoreFacts>>,
    with_money: bool,
) -> Result<BTreeMap<CustomerId, Standing>, Error> {
    let today = reader.today;
    let customers: Vec<CustomerId> = scores.keys().copied().collect();
    let restricted = restrictions::in_force(reader.connection, &customers, today)?;
    let mut standings: BTreeMap<CustomerId, Standing> = scores
        .iter()
        .map(|(id, score)| {
            let by = |kind| restricted.get(&(*id, kind)).copied();
            let standing = Standing {
                rule_set: rule_set.clone(),
                exclusion: by(RestrictionKind::Exclusion),
                supply_hold: by(RestrictionKind::SupplyHold),
                score: *score,
                cash_only: cash_only.clone(),
                ..Standing::default()
            };
            (*id, standing)
        })
        .collect();
    let Some(RuleSet { rules, .. }) = rule_set else {
        return Ok(standings);
    };
    if rules.dunning.is_some() {
        for (id, fact) in DunningFact::latest_of(reader.connection, &customers, today)? {
            standings.entry(id).or_default().dunning = Some(fact);
        }
    }
    for (id, owed) in owed_by(reader, &customers, &rules, with_money)? {
        standings.entry(id).or_default().owed = owed;
    }
    Ok(standings)
}

/// What customers owe and have ordered, in the company's currency.
fn owed_by(
    reader: &mut Reader<'_>,
    customers: &[CustomerId],
    rules: &CheckRules,
    with_money: bool,
) -> Result<BTreeMap<CustomerId, Owed>, Error> {
    let mut owed: BTreeMap<CustomerId, Owed> = BTreeMap::new();
    if rules.looks_at_receivables() {
        let currencies = owed::currencies(reader.connection, customers)?;
        let rates = into_company_currency(reader, currencies.iter().copied())?;
        let floors: Vec<Floor> = currencies
            .into_iter()
            .map(|own| floor(own, rules, &rates))
            .collect();
        let disputed = rules.overdue.is_some_and(|rule| rule.include_disputed);
        let (connection, today) = (&mut *reader.connection, reader.today);
        let which = (disputed, with_money);
        for row in owed::open(connection, customers, &floors, which, today)? {
            let own = row.currency;
            let of = owed
                .entry(CustomerId::from_uuid(row.customer_id))
                .or_default();
            of.open = plus(of.open, row.open_minor, own, &rates);
            of.overdue_in_all = plus(of.overdue_in_all, row.overdue_in_all_minor, own, &rates);
            of.overdue = plus(of.overdue, row.overdue_minor, own, &rates);
            of.overdue_since = earlier(of.overdue_since, row.overdue_since);
            of.oldest_issued_on = earlier(of.oldest_issued_on, row.oldest_issued_on);
        }
    }
    if rules
        .component_limit(ExposureComponent::OpenOrders)
        .is_some()
    {
        let rows = owed::ordered(reader.connection, customers, reader.now)?;
        let rates = into_company_currency(reader, rows.iter().map(|row| row.currency))?;
        for row in rows {
            let own = row.currency;
            let of = owed
                .entry(CustomerId::from_uuid(row.customer_id))
                .or_default();
            of.open_orders = plus(of.open_orders, row.open_minor, own, &rates);
        }
    }
    let together = rules.largest_document.map_or(0, |rule| rule.within_days);
    if together > 0 {
        let since = reader.now - TimeDelta::days(together.into());
        let rows = owed::ordered_since(reader.connection, customers, since)?;
        let rates = into_company_currency(reader, rows.iter().map(|row| row.currency))?;
        for row in rows {
            let own = row.currency;
            let of = owed
                .entry(CustomerId::from_uuid(row.customer_id))
                .or_default();
            of.ordered_lately = plus(of.ordered_lately, row.open_minor, own, &rates);
        }
    }
    Ok(owed)
}

/// Takes note of it where a rule looks at it.
///
/// # Errors
/// When the database cannot serve.
pub(crate) fn note(
    reader: &mut Reader<'_>,
    standing: &mut Standing,
    moved: Moved,
) -> Result<(), Error> {
    let limits_components = |set: &RuleSet| {
        ExposureComponent::EVERY
            .iter()
            .any(|component| set.rules.component_limit(*component).is_some())
    };
    let adds_up = |set: &RuleSet| set.rules.largest_document.is_some();
    let looks = |set: &RuleSet| limits_components(set) || adds_up(set);
    if !standing.rule_set.as_ref().is_some_and(looks) {
        return Ok(());
    }
    let (Moved::Ordered(amount) | Moved::Delivered(amount) | Moved::GivenBack(amount)) = moved;
    let own = amount.currency();
    let rates = into_company_currency(reader, [own])?;
    let owed = &mut standing.owed;
    match moved {
        Moved::Ordered(_) => {
            owed.open_orders = plus(owed.open_orders, amount.minor(), own, &rates);
            if standing
                .rule_set
                .as_ref()
                .and_then(|set| set.rules.largest_document)
                .is_some_and(|rule| rule.within_days > 0)
            {
                owed.ordered_lately = plus(owed.ordered_lately, amount.minor(), own, &rates);
            }
        }
        Moved::Delivered(_) => {
            owed.open_orders = minus(owed.open_orders, amount.minor(), own, &rates);
            owed.open = plus(owed.open, amount.minor(), own, &rates);
        }
        Moved::GivenBack(_) => {
            owed.open_orders = minus(owed.open_orders, amount.minor(), own, &rates);
        }
    }
    Ok(())
}

/// Less of a sum; never less than nothing, because each part was rounded up.
fn minus(sum: Measured, minor: i64, own: Currency, rates: &Rates) -> Measured {
    let less = plus(Ok(0), minor, own, rates)?;
    Ok((sum? - less).max(0))
}

fn into_company_currency(
    reader: &mut Reader<'_>,
    currencies: impl IntoIterator<Item = Currency>,
) -> Result<Rates, Error> {
    let pairs = currencies.into_iter().map(|own| (own, Currency::COMPANY));
    exchange_rates::of_today(reader, pairs)
}

/// The smallest amounts of a currency that count. What cannot be measured is never small.
fn floor(own: Currency, rules: &CheckRules, rates: &Rates) -> Floor {
    let least = |ignore_below: Option<i64>| {
        let ignored = ignore_below.unwrap_or(0).saturating_sub(1);
        match rates.between(own, Currency::COMPANY) {
            Ok(None) => ignored.saturating_add(1),
            Ok(Some(into)) => into
                .rate_e10
                .room_before(ignored, own, Currency::COMPANY)
                .saturating_add(1),
            Err(_) => 0,
        }
    };
    Floor {
        overdue_minor: least(rules.overdue.map(|rule| rule.ignore_below_minor)),
        oldest_minor: least(rules.oldest_open_item.map(|rule| rule.ignore_below_minor)),
        currency: own,
    }
}

fn plus(sum: Measured, minor: i64, own: Currency, rates: &Rates) -> Measured {
    // Nothing is nothing in any currency.
    if minor == 0 {
        return sum;
    }
    let more = match rates.between(own, Currency::COMPANY)? {
        None => minor,
        Some(into) => into
            .rate_e10
            .convert_up(minor, own, Currency::COMPANY)
            .unwrap_or(i64::MAX),
    };
    Ok(sum?.saturating_add(more))
}

fn earlier(one: Option<NaiveDate>, other: Option<NaiveDate>) -> Option<NaiveDate> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
