//! Exposure that changes where it counts: with a customer that joins or leaves a group, and under
//! a line that is opened when the exposure is already there.

use std::collections::BTreeSet;

use super::exposure::{Behind, Ledger, line_facts};
use crate::domain::credit_lines::{
    Balance, Level, LineFacts, LineStatus, Movement, MovementKind, applicable,
};
use crate::domain::ids::{CustomerId, GroupId, LineId};
use crate::domain::money::decimal_string;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::store::credit_groups;
use crate::store::credit_lines::{self as lines, LineRow};
use crate::store::exposure as loads;
use crate::store::receivables::{self as receivables_store, ReceivableRow};
use crate::store::reservations::{self as reservations_store, ReservationRow};
use crate::store::tx::Tx;

/// Brings the exposure of a customer under the ceiling of the group it joins, or out of the one it
/// leaves, in the transaction of the membership. The caller has locked the customer.
///
/// # Errors
/// 422 when the ceiling of the group has no room for it.
pub fn move_to_group(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    to: Option<GroupId>,
) -> Result<(), Error> {
    let mut of_groups = reservations_store::group_lines_in_use(tx.connection, customer_id)?;
    of_groups.extend(receivables_store::group_lines_in_use(
        tx.connection,
        customer_id,
    )?);
    if let Some(group) = to {
        of_groups.extend(
            lines::of_group(tx.connection, group)?
                .iter()
                .map(|line| line.id),
        );
    }
    let mut locked = Vec::new();
    for id in of_groups {
        locked.push(lines::lock(tx.connection, id)?);
    }
    locked.extend(lines::lock_of_customer(tx.connection, customer_id)?);
    let mut ledger = Ledger::of(tx, locked);
    // What has expired is not brought along and takes no room.
    while ledger.expire_due(tx)? > 0 {}
    let mut held = reservations_store::lock_open_of(tx.connection, customer_id)?;
    let mut drawn = receivables_store::lock_open(tx.connection, customer_id)?;
    take_out(tx, &mut ledger, customer_id, &held, &drawn)?;
    let new_line = match to {
        Some(group) => group_line_today(tx, &ledger, group)?,
        None => None,
    };
    if let Some(line) = &new_line {
        bring_in(tx, &mut ledger, customer_id, line, &held, &drawn)?;
    }
    let new_id = new_line.map(|line| line.id);
    for row in &mut held {
        row.group_line_id = new_id;
        row.version += 1;
        row.updated_at = tx.now;
        reservations_store::write(tx.connection, row)?;
    }
    for row in &mut drawn {
        row.group_line_id = new_id;
        row.version += 1;
        row.updated_at = tx.now;
        receivables_store::write(tx.connection, row)?;
    }
    ledger.write(tx)
}

/// Locks lines in use and those of the customer's group now, and keeps the customer in it and the
/// group at its lines.
///
/// # Errors
/// [`Error::Retry`] when the customer changed groups meanwhile.
pub(super) fn lock_where_it_counts(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    in_use: &[LineId],
) -> Result<(Ledger, Option<GroupId>), Error> {
    let group = credit_groups::open_group_of(tx.connection, customer_id)?;
    let mut wanted = in_use.to_vec();
    if let Some(group) = group {
        loads::hold_group(tx.connection, group)?;
        wanted.extend(
            lines::of_group(tx.connection, group)?
                .iter()
                .map(|line| line.id),
        );
    }
    loads::lock_customer(tx.connection, customer_id)?;
    if credit_groups::open_group_of(tx.connection, customer_id)? != group {
        return Err(Error::Retry("the customer changed its group"));
    }
    let ledger = Ledger::lock_in_use(tx, customer_id, &wanted)?;
    Ok((ledger, group))
}

