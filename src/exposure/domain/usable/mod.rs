//! What is usable before and after a change: the one question by which it is decided who decides.
//!
//! More is usable when, on any day from today on, one customer can order more of one product, or
//! more over all its products, or all customers together can order more. Both as things are used now
//! and when everything is repaid, and both as they are shut now and when somebody opens them again:
//! what is full or shut today hides what a change gives tomorrow.

pub mod circles;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use self::circles::{Circle, DatedLine, Granted, KNOWN, UNLIMITED, Usable, View, days};
use crate::catalogue::domain::exchange_rates::Rates;
use crate::catalogue::domain::products::ProductCode;
use crate::exposure::domain::line_terms::LineTerms;
use crate::exposure::domain::lines::{Balance, LimitKind, LineState, LineStatus};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId};

/// What a change does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing more is usable by anybody on any day.
    NotMore,
    /// More is: the first that was found.
    More(Increase),
}

impl Effect {
    /// Whether somebody else has to decide.
    pub fn raises(&self) -> bool {
        matches!(self, Self::More(_))
    }
}

/// Minor units; `None` is more than any amount.
pub type Room = Option<i64>;

/// Where a change gives more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Increase {
    /// More can be ordered.
    Usable {
        /// Customer; none where it is all of them together.
        customer: Option<CustomerId>,
        /// Product; none over all of them.
        product: Option<ProductCode>,
        /// First day on which it was found.
        day: NaiveDate,
        /// Currency of both amounts.
        currency: Currency,
        /// Before.
        before: Room,
        /// After.
        after: Room,
    },
    /// A line has terms that ask less of the customer: which, and the name of the term.
    Term(LineId, &'static str),
    /// More can be ordered at some rates, of which the one that counts is missing.
    Unmeasured,
}

/// Compares two pictures of the same customers.
pub fn compare(before: &[Circle], after: &[Circle], rates: &Rates, today: NaiveDate) -> Effect {
    if before == after {
        return Effect::NotMore;
    }
    if let Some(increase) = easier_terms(before, after) {
        return Effect::More(increase);
    }
    let currency = common_currency(before.iter().chain(after));
    let missing: BTreeSet<Currency> = before
        .iter()
        .chain(after)
        .flat_map(Circle::lines)
        .map(|line| line.currency)
        .filter(|own| rates.between(*own, currency).is_err())
        .collect();
    let pictures = opened(before, after);
    let worlds = assumptions(&missing);
    let found = worlds.iter().find_map(|assumed| {
        let at = |day, is_repaid| View {
            day,
            is_repaid,
            currency,
            rates,
            assumed,
        };
        pictures.iter().find_map(|(before, after)| {
            days(before.iter().chain(after), today)
                .into_iter()
                .flat_map(|day| [at(day, false), at(day, true)])
                .find_map(|view| {
                    let (one, other) = (Usable::of(before, view), Usable::of(after, view));
                    more(&one, &other, view)
                })
        })
    });
    match found {
        Some(_) if !missing.is_empty() => Effect::More(Increase::Unmeasured),
        Some(increase) => Effect::More(increase),
        None => Effect::NotMore,
    }
}

/// Most currencies without a rate of which all extremes are looked at.
const ASSUMED_MAX: usize = 6;

/// What units of currencies without a rate could be worth: next to nothing, or more than everything
/// else. What gives more at some rate gives more at one of these.
fn assumptions(missing: &BTreeSet<Currency>) -> Vec<BTreeMap<Currency, i128>> {
    let mut worlds = vec![BTreeMap::new()];
    for (place, currency) in missing.iter().enumerate() {
        let extremes = [1, KNOWN * KNOWN];
        let tried = if place < ASSUMED_MAX {
            &extremes[..]
        } else {
            &extremes[..1]
        };
        worlds = worlds
            .iter()
            .flat_map(|world| {
                tried.iter().map(|worth| {
                    let mut world = world.clone();
                    world.insert(*currency, *worth);
                    world
                })
            })
            .collect();
    }
    worlds
}

