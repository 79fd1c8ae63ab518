//! Customers under one ceiling, with everything that bounds them: what each of them, and all of them
//! together, can order on a day.
//!
//! Built on what decides about orders ([`applicable`], [`LineFacts`]), so that it says the same as the
//! decision would.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};

use crate::catalogue::domain::exchange_rates::Rates;
use crate::catalogue::domain::products::ProductCode;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::line_terms::LineTerms;
use crate::exposure::domain::lines::{
    Balance, LimitKind, LineFacts, LineState, LineStatus, applicable,
};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId};
use crate::values::level::Level;

/// A line with its terms, so that it can be looked at on any day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedLine {
    /// Identifier.
    pub id: LineId,
    /// Level at which it bounds.
    pub level: Level,
    /// Product, at product level.
    pub product: Option<ProductCode>,
    /// Currency of limit and balances.
    pub currency: Currency,
    /// Terms and status. Terms that the product gives are filled in.
    pub terms: LineTerms,
    /// What is used of it.
    pub balance: Balance,
    /// Beyond the limit, as a share of it in basis points, by the policy.
    pub tolerance_bp: i32,
    /// Days after its last day on which the policy still lets it be used.
    pub grace_days: i32,
}

/// A customer with what bounds it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The customer.
    pub id: CustomerId,
    /// Whether new business is possible at all.
    pub is_open: bool,
    /// Its product lines and unified limits.
    pub lines: Vec<DatedLine>,
    /// What it uses itself of lines of its group.
    pub own_use: BTreeMap<LineId, i64>,
}

/// Customers that one ceiling bounds; a customer of no group is a circle without ceiling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// How the ceiling bounds.
    pub mode: GroupLimitMode,
    /// Lines of the group.
    pub ceiling: Vec<DatedLine>,
    /// Who belongs to it.
    pub members: Vec<Member>,
}

/// How a day is looked at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The day.
    pub day: NaiveDate,
    /// As if everything were repaid. What is gone for good stays gone.
    pub is_repaid: bool,
    /// In which currency rooms are compared and added up.
    pub currency: Currency,
    /// Rates into it.
    pub rates: &'a Rates,
    /// What units of currencies without a rate are taken to be worth, beside [`KNOWN`] for those with
    /// one; nothing where they cannot be measured.
    pub assumed: &'a BTreeMap<Currency, i128>,
}

/// What a unit with a known rate is worth beside assumed ones.
pub const KNOWN: i128 = 10_000_000_000;

/// What can be ordered on a day, in minor units of the currency of the view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usable {
    /// By one customer, of one product.
    pub alone: BTreeMap<(CustomerId, ProductCode), i128>,
    /// By one customer, over its products.
    pub jointly: BTreeMap<CustomerId, i128>,
    /// By all.
    pub in_all: i128,
    /// Whether something could not be measured for want of a rate.
    pub is_unmeasured: bool,
}

impl Usable {
    /// What can be ordered on a day by the customers of these circles.
    pub fn of(circles: &[Circle], view: View<'_>) -> Self {
        let mut all = Self::default();
        for circle in circles {
            circle.add_to(&mut all, view);
        }
        all
    }
}

/// What is granted on a day: by the narrowest limit that bounds it together, whether or not there are
/// products below to use it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granted {
    /// To each customer.
    pub customers: BTreeMap<CustomerId, i128>,
    /// To all.
    pub in_all: i128,
    /// Whether something could not be measured for want of a rate.
    pub is_unmeasured: bool,
}

impl Granted {
    /// What is granted on a day to the customers of these circles.
    pub fn of(circles: &[Circle], view: View<'_>) -> Self {
        let mut all = Usable::default();
        let mut granted = Self::default();
        for circle in circles {
            let total = circle.granted(&mut granted.customers, &mut all, view);
            granted.in_all = granted.in_all.saturating_add(total);
        }
        granted.is_unmeasured = all.is_unmeasured;
        granted
    }
}

/// More than any amount; sums saturate here.
pub const UNLIMITED: i128 = i128::MAX;

/// How a level bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// There is no line, or above the product only closed ones.
    Absent,
    /// There is one, and it takes nothing new.
    Blocks,
    /// The levels above decide.
    Inherits,
    /// Up to this much; [`UNLIMITED`] without limit.
    UpTo(i128),
}

