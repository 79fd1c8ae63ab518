//! The credit decision: may this customer have this much more of this product on credit?
//!
//! One pure function decides for checks and reservations alike. It evaluates every rule, so that
//! an answer names everything that is in the way, and orders the refusals as documented: the
//! first is the code of the problem.

use chrono::NaiveDate;

use super::counted::{Claim, Counted, Exposure, Uncounted};
use super::credit_lines::{Level, LimitKind, LineFacts, LineState, applicable};
use super::currency::Currency;
use super::customers::CustomerStatus;
use super::exchange_rates::Rates;
use super::ids::LineId;
use super::money::decimal_string;
use crate::error::{Bilingual, Reason};
use crate::error_codes::ProblemCode;

/// Everything the decision looks at, loaded under lock for a reservation.
#[derive(Debug, Clone)]
pub struct ExposureFacts {
    /// Status of the customer; `None` when there is none the caller may know of.
    pub customer: Option<CustomerStatus>,
    /// Whether the product is offered; `None` when there is no such product.
    pub product_active: Option<bool>,
    /// Lines of the customer for the product, its unified limit, and its group.
    pub lines: Vec<LineFacts>,
    /// Rates of the day from the currency of the request into those of the lines.
    pub rates: Rates,
    /// Business date of the decision.
    pub today: NaiveDate,
}

/// Room at one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelRoom {
    /// Level.
    pub level: Level,
    /// The line that applies there.
    pub line_id: LineId,
    /// How its limit is given.
    pub limit_kind: LimitKind,
    /// Its status on the day.
    pub state: LineState,
    /// The line as it was seen.
    pub line: LineFacts,
    /// What the request counts in the currency of the line, or why it cannot.
    pub exposure: Result<Exposure, Uncounted>,
    /// Room in the currency of the request, in minor units; `None` without a limit, nothing
    /// without a rate.
    pub available_minor: Option<i64>,
}

impl LevelRoom {
    fn of(line: &LineFacts, facts: &ExposureFacts, claim: &Claim) -> Self {
        let own = claim.amount.currency();
        let rate = facts.rates.between(own, line.currency);
        Self {
            level: line.level,
            line_id: line.id,
            limit_kind: line.limit_kind,
            state: line.state_on(facts.today),
            exposure: claim.exposure_in(line.currency, &facts.rates),
            available_minor: match rate {
                Ok(None) => line.available_minor(),
                Ok(Some(into)) => line
                    .available_minor()
                    .map(|room| into.rate_e10.room_before(room, own, line.currency)),
                Err(_) => Some(0),
            },
            line: line.clone(),
        }
    }
}

/// How one rule came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleResult {
    /// The rule, named by the refusal it can lead to.
    pub code: ProblemCode,
    /// Level it was evaluated at, if it has one.
    pub level: Option<Level>,
    /// Why it refuses; `None` when it passes.
    pub refusal: Option<Reason>,
}

/// The outcome of the decision.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Every rule, in the documented order of precedence.
    pub rules: Vec<RuleResult>,
    /// Room at every level that exists: product, customer, group.
    pub levels: Vec<LevelRoom>,
}

impl Assessment {
    /// Refusals in order of precedence; none means approved.
    pub fn refusals(&self) -> Vec<Reason> {
        self.rules
            .iter()
            .filter_map(|rule| rule.refusal.clone())
            .collect()
    }

    /// Whether room is in the way.
    pub fn lacks_room(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.refusal.is_some() && rule.code == ProblemCode::LimitExceeded)
    }

    /// Room over all levels in minor units of the request's currency; `None` where nothing limits
    /// it. Nothing without a line at product level.
    pub fn available_minor(&self) -> Option<i64> {
        if !self.levels.iter().any(|room| room.level == Level::Product) {
            return Some(0);
        }
        if self
            .levels
            .iter()
            .any(|room| nothing_to_inherit(room, &self.levels).is_some())
        {
            return Some(0);
        }
        self.levels
            .iter()
            .filter_map(|room| room.available_minor)
            .min()
    }

    /// The level with the least room.
    pub fn binding(&self) -> Option<Level> {
        self.levels
            .iter()
            .filter_map(|room| {
                room.available_minor
                    .map(|available| (available, room.level))
            })
            .min()
            .map(|(_, level)| level)
    }

    /// What the request counts at a level, where it can count there.
    pub fn counted_at(&self, level: Level) -> Option<Counted> {
        let room = self.levels.iter().find(|room| room.level == level)?;
        let exposure = room.exposure.ok()?;
        Some(Counted {
            line_id: room.line_id,
            exposure_minor: exposure.minor,
            conversion: exposure.conversion,
        })
    }
}

