//! Where lines stand today, for whoever reads them.

use std::collections::{BTreeMap, BTreeSet};

use super::book::Book;
use super::cover::Covers;
use crate::error::Error;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::level_rooms::Binding;
use crate::exposure::store::lines::LineRow;
use crate::exposure::store::parties::{self, CeilingRow};
use crate::platform::store::tx::Reader;
use crate::rules::app::check_rules;
use crate::values::ids::{CustomerId, GroupId, LineId};

/// What else counts on a line today: what bounds it most, among its level and those above it, and what
/// money on account takes off what is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineStanding {
    /// Nothing for a line that is not the one that applies at its level, or where there is no limit
    /// at all.
    pub binding: Option<Binding>,
    /// In the currency of the line.
    pub on_account_minor: i64,
}

/// Where lines stand today. The ceiling of a group is seen as a whole.
///
/// # Errors
/// When stored values cannot be read.
pub fn standings(
    reader: &mut Reader<'_>,
    rows: &[LineRow],
) -> Result<BTreeMap<LineId, LineStanding>, Error> {
    let customers: BTreeSet<CustomerId> = rows.iter().filter_map(|row| row.customer_id).collect();
    let customers: Vec<CustomerId> = customers.into_iter().collect();
    let book = match customers.is_empty() {
        true => Book::default(),
        false => Book::read(reader, &customers)?,
    };
    let mut standings = BTreeMap::new();
    for row in rows {
        let on_account_minor = match row.customer_id {
            Some(id) => book.covered_minor(id, row, reader.today),
            None => 0,
        };
        let standing = LineStanding {
            binding: book.binding(reader, row)?,
            on_account_minor,
        };
        standings.insert(row.id, standing);
    }
    for (id, on_account_minor) in of_ceilings(reader, rows)? {
        standings.entry(id).or_default().on_account_minor = on_account_minor;
    }
    Ok(standings)
}

/// What the money of members takes off the ceilings that they share.
fn of_ceilings(reader: &mut Reader<'_>, rows: &[LineRow]) -> Result<BTreeMap<LineId, i64>, Error> {
    let mut covered = BTreeMap::new();
    let groups: BTreeSet<GroupId> = rows.iter().filter_map(|row| row.group_id).collect();
    if groups.is_empty() {
        return Ok(covered);
    }
    let ceilings = parties::ceiling_rows(reader.connection, groups)?;
    let shared = |row: &&CeilingRow| row.limit_mode == GroupLimitMode::Pooled;
    let with_money = ceilings.values().filter(shared);
    let with_money: BTreeSet<CustomerId> = with_money
        .flat_map(|row| row.with_money.iter().copied())
        .collect();
    if with_money.is_empty() || !check_rules::in_force(reader)?.policy.count_money_on_account {
        return Ok(covered);
    }
    let currencies = rows.iter().map(|row| row.currency).collect();
    let covers = Covers::load(reader, &with_money, &currencies)?;
    for row in rows.iter().filter(|row| row.revolving) {
        let ceiling = row.group_id.and_then(|id| ceilings.get(&id));
        if ceiling.filter(shared).is_some() {
            covered.insert(row.id, covers.of_everybody(&[row.id], row.currency));
        }
    }
    Ok(covered)
}
