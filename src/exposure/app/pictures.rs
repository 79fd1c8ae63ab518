//! What bounds customers and groups now, and what a change would make of it: two pictures that are
//! compared before anything is changed.
//!
//! Whoever changes something by a picture has the locks of [`hold_customer`] or [`hold_group`]: lines,
//! memberships and modes stay as they were seen. Facts about customers are no part of these changes,
//! so every customer is looked at as if it were open for business.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::ledger::bounds::Bounds;
use crate::catalogue::app::exchange_rates;
use crate::catalogue::domain::exchange_rates::Rates;
use crate::catalogue::domain::products::ProductCode;
use crate::catalogue::store::products;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::line_terms::LineTerms;
use crate::exposure::domain::lines::{Balance, LineFacts};
use crate::exposure::domain::usable::circles::{Circle, DatedLine, Member};
use crate::exposure::domain::usable::{self, Effect, Increase, Most};
use crate::exposure::store::lines::{self, LineRow};
use crate::exposure::store::reservations::without_due;
use crate::exposure::store::{groups, parties as loads};
use crate::platform::store::documents;
use crate::platform::store::tx::{Reader, Tx};
use crate::rules::domain::credit_policies::{CreditPolicy, Tolerance};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, GroupId, LineId};
use crate::values::level::Level;
use crate::values::money::decimal_string;

/// Customers and groups with everything that bounds them.
#[derive(Debug, Clone)]
pub struct Picture {
    circles: Vec<(Option<GroupId>, Circle)>,
    today: NaiveDate,
    tolerance: Tolerance,
    /// Rates into the company's currency that may be used today.
    rates: Rates,
    /// The latest ones, however old: enough to tell more from less.
    latest: Rates,
}

/// A line that is to be opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What it is called until it is there; nothing else is called so.
    pub id: LineId,
    /// Customer, or empty for a group line.
    pub customer_id: Option<CustomerId>,
    /// Group, or empty for a customer line.
    pub group_id: Option<GroupId>,
    /// Product; empty for the unified limit.
    pub product: Option<ProductCode>,
    /// Currency.
    pub currency: Currency,
    /// Terms.
    pub terms: LineTerms,
}

/// Keeps a customer in its group, and both at the lines they have, until the end of the transaction.
/// Who asks for another member of the group meanwhile waits: what is granted to all of them counts.
///
/// # Errors
/// [`Error::Retry`] when the customer changed groups meanwhile.
pub fn hold_customer(tx: &mut Tx<'_>, id: CustomerId) -> Result<(), Error> {
    let group = groups::open_group_of(tx.connection, id)?;
    if let Some(group) = group {
        loads::lock_group(tx, group)?;
    }
    loads::lock_customer(tx, id)?;
    if groups::open_group_of(tx.connection, id)? != group {
        return Err(Error::Retry("the customer changed its group"));
    }
    Ok(())
}

/// Keeps a group at its members and all of them at the lines they have, until the end of the
/// transaction.
///
/// # Errors
/// When the database cannot serve.
pub fn hold_group(tx: &mut Tx<'_>, id: GroupId) -> Result<(), Error> {
    Ok(loads::lock_group(tx, id)?)
}

/// The same for whom a line belongs to.
///
/// # Errors
/// As [`hold_customer`].
pub fn hold_owner(
    tx: &mut Tx<'_>,
    owner: (Option<CustomerId>, Option<GroupId>),
) -> Result<(), Error> {
    match owner {
        (Some(id), _) => hold_customer(tx, id),
        (None, Some(id)) => hold_group(tx, id),
        (None, None) => Err(Error::internal("a line without an owner")),
    }
}

impl Picture {
    /// A customer under the ceiling of its group. The other members are left out: what is more for
    /// all of them is more for this one.
    ///
    /// # Errors
    /// When stored values cannot be read.
    pub fn of_customer(reader: &mut Reader<'_>, id: CustomerId) -> Result<Self, Error> {
        let group = groups::open_group_of(reader.connection, id)?;
        Self::load(reader, &[(group, vec![id])])
    }