/// Evaluates every rule.
pub fn assess(facts: &ExposureFacts, claim: &Claim) -> Assessment {
    let levels: Vec<LevelRoom> = Level::EVERY
        .iter()
        .filter_map(|level| applicable(&facts.lines, *level, facts.today))
        // Above the product a closed line is no line; at product level it says why there is none.
        .filter(|line| {
            line.level == Level::Product || line.state_on(facts.today) != LineState::Closed
        })
        .map(|line| LevelRoom::of(line, facts, claim))
        .collect();
    let mut rules = Vec::new();
    let mut rule = |code, level, refusal: Option<Reason>| {
        rules.push(RuleResult {
            code,
            level,
            refusal,
        })
    };

    rule(
        ProblemCode::CustomerNotFound,
        None,
        refuse_if(facts.customer.is_none(), ProblemCode::CustomerNotFound),
    );
    let closed = facts.customer == Some(CustomerStatus::Closed);
    rule(
        ProblemCode::CustomerClosed,
        None,
        refuse_if(closed, ProblemCode::CustomerClosed),
    );
    let offered = facts.product_active == Some(true);
    rule(
        ProblemCode::ProductUnknown,
        None,
        refuse_if(!offered, ProblemCode::ProductUnknown),
    );
    let has_line = levels.iter().any(|room| room.level == Level::Product);
    rule(
        ProblemCode::LineNotFound,
        Some(Level::Product),
        refuse_if(!has_line, ProblemCode::LineNotFound).map(|reason| at(reason, Level::Product)),
    );

    type Check = fn(&LevelRoom, &Claim) -> Option<Reason>;
    let checks: [(ProblemCode, Check); 6] = [
        (ProblemCode::CurrencyRateMissing, currency_rate),
        (ProblemCode::LineNotActive, not_active),
        (ProblemCode::LineSuspended, |room, _| {
            in_state(room, LineState::Suspended, ProblemCode::LineSuspended)
        }),
        (ProblemCode::LineNotYetValid, not_yet_valid),
        (ProblemCode::LineExpired, expired),
        (ProblemCode::LimitExceeded, limit),
    ];
    for (code, check) in checks {
        for room in &levels {
            let refusal = check(room, claim).map(|reason| at(reason, room.level));
            let refusal = refusal.or_else(|| {
                let inherits = code == ProblemCode::LimitExceeded;
                inherits
                    .then(|| nothing_to_inherit(room, &levels))
                    .flatten()
            });
            rule(code, Some(room.level), refusal);
        }
    }
    Assessment { rules, levels }
}

fn plain(code: ProblemCode) -> Reason {
    let entry = code.entry();
    Reason {
        code,
        level: None,
        detail: Bilingual::new(entry.description_en, entry.description_zh),
        facts: Vec::new(),
    }
}

fn refuse_if(refused: bool, code: ProblemCode) -> Option<Reason> {
    refused.then(|| plain(code))
}

fn at(mut reason: Reason, level: Level) -> Reason {
    reason.level = Some(level.as_str());
    reason
}

fn in_state(room: &LevelRoom, state: LineState, code: ProblemCode) -> Option<Reason> {
    refuse_if(room.state == state, code).map(|reason| about(reason, &room.line))
}

fn about(mut reason: Reason, line: &LineFacts) -> Reason {
    reason.facts.push(("credit_line_id", line.id.to_string()));
    reason
}

fn currency_rate(room: &LevelRoom, _: &Claim) -> Option<Reason> {
    match room.exposure {
        Err(gap @ Uncounted::NoRate(_)) => Some(about(gap.reason(), &room.line)),
        _ => None,
    }
}