/// The currency in which everything can be measured without a rate, where there is one.
fn common_currency<'a>(circles: impl Iterator<Item = &'a Circle>) -> Currency {
    let mut currencies: BTreeSet<Currency> = circles
        .flat_map(Circle::lines)
        .map(|line| line.currency)
        .collect();
    match (currencies.pop_first(), currencies.is_empty()) {
        (Some(only), true) => only,
        _ => Currency::COMPANY,
    }
}

/// The pictures as they are; with everything open that the change leaves shut; and with everything
/// open. Somebody else opens it again, and looks at that alone.
fn opened(before: &[Circle], after: &[Circle]) -> [(Vec<Circle>, Vec<Circle>); 3] {
    let is_shut = |line: &DatedLine| line.terms.status == LineStatus::Suspended;
    let (one, other) = (shut(before), shut(after));
    let everything = |circles: &[Circle]| open_up(circles, &|_| true, &|line| is_shut(line));
    let rest = |circles: &[Circle]| {
        let (both_shut, both_barred): (BTreeSet<LineId>, BTreeSet<CustomerId>) = (
            one.0.intersection(&other.0).copied().collect(),
            one.1.intersection(&other.1).copied().collect(),
        );
        open_up(circles, &|id| both_barred.contains(&id), &|line| {
            both_shut.contains(&line.id)
        })
    };
    [
        (before.to_vec(), after.to_vec()),
        (rest(before), rest(after)),
        (everything(before), everything(after)),
    ]
}

/// Suspended lines, and customers that are barred.
fn shut(circles: &[Circle]) -> (BTreeSet<LineId>, BTreeSet<CustomerId>) {
    let lines = circles.iter().flat_map(Circle::lines);
    let members = circles.iter().flat_map(|circle| &circle.members);
    (
        lines
            .filter(|line| line.terms.status == LineStatus::Suspended)
            .map(|line| line.id)
            .collect(),
        members
            .filter(|member| !member.is_open)
            .map(|member| member.id)
            .collect(),
    )
}

fn open_up(
    circles: &[Circle],
    is_opened: &dyn Fn(CustomerId) -> bool,
    is_resumed: &dyn Fn(&DatedLine) -> bool,
) -> Vec<Circle> {
    let mut circles = circles.to_vec();
    for circle in &mut circles {
        for line in circle.lines_mut().filter(|line| is_resumed(line)) {
            line.terms.status = LineStatus::Active;
        }
        for member in &mut circle.members {
            member.is_open |= is_opened(member.id);
        }
    }
    circles
}

/// The most that is ever granted from today on: by each line, to each customer, to all. This is what
/// authority is measured at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Most {
    /// By line.
    pub lines: BTreeMap<LineId, i128>,
    /// To a customer.
    pub customers: BTreeMap<CustomerId, i128>,
    /// To all of them together.
    pub in_all: i128,
    /// Whether something could not be measured: nothing small enough for a lower chain.
    pub is_unmeasured: bool,
}

/// Looks at every day from today on, in the company's currency, as if nothing were used and everything
/// open; what the policy tolerates beyond a limit is not granted.
pub fn most(circles: &[Circle], rates: &Rates, today: NaiveDate) -> Most {
    let mut circles = open_up(circles, &|_| true, &|line| {
        line.terms.status == LineStatus::Suspended
    });
    for line in circles.iter_mut().flat_map(Circle::lines_mut) {
        line.balance = Balance::default();
        line.tolerance_bp = 0;
    }
    let mut most = Most::default();
    for day in days(circles.iter(), today) {
        let view = View {
            day,
            is_repaid: true,
            currency: Currency::COMPANY,
            rates,
            assumed: &BTreeMap::new(),
        };
        let granted = Granted::of(&circles, view);
        most.is_unmeasured |= granted.is_unmeasured;
        most.in_all = most.in_all.max(granted.in_all);
        for (customer, room) in granted.customers {
            let own = most.customers.entry(customer).or_default();
            *own = (*own).max(room);
        }
        for line in circles.iter().flat_map(Circle::lines) {
            most.add_line(line, view);
        }
    }
    most
}