    /// A customer with all who are under the ceiling of its group.
    ///
    /// # Errors
    /// When stored values cannot be read.
    pub fn around(reader: &mut Reader<'_>, id: CustomerId) -> Result<Self, Error> {
        match groups::open_group_of(reader.connection, id)? {
            Some(group) => Self::of_group(reader, group, None),
            None => Self::load(reader, &[(None, vec![id])]),
        }
    }

    /// A group with its members, and a customer beside it that is to join.
    ///
    /// # Errors
    /// When stored values cannot be read.
    pub fn of_group(
        reader: &mut Reader<'_>,
        id: GroupId,
        joining: Option<CustomerId>,
    ) -> Result<Self, Error> {
        let members = groups::open_members_of(reader.connection, id)?;
        let mut circles = vec![(Some(id), members)];
        circles.extend(joining.map(|customer| (None, vec![customer])));
        Self::load(reader, &circles)
    }

    fn load(
        reader: &mut Reader<'_>,
        wanted: &[(Option<GroupId>, Vec<CustomerId>)],
    ) -> Result<Self, Error> {
        let customers: Vec<CustomerId> = wanted
            .iter()
            .flat_map(|(_, members)| members)
            .copied()
            .collect();
        let of_groups: Vec<GroupId> = wanted.iter().filter_map(|(group, _)| *group).collect();
        let mut rows = lines::of_owners(reader.connection, &customers, &of_groups)?;
        without_due(reader, &mut rows)?;
        let policy = documents::in_force::<CreditPolicy>(reader, reader.today)?.document;
        let each = GroupLimitMode::PerMemberMinimum;
        let of_ceilings: Vec<(CustomerId, GroupLimitMode)> =
            match rows.iter().any(|row| row.group_id.is_some()) {
                true => customers.iter().map(|id| (*id, each)).collect(),
                false => Vec::new(),
            };
        let bounds = Bounds::of_many(reader, &policy, &of_ceilings)?;
        let given = Given::of(reader, &rows)?;
        let tolerance = policy.tolerance();
        let dated = |row: &LineRow| given.dated(row, tolerance);
        let mut circles = Vec::with_capacity(wanted.len());
        for (group, members) in wanted {
            let mode = match group {
                Some(group) => groups::limit_mode(reader.connection, *group)?,
                None => GroupLimitMode::Pooled,
            };
            let of_group = |row: &&LineRow| row.group_id.is_some() && row.group_id == *group;
            let member = |id: &CustomerId| Member {
                id: *id,
                is_open: true,
                lines: rows
                    .iter()
                    .filter(|row| row.customer_id == Some(*id))
                    .map(dated)
                    .collect(),
                own_use: bounds
                    .get(id)
                    .map(|own| own.own_use().clone())
                    .unwrap_or_default(),
            };
            let circle = Circle {
                mode,
                ceiling: rows.iter().filter(of_group).map(dated).collect(),
                members: members.iter().map(member).collect(),
            };
            circles.push((*group, circle));
        }
        let pairs: BTreeSet<(Currency, Currency)> = rows
            .iter()
            .map(|row| (row.currency, Currency::COMPANY))
            .collect();
        Ok(Self {
            circles,
            today: reader.today,
            tolerance,
            rates: exchange_rates::of_today(reader, pairs.clone())?,
            latest: exchange_rates::latest(reader, pairs)?,
        })
    }

    /// With a line that has other terms, or another status.
    #[must_use]
    pub fn with_terms(&self, id: LineId, terms: &LineTerms) -> Self {
        let mut after = self.clone();
        let lines = after
            .circles
            .iter_mut()
            .flat_map(|(_, circle)| circle.lines_mut());
        for line in lines.filter(|line| line.id == id) {
            line.terms = LineTerms {
                // What the product gives still holds where the line says nothing.
                payment_term_days: terms.payment_term_days.or(line.terms.payment_term_days),
                deposit_share_bp: terms.deposit_share_bp.or(line.terms.deposit_share_bp),
                ..terms.clone()
            };
        }
        after
    }

