//! The book that decisions are made from: lines, and the customers they bound.
//!
//! Read as it is for a check, or taken from under the locks of the [`super::Ledger`].

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::bounds::Bounds;
use super::cover::Covers;
use super::rates::rates_into;
use super::request::Request;
use super::worth::Amending;
use crate::catalogue::domain::exchange_rates::Rates;
use crate::catalogue::domain::products::ProductCode;
use crate::customers::domain::customers::CustomerStatus;
use crate::error::{Error, Reason};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::assessment::{Assessment, assess};
use crate::exposure::domain::exposure_facts::ExposureFacts;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::level_rooms::{Binding, Room, days_looked_at, least};
use crate::exposure::domain::lines::{LineFacts, LineStatus, applicable};
use crate::exposure::store::lines::{self, LineRow};
use crate::exposure::store::parties::Parties;
use crate::exposure::store::receivables::ReceivableRow;
use crate::exposure::store::reservations::without_due;
use crate::platform::store::tx::Reader;
use crate::rules::app::check_rules;
use crate::rules::domain::check_rules::{Moved, RuleSet, Standing, evaluation};
use crate::rules::domain::credit_policies::CashOnly;
use crate::scores::domain::scores::ScoreFacts;
use crate::values::actor::Actor;
use crate::values::ids::{CustomerId, GroupId, LineId};
use crate::values::level::Level;
use crate::values::organisation::OrgPath;

/// A customer about whose business is decided.
#[derive(Debug, Clone)]
pub struct Party {
    /// Status.
    pub status: CustomerStatus,
    /// Organisation that looks after it.
    pub org_path: OrgPath,
    /// The group it belongs to.
    pub(super) group_id: Option<GroupId>,
    /// What bounds it.
    pub(super) bounds: Bounds,
    /// Its latest score.
    score: Option<ScoreFacts>,
}

/// How lines are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// As they are at this instant: what is known to be due holds nothing.
    Instant,
    /// As the books have them.
    Books,
}

/// Lines, and the customers they bound.
#[derive(Debug, Default)]
pub struct Book {
    lines: Vec<LineRow>,
    places: BTreeMap<LineId, usize>,
    /// Places of the lines of each customer and group.
    owned: BTreeMap<Uuid, Vec<usize>>,
    parties: BTreeMap<CustomerId, Party>,
    /// The rules in force when the customers were brought in.
    rule_set: Option<RuleSet>,
    /// Who pays before delivery by the policy in force then.
    cash_only: CashOnly,
    /// Where they stand, once the rules were asked.
    standings: BTreeMap<CustomerId, Standing>,
    /// Money on account of the customers and of others that share a ceiling with them, where the policy
    /// counts it.
    covers: Covers,
    /// What expired reservations still hold in the books of lines for which that was looked up.
    due: BTreeMap<LineId, i64>,
}

impl Book {
    /// Lines of nobody in particular.
    pub(super) fn of(lines: Vec<LineRow>) -> Self {
        let mut book = Self::default();
        for line in lines {
            book.add(line);
        }
        book
    }

    /// Reads what decisions about customers look at, without locks: what expired reservations still
    /// hold in the books counts as given back.
    ///
    /// # Errors
    /// When stored values cannot be read.
    pub fn read(reader: &mut Reader<'_>, customers: &[CustomerId]) -> Result<Self, Error> {
        let parties = Parties::of(reader.connection, customers)?;
        let mut rows = lines::find_many(reader.connection, parties.lines())?;
        without_due(reader, &mut rows)?;
        let mut book = Self::of(rows);
        book.bring_in(reader, parties)?;
        Ok(book)
    }