/// Puts a receivable of which nothing was owed on the lines that count it now: those of its own
/// customer where it has none, and that of the group the customer belongs to today.
///
/// # Errors
/// When stored values cannot be read.
pub(super) fn settle_in(
    tx: &Tx<'_>,
    ledger: &Ledger,
    group: Option<GroupId>,
    row: &mut ReceivableRow,
) -> Result<(), Error> {
    let own: Vec<&LineRow> = ledger
        .lines()
        .filter(|line| line.currency == row.currency)
        .filter(|line| line.group_id.is_none() || line.group_id == group)
        .collect();
    let facts = line_facts(&own, &row.product)?;
    let now = |level| {
        applicable(&facts, level, tx.today)
            .filter(|line| line.status != LineStatus::Closed)
            .map(|line| line.id)
    };
    row.product_line_id = row.product_line_id.or_else(|| now(Level::Product));
    row.customer_line_id = row.customer_line_id.or_else(|| now(Level::Customer));
    if !own.iter().any(|line| Some(line.id) == row.group_line_id) {
        row.group_line_id = now(Level::Group);
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
    let on: BTreeSet<LineId> = held
        .iter()
        .filter_map(|row| row.group_line_id)
        .chain(drawn.iter().filter_map(|row| row.group_line_id))
        .collect();
    for id in on {
        if ledger.line(id).is_none() {
            return Err(Error::Retry("the exposure stands on another group's line"));
        }
        let balance = balance_of(
            held.iter().filter(|row| row.group_line_id == Some(id)),
            drawn.iter().filter(|row| row.group_line_id == Some(id)),
        );
        let movement = Movement::of_balance(MovementKind::LeaveGroup, balance);
        ledger.post(tx, customer_id, id, movement, false, Behind::default())?;
    }
    Ok(())
}

fn bring_in(
    tx: &Tx<'_>,
    ledger: &mut Ledger,
    customer_id: CustomerId,
    line: &LineFacts,
    held: &[ReservationRow],
    drawn: &[ReceivableRow],
) -> Result<(), Error> {
    let balance = balance_of(held.iter(), drawn.iter());
    if balance == Balance::default() {
        return Ok(());
    }
    let currencies: BTreeSet<&str> = held
        .iter()
        .map(|row| row.currency.as_str())
        .chain(drawn.iter().map(|row| row.currency.as_str()))
        .collect();
    if currencies.iter().any(|own| *own != line.currency.code()) {
        return Err(Problem::new(ProblemCode::CurrencyRateMissing)
            .because(
                "The customer has exposure in another currency than the line of the group.",
                "客户敞口币种与集团额度币种不同。",
            )
            .into());
    }
    if line
        .available_minor()
        .is_some_and(|available| balance.used_minor() > available)
    {
        let text = |minor: i64| decimal_string(minor, line.currency);
        return Err(Problem::new(ProblemCode::LimitExceeded)
            .because(
                format!(
                    "The exposure of the customer ({}) does not fit into what the group has left ({}).",
                    text(balance.used_minor()),
                    text(line.available_minor().unwrap_or(0)),
                ),
                "客户敞口超过集团剩余额度。",
            )
            .into());
    }
    let movement = Movement::of_balance(MovementKind::JoinGroup, balance);
    ledger.post(tx, customer_id, line.id, movement, true, Behind::default())
}

fn group_line_today(
    tx: &Tx<'_>,
    ledger: &Ledger,
    group: GroupId,
) -> Result<Option<LineFacts>, Error> {
    let rows: Vec<&LineRow> = ledger
        .lines()
        .filter(|line| line.group_id == Some(group))
        .collect();
    let facts = line_facts(&rows, "")?;
    Ok(applicable(&facts, Level::Group, tx.today)
        .filter(|line| line.status != LineStatus::Closed)
        .cloned())
}

fn balance_of<'a>(
    held: impl Iterator<Item = &'a ReservationRow>,
    drawn: impl Iterator<Item = &'a ReceivableRow>,
) -> Balance {
    Balance {
        held_minor: held.map(|row| row.facts().rest_minor()).sum(),
        drawn_minor: drawn.map(|row| row.outstanding_minor).sum(),
        consumed_minor: 0,
    }
}

/// Puts exposure that was there before a line was opened onto the line: what was posted without a
/// line of its level counts against the new limit from its first day.
///
/// # Errors
/// When the database cannot serve.
pub fn adopt(tx: &mut Tx<'_>, line_id: LineId) -> Result<(), Error> {
    let line = lines::lock(tx.connection, line_id)?;
    let members = match (line.customer_id, line.group_id) {
        (Some(customer_id), _) => vec![customer_id],
        (None, Some(group_id)) => credit_groups::open_members_of(tx.connection, group_id)?,
        (None, None) => Vec::new(),
    };
    for customer_id in members {
        // Whoever posts without a line to wait for waits here.
        loads::lock_customer(tx.connection, customer_id)?;
        let mut locked = vec![lines::lock(tx.connection, line_id)?];
        locked.extend(
            lines::lock_of_customer(tx.connection, customer_id)?
                .into_iter()
                .filter(|own| own.id != line_id),
        );
        let mut ledger = Ledger::of(tx, locked);
        adopt_of(tx, &mut ledger, &line, customer_id)?;
        ledger.write(tx)?;
    }
    Ok(())
}

fn adopt_of(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger,
    line: &LineRow,
    customer_id: CustomerId,
) -> Result<(), Error> {
    let mut balance = Balance::default();
    for mut row in reservations_store::lock_open_of(tx.connection, customer_id)? {
        let slot = match (&line.group_id, &line.product) {
            (Some(_), _) => &mut row.group_line_id,
            (None, None) => &mut row.customer_line_id,
            (None, Some(_)) => continue,
        };
        if slot.is_none() && row.currency == line.currency {
            *slot = Some(line.id);
            balance.held_minor += row.facts().rest_minor();
            reservations_store::write(tx.connection, &row)?;
        }
    }
    for mut row in receivables_store::lock_open(tx.connection, customer_id)? {
        let slot = match (&line.group_id, &line.product) {
            (Some(_), _) => &mut row.group_line_id,
            (None, None) => &mut row.customer_line_id,
            (None, Some(product)) if *product == row.product => &mut row.product_line_id,
            (None, Some(_)) => continue,
        };
        if slot.is_none() && row.currency == line.currency {
            *slot = Some(line.id);
            balance.drawn_minor += row.outstanding_minor;
            receivables_store::write(tx.connection, &row)?;
        }
    }
    if balance != Balance::default() {
        let movement = Movement::of_balance(MovementKind::Adopt, balance);
        ledger.post(tx, customer_id, line.id, movement, false, Behind::default())?;
    }
    Ok(())
}
