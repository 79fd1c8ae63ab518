//! Credit lines.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

pub use self::row::LineRow;
use super::line_versions::append as append_version;
pub use super::line_versions::{
    ComparedTerms, LineChange, LineVersionRow, terms_at, version_as_of, versions,
};
use crate::catalogue::domain::products::ProductCode;
use crate::exposure::domain::lines::{LineState, LineStatus};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::credit_lines;
use crate::platform::store::sets::{KeyIn, unnested};
use crate::platform::store::tx::{Reader, Tx};
use crate::platform::store::visibility::{found, visible_to};
use crate::values::ids::{CustomerId, GroupId, LineId};
use crate::values::organisation::OrgPath;

pub(super) mod row;

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct LineFilter {
    pub customer_id: Option<CustomerId>,
    pub group_id: Option<GroupId>,
    pub product: Option<ProductCode>,
    pub status: Option<LineState>,
    /// At or below this organisation.
    pub org_path: Option<OrgPath>,
}

visible_to!(credit_lines);
found!(credit_lines, LineRow, LineId: find, find_locked);

/// A page of visible lines, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &LineFilter,
    after: Option<LineId>,
    limit: i64,
) -> QueryResult<Vec<LineRow>> {
    use credit_lines as l;
    let mut query = l::table
        .filter(visible_to(reader.actor))
        .select(LineRow::as_select())
        .into_boxed()
        .only_of((l::bucket, l::customer_id), filter.customer_id)
        .only_of((l::bucket, l::group_id), filter.group_id)
        .only(l::product, filter.product.as_ref())
        .only_if(filter.org_path.as_ref().map(at_or_below));
    let today = reader.today;
    match filter.status {
        None => {}
        Some(LineState::Closed) => query = query.filter(l::status.eq(LineStatus::Closed)),
        Some(LineState::Expired) => {
            query = query.filter(
                l::status
                    .ne(LineStatus::Closed)
                    .and(l::valid_until.lt(today)),
            );
        }
        Some(LineState::AwaitingContract) => {
            query = query.filter(
                l::status
                    .eq(LineStatus::AwaitingContract)
                    .and(l::valid_until.ge(today)),
            );
        }
        Some(LineState::Suspended) => {
            query = query.filter(
                l::status
                    .eq(LineStatus::Suspended)
                    .and(l::valid_until.ge(today)),
            );
        }
        Some(LineState::NotYetValid) => {
            query = query.filter(
                l::status
                    .eq(LineStatus::Active)
                    .and(l::valid_from.gt(today)),
            );
        }
        Some(LineState::Active) => {
            query = query
                .filter(l::status.eq(LineStatus::Active))
                .filter(l::valid_from.le(today).and(l::valid_until.ge(today)));
        }
    }
    query
        .page_after(l::id, after, limit)
        .load(reader.connection)
}

/// The lines of a customer: its unified limit first, then its products.
pub fn of_customer(connection: &mut PgConnection, id: CustomerId) -> QueryResult<Vec<LineRow>> {
    credit_lines::table
        .of((credit_lines::bucket, credit_lines::customer_id), id)
        .order((credit_lines::product.is_not_null(), credit_lines::id))
        .select(LineRow::as_select())
        .load(connection)
}

/// The lines of a group.
pub fn of_group(connection: &mut PgConnection, id: GroupId) -> QueryResult<Vec<LineRow>> {
    credit_lines::table
        .of((credit_lines::bucket, credit_lines::group_id), id)
        .order(credit_lines::id)
        .select(LineRow::as_select())
        .load(connection)
}

/// The lines of several customers and groups: those of groups first, then unified limits, then
/// products, as they are locked.
pub fn of_owners(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    groups: &[GroupId],
) -> QueryResult<Vec<LineRow>> {
    let of_customers = KeyIn::new(
        (
            credit_lines::bucket,
            credit_lines::customer_id.assume_not_null(),
        ),
        customers.iter().copied(),
    );
    let own = credit_lines::table
        .filter(of_customers)
        .filter(credit_lines::customer_id.is_not_null())
        .order((credit_lines::product.is_not_null(), credit_lines::id))
        .select(LineRow::as_select());
    if groups.is_empty() {
        return own.load(connection);
    }
    let of_groups = KeyIn::new(
        (
            credit_lines::bucket,
            credit_lines::group_id.assume_not_null(),
        ),
        groups.iter().copied(),
    );
    let mut all = credit_lines::table
        .filter(of_groups)
        .filter(credit_lines::group_id.is_not_null())
        .order(credit_lines::id)
        .select(LineRow::as_select())
        .load(connection)?;
    all.extend(own.load(connection)?);
    Ok(all)
}

/// Finds lines by their identifiers, whoever may see them: those of groups first, then unified
/// limits, then products.
pub fn find_many(
    connection: &mut PgConnection,
    ids: BTreeSet<LineId>,
) -> QueryResult<Vec<LineRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    in_lock_order(ids).load(connection)
}

/// Locks lines by their identifiers, in the same order.
pub fn lock_many(tx: &mut Tx<'_>, ids: BTreeSet<LineId>) -> QueryResult<Vec<LineRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.lock(|reader| {
        in_lock_order(ids)
            .for_no_key_update()
            .load(reader.connection)
    })
}

#[diesel::dsl::auto_type(no_type_alias)]
fn in_lock_order(ids: BTreeSet<LineId>) -> _ {
    let wanted: KeyIn<credit_lines::bucket, credit_lines::id> =
        KeyIn::new((credit_lines::bucket, credit_lines::id), ids);
    let columns: diesel::dsl::AsSelect<LineRow, diesel::pg::Pg> = LineRow::as_select();
    credit_lines::table
        .filter(wanted)
        .order((
            credit_lines::group_id.is_null(),
            credit_lines::product.is_not_null(),
            credit_lines::id,
        ))
        .select(columns)
}