    /// Brings in the customers to decide about.
    ///
    /// # Errors
    /// When stored values cannot be read.
    pub(super) fn bring_in(
        &mut self,
        reader: &mut Reader<'_>,
        parties: Parties,
    ) -> Result<(), Error> {
        let mode = |group: Option<GroupId>| {
            let ceiling = group.and_then(|group| parties.groups.get(&group));
            ceiling.map_or(GroupLimitMode::Pooled, |ceiling| ceiling.limit_mode)
        };
        let members: Vec<(CustomerId, GroupLimitMode)> = parties
            .customers
            .iter()
            .map(|row| (row.id, mode(row.group_id)))
            .collect();
        let in_force = check_rules::in_force(reader)?;
        self.rule_set = in_force.rule_set;
        if in_force.policy.count_money_on_account {
            let with_money = parties.with_money();
            if !with_money.is_empty() {
                let currencies = self.lines.iter().map(|line| line.currency).collect();
                self.covers = Covers::load(reader, &with_money, &currencies)?;
            }
        }
        self.cash_only = in_force.policy.cash_only();
        let mut bounds = Bounds::of_many(reader, &in_force.policy, &members)?;
        for row in parties.customers {
            if let Some(bounds) = bounds.remove(&row.id) {
                let party = Party {
                    status: row.status,
                    org_path: row.org_path,
                    group_id: row.group_id,
                    bounds,
                    score: row.score,
                };
                self.parties.insert(row.id, party);
            }
        }
        Ok(())
    }

