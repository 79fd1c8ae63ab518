//! Exposure that changes where it counts: with a customer that joins or leaves a group, and under
//! a line that is opened when the exposure is already there.

mod moved;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use self::moved::Moved;
use super::ledger::Ledger;
use super::ledger::book::By;
use super::ledger::bounds::Bounds;
use super::ledger::rates::rates_into;
use super::ledger::worth::{deposits_left, held_on};
use crate::catalogue::app::exchange_rates;
use crate::catalogue::domain::counted::{Counted, Uncounted};
use crate::catalogue::domain::exchange_rates::Rates;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::lines::{LineFacts, LineStatus, MovementKind, applicable};
use crate::exposure::store::counted::{Counts, claim};
use crate::exposure::store::lines::{self, LineRow};
use crate::exposure::store::receivables::{self as receivables_store, ReceivableRow};
use crate::exposure::store::reservations::{self as reservations_store, ReservationRow};
use crate::exposure::store::{groups, parties as loads};
use crate::platform::store::tx::Tx;
use crate::rules::domain::check_rules::Standing;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, GroupId, LineId};
use crate::values::level::Level;
use crate::values::money::decimal_string;

/// Whether the ceiling of a group has to hold for a new member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceiling {
    /// It has to.
    Holds,
    /// It may break: that was approved as an exception.
    MayBreak,
}

/// Brings the exposure of a customer under the ceiling of the group it joins, or out of the one it
/// leaves, in the transaction of the membership. The caller has locked the customer.
///
/// # Errors
/// 422 when the ceiling of the group has no room for it, or there is no rate into its currency.
pub fn move_to_group(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    to: Option<(GroupId, Ceiling)>,
) -> Result<(), Error> {
    let (to, ceiling) = (to.map(|(group, _)| group), to.map(|(_, ceiling)| ceiling));
    let mut ledger = lock_for_move(tx, customer_id, to)?;
    // What has expired is not brought along.
    ledger.expire_all_of(tx, customer_id)?;
    let mut held = reservations_store::lock_open_of(tx.connection, customer_id)?;
    let mut drawn = receivables_store::lock_open(tx.connection, customer_id)?;
    take_out(tx, &mut ledger, customer_id, &held, &drawn)?;
    let joining = match to {
        Some(group) => Some(Joining {
            customer_id,
            group,
            bounds: Bounds::of(&mut tx.reader(), customer_id, Some(group))?,
        }),
        None => None,
    };
    let mut new_line = None;
    if let Some(joining) = &joining {
        new_line = joining.ceiling(tx, &ledger, By::Books);
        ledger.bounded_by(joining.bounds.clone());
    }
    let rates = match &new_line {
        Some(line) => rates_of(tx, (&held, &drawn), line.currency)?,
        None => Rates::default(),
    };
    let refused = |uncounted: Uncounted| Error::for_reasons(&[uncounted.reason()]);
    let place = new_line.as_ref().map(|line| (line.id, line.currency));
    let deposits = deposits_left(tx, &held)?;
    let mut moved = Moved::default();
    for row in &mut held {
        let deposit = deposits.get(&row.id).copied().unwrap_or(0);
        let counted = match place {
            Some(line) => Some(held_on(row, deposit, line, &rates)?.map_err(refused)?),
            None => None,
        };
        row.count_at(Level::Group, counted);
        row.touch(tx.now);
        moved.hold(row, Level::Group)?;
    }
    reservations_store::write(&held).send(tx.connection)?;
    for row in &mut drawn {
        let counted = match place {
            Some(line) => Some(counted_on(row, line, &rates)?.map_err(refused)?),
            None => None,
        };
        row.count_at(Level::Group, counted);
        row.touch(tx.now);
        receivables_store::write(tx.connection, row)?;
        moved.draw(row, Level::Group)?;
    }
    if let (Some(line), Some(joining)) = (&new_line, &joining) {
        let bounded = ceiling != Some(Ceiling::MayBreak);
        if bounded {
            joining.make_room(tx, &mut ledger, moved.used_minor())?;
        }
        // A ceiling that bounds each member by itself does not bound their sum.
        let bounded = bounded && line.own_use_minor.is_none();
        let by = (MovementKind::JoinGroup, bounded);
        moved.post(tx, &mut ledger, (customer_id, line.id), by)?;
    }
    ledger.write(tx);
    tx.write_now()
}