fn not_active(room: &LevelRoom, _: &Claim) -> Option<Reason> {
    let waiting = in_state(
        room,
        LineState::AwaitingContract,
        ProblemCode::LineNotActive,
    );
    waiting
        .map(|mut reason| {
            reason.detail = Bilingual::new(
                "The line waits for its signed contract.",
                "额度尚待登记已签署的合同。",
            );
            reason
        })
        .or_else(|| in_state(room, LineState::Closed, ProblemCode::LineNotActive))
}

/// A line that inherits its limit needs one above it to inherit from.
fn nothing_to_inherit(room: &LevelRoom, levels: &[LevelRoom]) -> Option<Reason> {
    let has_above = levels
        .iter()
        .any(|other| other.level > room.level && other.limit_kind != LimitKind::Inherit);
    if room.limit_kind != LimitKind::Inherit || has_above {
        return None;
    }
    let mut reason = plain(ProblemCode::LimitExceeded);
    reason.detail = Bilingual::new(
        "The line inherits its limit, and there is none above it.",
        "该额度继承上级限额，但上级未设限额。",
    );
    Some(about(at(reason, room.level), &room.line))
}

fn not_yet_valid(room: &LevelRoom, _: &Claim) -> Option<Reason> {
    let line = &room.line;
    in_state(room, LineState::NotYetValid, ProblemCode::LineNotYetValid).map(|mut reason| {
        reason.detail = Bilingual::new(
            format!("The line is valid from {}.", line.valid_from),
            format!("额度自 {} 起生效。", line.valid_from),
        );
        reason
            .facts
            .push(("valid_from", line.valid_from.to_string()));
        reason
    })
}

fn expired(room: &LevelRoom, _: &Claim) -> Option<Reason> {
    let line = &room.line;
    in_state(room, LineState::Expired, ProblemCode::LineExpired).map(|mut reason| {
        reason.detail = Bilingual::new(
            format!("The line was valid until {}.", line.valid_until),
            format!("额度有效期至 {}。", line.valid_until),
        );
        reason
            .facts
            .push(("valid_until", line.valid_until.to_string()));
        reason
    })
}

/// Exceeded means used + exposure > limit; equal fits, and what counts nothing always does. A
/// missing rate is a matter of its own.
fn limit(room: &LevelRoom, claim: &Claim) -> Option<Reason> {
    let line = &room.line;
    let exposure = match room.exposure {
        Ok(exposure) => exposure,
        Err(Uncounted::NoRate(_)) => return None,
        Err(too_large) => return Some(about(too_large.reason(), line)),
    };
    let limit = line.limit_minor?;
    let available = line.available_minor()?;
    if exposure.minor == 0 || exposure.minor <= available {
        return None;
    }
    let text = |minor: i64| decimal_string(minor, line.currency);
    let mut reason = plain(ProblemCode::LimitExceeded);
    reason.detail = Bilingual::new(
        format!(
            "{} of {} {} is available; {} is asked for.",
            text(available),
            text(limit),
            line.currency.code(),
            text(exposure.minor)
        ),
        format!(
            "额度 {} {}，可用 {}，申请 {}。",
            text(limit),
            line.currency.code(),
            text(available),
            text(exposure.minor)
        ),
    );
    reason.facts = vec![
        ("limit", text(limit)),
        ("held", text(line.balance.held_minor)),
        ("drawn", text(line.balance.drawn_minor)),
        ("available", text(available)),
        ("requested", text(exposure.minor)),
        ("currency", line.currency.code().to_owned()),
    ];
    reason.facts.extend(origin(claim, exposure));
    Some(about(reason, line))
}