    /// Loads where the customers that were brought in stand by the rules in force: for decisions
    /// about orders.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub(crate) fn ask_rules(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        let parties = self.parties.iter();
        let scores: BTreeMap<CustomerId, _> =
            parties.map(|(id, party)| (*id, party.score)).collect();
        // Nobody's money is looked up where nobody has any, or where it does not count.
        let with_money = scores.keys().any(|id| self.covers.has(*id));
        let in_force = (self.rule_set.clone(), &self.cash_only);
        self.standings = check_rules::standing_of(reader, in_force, &scores, with_money)?;
        Ok(())
    }

    /// Why a customer pays before delivery by the policy in force, if it does.
    pub(crate) fn pays_cash(&self, id: CustomerId, today: NaiveDate) -> Option<Reason> {
        let party = self.parties.get(&id)?;
        evaluation::pays_cash(&self.cash_only, party.score, today)
    }

    /// Takes note of business that the rules look at, for the decisions that follow.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub(super) fn note(
        &mut self,
        reader: &mut Reader<'_>,
        customer_id: CustomerId,
        moved: Moved,
    ) -> Result<(), Error> {
        match self.standings.get_mut(&customer_id) {
            Some(standing) => check_rules::note(reader, standing, moved),
            None => Ok(()),
        }
    }

    /// Whether a rule set is in force, so that an order may be referred.
    pub(crate) fn has_rules(&self) -> bool {
        self.rule_set.is_some()
    }

    pub(super) fn binding(
        &self,
        reader: &mut Reader<'_>,
        row: &LineRow,
    ) -> Result<Option<Binding>, Error> {
        let Some((customer_id, party)) = row
            .customer_id
            .and_then(|id| Some((id, self.parties.get(&id)?)))
        else {
            return Ok(None);
        };
        let facts = self.facts_of(customer_id, party, (row.product.as_ref(), reader.today));
        let into = row.currency;
        let today = reader.today;
        let rates = rates_into(reader, into, (&facts, &[today]), &Standing::default())?;
        let applying: Vec<&LineFacts> = Level::EVERY
            .iter()
            .filter_map(|level| applicable(&facts, *level, reader.today))
            .filter(|line| line.level == Level::Product || line.status != LineStatus::Closed)
            .collect();
        if applying.iter().all(|line| line.id != row.id) {
            return Ok(None);
        }
        let room = |line: &LineFacts| {
            let room = line.available_on(today)?;
            Some(match rates.between(into, line.currency) {
                Ok(None) => room,
                Ok(Some(rate)) => rate.rate_e10.room_before(room, into, line.currency),
                Err(_) => 0,
            })
        };
        let rooms: Vec<Room> = applying
            .into_iter()
            .map(|line| Room {
                level: line.level,
                limit_kind: line.limit_kind,
                available_minor: room(line),
            })
            .collect();
        Ok(least(&rooms).map(|(room_minor, level)| Binding { level, room_minor }))
    }

    /// Adds a line.
    pub(super) fn add(&mut self, line: LineRow) {
        let place = self.lines.len();
        let owner = match (line.customer_id, line.group_id) {
            (Some(customer), _) => Some(customer.uuid()),
            (None, group) => group.map(GroupId::uuid),
        };
        if let Some(owner) = owner {
            self.owned.entry(owner).or_default().push(place);
        }
        self.places.insert(line.id, place);
        self.lines.push(line);
    }

    /// The customer, if it exists and the caller may know of it.
    pub fn party(&self, actor: &Actor, id: CustomerId) -> Option<&Party> {
        self.parties
            .get(&id)
            .filter(|party| actor.knows(id, &party.org_path))
    }

    /// What bounds a customer about whose business is decided.
    pub(super) fn bounds(&self, id: CustomerId) -> Option<&Bounds> {
        self.parties.get(&id).map(|party| &party.bounds)
    }

    /// Takes note of what a customer uses more, or less, of the line of a group.
    pub(super) fn note_use(&mut self, id: CustomerId, line_id: LineId, delta_minor: i64) {
        if let Some(party) = self.parties.get_mut(&id) {
            party.bounds.note_own_use(line_id, delta_minor);
        }
        self.covers.note_use(id, line_id, delta_minor);
    }

    /// Takes note of what a customer owes besides.
    pub(super) fn note_owed(&mut self, row: &ReceivableRow) {
        self.covers.note_owed(row.customer_id, row.item());
    }

    /// The lines of a customer in the books, as a decision about a product sees them.
    fn facts_of(
        &self,
        id: CustomerId,
        party: &Party,
        product: (Option<&ProductCode>, NaiveDate),
    ) -> Vec<LineFacts> {
        let own: Vec<&LineRow> = self.bounding(id, party.group_id).collect();
        self.covers.line_facts(id, &party.bounds, &own, product)
    }

    /// What money on account takes off what is used of a line, for business of a customer.
    pub(super) fn covered_minor(&self, id: CustomerId, line: &LineRow, today: NaiveDate) -> i64 {
        if self.covers.is_empty() {
            return 0;
        }
        let Some(party) = self.parties.get(&id) else {
            return 0;
        };
        let facts = self.facts_of(id, party, (line.product.as_ref(), today));
        let own = facts.iter().find(|facts| facts.id == line.id);
        own.map_or(0, |facts| facts.covered_minor)
    }

    /// Marks every line as changed at an instant, and says which they are.
    pub(super) fn touch_all(&mut self, now: DateTime<Utc>) -> Vec<LineId> {
        self.lines
            .iter_mut()
            .map(|line| {
                line.moved_at = line.moved_at.max(now);
                line.id
            })
            .collect()
    }

    /// The line, if it is in the book.
    pub fn line(&self, id: LineId) -> Option<&LineRow> {
        self.places
            .get(&id)
            .and_then(|place| self.lines.get(*place))
    }

    /// The same, to move it.
    pub(super) fn line_mut(&mut self, id: LineId) -> Option<&mut LineRow> {
        self.places
            .get(&id)
            .and_then(|place| self.lines.get_mut(*place))
    }

    /// Every line.
    pub fn lines(&self) -> impl Iterator<Item = &LineRow> {
        self.lines.iter()
    }

    /// The lines of a customer's group, and its own.
    fn bounding(
        &self,
        customer_id: CustomerId,
        group_id: Option<GroupId>,
    ) -> impl Iterator<Item = &LineRow> {
        let owners = [group_id.map(GroupId::uuid), Some(customer_id.uuid())];
        owners
            .into_iter()
            .flatten()
            .filter_map(|owner| self.owned.get(&owner))
            .flatten()
            .filter_map(|place| self.lines.get(*place))
    }

    /// Takes note of what is due on lines.
    pub(super) fn note_due(&mut self, due: BTreeMap<LineId, i64>) {
        self.due.extend(due);
    }

    /// Takes note that some of what is due on a line is given back.
    pub(super) fn note_given_back(&mut self, line_id: LineId, minor: i64) {
        if let Some(due) = self.due.get_mut(&line_id) {
            *due -= minor;
        }
    }

    /// Whether it was looked up what is due on a line.
    pub(super) fn knows_due_on(&self, line_id: LineId) -> bool {
        self.due.contains_key(&line_id)
    }

    /// Whether something is known to be due.
    pub(super) fn has_due(&self) -> bool {
        self.due.values().any(|minor| *minor > 0)
    }

    /// A line, in the books or as it is at this instant: what is due is nobody's room.
    pub(crate) fn seen<'a>(&self, line: &'a LineRow, by: By) -> Cow<'a, LineRow> {
        match (by, self.due.get(&line.id)) {
            (By::Instant, Some(due)) if *due > 0 => Cow::Owned(LineRow {
                held_minor: line.held_minor - due,
                ..line.clone()
            }),
            _ => Cow::Borrowed(line),
        }
    }

    /// Closes the book.
    pub(super) fn into_lines(self) -> Vec<LineRow> {
        self.lines
    }

    /// Assesses a request for more exposure. A customer that the caller may not know of is none.
    ///
    /// # Errors
    /// When stored values cannot be read.
    pub(crate) fn assess(
        &self,
        reader: &mut Reader<'_>,
        request: &Request<'_>,
        by: By,
    ) -> Result<Assessment, Error> {
        let party = self.party(reader.actor, request.customer_id);
        let own_currency = request.claim.amount.currency();
        let (mut lines, mut rates) = (Vec::new(), Rates::default());
        let mut asked = BTreeMap::new();
        let standing = party
            .and(request.order)
            .and_then(|_| self.standings.get(&request.customer_id));
        let standing = standing.cloned().unwrap_or_default();
        let mut order = request.order.cloned().unwrap_or_default();
        order.worth_minor = request.more_of.map_or(0, Amending::before_minor);
        if let Some(party) = party {
            let own: Vec<Cow<'_, LineRow>> = self
                .bounding(request.customer_id, party.group_id)
                .map(|line| self.seen(line, by))
                .collect();
            let own: Vec<&LineRow> = own.iter().map(|line| &**line).collect();
            let product = (Some(request.product), reader.today);
            lines = self
                .covers
                .line_facts(request.customer_id, &party.bounds, &own, product);
            let days = days_looked_at(&lines, &order, reader.today);
            rates = rates_into(reader, own_currency, (&lines, &days), &standing)?;
            if let Some(amending) = request.more_of {
                // Every line that bounds is asked, whether it counted it before or not.
                asked = lines
                    .iter()
                    .map(|line| (line.id, amending.asked_of(line, &rates)))
                    .collect();
            }
        }
        let whole = request.more_of.map_or(request.claim, Amending::total);
        let facts = ExposureFacts {
            customer: party.map(|party| party.status),
            product_active: request.terms.map(|terms| terms.active),
            product_share_bp: request.terms.map(|terms| terms.deposit_share_bp),
            secured: request.order.map(|_| whole),
            rates,
            lines,
            today: reader.today,
            standing,
            order,
            asked,
        };
        Ok(assess(&facts, &request.claim))
    }

    /// The lines whose holds take the room that a request lacks: those of the level, the one that
    /// applies and the ones it carries.
    pub(super) fn where_room_is_lacking(
        &self,
        assessment: &Assessment,
        request: &Request<'_>,
    ) -> Vec<LineId> {
        let group_id = self
            .parties
            .get(&request.customer_id)
            .and_then(|party| party.group_id);
        let lacking: BTreeSet<Level> = assessment
            .rules
            .iter()
            .filter(|rule| rule.code == ProblemCode::LimitExceeded)
            .filter(|rule| rule.verdict.reason().is_some())
            .filter_map(|rule| rule.level)
            .collect();
        let level = |line: &LineRow| match (line.group_id, line.product.as_ref()) {
            (Some(group), _) if Some(group) == group_id => Some(Level::Group),
            (None, None) if line.customer_id == Some(request.customer_id) => Some(Level::Customer),
            (None, Some(product))
                if line.customer_id == Some(request.customer_id) && product == request.product =>
            {
                Some(Level::Product)
            }
            _ => None,
        };
        self.bounding(request.customer_id, group_id)
            .filter(|line| level(line).is_some_and(|level| lacking.contains(&level)))
            .map(|line| line.id)
            .collect()
    }
}