impl Bound {
    /// What a level above the product leaves.
    fn granted_above(self) -> i128 {
        match self {
            Self::Absent | Self::Inherits => UNLIMITED,
            Self::Blocks => 0,
            Self::UpTo(room) => room,
        }
    }

    /// Whether a line below may inherit from it.
    fn is_to_inherit_from(self) -> bool {
        matches!(self, Self::UpTo(_) | Self::Blocks)
    }
}

impl Circle {
    /// Every line of it: the ceiling, then those of the members.
    pub fn lines(&self) -> impl Iterator<Item = &DatedLine> {
        let own = self.members.iter().flat_map(|member| &member.lines);
        self.ceiling.iter().chain(own)
    }

    /// Every line of it, to be changed.
    pub fn lines_mut(&mut self) -> impl Iterator<Item = &mut DatedLine> {
        let own = self.members.iter_mut().flat_map(|member| &mut member.lines);
        self.ceiling.iter_mut().chain(own)
    }

    /// The ceiling of a day, as the member sees it that uses more than it allows.
    pub fn broken_ceiling(&self, day: NaiveDate) -> Option<LineFacts> {
        let view = View {
            day,
            is_repaid: false,
            currency: Currency::COMPANY,
            rates: &Rates::default(),
            assumed: &BTreeMap::new(),
        };
        let broken = |own_use: Option<&BTreeMap<LineId, i64>>| {
            let facts = facts(&self.ceiling, Level::Group, own_use, view);
            applicable(&facts, Level::Group, day)
                .filter(|line| line.status != LineStatus::Closed)
                .filter(|line| line.available_on(day).is_some_and(|room| room < 0))
                .cloned()
        };
        if self.mode == GroupLimitMode::Pooled {
            return broken(None);
        }
        let bounded = self.members.iter().filter(|member| {
            self.mode == GroupLimitMode::PerMemberMinimum || !member.has_unified_limit()
        });
        bounded
            .map(|member| broken(Some(&member.own_use)))
            .find_map(|found| found)
    }

    /// What is granted to the members together; what each has joins the others.
    fn granted(
        &self,
        customers: &mut BTreeMap<CustomerId, i128>,
        all: &mut Usable,
        view: View<'_>,
    ) -> i128 {
        let ceiling = widest(&self.ceiling, Level::Group, view, all);
        let mut sum = 0_i128;
        for member in &self.members {
            let own = match (self.mode, member.has_unified_limit()) {
                (GroupLimitMode::Fallback, true) => member.granted(all, view),
                _ => member.granted(all, view).min(ceiling.granted_above()),
            };
            customers.insert(member.id, own);
            sum = sum.saturating_add(own);
        }
        match (self.mode, ceiling) {
            (GroupLimitMode::Pooled, Bound::UpTo(room)) => room,
            (GroupLimitMode::Pooled, Bound::Blocks) => 0,
            _ => sum,
        }
    }

    fn add_to(&self, all: &mut Usable, view: View<'_>) {
        let ceiling = |own: Option<&BTreeMap<LineId, i64>>, all: &mut Usable| {
            bound(&self.ceiling, Level::Group, own, view, all)
        };
        let pool = ceiling(None, all);
        let mut sum = 0_i128;
        for member in &self.members {
            let above = match (self.mode, member.has_unified_limit()) {
                (GroupLimitMode::Fallback, true) => Bound::Absent,
                (GroupLimitMode::Pooled, _) => pool,
                (GroupLimitMode::Fallback | GroupLimitMode::PerMemberMinimum, _) => {
                    ceiling(Some(&member.own_use), all)
                }
            };
            sum = sum.saturating_add(member.add_to(above, all, view));
        }
        let joint = match self.mode {
            GroupLimitMode::Pooled => sum.min(pool.granted_above()),
            GroupLimitMode::PerMemberMinimum | GroupLimitMode::Fallback => sum,
        };
        all.in_all = all.in_all.saturating_add(joint);
    }
}