/// Where an exposure that is not the amount of the request comes from.
fn origin(claim: &Claim, exposure: Exposure) -> Vec<(&'static str, String)> {
    let own: Currency = claim.amount.currency();
    let mut facts = Vec::new();
    if let Some(conversion) = exposure.conversion {
        facts.push(("original_amount", claim.amount.to_decimal_string()));
        facts.push(("original_currency", own.code().to_owned()));
        facts.push(("rate", conversion.rate_e10.to_string()));
        facts.push(("rate_date", conversion.rate_date.to_string()));
    }
    if claim.counted_minor() != claim.amount.minor() {
        facts.push(("deposit", decimal_string(claim.deposit_minor, own)));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::credit_lines::{Balance, LineStatus};
    use crate::domain::exchange_rates::{Quote, Rate, RateRoute};
    use crate::domain::ids::Bucket;
    use crate::domain::money::Money;
    use crate::domain::products::ExposureTreatment;
    use proptest::prelude::*;

    fn cny(minor: i64) -> Claim {
        secured(minor, 0)
    }

    fn secured(minor: i64, deposit_minor: i64) -> Claim {
        Claim {
            amount: Money::new(minor, Currency::CNY).unwrap(),
            deposit_minor,
            treatment: ExposureTreatment::NetOfDeposit,
        }
    }

    fn line(level: Level, limit_minor: Option<i64>, held_minor: i64) -> LineFacts {
        LineFacts {
            id: LineId::mint(Bucket::from_random(7), 1, [level as u8; 9]),
            level,
            currency: Currency::CNY,
            limit_kind: limit_minor.map_or(LimitKind::Unlimited, |_| LimitKind::Amount),
            limit_minor,
            tolerated_minor: 0,
            grace_days: 0,
            own_use_minor: None,
            status: LineStatus::Active,
            valid_from: "2026-01-01".parse().unwrap(),
            valid_until: "2026-12-31".parse().unwrap(),
            balance: Balance {
                held_minor,
                ..Balance::default()
            },
            carried_minor: 0,
        }
    }

    fn facts(lines: Vec<LineFacts>) -> ExposureFacts {
        ExposureFacts {
            customer: Some(CustomerStatus::Active),
            product_active: Some(true),
            lines,
            rates: Rates::default(),
            today: "2026-06-01".parse().unwrap(),
        }
    }

    fn codes(facts: &ExposureFacts, amount: i64) -> Vec<(ProblemCode, Option<&'static str>)> {
        assess(facts, &cny(amount))
            .refusals()
            .iter()
            .map(|reason| (reason.code, reason.level))
            .collect()
    }

    #[test]
    fn exactly_the_limit_fits_and_one_more_does_not_at_any_level() {
        let three = facts(vec![
            line(Level::Product, Some(100), 40),
            line(Level::Customer, Some(90), 40),
            line(Level::Group, Some(80), 40),
        ]);
        assert!(codes(&three, 40).is_empty());
        assert_eq!(
            codes(&three, 41),
            [(ProblemCode::LimitExceeded, Some("group"))]
        );
        assert_eq!(codes(&three, 61).len(), 3);
        assert_eq!(assess(&three, &cny(1)).available_minor(), Some(40));
        assert_eq!(assess(&three, &cny(1)).binding(), Some(Level::Group));
    }

    #[test]
    fn a_limit_of_zero_blocks_and_no_limit_does_not() {
        assert_eq!(
            codes(&facts(vec![line(Level::Product, Some(0), 0)]), 1),
            [(ProblemCode::LimitExceeded, Some("product"))]
        );
        assert!(codes(&facts(vec![line(Level::Product, None, 0)]), 1_000_000).is_empty());
    }

    #[test]
    fn all_reasons_are_given_and_the_first_is_the_documented_one() {
        let mut product = line(Level::Product, Some(10), 0);
        product.status = LineStatus::Suspended;
        let mut group = line(Level::Group, Some(10), 0);
        group.valid_until = "2026-05-31".parse().unwrap();
        let mut everything = facts(vec![product, group]);
        everything.customer = Some(CustomerStatus::Closed);
        everything.product_active = Some(false);
        assert_eq!(
            codes(&everything, 11),
            [
                (ProblemCode::CustomerClosed, None),
                (ProblemCode::ProductUnknown, None),
                (ProblemCode::LineSuspended, Some("product")),
                (ProblemCode::LineExpired, Some("group")),
                (ProblemCode::LimitExceeded, Some("product")),
                (ProblemCode::LimitExceeded, Some("group")),
            ]
        );
    }

    #[test]
    fn without_a_line_at_product_level_nothing_is_available() {
        let unified = facts(vec![line(Level::Customer, Some(100), 0)]);
        assert_eq!(
            codes(&unified, 1),
            [(ProblemCode::LineNotFound, Some("product"))]
        );
        assert_eq!(assess(&unified, &cny(1)).available_minor(), Some(0));
    }

    #[test]
    fn another_currency_needs_a_rate() {
        let mut foreign = line(Level::Product, Some(1), 0);
        foreign.currency = Currency::USD;
        assert_eq!(
            codes(&facts(vec![foreign]), 100),
            [(ProblemCode::CurrencyRateMissing, Some("product"))]
        );
    }

    #[test]
    fn each_level_decides_in_its_own_currency_and_the_tightest_room_is_in_that_of_the_request() {
        let mut group = line(Level::Group, Some(100), 0);
        group.currency = Currency::USD;
        let mut mixed = facts(vec![line(Level::Product, Some(1_000), 0), group]);
        let quote = Quote {
            rate: Rate::parse("0.125").unwrap(),
            rate_date: mixed.today,
            route: RateRoute::Direct,
            rates: Vec::new(),
        };
        let pair = (Currency::CNY, Currency::USD);
        mixed.rates.add(pair, Some(&quote), mixed.today, 7);
        assert!(codes(&mixed, 800).is_empty());
        let refused = assess(&mixed, &cny(801));
        assert_eq!(
            (refused.available_minor(), refused.binding()),
            (Some(800), Some(Level::Group))
        );
        let reason = &refused.refusals()[0];
        for fact in [
            ("requested", "1.01"),
            ("currency", "USD"),
            ("original_amount", "8.01"),
            ("original_currency", "CNY"),
            ("rate", "0.125"),
            ("rate_date", "2026-06-01"),
        ] {
            assert!(
                reason.facts.contains(&(fact.0, fact.1.to_owned())),
                "{fact:?}"
            );
        }
        assert_eq!(
            refused.counted_at(Level::Group).unwrap().exposure_minor,
            101
        );
    }

    #[test]
    fn what_is_secured_takes_no_room_and_still_needs_a_line_in_force() {
        let mut over = facts(vec![line(Level::Product, Some(0), 40)]);
        assert!(assess(&over, &secured(100, 100)).refusals().is_empty());
        assert_eq!(assess(&over, &secured(100, 99)).refusals().len(), 1);
        over.lines[0].status = LineStatus::Suspended;
        assert_eq!(assess(&over, &secured(100, 100)).refusals().len(), 1);
        let none = assess(&facts(Vec::new()), &secured(100, 100));
        assert_eq!(none.refusals()[0].code, ProblemCode::LineNotFound);
    }

    #[test]
    fn a_closed_line_is_named_at_product_level_and_ignored_above() {
        let mut closed = line(Level::Product, Some(100), 0);
        closed.status = LineStatus::Closed;
        assert_eq!(
            codes(&facts(vec![closed.clone()]), 1),
            [(ProblemCode::LineNotActive, Some("product"))]
        );
        closed.level = Level::Group;
        closed.limit_minor = Some(0);
        assert!(codes(&facts(vec![line(Level::Product, Some(100), 0), closed]), 1).is_empty());
    }

    proptest! {
        #[test]
        fn approved_exactly_when_it_fits_everywhere(limits in prop::collection::vec((0..200_i64, 0..200_i64), 3), amount in 1..200_i64) {
            let lines: Vec<_> = Level::EVERY.iter().zip(&limits).map(|(level, (limit, held))| line(*level, Some(*limit), *held)).collect();
            let fits = limits.iter().all(|(limit, held)| held + amount <= *limit);
            prop_assert_eq!(codes(&facts(lines), amount).is_empty(), fits);
        }

        #[test]
        fn less_limit_never_gives_more_room(limit in 0..200_i64, cut in 0..100_i64, held in 0..200_i64) {
            let before = assess(&facts(vec![line(Level::Product, Some(limit), held)]), &cny(1)).available_minor();
            let after = assess(&facts(vec![line(Level::Product, Some((limit - cut).max(0)), held)]), &cny(1)).available_minor();
            prop_assert!(after <= before);
        }
    }
}
