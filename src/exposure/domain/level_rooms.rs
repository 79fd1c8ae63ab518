//! Room at the levels that bound a customer, on a day.

use chrono::NaiveDate;

use super::exposure_facts::ExposureFacts;
use super::lines::{LimitKind, LineFacts, LineState, applicable};
use super::refusals::{at, plain, refuse_if};
use super::terms;
use crate::catalogue::domain::counted::{Claim, Exposure, Uncounted};
use crate::error::{Bilingual, Reason};
use crate::error_codes::ProblemCode;
use crate::rules::domain::check_rules::{OrderTerms, Verdict, evaluation as rules};
use crate::values::currency::Currency;
use crate::values::ids::LineId;
use crate::values::level::Level;
use crate::values::money::decimal_string;

/// Room at one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelRoom {
    /// Level.
    pub level: Level,
    /// The line that applies there.
    pub line_id: LineId,
    /// How its limit is given.
    pub limit_kind: LimitKind,
    /// The day that is asked about.
    pub day: NaiveDate,
    /// Its status on the day.
    pub state: LineState,
    /// Its limit on the day.
    pub limit_minor: Option<i64>,
    /// The line as it was seen.
    pub line: LineFacts,
    /// What the request counts in the currency of the line, or why it cannot.
    pub exposure: Result<Exposure, Uncounted>,
    /// Room in the currency of the line; `None` without a limit.
    pub left_minor: Option<i64>,
    /// Room in the currency of the request, in minor units; `None` without a limit, nothing
    /// without a rate.
    pub available_minor: Option<i64>,
}

impl LevelRoom {
    fn of(line: &LineFacts, day: NaiveDate, facts: &ExposureFacts, claim: &Claim) -> Self {
        let own = claim.amount.currency();
        let left_minor = line.available_on(day);
        Self {
            level: line.level,
            line_id: line.id,
            limit_kind: line.limit_kind,
            day,
            state: line.state_on(day),
            limit_minor: line.limit_on(day),
            exposure: facts
                .asked
                .get(&line.id)
                .copied()
                .unwrap_or_else(|| claim.exposure_in(line.currency, &facts.rates)),
            left_minor,
            available_minor: match facts.rates.between(own, line.currency) {
                Ok(None) => left_minor,
                Ok(Some(into)) => {
                    left_minor.map(|room| into.rate_e10.room_before(room, own, line.currency))
                }
                Err(_) => Some(0),
            },
            line: line.clone(),
        }
    }

    /// Leaves no more than on any other day that is asked about.
    pub(super) fn take_least_of(&mut self, later: &[Self]) {
        for other in later.iter().filter(|other| other.level == self.level) {
            self.available_minor = least_of(self.available_minor, other.available_minor);
            if other.line_id == self.line_id {
                self.left_minor = least_of(self.left_minor, other.left_minor);
            }
        }
    }
}

/// The smaller of two rooms; `None` is without end.
fn least_of(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    [one, other].into_iter().flatten().min()
}

/// Room at every level on a day: product, customer, group. Above the product a closed line is no line;
/// at product level it says why there is none.
pub(super) fn rooms_on(facts: &ExposureFacts, claim: &Claim, day: NaiveDate) -> Vec<LevelRoom> {
    Level::EVERY
        .iter()
        .filter_map(|level| applicable(&facts.lines, *level, day))
        .filter(|line| line.level == Level::Product || line.state_on(day) != LineState::Closed)
        .map(|line| LevelRoom::of(line, day, facts, claim))
        .collect()
}

/// Days after today, until and with another one, on which a line becomes another than the day before.
pub(super) fn turning_days(
    lines: &[LineFacts],
    (today, until): (NaiveDate, NaiveDate),
) -> Vec<NaiveDate> {
    let mut days: Vec<NaiveDate> = lines
        .iter()
        .flat_map(LineFacts::turns)
        .filter(|day| *day > today && *day <= until)
        .collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// Every day on which an order may have to be looked at.
pub fn days_looked_at(lines: &[LineFacts], order: &OrderTerms, today: NaiveDate) -> Vec<NaiveDate> {
    let mut days = order.days(today);
    if let Some(most) = order.held_at_most {
        days.extend(turning_days(lines, (today, most)));
    }
    days
}

/// What a level leaves, in one currency for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Level.
    pub level: Level,
    /// How its limit is given.
    pub limit_kind: LimitKind,
    /// What is left; `None` without a limit.
    pub available_minor: Option<i64>,
}

/// The level that bounds a line more than any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The level.
    pub level: Level,
    /// Room there, in the currency of the line; negative when over the limit.
    pub room_minor: i64,
}

/// The least that a level leaves, and which: `None` where nothing limits. Where every level
/// inherits there is nothing to inherit, and nothing is left for the product.
pub fn least(rooms: &[Room]) -> Option<(i64, Level)> {
    if only_inherits(rooms.iter().map(|room| (room.level, room.limit_kind))) {
        return Some((0, Level::Product));
    }
    rooms
        .iter()
        .filter_map(|room| Some((room.available_minor?, room.level)))
        .min()
}

/// Whether a product has a line, and neither that nor anything above it says how much.
fn only_inherits(levels: impl Iterator<Item = (Level, LimitKind)>) -> bool {
    let mut has_line = false;
    for (level, kind) in levels {
        if kind != LimitKind::Inherit {
            return false;
        }
        has_line |= level == Level::Product;
    }
    has_line
}

/// Looks at the line of a room.
type Check = fn(&LevelRoom) -> Option<Reason>;

/// What is asked of every line beside its room, in the documented order.
pub(super) const CHECKS: &[(ProblemCode, Check)] = &[
    (ProblemCode::CurrencyRateMissing, currency_rate),
    (ProblemCode::LineNotActive, not_active),
    (ProblemCode::LineSuspended, suspended),
    (ProblemCode::LineNotYetValid, not_yet_valid),
    (ProblemCode::LineExpired, expired),
];