impl Member {
    /// Whether it has a unified limit of its own, which takes the place of a ceiling that is a
    /// fallback.
    fn has_unified_limit(&self) -> bool {
        self.lines.iter().any(|line| {
            line.level == Level::Customer
                && line.terms.status != LineStatus::Closed
                && line.terms.limit_kind != LimitKind::Inherit
        })
    }

    /// What is granted to it by itself: its unified limit, else its products together.
    fn granted(&self, all: &mut Usable, view: View<'_>) -> i128 {
        match widest(&self.lines, Level::Customer, view, all) {
            Bound::UpTo(room) => room,
            Bound::Blocks => 0,
            Bound::Absent | Bound::Inherits => {
                let of_products = self.by_product();
                let rooms = of_products.values().map(|lines| {
                    match widest(lines, Level::Product, view, all) {
                        Bound::Absent | Bound::Blocks => 0,
                        Bound::Inherits => UNLIMITED,
                        Bound::UpTo(room) => room,
                    }
                });
                rooms.fold(0, i128::saturating_add)
            }
        }
    }

    fn by_product(&self) -> BTreeMap<&ProductCode, Vec<DatedLine>> {
        let mut lines: BTreeMap<&ProductCode, Vec<DatedLine>> = BTreeMap::new();
        for line in &self.lines {
            if let Some(product) = &line.product {
                lines.entry(product).or_default().push(line.clone());
            }
        }
        lines
    }

    /// Adds what the customer can order, and says how much that is in all.
    fn add_to(&self, ceiling: Bound, all: &mut Usable, view: View<'_>) -> i128 {
        let unified = bound(&self.lines, Level::Customer, None, view, all);
        let above = unified.granted_above().min(ceiling.granted_above());
        let may_inherit = unified.is_to_inherit_from() || ceiling.is_to_inherit_from();
        let mut sum = 0_i128;
        for (product, of_product) in self.by_product() {
            let own = match bound(&of_product, Level::Product, None, view, all) {
                Bound::Inherits if may_inherit => UNLIMITED,
                Bound::Absent | Bound::Blocks | Bound::Inherits => 0,
                Bound::UpTo(room) => room,
            };
            let own = if self.is_open { own } else { 0 };
            sum = sum.saturating_add(own);
            all.alone.insert((self.id, product.clone()), own.min(above));
        }
        let joint = sum.min(above);
        all.jointly.insert(self.id, joint);
        joint
    }
}

/// How the line that applies at a level on the day bounds. `own_use` is what one customer uses of
/// the lines, where it is bounded by itself.
fn bound(
    lines: &[DatedLine],
    level: Level,
    own_use: Option<&BTreeMap<LineId, i64>>,
    view: View<'_>,
    all: &mut Usable,
) -> Bound {
    let facts: Vec<LineFacts> = facts(lines, level, own_use, view);
    match applicable(&facts, level, view.day) {
        Some(line) => bound_of(line, view, all),
        None => Bound::Absent,
    }
}

/// How the widest line that is in force at a level on the day bounds: where one is applied for beside
/// another, what it would grant is what is asked.
fn widest(lines: &[DatedLine], level: Level, view: View<'_>, all: &mut Usable) -> Bound {
    let facts: Vec<LineFacts> = facts(lines, level, None, view);
    let widest = facts
        .iter()
        .filter(|line| line.state_on(view.day) == LineState::Active)
        .map(|line| bound_of(line, view, all))
        .filter_map(|bound| match bound {
            Bound::UpTo(room) => Some(room),
            _ => None,
        })
        .max();
    match widest {
        Some(room) => Bound::UpTo(room),
        None => bound(lines, level, None, view, all),
    }
}

fn bound_of(line: &LineFacts, view: View<'_>, all: &mut Usable) -> Bound {
    match (line.state_on(view.day), line.limit_kind) {
        (LineState::Closed, _) if line.level != Level::Product => Bound::Absent,
        (LineState::Active, LimitKind::Inherit) => Bound::Inherits,
        (LineState::Active, LimitKind::Unlimited) => Bound::UpTo(UNLIMITED),
        (LineState::Active, LimitKind::Amount) => match measured(line, view) {
            Some(room) => Bound::UpTo(room),
            None => {
                all.is_unmeasured = true;
                Bound::UpTo(0)
            }
        },
        _ => Bound::Blocks,
    }
}

