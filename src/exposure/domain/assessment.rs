//! The credit decision: may this customer have this much more of this product on credit?
//!
//! One pure function decides for checks and reservations alike. It evaluates every rule, so that
//! an answer names everything that is in the way, and orders the refusals as documented: the
//! first is the code of the problem.

use chrono::NaiveDate;

use super::exposure_facts::ExposureFacts;
use super::level_rooms::{
    CHECKS, LevelRoom, Room, dated, deposit, least, limit_on, rooms_on, turning_days,
};
use super::refusals::{at, refuse_if};
use crate::catalogue::domain::counted::{Claim, Counted};
use crate::customers::domain::customers::CustomerStatus;
use crate::error::Reason;
use crate::error_codes::ProblemCode;
use crate::rules::domain::check_rules::{Verdict, evaluation as rules};
use crate::values::level::Level;

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
    /// The last day on which it can be held, where the caller leaves that open.
    pub holds_until: Option<NaiveDate>,
}

impl RuleResult {
    fn of(code: ProblemCode, verdict: Verdict) -> Self {
        Self {
            code,
            level: None,
            verdict,
        }
    }

    fn at(code: ProblemCode, level: Level, verdict: Verdict) -> Self {
        Self {
            level: Some(level),
            ..Self::of(code, verdict)
        }
    }
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
        self.bound().map(|(available, _)| available)
    }

    /// The level with the least room.
    pub fn binding(&self) -> Option<Level> {
        self.bound().map(|(_, level)| level)
    }

    fn bound(&self) -> Option<(i64, Level)> {
        let rooms: Vec<Room> = self
            .levels
            .iter()
            .map(|room| Room {
                level: room.level,
                limit_kind: room.limit_kind,
                available_minor: room.available_minor,
            })
            .collect();
        least(&rooms)
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

/// Evaluates every rule, on every day that is asked about: of the days on which a level is in the way
/// the first speaks.
pub fn assess(facts: &ExposureFacts, claim: &Claim) -> Assessment {
    let mut days = facts.order.days(facts.today).into_iter();
    let mut levels = rooms_on(facts, claim, days.next().unwrap_or(facts.today));
    let later: Vec<LevelRoom> = days.flat_map(|day| rooms_on(facts, claim, day)).collect();
    let mut rules = Vec::new();
    of_customer(facts, &levels, &mut rules);
    for (code, check) in CHECKS {
        for room in &levels {
            let found = first(room, &later, |each| {
                check(each).map(|reason| dated(reason, each, facts))
            });
            rules.push(RuleResult::at(*code, room.level, failed(found)));
        }
    }
    let (order, standing) = (&facts.order, &facts.standing);
    for (code, verdict) in rules::evaluate(claim, order, standing, &facts.rates, facts.today) {
        rules.push(RuleResult::of(code, verdict));
    }
    for room in &levels {
        let missing = deposit(room, facts);
        rules.push(RuleResult::at(
            ProblemCode::DepositMissing,
            room.level,
            failed(missing),
        ));
    }
    for room in &levels {
        let on_each = std::iter::once((room, levels.as_slice())).chain(
            later
                .iter()
                .filter(|other| other.level == room.level)
                .map(|other| (other, later.as_slice())),
        );
        let verdict = on_each
            .map(|(each, all)| limit_on(each, (room, all), facts, claim))
            .find(|verdict| verdict.reason().is_some());
        let verdict = verdict.unwrap_or(Verdict::Pass);
        rules.push(RuleResult::at(
            ProblemCode::LimitExceeded,
            room.level,
            verdict,
        ));
    }
    let holds_until = holds_until(facts, claim);
    for room in &mut levels {
        room.take_least_of(&later);
    }
    Assessment {
        rule_set: standing.rule_set.as_ref().map(|set| set.version),
        rules,
        levels,
        holds_until,
    }
}

/// What is known of the customer and the product, whatever the lines.
fn of_customer(facts: &ExposureFacts, levels: &[LevelRoom], rules: &mut Vec<RuleResult>) {
    let mut rule = |code, verdict| rules.push(RuleResult::of(code, verdict));
    let known = fail_if(facts.customer.is_none(), ProblemCode::CustomerNotFound);
    rule(ProblemCode::CustomerNotFound, known);
    let closed = facts.customer == Some(CustomerStatus::Closed);
    let open = fail_if(closed, ProblemCode::CustomerClosed);
    rule(ProblemCode::CustomerClosed, open);
    let excluded = facts
        .standing
        .exclusion
        .map(|days| rules::restricted(ProblemCode::CustomerExcluded, days));
    rule(ProblemCode::CustomerExcluded, failed(excluded));
    let offered = facts.product_active == Some(true);
    let product = fail_if(!offered, ProblemCode::ProductUnknown);
    rule(ProblemCode::ProductUnknown, product);
    let has_line = levels.iter().any(|room| room.level == Level::Product);
    let missing = refuse_if(!has_line, ProblemCode::LineNotFound);
    rules.push(RuleResult::at(
        ProblemCode::LineNotFound,
        Level::Product,
        failed(missing.map(|reason| at(reason, Level::Product))),
    ));
}

/// What the first of the days says that is in the way at the level of a room.
fn first(
    room: &LevelRoom,
    later: &[LevelRoom],
    check: impl Fn(&LevelRoom) -> Option<Reason>,
) -> Option<Reason> {
    let others = later.iter().filter(|other| other.level == room.level);
    std::iter::once(room).chain(others).find_map(check)
}

/// The last day on which it can be held, where the caller leaves that open: before a line or a limit
/// ends on which it counts.
fn holds_until(facts: &ExposureFacts, claim: &Claim) -> Option<NaiveDate> {
    let most = facts.order.held_at_most?;
    let fits = |day: NaiveDate| {
        let rooms = rooms_on(facts, claim, day);
        let usable = |room: &LevelRoom| {
            CHECKS.iter().all(|(_, check)| check(room).is_none())
                && !matches!(
                    limit_on(room, (room, &rooms), facts, claim),
                    Verdict::Fail(_)
                )
        };
        rooms.iter().all(usable)
    };
    let turns = turning_days(&facts.lines, (facts.today, most));
    let ends = turns.into_iter().find(|day| !fits(*day));
    Some(ends.and_then(|day| day.pred_opt()).unwrap_or(most))
}

fn failed(refusal: Option<Reason>) -> Verdict {
    refusal.map_or(Verdict::Pass, Verdict::Fail)
}

fn fail_if(refused: bool, code: ProblemCode) -> Verdict {
    failed(refuse_if(refused, code))
}

#[cfg(test)]
#[path = "assessment_tests.rs"]
mod tests;