/// Locks the lines that a customer is moved from and to. Who makes the membership does this first:
/// nobody who did not count it decides after it.
///
/// # Errors
/// When the database cannot serve.
pub(super) fn lock_for_move(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    to: Option<GroupId>,
) -> Result<Ledger, Error> {
    let mut of_groups = reservations_store::group_lines_in_use(tx.connection, customer_id)?;
    of_groups.extend(receivables_store::group_lines_in_use(
        tx.connection,
        customer_id,
        &[],
    )?);
    if let Some(group) = to {
        of_groups.extend(
            lines::of_group(tx.connection, group)?
                .iter()
                .map(|line| line.id),
        );
    }
    Ledger::lock_in_use(tx, &[customer_id], of_groups)
}

/// Locks lines of groups in use and those of the customer's group now, and keeps the customer in it and the
/// group at its lines.
///
/// # Errors
/// [`Error::Retry`] when the customer changed groups meanwhile.
pub(super) fn lock_where_it_counts(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    in_use: BTreeSet<LineId>,
) -> Result<(Ledger, Option<GroupId>), Error> {
    let group = groups::open_group_of(tx.connection, customer_id)?;
    let mut wanted = in_use;
    if let Some(group) = group {
        loads::hold_group(tx, group)?;
        wanted.extend(
            lines::of_group(tx.connection, group)?
                .iter()
                .map(|line| line.id),
        );
    }
    loads::lock_customer(tx, customer_id)?;
    if groups::open_group_of(tx.connection, customer_id)? != group {
        return Err(Error::Retry("the customer changed its group"));
    }
    let ledger = Ledger::lock_in_use(tx, &[customer_id], wanted)?;
    Ok((ledger, group))
}

/// Puts a receivable of which nothing was owed on the lines that count it now: those of its own
/// customer where it has none, and that of the group the customer belongs to today.
///
/// # Errors
/// When stored values cannot be read.
pub(super) fn settle_in(
    tx: &mut Tx<'_>,
    ledger: &Ledger,
    group: Option<GroupId>,
    row: &mut ReceivableRow,
) -> Result<(), Error> {
    let own: Vec<&LineRow> = ledger
        .book()
        .lines()
        .filter(|line| line.group_id.is_none() || line.group_id == group)
        .collect();
    let facts =
        Bounds::of(&mut tx.reader(), row.customer_id, group)?.line_facts(&own, Some(&row.product));
    let today = [tx.today];
    let standing = Standing::default();
    let rates = rates_into(&mut tx.reader(), row.currency, (&facts, &today), &standing)?;
    for level in Level::EVERY.iter().copied() {
        let known = row.counted_at(level).map(|counted| counted.line_id);
        if known.is_some_and(|id| own.iter().any(|line| line.id == id)) {
            continue;
        }
        let counted = applicable(&facts, level, tx.today)
            .filter(|line| line.status != LineStatus::Closed)
            .map(|line| counted_on(row, (line.id, line.currency), &rates))
            .transpose()?;
        // What has no rate stays uncounted.
        row.count_at(level, counted.and_then(Result::ok));
    }
    Ok(())
}

