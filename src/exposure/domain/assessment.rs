//! The credit decision: may this customer have this much more of this product on credit?
//!
//! One pure function decides for checks and reservations alike. It evaluates every rule, so that
//! an answer names everything that is in the way, and orders the refusals as documented: the
//! first is the code of the problem.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::lines::{LimitKind, LineFacts, LineState, applicable};
use crate::catalogue::domain::counted::{Claim, Counted, Exposure, Uncounted};
use crate::catalogue::domain::exchange_rates::Rates;
use crate::customers::domain::customers::CustomerStatus;
use crate::error::{Bilingual, Reason};
use crate::error_codes::ProblemCode;
use crate::rules::domain::check_rules::{OrderTerms, Standing, Verdict, evaluation as rules};
use crate::values::currency::Currency;
use crate::values::ids::LineId;
use crate::values::level::Level;
use crate::values::money::decimal_string;

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
    /// Where the customer stands, as far as the rule set in force asks.
    pub standing: Standing,
    /// What the order brings along.
    pub order: OrderTerms,
    /// What levels are asked for, where that is not what is claimed: of business that they count
    /// already.
    pub asked: BTreeMap<Level, Result<Exposure, Uncounted>>,
}

crate::text_enum! {
    /// How a credit check came out.
    pub enum CreditDecision {
        /// The order can ship on credit.
        Approved = "approved",
        /// Somebody with authority has to decide.
        Referred = "referred",
        /// It cannot.
        Declined = "declined",
    }
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
            exposure: facts
                .asked
                .get(&line.level)
                .copied()
                .unwrap_or_else(|| claim.exposure_in(line.currency, &facts.rates)),
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
    /// How it came out.
    pub verdict: Verdict,
}

/// The outcome of the decision.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Version of the rule set it went by; `None` where there is none.
    pub rule_set: Option<i32>,
    /// Every rule, in the documented order of precedence.
    pub rules: Vec<RuleResult>,
    /// Room at every level that exists: product, customer, group.
    pub levels: Vec<LevelRoom>,
}

impl Assessment {
    /// What comes of it.
    pub fn decision(&self) -> CreditDecision {
        let any = |which: fn(&Verdict) -> bool| self.rules.iter().any(|rule| which(&rule.verdict));
        if any(|verdict| matches!(verdict, Verdict::Fail(_))) {
            CreditDecision::Declined
        } else if any(|verdict| matches!(verdict, Verdict::Refer(_))) {
            CreditDecision::Referred
        } else {
            CreditDecision::Approved
        }
    }

    /// What is in the way, declined or referred, in order of precedence; none means approved.
    pub fn refusals(&self) -> Vec<Reason> {
        self.rules
            .iter()
            .filter_map(|rule| rule.verdict.reason().cloned())
            .collect()
    }

    /// Whether room is in the way.
    pub fn lacks_room(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.code == ProblemCode::LimitExceeded && rule.verdict.reason().is_some())
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
    let mut rule = |code, level, verdict: Verdict| {
        rules.push(RuleResult {
            code,
            level,
            verdict,
        })
    };

    let known = fail_if(facts.customer.is_none(), ProblemCode::CustomerNotFound);
    rule(ProblemCode::CustomerNotFound, None, known);
    let closed = facts.customer == Some(CustomerStatus::Closed);
    let open = fail_if(closed, ProblemCode::CustomerClosed);
    rule(ProblemCode::CustomerClosed, None, open);
    let excluded = facts
        .standing
        .exclusion
        .map(|days| rules::restricted(ProblemCode::CustomerExcluded, days));
    rule(ProblemCode::CustomerExcluded, None, failed(excluded));
    let offered = facts.product_active == Some(true);
    let product = fail_if(!offered, ProblemCode::ProductUnknown);
    rule(ProblemCode::ProductUnknown, None, product);
    let has_line = levels.iter().any(|room| room.level == Level::Product);
    let missing = refuse_if(!has_line, ProblemCode::LineNotFound);
    rule(
        ProblemCode::LineNotFound,
        Some(Level::Product),
        failed(missing.map(|reason| at(reason, Level::Product))),
    );

