//! What bounds a customer on a day: its lines with their temporary increases, what the policy
//! tolerates, and how the ceiling of its group bounds it.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::catalogue::domain::products::ProductCode;
use crate::error::Error;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::lines::{LimitKind, LineFacts, LineStatus, tolerated_minor};
use crate::exposure::store::counted::Counts;
use crate::exposure::store::lines::LineRow;
use crate::exposure::store::{groups, receivables, reservations};
use crate::platform::store::documents;
use crate::platform::store::tx::Reader;
use crate::rules::domain::credit_policies::{CreditPolicy, Tolerance};
use crate::values::ids::{CustomerId, GroupId, LineId};
use crate::values::level::Level;

/// What bounds a customer besides the lines themselves.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Business date.
    today: NaiveDate,
    /// What the policy tolerates.
    tolerance: Tolerance,
    /// How the ceiling of the group bounds its members.
    mode: GroupLimitMode,
    /// What the customer itself uses of lines of its group, where each member is bounded by
    /// itself.
    own_use: BTreeMap<LineId, i64>,
}

impl Bounds {
    /// Bounds of the lines alone: without tolerance, members sharing the ceiling.
    pub fn plain(today: NaiveDate) -> Self {
        Self {
            today,
            tolerance: Tolerance::default(),
            mode: GroupLimitMode::Pooled,
            own_use: BTreeMap::new(),
        }
    }

    /// Loads what bounds a customer today.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn of(
        reader: &mut Reader<'_>,
        customer_id: CustomerId,
        group: Option<GroupId>,
    ) -> Result<Self, Error> {
        let mode = match group {
            Some(group) => groups::limit_mode(reader.connection, group)?,
            None => GroupLimitMode::Pooled,
        };
        let policy = documents::in_force::<CreditPolicy>(reader, reader.today)?.document;
        let mut bounds = Self::of_many(reader, &policy, &[(customer_id, mode)])?;
        bounds
            .remove(&customer_id)
            .ok_or_else(|| Error::internal("bounds of nobody"))
    }

    /// Loads what bounds several customers today, each under the ceiling of its group.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn of_many(
        reader: &mut Reader<'_>,
        policy: &CreditPolicy,
        members: &[(CustomerId, GroupLimitMode)],
    ) -> Result<BTreeMap<CustomerId, Self>, Error> {
        let mut bounds: BTreeMap<CustomerId, Self> = members
            .iter()
            .map(|(customer_id, mode)| {
                let own = Self {
                    tolerance: policy.tolerance(),
                    mode: *mode,
                    ..Self::plain(reader.today)
                };
                (*customer_id, own)
            })
            .collect();
        let each: Vec<CustomerId> = members
            .iter()
            .filter(|(_, mode)| *mode != GroupLimitMode::Pooled)
            .map(|(customer_id, _)| *customer_id)
            .collect();
        if !each.is_empty() {
            add_own_use(reader, &each, &mut bounds)?;
        }
        Ok(bounds)
    }

    /// Takes note of what the customer itself uses more, or less, of a line of its group.
    pub(super) fn note_own_use(&mut self, line_id: LineId, delta_minor: i64) {
        if self.mode != GroupLimitMode::Pooled {
            let used = self.own_use.entry(line_id).or_default();
            *used = used.saturating_add(delta_minor);
        }
    }

    /// What the customer itself uses of lines of its group, where each member is bounded by itself.
    pub fn own_use(&self) -> &BTreeMap<LineId, i64> {
        &self.own_use
    }

    /// The limit that has to hold on a line: that of the day, and what is tolerated beyond it.
    pub fn allowed_minor(&self, row: &LineRow) -> Option<i64> {
        let limit = row.limit_on(self.today)?;
        Some(limit.saturating_add(tolerated_minor(limit, self.tolerance.over_bp)))
    }

    /// Whether a limit bounds what all who use the line have together.
    pub fn is_shared(&self, row: &LineRow) -> bool {
        row.group_id.is_none() || self.mode == GroupLimitMode::Pooled
    }

    /// Whether the ceiling of the group is one for a customer with these lines: where it is a
    /// fallback, a unified limit of the customer's own takes its place. A line that inherits has no
    /// limit: it draws on the ceiling.
    pub fn counts_in_group<'a>(&self, mut rows: impl Iterator<Item = &'a LineRow>) -> bool {
        let mut has_own = || {
            rows.any(|row| {
                row.group_id.is_none()
                    && row.product.is_none()
                    && row.status != LineStatus::Closed
                    && row.limit_kind != LimitKind::Inherit
            })
        };
        self.mode != GroupLimitMode::Fallback || !has_own()
    }

    /// The lines as the decision about a product sees them.
    pub fn line_facts(&self, rows: &[&LineRow], product: Option<&ProductCode>) -> Vec<LineFacts> {
        let without_group = !self.counts_in_group(rows.iter().copied());
        let level = |row: &LineRow| match (&row.group_id, row.product.as_ref()) {
            (Some(_), _) if without_group => None,
            (Some(_), _) => Some(Level::Group),
            (None, None) => Some(Level::Customer),
            (None, Some(own)) if Some(own) == product => Some(Level::Product),
            _ => None,
        };
        let mut facts = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(own_level) = level(row) else {
                continue;
            };
            // What the customer still has on an expired ceiling counts on the one that follows.
            let own_use = (!self.is_shared(row)).then(|| {
                let same_level = rows.iter().filter(|other| {
                    level(other) == Some(own_level) && other.currency == row.currency
                });
                same_level
                    .filter_map(|other| self.own_use.get(&other.id))
                    .sum()
            });
            facts.push(LineFacts {
                id: row.id,
                level: own_level,
                currency: row.currency,
                limit_kind: row.limit_kind,
                limit_minor: row.limit_minor,
                temporary: row.temporary(),
                over_bp: self.tolerance.over_bp,
                deposit_share_bp: row.deposit_share_bp,
                status: row.status,
                valid_from: row.valid_from,
                valid_until: row.valid_until,
                grace_days: self.tolerance.grace_days,
                balance: row.balance(),
                carried_minor: carried_minor(
                    row,
                    rows.iter()
                        .copied()
                        .filter(|other| level(other) == Some(own_level)),
                ),
                own_use_minor: own_use,
                revolving: row.revolving,
                covered_minor: 0,
            });
        }
        facts
    }
}

/// Adds what customers have open on lines of groups.
fn add_own_use(
    reader: &mut Reader<'_>,
    customers: &[CustomerId],
    bounds: &mut BTreeMap<CustomerId, Bounds>,
) -> Result<(), Error> {
    let mut add = |row: &dyn Counts| {
        if let (Some(counted), Some(own)) = (
            row.counted_at(Level::Group),
            bounds.get_mut(&row.customer_id()),
        ) {
            own.note_own_use(counted.line_id, row.rest().share_of(counted.exposure_minor));
        }
    };
    let now = reader.now;
    for row in reservations::open_on_groups(reader.connection, customers, now)? {
        add(&row);
    }
    for row in receivables::open_on_groups(reader.connection, customers)? {
        add(&row);
    }
    Ok(())
}

/// Held and drawn on other lines of the same level and currency.
pub fn carried_minor<'a>(row: &LineRow, same_level: impl Iterator<Item = &'a LineRow>) -> i64 {
    same_level
        .filter(|other| other.id != row.id && other.currency == row.currency)
        .map(|other| other.held_minor + other.drawn_minor)
        .sum()
}