fn take_out(
    tx: &Tx<'_>,
    ledger: &mut Ledger,
    customer_id: CustomerId,
    held: &[ReservationRow],
    drawn: &[ReceivableRow],
) -> Result<(), Error> {
    let mut by_line: BTreeMap<LineId, Moved> = BTreeMap::new();
    for row in held {
        if let Some(id) = row.group_line_id {
            by_line.entry(id).or_default().hold(row, Level::Group)?;
        }
    }
    for row in drawn {
        if let Some(id) = row.group_line_id {
            by_line.entry(id).or_default().draw(row, Level::Group)?;
        }
    }
    for (id, moved) in by_line {
        if ledger.line(id).is_none() {
            return Err(Error::Retry("the exposure stands on another group's line"));
        }
        moved.post(
            tx,
            ledger,
            (customer_id, id),
            (MovementKind::LeaveGroup, false),
        )?;
    }
    Ok(())
}

/// Rates of today from the currencies of reservations and receivables into another.
fn rates_of(
    tx: &mut Tx<'_>,
    (held, drawn): (&[ReservationRow], &[ReceivableRow]),
    into: Currency,
) -> Result<Rates, Error> {
    let pairs = held
        .iter()
        .map(Counts::currency)
        .chain(drawn.iter().map(Counts::currency))
        .map(|own| (own, into));
    exchange_rates::of_today(&mut tx.reader(), pairs)
}

/// What a receivable counts on a line at the rates of today, or why it cannot.
fn counted_on(
    row: &ReceivableRow,
    (line_id, into): (LineId, Currency),
    rates: &Rates,
) -> Result<Result<Counted, Uncounted>, Error> {
    let exposure = claim(row)?.exposure_in(into, rates);
    Ok(exposure.map(|exposure| Counted {
        line_id,
        exposure_minor: exposure.minor,
        conversion: exposure.conversion,
    }))
}

/// What of a ceiling lacks room, if it does for so much more.
fn lacking_room(line: &LineFacts, used_minor: i64, today: NaiveDate) -> Option<i64> {
    let available = line.available_on(today)?;
    (used_minor != 0 && used_minor > available).then_some(available)
}

fn no_room(line: &LineFacts, used_minor: i64, available: i64) -> Error {
    let text = |minor: i64| decimal_string(minor, line.currency);
    Problem::new(ProblemCode::LimitExceeded)
        .because(
            format!(
                "The exposure of the customer ({}) does not fit into what the group has left ({}).",
                text(used_minor),
                text(available),
            ),
            "客户敞口超过集团剩余额度。",
        )
        .into()
}

/// A customer that comes under the ceiling of a group.
struct Joining {
    customer_id: CustomerId,
    group: GroupId,
    bounds: Bounds,
}

impl Joining {
    /// The ceiling that applies today.
    fn ceiling(&self, tx: &Tx<'_>, ledger: &Ledger, by: By) -> Option<LineFacts> {
        // The lines of the customer say whether the ceiling is one for it at all.
        let book = ledger.book();
        let rows: Vec<Cow<'_, LineRow>> = book
            .lines()
            .filter(|line| {
                line.group_id == Some(self.group) || line.customer_id == Some(self.customer_id)
            })
            .map(|line| book.seen(line, by))
            .collect();
        let rows: Vec<&LineRow> = rows.iter().map(|line| &**line).collect();
        let facts = self.bounds.line_facts(&rows, None);
        applicable(&facts, Level::Group, tx.today)
            .filter(|line| line.status != LineStatus::Closed)
            .cloned()
    }

    /// Makes sure that the ceiling has room for what the customer brings along, also in the books.
    /// What has expired of the others takes none, as for [`Ledger::assess`].
    fn make_room(
        &self,
        tx: &mut Tx<'_>,
        ledger: &mut Ledger,
        used_minor: i64,
    ) -> Result<(), Error> {
        let lines: Vec<LineId> = ledger
            .book()
            .lines()
            .filter(|line| line.group_id == Some(self.group))
            .map(|line| line.id)
            .collect();
        while let Some(in_books) = self.ceiling(tx, ledger, By::Books) {
            if lacking_room(&in_books, used_minor, tx.today).is_none() {
                break;
            }
            ledger.look_for_due(tx, &lines)?;
            let now = self.ceiling(tx, ledger, By::Instant).unwrap_or(in_books);
            if let Some(available) = lacking_room(&now, used_minor, tx.today) {
                return Err(no_room(&now, used_minor, available));
            }
            ledger.give_back_some(tx, &lines)?;
        }
        Ok(())
    }
}