    /// With one more line.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn with_opened(&self, reader: &mut Reader<'_>, new: Opened) -> Result<Self, Error> {
        let mut after = self.clone();
        let pair = (new.currency, Currency::COMPANY);
        let (rates, latest) = (
            exchange_rates::of_today(reader, [pair])?,
            exchange_rates::latest(reader, [pair])?,
        );
        after.rates.extend(rates);
        after.latest.extend(latest);
        let line = DatedLine {
            id: new.id,
            level: match (&new.group_id, &new.product) {
                (Some(_), _) => Level::Group,
                (None, None) => Level::Customer,
                (None, Some(_)) => Level::Product,
            },
            product: new.product,
            currency: new.currency,
            terms: new.terms,
            balance: Balance::default(),
            tolerance_bp: self.tolerance.over_bp,
            grace_days: self.tolerance.grace_days,
        };
        for (group, circle) in &mut after.circles {
            if new.group_id.is_some() && *group == new.group_id {
                circle.ceiling.push(line.clone());
            }
            let members = circle.members.iter_mut();
            for member in members.filter(|member| Some(member.id) == new.customer_id) {
                member.lines.push(line.clone());
            }
        }
        Ok(after)
    }

    /// With a group whose ceiling bounds in another way.
    #[must_use]
    pub fn with_mode(&self, group: GroupId, mode: GroupLimitMode) -> Self {
        let mut after = self.clone();
        for (id, circle) in &mut after.circles {
            if *id == Some(group) {
                circle.mode = mode;
            }
        }
        after
    }

    /// Without a member of a group, which is then on its own; what it uses leaves the ceiling with it.
    #[must_use]
    pub fn without_member(&self, group: GroupId, customer: CustomerId) -> Self {
        let mut after = self.clone();
        let mut alone = Vec::new();
        for (id, circle) in &mut after.circles {
            let Some(place) = circle
                .members
                .iter()
                .position(|member| *id == Some(group) && member.id == customer)
            else {
                continue;
            };
            let mut member = circle.members.remove(place);
            for line in &mut circle.ceiling {
                let own = member.own_use.get(&line.id).copied().unwrap_or_default();
                let of_drawn = own.min(line.balance.drawn_minor);
                line.balance.drawn_minor -= of_drawn;
                line.balance.held_minor -= (own - of_drawn).min(line.balance.held_minor);
            }
            member.own_use.clear();
            alone.push(member);
        }
        let apart = |member| {
            let circle = Circle {
                mode: GroupLimitMode::Pooled,
                ceiling: Vec::new(),
                members: vec![member],
            };
            (None, circle)
        };
        after.circles.extend(alone.into_iter().map(apart));
        after
    }

    /// With a customer in a group that stood beside it. What it uses is not counted there yet, which
    /// leaves rather more than will be.
    #[must_use]
    pub fn with_member(&self, group: GroupId, customer: CustomerId) -> Self {
        let mut after = self.clone();
        let mut joining = Vec::new();
        for (id, circle) in &mut after.circles {
            if *id != Some(group) {
                let is_joining = |member: &mut Member| member.id == customer;
                joining.extend(circle.members.extract_if(.., is_joining));
            }
        }
        for (_, circle) in after
            .circles
            .iter_mut()
            .filter(|(id, _)| *id == Some(group))
        {
            circle.members.append(&mut joining);
        }
        after
    }

    /// Whom it shows: customers and groups.
    pub fn parties(&self) -> (Vec<CustomerId>, Vec<GroupId>) {
        let circles = self.circles.iter();
        let members = circles.flat_map(|(_, circle)| &circle.members);
        let groups = self.circles.iter().filter_map(|(group, _)| *group);
        (members.map(|member| member.id).collect(), groups.collect())
    }

    fn circles(&self) -> Vec<Circle> {
        let circles = self.circles.iter();
        circles.map(|(_, circle)| circle.clone()).collect()
    }

    /// Whether more is usable in another picture.
    pub fn effect(&self, after: &Self) -> Effect {
        let (before, other) = (self.circles(), after.circles());
        usable::compare(&before, &other, &after.latest, self.today)
    }

    /// The most that is ever granted.
    pub fn most(&self) -> Most {
        usable::most(&self.circles(), &self.rates, self.today)
    }

    /// The ceiling of a group, as the member sees it for whom it is broken.
    pub fn broken_ceiling(&self, group: GroupId) -> Option<LineFacts> {
        let circles = self.circles.iter();
        circles
            .filter(|(id, _)| *id == Some(group))
            .find_map(|(_, circle)| circle.broken_ceiling(self.today))
    }
}