impl Most {
    fn add_line(&mut self, line: &DatedLine, view: View<'_>) {
        let facts = line.on(view, 0, None);
        let is_used = facts.state_on(view.day) == LineState::Active;
        if !is_used || line.terms.limit_kind == LimitKind::Inherit {
            return;
        }
        let room = circles::measured(&facts, view);
        let own = self.lines.entry(line.id).or_default();
        *own = (*own).max(room.unwrap_or(UNLIMITED));
    }

    /// Whether something is added to another picture, and nothing is taken from anybody.
    pub fn adds_to(&self, other: &Self) -> bool {
        fn takes_nothing<K: Ord>(own: &BTreeMap<K, i128>, other: &BTreeMap<K, i128>) -> bool {
            let left = |id: &K| own.get(id).copied().unwrap_or_default();
            other.iter().all(|(id, granted)| left(id) >= *granted)
        }
        let takes_nothing = self.in_all >= other.in_all
            && self.is_unmeasured >= other.is_unmeasured
            && takes_nothing(&self.customers, &other.customers)
            && takes_nothing(&self.lines, &other.lines);
        takes_nothing && self != other
    }

    /// What a line grants.
    pub fn of_line(&self, id: LineId) -> Room {
        self.lines
            .get(&id)
            .map_or(Some(0), |granted| amount(*granted))
    }

    /// What one customer has, or who of them has most.
    pub fn of_one(&self, customer: Option<CustomerId>) -> Room {
        let own = customer.and_then(|id| self.customers.get(&id));
        let largest = || self.customers.values().max();
        let granted = own.or_else(largest).copied().unwrap_or_default();
        amount(granted).filter(|_| !self.is_unmeasured)
    }

    /// What all have together.
    pub fn of_all(&self) -> Room {
        amount(self.in_all).filter(|_| !self.is_unmeasured)
    }
}

/// What was found as an amount; `None` without a limit.
fn amount(value: i128) -> Room {
    i64::try_from(value).ok()
}

fn more(before: &Usable, after: &Usable, view: View<'_>) -> Option<Increase> {
    let found = |customer, product: Option<&ProductCode>, before: Option<&i128>, after: i128| {
        let before = before.copied().unwrap_or_default();
        (after > before).then(|| Increase::Usable {
            customer,
            product: product.cloned(),
            day: view.day,
            currency: view.currency,
            before: amount(before),
            after: amount(after),
        })
    };
    let alone = after.alone.iter().find_map(|(key, after)| {
        let (customer, product) = key;
        found(
            Some(*customer),
            Some(product),
            before.alone.get(key),
            *after,
        )
    });
    let jointly = || {
        after.jointly.iter().find_map(|(customer, after)| {
            found(Some(*customer), None, before.jointly.get(customer), *after)
        })
    };
    alone
        .or_else(jointly)
        .or_else(|| found(None, None, Some(&before.in_all), after.in_all))
}

/// Terms of a line that ask less of the customer than before.
fn easier_terms(before: &[Circle], after: &[Circle]) -> Option<Increase> {
    let old: BTreeMap<LineId, &DatedLine> = before
        .iter()
        .flat_map(Circle::lines)
        .map(|line| (line.id, line))
        .collect();
    after.iter().flat_map(Circle::lines).find_map(|line| {
        let (one, other) = (&old.get(&line.id)?.terms, &line.terms);
        if other.status == LineStatus::Closed {
            return None;
        }
        let days = |terms: &LineTerms| terms.payment_term_days.unwrap_or(i32::MAX);
        let share = |terms: &LineTerms| terms.deposit_share_bp.unwrap_or_default();
        let easier = [
            ("payment_term_days", days(other) > days(one)),
            ("deposit_share_bp", share(other) < share(one)),
            ("revolving", other.revolving && !one.revolving),
            // A condition that is added binds more; another one, or none, may bind less.
            (
                "conditions",
                one.conditions.is_some() && one.conditions != other.conditions,
            ),
        ];
        let (name, _) = easier.into_iter().find(|(_, is_easier)| *is_easier)?;
        Some(Increase::Term(line.id, name))
    })
}

#[cfg(test)]
mod tests;