fn about(mut reason: Reason, line: &LineFacts) -> Reason {
    reason.facts.push(("credit_line_id", line.id.to_string()));
    at(reason, line.level)
}

/// Says on which day it is in the way, where that is not today.
pub(super) fn dated(mut reason: Reason, room: &LevelRoom, facts: &ExposureFacts) -> Reason {
    if room.day > facts.today {
        reason.facts.push(("on", room.day.to_string()));
    }
    if facts.order.ship_on == Some(room.day) {
        reason.facts.push(("ship_on", room.day.to_string()));
    }
    reason
}

fn in_state(room: &LevelRoom, state: LineState, code: ProblemCode) -> Option<Reason> {
    refuse_if(room.state == state, code).map(|reason| about(reason, &room.line))
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

fn suspended(room: &LevelRoom) -> Option<Reason> {
    in_state(room, LineState::Suspended, ProblemCode::LineSuspended)
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

fn expired(room: &LevelRoom) -> Option<Reason> {
    let until = room.line.valid_until;
    in_state(room, LineState::Expired, ProblemCode::LineExpired).map(|mut reason| {
        reason.detail = Bilingual::new(
            format!("The line is valid until {until}."),
            format!("额度有效期至 {until}。"),
        );
        reason.facts.push(("valid_until", until.to_string()));
        reason
    })
}

/// The deposit that the line asks for: the share that it says, or, at the product, the share that the
/// product says.
pub(super) fn deposit(room: &LevelRoom, facts: &ExposureFacts) -> Option<Reason> {
    let order = facts.secured.as_ref()?;
    let of_product = facts
        .product_share_bp
        .filter(|_| room.level == Level::Product);
    let share_bp = room.line.deposit_share_bp.or(of_product);
    terms::deposit_missing(order, share_bp).map(|reason| about(reason, &room.line))
}

/// Where every level inherits its limit, there is none to inherit: that is said once, at the
/// product. A unified line that inherits and has nothing above it bounds nothing.
fn nothing_to_inherit(room: &LevelRoom, all: &[LevelRoom]) -> Option<Reason> {
    let same_day = all.iter().filter(|other| other.day == room.day);
    let kinds = same_day.map(|other| (other.level, other.limit_kind));
    if room.level != Level::Product || !only_inherits(kinds) {
        return None;
    }
    let mut reason = plain(ProblemCode::LimitExceeded);
    reason.detail = Bilingual::new(
        "The line inherits its limit, and there is none above it.",
        "该额度继承上级限额，但上级未设限额。",
    );
    Some(about(reason, &room.line))
}

/// Whether there is room, among all rooms of its day; `today` is that of today at the level.
pub(super) fn limit_on(
    room: &LevelRoom,
    (today, all): (&LevelRoom, &[LevelRoom]),
    facts: &ExposureFacts,
    claim: &Claim,
) -> Verdict {
    if let Some(nothing) = nothing_to_inherit(room, all) {
        return Verdict::Fail(nothing);
    }
    match limit(room, today, facts, claim) {
        Verdict::Fail(reason) => Verdict::Fail(dated(reason, room, facts)),
        Verdict::Refer(reason) => Verdict::Refer(dated(reason, room, facts)),
        passes => passes,
    }
}

/// Exceeded means used + exposure > limit; equal fits, and what counts nothing always does, unless it
/// counts already and the limit falls until then. A missing rate is a matter of its own. Whether more
/// is referred is a matter of the rule set.
fn limit(room: &LevelRoom, today: &LevelRoom, facts: &ExposureFacts, claim: &Claim) -> Verdict {
    let line = &room.line;
    let exposure = match room.exposure {
        Ok(exposure) => exposure,
        Err(Uncounted::NoRate(_)) => return Verdict::Pass,
        Err(too_large) => return Verdict::Fail(about(too_large.reason(), line)),
    };
    let (Some(limit), Some(left)) = (room.limit_minor, room.left_minor) else {
        return Verdict::Pass;
    };
    let counts_already = facts.asked.contains_key(&line.id);
    let falls = match (today.available_minor, room.available_minor) {
        (Some(now), Some(then)) => then < now,
        (None, Some(_)) => true,
        _ => false,
    };
    let takes_nothing = exposure.minor <= 0 && !(counts_already && falls);
    if takes_nothing || exposure.minor <= left {
        return Verdict::Pass;
    }
    let text = |minor: i64| decimal_string(minor, line.currency);
    let mut reason = plain(ProblemCode::LimitExceeded);
    reason.detail = Bilingual::new(
        format!(
            "{} of {} {} is available; {} is asked for.",
            text(left),
            text(limit),
            line.currency.code(),
            text(exposure.minor)
        ),
        format!(
            "额度 {} {}，可用 {}，申请 {}。",
            text(limit),
            line.currency.code(),
            text(left),
            text(exposure.minor)
        ),
    );
    reason.facts = vec![
        ("limit", text(limit)),
        ("held", text(line.balance.held_minor)),
        ("drawn", text(line.balance.drawn_minor)),
        ("available", text(left)),
        ("requested", text(exposure.minor)),
        ("currency", line.currency.code().to_owned()),
    ];
    if line.covered_minor > 0 {
        reason.facts.push(("on_account", text(line.covered_minor)));
    }
    reason.facts.extend(origin(claim, exposure));
    let rule = facts.standing.rule_set.as_ref();
    let over = line
        .net_used_minor()
        .saturating_add(exposure.minor)
        .saturating_sub(limit);
    rules::room(
        rule.and_then(|set| set.rules.room),
        over,
        limit,
        about(reason, line),
    )
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