/// What products give the lines that say nothing of their own: payment term and deposit share.
struct Given(BTreeMap<ProductCode, (i32, i32)>);

impl Given {
    fn of(reader: &mut Reader<'_>, rows: &[LineRow]) -> Result<Self, Error> {
        let codes: BTreeSet<&ProductCode> =
            rows.iter().filter_map(|row| row.product.as_ref()).collect();
        let mut given = BTreeMap::new();
        for code in codes {
            if let Some(product) = products::find(reader.connection, code.as_str())? {
                let terms = (product.default_payment_term_days, product.deposit_share_bp);
                given.insert(code.clone(), terms);
            }
        }
        Ok(Self(given))
    }

    fn dated(&self, row: &LineRow, tolerance: Tolerance) -> DatedLine {
        let terms = row.terms();
        let given = row.product.as_ref().and_then(|code| self.0.get(code));
        DatedLine {
            id: row.id,
            level: row.level(),
            product: row.product.clone(),
            currency: row.currency,
            terms: LineTerms {
                payment_term_days: terms.payment_term_days.or(given.map(|(days, _)| *days)),
                deposit_share_bp: terms.deposit_share_bp.or(given.map(|(_, share)| *share)),
                ..terms
            },
            balance: row.balance(),
            tolerance_bp: tolerance.over_bp,
            grace_days: tolerance.grace_days,
        }
    }
}

/// Refuses a change by which more becomes usable, and says which application asks for it.
///
/// # Errors
/// 409 `approval_required`.
pub fn refuse_increase(effect: &Effect, apply_with: Value) -> Result<(), Error> {
    match effect {
        Effect::NotMore => Ok(()),
        Effect::More(increase) => Err(Problem::new(ProblemCode::ApprovalRequired)
            .with_member("increase", shown(increase))
            .with_member("apply_with", apply_with)
            .into()),
    }
}

/// Refuses other terms of a line, or another status, where more becomes usable by them. The caller
/// has [`hold_owner`].
///
/// # Errors
/// As [`refuse_increase`].
pub(super) fn refuse_increase_of(
    tx: &mut Tx<'_>,
    after: &LineRow,
    apply_with: Value,
) -> Result<(), Error> {
    let reader = &mut tx.reader();
    let now = match (after.customer_id, after.group_id) {
        (Some(id), _) => Picture::of_customer(reader, id)?,
        (None, Some(id)) => Picture::of_group(reader, id, None)?,
        (None, None) => return Err(Error::internal("a line without an owner")),
    };
    let changed = now.with_terms(after.id, &after.terms());
    refuse_increase(&now.effect(&changed), apply_with)
}

/// An increase in the words of the API.
fn shown(increase: &Increase) -> Value {
    let nothing = json!({
        "customer_id": null, "product": null, "on": null, "currency": null, "before": null,
        "after": null, "credit_line_id": null, "term": null,
    });
    let mut shown = nothing;
    let mut set = |name: &str, value: Value| {
        if let Some(member) = shown.get_mut(name) {
            *member = value;
        }
    };
    match increase {
        Increase::Unmeasured => {}
        Increase::Term(line, term) => {
            set("credit_line_id", json!(line));
            set("term", json!(term));
        }
        Increase::Usable {
            customer,
            product,
            day,
            currency,
            before,
            after,
        } => {
            let amount = |minor: &Option<i64>| json!(minor.map(|it| decimal_string(it, *currency)));
            set("customer_id", json!(customer));
            set("product", json!(product));
            set("on", json!(day.to_string()));
            set("currency", json!(currency.code()));
            set("before", amount(before));
            set("after", amount(after));
        }
    }
    shown
}