/// The lines of one level as a decision of the day sees them.
pub(super) fn facts(
    lines: &[DatedLine],
    level: Level,
    own_use: Option<&BTreeMap<LineId, i64>>,
    view: View<'_>,
) -> Vec<LineFacts> {
    let same = |line: &DatedLine, other: &DatedLine| {
        other.level == level && other.currency == line.currency
    };
    let carried = |line: &DatedLine| -> i64 {
        let others = lines
            .iter()
            .filter(|other| other.id != line.id && same(line, other));
        others
            .map(|other| other.balance.held_minor + other.balance.drawn_minor)
            .sum()
    };
    let own = |line: &DatedLine, own_use: &BTreeMap<LineId, i64>| -> i64 {
        let level = lines.iter().filter(|other| same(line, other));
        level.filter_map(|other| own_use.get(&other.id)).sum()
    };
    lines
        .iter()
        .filter(|line| line.level == level)
        .map(|line| line.on(view, carried(line), own_use.map(|uses| own(line, uses))))
        .collect()
}

/// Room of a line in the currency of the view, never less than nothing; `None` without a rate.
pub(super) fn measured(line: &LineFacts, view: View<'_>) -> Option<i128> {
    let Some(room) = line.available_on(view.day).map(|room| room.max(0)) else {
        return Some(UNLIMITED);
    };
    let known = |minor: i64| match view.assumed.is_empty() {
        true => i128::from(minor),
        false => i128::from(minor).saturating_mul(KNOWN),
    };
    match view.rates.between(line.currency, view.currency) {
        Ok(None) => Some(known(room)),
        Ok(Some(into)) => into
            .rate_e10
            .convert_up(room, line.currency, view.currency)
            .map(known),
        Err(_) => {
            let worth = view.assumed.get(&line.currency)?;
            Some(i128::from(room).saturating_mul(*worth))
        }
    }
}

impl DatedLine {
    /// The line as a decision of that day sees it.
    pub(super) fn on(
        &self,
        view: View<'_>,
        carried_minor: i64,
        own_use_minor: Option<i64>,
    ) -> LineFacts {
        let terms = &self.terms;
        let repaid = Balance {
            consumed_minor: self.balance.consumed_minor,
            ..Balance::default()
        };
        let unless_repaid = |minor: i64| if view.is_repaid { 0 } else { minor };
        LineFacts {
            id: self.id,
            level: self.level,
            currency: self.currency,
            limit_kind: terms.limit_kind,
            limit_minor: terms.limit_minor,
            temporary: terms.temporary,
            over_bp: self.tolerance_bp,
            deposit_share_bp: terms.deposit_share_bp,
            // It was decided that it may be used once the contract is there.
            status: match terms.status {
                LineStatus::AwaitingContract => LineStatus::Active,
                decided => decided,
            },
            valid_from: terms.valid_from,
            valid_until: terms.valid_until,
            grace_days: self.grace_days,
            balance: if view.is_repaid { repaid } else { self.balance },
            carried_minor: unless_repaid(carried_minor),
            own_use_minor: own_use_minor.map(unless_repaid),
            revolving: terms.revolving,
            // Money makes the same room whatever is changed: it is nobody's doing here.
            covered_minor: 0,
        }
    }
}

/// The days on which something changes: today, and each beginning and end after it.
pub fn days<'a>(
    circles: impl Iterator<Item = &'a Circle>,
    today: NaiveDate,
) -> BTreeSet<NaiveDate> {
    let mut days = BTreeSet::from([today]);
    for line in circles.flat_map(Circle::lines) {
        let terms = &line.terms;
        let after = |last: NaiveDate, grace: i32| last + TimeDelta::days(i64::from(grace) + 1);
        days.insert(terms.valid_from);
        // With the days of grace, and without: another line may take over in between.
        days.insert(after(terms.valid_until, 0));
        days.insert(after(terms.valid_until, line.grace_days));
        if let Some(more) = &terms.temporary {
            days.extend([more.from, after(more.until, 0)]);
        }
    }
    days.split_off(&today)
}

#[cfg(test)]
#[path = "circles_tests.rs"]
mod tests;