/// Locks whose exposure a line that is to be opened will count, and the lines it stands on so far.
///
/// # Errors
/// When the database cannot serve.
pub(super) fn lock_for_adoption(
    tx: &mut Tx<'_>,
    owner: (Option<CustomerId>, Option<GroupId>),
) -> Result<(), Error> {
    let (members, of_group) = match owner {
        (Some(customer_id), _) => (vec![customer_id], Vec::new()),
        (None, Some(group_id)) => (
            groups::open_members_of(tx.connection, group_id)?,
            lines::of_group(tx.connection, group_id)?,
        ),
        (None, None) => (Vec::new(), Vec::new()),
    };
    for customer_id in &members {
        loads::lock_customer(tx, *customer_id)?;
    }
    let of_group = of_group.iter().map(|line| line.id).collect();
    Ledger::lock_in_use(tx, &members, of_group).map(drop)
}

/// Puts exposure that was there before a line was opened onto the line: what was posted without a
/// line of its level counts against the new limit from its first day.
///
/// # Errors
/// When the database cannot serve.
pub fn adopt(tx: &mut Tx<'_>, line_id: LineId) -> Result<(), Error> {
    let line = lines::lock(tx, line_id)?;
    let members = match (line.customer_id, line.group_id) {
        (Some(customer_id), _) => vec![customer_id],
        (None, Some(group_id)) => groups::open_members_of(tx.connection, group_id)?,
        (None, None) => Vec::new(),
    };
    for customer_id in members {
        // Whoever posts without a line to wait for waits here.
        loads::lock_customer(tx, customer_id)?;
        if let Some(group_id) = line.group_id {
            let own = lines::of_customer(tx.connection, customer_id)?;
            let bounds = Bounds::of(&mut tx.reader(), customer_id, Some(group_id))?;
            if !bounds.counts_in_group(own.iter()) {
                continue;
            }
        }
        let mut locked = vec![lines::lock(tx, line_id)?];
        locked.extend(
            lines::lock_of_customers(tx, &[customer_id])?
                .into_iter()
                .filter(|own| own.id != line_id),
        );
        let mut ledger = Ledger::of(locked);
        adopt_of(tx, &mut ledger, &line, customer_id)?;
        ledger.write(tx);
        tx.write_now()?;
    }
    Ok(())
}

fn adopt_of(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger,
    line: &LineRow,
    customer_id: CustomerId,
) -> Result<(), Error> {
    let level = line.level();
    let into = line.currency;
    let mut held = reservations_store::lock_open_of(tx.connection, customer_id)?;
    let mut drawn = receivables_store::lock_open(tx.connection, customer_id)?;
    drawn.retain(|row| level != Level::Product || line.product.as_ref() == Some(&row.product));
    held.retain(|row| row.counted_at(level).is_none());
    drawn.retain(|row| row.counted_at(level).is_none());
    let rates = rates_of(tx, (&held, &drawn), into)?;
    let mut moved = Moved::default();
    let deposits = deposits_left(tx, &held)?;
    // What has no rate stays uncounted.
    for row in &mut held {
        let deposit = deposits.get(&row.id).copied().unwrap_or(0);
        if let Ok(counted) = held_on(row, deposit, (line.id, into), &rates)? {
            row.count_at(level, Some(counted));
            reservations_store::write(std::slice::from_ref(row)).send(tx.connection)?;
            moved.hold(row, level)?;
        }
    }
    for row in &mut drawn {
        if let Ok(counted) = counted_on(row, (line.id, into), &rates)? {
            row.count_at(level, Some(counted));
            receivables_store::write(tx.connection, row)?;
            moved.draw(row, level)?;
        }
    }
    moved.post(
        tx,
        ledger,
        (customer_id, line.id),
        (MovementKind::Adopt, false),
    )
}