/// Locks the lines of customers: unified limits before products, then by identifier.
pub fn lock_of_customers(tx: &mut Tx<'_>, ids: &[CustomerId]) -> QueryResult<Vec<LineRow>> {
    let of_customers = KeyIn::new(
        (
            credit_lines::bucket,
            credit_lines::customer_id.assume_not_null(),
        ),
        ids.iter().copied(),
    );
    tx.lock(|reader| {
        credit_lines::table
            .filter(of_customers)
            .filter(credit_lines::customer_id.is_not_null())
            .order((credit_lines::product.is_not_null(), credit_lines::id))
            .select(LineRow::as_select())
            .for_no_key_update()
            .load(reader.connection)
    })
}

/// The lines of customers, by their identifiers.
pub fn ids_of_customers(
    connection: &mut PgConnection,
    ids: &[CustomerId],
) -> QueryResult<Vec<LineId>> {
    let of_customers = KeyIn::new(
        (
            credit_lines::bucket,
            credit_lines::customer_id.assume_not_null(),
        ),
        ids.iter().copied(),
    );
    credit_lines::table
        .filter(of_customers)
        .filter(credit_lines::customer_id.is_not_null())
        .select(credit_lines::id)
        .load(connection)
}

/// Locks one line by its identifier.
pub fn lock(tx: &mut Tx<'_>, id: LineId) -> QueryResult<LineRow> {
    tx.lock(|reader| {
        credit_lines::table
            .find(id.key())
            .select(LineRow::as_select())
            .for_no_key_update()
            .first(reader.connection)
    })
}

/// Who applied for a line, where that is known.
pub fn requested_by(connection: &mut PgConnection, id: LineId) -> QueryResult<Option<String>> {
    credit_lines::table
        .find(id.key())
        .select(credit_lines::requested_by)
        .first(connection)
}

/// Locks the lines of a customer without waiting: lines that somebody else holds are left out.
pub fn try_lock_of_customer(
    connection: &mut PgConnection,
    id: CustomerId,
) -> QueryResult<Vec<LineRow>> {
    credit_lines::table
        .of((credit_lines::bucket, credit_lines::customer_id), id)
        .order((credit_lines::product.is_not_null(), credit_lines::id))
        .select(LineRow::as_select())
        .for_no_key_update()
        .skip_locked()
        .load(connection)
}

/// Writes a new line that somebody applied for, and its first version.
pub fn insert(
    connection: &mut PgConnection,
    row: &LineRow,
    requested_by: &str,
    change: LineChange<'_>,
) -> QueryResult<()> {
    diesel::insert_into(credit_lines::table)
        .values((row, credit_lines::requested_by.eq(requested_by)))
        .execute(connection)?;
    append_version(connection, row, change)
}

/// Writes terms and status of a locked line, and the version that keeps them.
pub fn write_terms(
    connection: &mut PgConnection,
    row: &LineRow,
    change: LineChange<'_>,
) -> QueryResult<()> {
    use credit_lines as l;
    diesel::update(l::table.find(row.id.key()))
        .set((
            (
                l::limit_kind.eq(row.limit_kind),
                l::limit_minor.eq(row.limit_minor),
                l::status.eq(row.status),
                l::valid_from.eq(row.valid_from),
                l::valid_until.eq(row.valid_until),
                l::payment_term_days.eq(row.payment_term_days),
                l::revolving.eq(row.revolving),
            ),
            (
                l::temporary_mode.eq(row.temporary_mode),
                l::temporary_minor.eq(row.temporary_minor),
                l::temporary_from.eq(row.temporary_from),
                l::temporary_until.eq(row.temporary_until),
                l::deposit_share_bp.eq(row.deposit_share_bp),
                l::conditions.eq(&row.conditions),
                l::review_on.eq(row.review_on),
            ),
            l::version.eq(row.version),
            l::updated_at.eq(row.updated_at),
        ))
        .execute(connection)?;
    append_version(connection, row, change)
}

/// Visible lines that are to be reviewed up to a day, the earliest first.
pub fn due_for_review(
    reader: &mut Reader<'_>,
    until: NaiveDate,
    after: Option<(NaiveDate, LineId)>,
    limit: i64,
) -> QueryResult<Vec<LineRow>> {
    use credit_lines as l;
    let mut query = l::table
        .filter(visible_to(reader.actor))
        .filter(l::status.ne(LineStatus::Closed))
        .filter(l::review_on.is_not_null())
        .filter(l::review_on.assume_not_null().le(until))
        .order((l::review_on, l::id))
        .limit(limit)
        .select(LineRow::as_select())
        .into_boxed();
    if let Some((day, id)) = after {
        query = query.filter(
            l::review_on
                .assume_not_null()
                .gt(day)
                .or(l::review_on.assume_not_null().eq(day).and(l::id.gt(id))),
        );
    }
    query.load(reader.connection)
}

unnested! {
    /// Writes the balances of locked lines.
    write_balances(LineRow) on credit_lines:
    "UPDATE credit_lines SET held_minor = k.held_minor, drawn_minor = k.drawn_minor, \
        consumed_minor = k.consumed_minor, moved_at = k.moved_at, \
        movement_count = k.movement_count FROM unnest(",
    [
        bucket: i16, id: LineId, held_minor: i64, drawn_minor: i64, consumed_minor: i64,
        moved_at: DateTime<Utc>, movement_count: i64,
    ],
    ") AS k(bucket, id, held_minor, drawn_minor, consumed_minor, moved_at, movement_count) \
     WHERE credit_lines.bucket = k.bucket AND credit_lines.id = k.id"
}