    type Check = fn(&LevelRoom, &ExposureFacts) -> Option<Reason>;
    let checks: [(ProblemCode, Check); 5] = [
        (ProblemCode::CurrencyRateMissing, |room, _| {
            currency_rate(room)
        }),
        (ProblemCode::LineNotActive, |room, _| not_active(room)),
        (ProblemCode::LineSuspended, |room, _| {
            in_state(room, LineState::Suspended, ProblemCode::LineSuspended)
        }),
        (ProblemCode::LineNotYetValid, |room, _| not_yet_valid(room)),
        (ProblemCode::LineExpired, expired),
    ];
    for (code, check) in checks {
        for room in &levels {
            let refusal = check(room, facts).map(|reason| at(reason, room.level));
            rule(code, Some(room.level), failed(refusal));
        }
    }
    let (order, standing) = (&facts.order, &facts.standing);
    for (code, verdict) in rules::evaluate(claim, order, standing, &facts.rates, facts.today) {
        rule(code, None, verdict);
    }
    for room in &levels {
        let verdict = match nothing_to_inherit(room, &levels) {
            Some(nothing) => Verdict::Fail(nothing),
            None => limit(room, claim, standing),
        };
        rule(ProblemCode::LimitExceeded, Some(room.level), verdict);
    }
    Assessment {
        rule_set: standing.rule_set.as_ref().map(|set| set.version),
        rules,
        levels,
    }
}

fn failed(refusal: Option<Reason>) -> Verdict {
    refusal.map_or(Verdict::Pass, Verdict::Fail)
}

fn fail_if(refused: bool, code: ProblemCode) -> Verdict {
    failed(refuse_if(refused, code))
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

fn currency_rate(room: &LevelRoom) -> Option<Reason> {
    match room.exposure {
        Err(gap @ Uncounted::NoRate(_)) => Some(about(gap.reason(), &room.line)),
        _ => None,
    }
}

fn not_active(room: &LevelRoom) -> Option<Reason> {
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

fn not_yet_valid(room: &LevelRoom) -> Option<Reason> {
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

/// Expired today, or by the day on which the order ships.
fn expired(room: &LevelRoom, facts: &ExposureFacts) -> Option<Reason> {
    let line = &room.line;
    let today = in_state(room, LineState::Expired, ProblemCode::LineExpired);
    let shipping = facts
        .order
        .ship_on
        .filter(|day| room.state != LineState::Closed && line.state_on(*day) == LineState::Expired);
    let later = shipping.filter(|_| today.is_none()).map(|day| {
        let mut reason = about(plain(ProblemCode::LineExpired), line);
        reason.facts.push(("ship_on", day.to_string()));
        reason
    });
    today.or(later).map(|mut reason| {
        reason.detail = Bilingual::new(
            format!("The line was valid until {}.", line.valid_until),
            format!("额度有效期至 {}。", line.valid_until),
        );
        if shipping.is_some() && room.state != LineState::Expired {
            reason.detail = Bilingual::new(
                format!(
                    "The line is valid until {}, before it ships.",
                    line.valid_until
                ),
                format!("额度有效期至 {}，早于发货日。", line.valid_until),
            );
        }
        reason
            .facts
            .push(("valid_until", line.valid_until.to_string()));
        reason
    })
}

/// Exceeded means used + exposure > limit; equal fits, and what counts nothing always does. A
/// missing rate is a matter of its own. Whether more is referred is a matter of the rule set.
fn limit(room: &LevelRoom, claim: &Claim, standing: &Standing) -> Verdict {
    let line = &room.line;
    let exposure = match room.exposure {
        Ok(exposure) => exposure,
        Err(Uncounted::NoRate(_)) => return Verdict::Pass,
        Err(too_large) => {
            return Verdict::Fail(about(at(too_large.reason(), room.level), line));
        }
    };
    let (Some(limit), Some(available)) = (line.limit_minor, line.available_minor()) else {
        return Verdict::Pass;
    };
    if exposure.minor <= 0 || exposure.minor <= available {
        return Verdict::Pass;
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
    let reason = about(at(reason, room.level), line);
    let rule = standing.rule_set.as_ref().and_then(|set| set.rules.room);
    let over = line
        .used_minor()
        .saturating_add(exposure.minor)
        .saturating_sub(limit);
    rules::room(rule, over, limit, reason)
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
#[path = "assessment_tests.rs"]
mod tests;
