//! Referrals.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde_json::Value;

use crate::catalogue::domain::products::ProductCode;
use crate::exposure::domain::referrals::ReferralStatus;
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::referrals;
use crate::platform::store::sql_types::words;
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::Reader;
use crate::platform::store::visibility::{found, visible_to};
use crate::values::currency::Currency;
use crate::values::ids::{CaseId, CustomerId, ReferralId, ReservationId};
use crate::values::organisation::OrgPath;
use crate::values::text_keys::compared;

words!(ReferralStatus);

/// A referral as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = referrals)]
pub struct ReferralRow {
    pub bucket: i16,
    /// Identifier.
    pub id: ReferralId,
    pub customer_id: CustomerId,
    pub org_path: OrgPath,
    pub product: ProductCode,
    /// The caller's own reference of the order.
    pub reference: String,
    /// Amount that was asked for.
    pub amount_minor: i64,
    pub currency: Currency,
    pub deposit_minor: i64,
    /// Types of documents that the caller stated.
    pub documents: Value,
    /// Why it should be let through.
    pub reason: String,
    /// Version of the rules that referred it.
    pub rule_set_version: i32,
    pub reasons: Value,
    /// Largest amount a release lets through.
    pub amount_max_minor: i64,
    /// Days after its release on which it may be used.
    pub valid_days: i32,
    /// Where it stands; lapsed follows from the date.
    pub status: ReferralStatus,
    pub requested_by: String,
    pub case_id: CaseId,
    pub released_on: Option<NaiveDate>,
    /// Last day of the release.
    pub valid_until: Option<NaiveDate>,
    /// The reservation that used it up.
    pub reservation_id: Option<ReservationId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The reference as it is compared.
    pub reference_key: String,
}

dated!(ReferralRow: updated_at);

impl Subject for ReferralRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, Some(self.customer_id))
    }
}

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct ReferralFilter {
    pub customer_id: Option<CustomerId>,
    pub status: Option<ReferralStatus>,
    pub reference: Option<String>,
}

visible_to!(referrals);
found!(referrals, ReferralRow, ReferralId: find, find_locked, anywhere, lock);

/// A page of visible referrals, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &ReferralFilter,
    after: Option<ReferralId>,
    limit: i64,
) -> QueryResult<Vec<ReferralRow>> {
    use referrals as r;
    let key = filter.reference.as_deref().map(compared);
    let mut query = r::table
        .filter(visible_to(reader.actor))
        .select(ReferralRow::as_select())
        .into_boxed()
        .only_of((r::bucket, r::customer_id), filter.customer_id)
        .only(r::reference_key, key.as_ref());
    let today = reader.today;
    let released = r::status.eq(ReferralStatus::Released);
    match filter.status {
        Some(ReferralStatus::Released) => {
            query = query.filter(released.and(r::valid_until.assume_not_null().ge(today)));
        }
        Some(ReferralStatus::Lapsed) => {
            query = query.filter(released.and(r::valid_until.assume_not_null().lt(today)));
        }
        Some(status) => query = query.filter(r::status.eq(status)),
        None => {}
    }
    query
        .page_after(r::id, after, limit)
        .load(reader.connection)
}

/// What was referred of these customers and still weighs: what waits for a decision, what was released
/// and may be used today, and what was used of releases since a day; with an instant, of what was
/// referred before it.
pub fn weighing(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    (since, today): (NaiveDate, NaiveDate),
    before: Option<DateTime<Utc>>,
) -> QueryResult<Vec<(Currency, i64)>> {
    use referrals as r;
    let buckets: Vec<i16> = customers.iter().map(|id| id.key().0).collect();
    let usable = r::status
        .eq(ReferralStatus::Released)
        .and(r::valid_until.assume_not_null().ge(today));
    let used = r::status
        .eq(ReferralStatus::Used)
        .and(r::released_on.assume_not_null().ge(since));
    let mut query = r::table
        .filter(r::bucket.eq_any(buckets))
        .filter(r::customer_id.eq_any(customers))
        .filter(r::status.eq(ReferralStatus::Requested).or(usable).or(used))
        .select((r::currency, r::amount_max_minor))
        .into_boxed();
    if let Some(instant) = before {
        query = query.filter(r::created_at.lt(instant));
    }
    query.load(connection)
}

/// Writes a new referral.
pub fn insert(connection: &mut PgConnection, row: &ReferralRow) -> QueryResult<()> {
    diesel::insert_into(referrals::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes where a referral stands; `false` when it no longer stands where it was read.
pub fn advance(
    connection: &mut PgConnection,
    row: &ReferralRow,
    expected: ReferralStatus,
) -> QueryResult<bool> {
    use referrals as r;
    diesel::update(r::table.find(row.id.key()).filter(r::status.eq(expected)))
        .set((
            r::status.eq(row.status),
            r::released_on.eq(row.released_on),
            r::valid_until.eq(row.valid_until),
            r::reservation_id.eq(row.reservation_id),
            r::version.eq(row.version),
            r::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(|changed| changed == 1)
}

/// Releases for orders of these references that are not used up, locked in the order of their
/// identifiers. The lines are locked before them. References of other customers may be among
/// them: the caller asks for pairs.
pub fn lock_released(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    references: &[String],
    day: NaiveDate,
) -> QueryResult<Vec<ReferralRow>> {
    use referrals as r;
    let buckets: Vec<i16> = customers.iter().map(|id| id.key().0).collect();
    r::table
        .filter(r::bucket.eq_any(buckets))
        .filter(r::customer_id.eq_any(customers))
        .filter(r::reference_key.eq_any(references))
        .filter(r::status.eq(ReferralStatus::Released))
        .filter(r::valid_until.assume_not_null().ge(day))
        .order((r::bucket, r::id))
        .select(ReferralRow::as_select())
        .for_no_key_update()
        .load(connection)
}
