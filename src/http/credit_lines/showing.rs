//! Credit lines as they are shown.

use chrono::NaiveDate;

use super::{CreditLineView, LimitView, TemporaryLimitView};
use crate::app::book::bindings;
use crate::app::bounds::carried_minor;

use crate::domain::credit_lines::{TemporaryLimit, state_on};
use crate::domain::ids::{CustomerId, GroupId};
use crate::domain::level::Level;
use crate::error::Error;
use crate::http::types::{Date, Text, money, product};
use crate::store::credit_lines::{self as store, LineRow};
use crate::store::reservations::without_due;
use crate::store::tx::Reader;

/// The line as it is shown on a day, with the limit of that day. `carried_minor` is what other lines
/// of its level still hold.
pub(super) fn view(
    row: LineRow,
    carried_minor: i64,
    today: NaiveDate,
) -> Result<CreditLineView, Error> {
    let balance = row.balance();
    let effective = row.limit_on(today);
    let available = effective.map(|limit| {
        limit
            .saturating_sub(balance.used_minor())
            .saturating_sub(carried_minor)
    });
    let (_, currency) = money(0, &row.currency)?;
    let amount = |minor: i64| money(minor, &row.currency).map(|(amount, _)| amount);
    Ok(CreditLineView {
        id: row.id,
        customer_id: row.customer_id,
        group_id: row.group_id,
        org_path: row.org_path.clone(),
        product: row.product.as_deref().map(product).transpose()?,
        limit: LimitView {
            kind: row.limit_kind,
            amount: row.limit_minor.map(amount).transpose()?,
        },
        temporary: row
            .temporary()
            .map(|more| temporary_view(more, &row.currency))
            .transpose()?,
        effective_limit: effective.map(amount).transpose()?,
        currency,
        held: amount(row.held_minor)?,
        drawn: amount(row.drawn_minor)?,
        consumed: amount(row.consumed_minor)?,
        carried: amount(carried_minor)?,
        available: available.map(amount).transpose()?,
        binding_level: None,
        usable: None,
        status: state_on(row.status, row.valid_from, row.valid_until, today),
        valid_from: Date(row.valid_from),
        valid_until: Date(row.valid_until),
        payment_term_days: row.payment_term_days,
        revolving: row.revolving,
        deposit_share_bp: row.deposit_share_bp,
        conditions: row.conditions.clone().map(Text),
        review_on: row.review_on.map(Date),
        application_id: row.application_id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn temporary_view(more: TemporaryLimit, currency: &str) -> Result<TemporaryLimitView, Error> {
    Ok(TemporaryLimitView {
        mode: more.mode,
        amount: money(more.amount_minor, currency)?.0,
        from: Date(more.from),
        until: Date(more.until),
    })
}

/// Lines with what follows from the moment: what expired reservations still hold in the books is
/// taken off, and what other lines of their level hold is counted.
pub(in crate::http) fn shown(
    reader: &mut Reader<'_>,
    rows: Vec<LineRow>,
) -> Result<Vec<CreditLineView>, Error> {
    let mut all = with_siblings(reader, &rows)?;
    without_due(reader, &mut all)?;
    let today = reader.today;
    let mut views = rows
        .iter()
        .filter_map(|row| all.iter().find(|line| line.id == row.id))
        .map(|row| view(row.clone(), carried_minor(row, siblings(row, &all)), today))
        .collect::<Result<Vec<_>, Error>>()?;
    // A customer itself knows nothing of its group.
    if reader.actor.customer_id.is_none() {
        let bindings = bindings(reader, &rows)?;
        for view in &mut views {
            let binding = bindings.get(&view.id);
            view.binding_level = binding.map(|binding| binding.level);
            view.usable = binding
                .map(|binding| money(binding.room_minor, view.currency.code()))
                .transpose()?
                .map(|(amount, _)| amount);
            if view.group_id.is_some() && view.available.is_some() {
                view.binding_level = Some(Level::Group);
                view.usable = view.available.clone();
            }
        }
    }
    Ok(views)
}

/// One line with what follows from the moment.
pub(in crate::http) fn shown_one(
    reader: &mut Reader<'_>,
    row: LineRow,
) -> Result<CreditLineView, Error> {
    shown(reader, vec![row])?
        .pop()
        .ok_or_else(|| Error::internal("a line that was just read is gone"))
}

/// The lines of all owners of `rows`, as they are now.
pub(super) fn with_siblings(
    reader: &mut Reader<'_>,
    rows: &[LineRow],
) -> Result<Vec<LineRow>, Error> {
    let customers: Vec<CustomerId> = rows.iter().filter_map(|row| row.customer_id).collect();
    let groups: Vec<GroupId> = rows.iter().filter_map(|row| row.group_id).collect();
    Ok(store::of_owners(reader.connection, &customers, &groups)?)
}

/// Other lines of the same owner for the same product.
pub(super) fn siblings<'a>(
    row: &'a LineRow,
    all: &'a [LineRow],
) -> impl Iterator<Item = &'a LineRow> {
    all.iter().filter(|other| {
        other.id != row.id
            && other.customer_id == row.customer_id
            && other.group_id == row.group_id
            && other.product == row.product
    })
}
