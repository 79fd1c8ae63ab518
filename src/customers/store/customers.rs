//! Customer archives: rows, versions, codes and keys.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Jsonb, SmallInt, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use super::personal::{Digest, of_name};
use crate::crypto::WrappedDataKey;
use crate::customers::domain::customers::{
    CustomerKind, CustomerNature, CustomerStatus, MarketWeight, ServiceTier, TimeClass,
    TradingClass, ValueClass,
};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::{
    customer_blind_indexes, customer_codes, customer_keys, customer_versions, customers,
};
use crate::platform::store::sql_types::words;
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::Reader;
use crate::platform::store::visibility::found;
use crate::values::actor::Actor;
use crate::values::ids::CustomerId;
use crate::values::organisation::OrgPath;

words!(
    CustomerKind,
    CustomerNature,
    CustomerStatus,
    MarketWeight,
    ServiceTier,
    TimeClass,
    TradingClass,
    ValueClass
);

/// A customer as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customers, treat_none_as_null = true)]
pub struct CustomerRow {
    pub bucket: i16,
    /// Identifier.
    pub id: CustomerId,
    /// Name; masked for natural persons.
    pub name: String,
    /// Name reduced for finding similar ones.
    pub name_key: String,
    pub kind: CustomerKind,
    /// Roles, as words.
    pub roles: Vec<Option<String>>,
    pub unified_social_credit_code: Option<String>,
    /// Organisation that looks after it.
    pub org_path: OrgPath,
    pub status: CustomerStatus,
    /// Classification by time.
    pub time_class: TimeClass,
    /// Classification by trading.
    pub trading_class: TradingClass,
    /// Classification by nature.
    pub nature: CustomerNature,
    /// Classification by market weight.
    pub market_weight: MarketWeight,
    /// A, B or C.
    pub value_class: Option<ValueClass>,
    pub service_tier: Option<ServiceTier>,
    pub industry: Option<String>,
    /// Unclassified fields, and masks of the classified ones.
    pub profile: Value,
    /// Classified fields, sealed, by name.
    pub personal_sealed: Value,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Whether it is related to the company.
    pub related_party: bool,
    /// Whether all that is personal is sealed and indexed.
    pub is_sealed: bool,
}

dated!(CustomerRow: updated_at);

impl Subject for CustomerRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, Some(self.id))
    }
}

/// A version of an archive.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_versions)]
pub struct CustomerVersionRow {
    pub bucket: i16,
    pub customer_id: CustomerId,
    pub version: i64,
    /// From when it was current.
    pub recorded_at: DateTime<Utc>,
    pub changed_by: String,
    pub request_id: Uuid,
    /// The archive in full, masked.
    pub snapshot: Value,
    /// The classified fields, sealed.
    pub personal_sealed: Value,
    /// Whether all that is personal is sealed.
    pub is_sealed: bool,
}

/// What a listing of customers can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    pub kind: Option<CustomerKind>,
    pub role: Option<String>,
    pub status: Option<CustomerStatus>,
    /// At or below this organisation.
    pub org_path: Option<OrgPath>,
    /// Classification by time.
    pub time_class: Option<TimeClass>,
    /// Classification by trading.
    pub trading_class: Option<TradingClass>,
    /// Classification by nature.
    pub nature: Option<CustomerNature>,
    /// Classification by market weight.
    pub market_weight: Option<MarketWeight>,
    /// A, B or C.
    pub value_class: Option<ValueClass>,
    pub service_tier: Option<ServiceTier>,
    pub industry: Option<String>,
    /// Whether it is related to the company.
    pub related_party: Option<bool>,
    pub unified_social_credit_code: Option<String>,
    /// Part of the reduced name of a company, or the whole name of a person.
    pub name: Option<SoughtName>,
    /// Digests, one of which it has, for each value that is sought.
    pub digests: Vec<Vec<Digest>>,
}

/// A name that is sought.
#[derive(Debug, Clone)]
pub struct SoughtName {
    /// Part of the reduced name of a company.
    pub key_part: String,
    /// Digests of the whole name of a person.
    pub digests: Vec<Digest>,
}

type Condition<'a> = Box<dyn BoxableExpression<customers::table, Pg, SqlType = Bool> + 'a>;

/// The customers that the caller may know of.
pub fn visible_to(actor: &Actor) -> Condition<'_> {
    match actor.customer_id {
        Some(own) => Box::new(customers::id.eq(own)),
        None => at_or_below(&actor.org_path),
    }
}

fn at_or_below(org_path: &OrgPath) -> Condition<'_> {
    Box::new(
        customers::org_path
            .eq(org_path)
            .or(customers::org_path.like(format!("{org_path}/%"))),
    )
}

found!(customers, CustomerRow, CustomerId: find, find_locked);

/// Status and organisation of a visible customer.
pub fn status_and_organisation(
    reader: &mut Reader<'_>,
    id: CustomerId,
) -> QueryResult<Option<(CustomerStatus, OrgPath)>> {
    customers::table
        .find(id.key())
        .filter(visible_to(reader.actor))
        .select((customers::status, customers::org_path))
        .first(reader.connection)
        .optional()
}

/// A page of visible customers, newest first, after `after`.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &CustomerFilter,
    after: Option<CustomerId>,
    limit: i64,
) -> QueryResult<Vec<CustomerRow>> {
    let mut query = customers::table
        .filter(visible_to(reader.actor))
        .select(CustomerRow::as_select())
        .into_boxed();
    macro_rules! narrow {
        ($($field:ident),*) => {$(
            query = query.only(customers::$field, filter.$field.as_ref());
        )*};
    }
    narrow!(
        kind,
        status,
        time_class,
        trading_class,
        nature,
        market_weight,
        value_class,
        service_tier,
        industry,
        related_party,
        unified_social_credit_code
    );
    let role = filter.role.clone();
    let name = filter.name.as_ref().map(called);
    for digests in &filter.digests {
        query = query.filter(has_one_of(digests));
    }
    query
        .only_if(role.map(|role| customers::roles.contains(vec![Some(role)])))
        .only_if(filter.org_path.as_ref().map(at_or_below))
        .only_if(name)
        .page_after(customers::id, after, limit)
        .load(reader.connection)
}

fn called(name: &SoughtName) -> Condition<'_> {
    let part = format!("%{}%", escape_like(&name.key_part));
    let by_part = customers::name_key.like(part);
    Box::new(by_part.or(has_one_of(&name.digests)))
}

/// Whether a customer has a value of one of these digests. They tell the field as well.
fn has_one_of(digests: &[Digest]) -> Condition<'_> {
    let of_it = customer_blind_indexes::customer_id.eq(customers::id);
    Box::new(exists(
        customer_blind_indexes::table
            .filter(customer_blind_indexes::bucket.eq(customers::bucket))
            .filter(of_it)
            .filter(customer_blind_indexes::digest.eq_any(digests)),
    ))
}

fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// Visible customers of the same reduced name, or, where it is a person, of the same name; other than
/// itself.
pub fn similar(
    reader: &mut Reader<'_>,
    row: &CustomerRow,
) -> QueryResult<Vec<(CustomerId, String)>> {
    let own = match row.kind {
        CustomerKind::Individual => of_name(reader.connection, row.id)?,
        _ => Vec::new(),
    };
    if own.is_empty() && row.name_key.is_empty() {
        return Ok(Vec::new());
    }
    let is_called_so: Condition<'_> = match row.kind {
        CustomerKind::Individual => has_one_of(&own),
        _ => Box::new(customers::name_key.eq(&row.name_key)),
    };
    customers::table
        .filter(visible_to(reader.actor))
        .filter(is_called_so)
        .filter(customers::id.ne(row.id))
        .order(customers::id.desc())
        .limit(20)
        .select((customers::id, customers::name))
        .load(reader.connection)
}

/// Writes a new customer.
pub fn insert(connection: &mut PgConnection, row: &CustomerRow) -> QueryResult<()> {
    diesel::insert_into(customers::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes a changed customer if its version is still `expected`; says whether it was.
pub fn update(
    connection: &mut PgConnection,
    row: &CustomerRow,
    expected: i64,
) -> QueryResult<bool> {
    diesel::update(
        customers::table
            .find(row.id.key())
            .filter(customers::version.eq(expected)),
    )
    .set(row)
    .execute(connection)
    .map(|changed| changed == 1)
}

/// Takes a social credit code for a customer. Fails on `customer_codes_pkey` when it is taken.
pub fn take_code(connection: &mut PgConnection, code: &str, id: CustomerId) -> QueryResult<()> {
    diesel::insert_into(customer_codes::table)
        .values((
            customer_codes::unified_social_credit_code.eq(code),
            customer_codes::customer_id.eq(id),
        ))
        .execute(connection)
        .map(drop)
}

/// Gives a social credit code back.
pub fn free_code(connection: &mut PgConnection, code: &str) -> QueryResult<()> {
    diesel::delete(customer_codes::table.find(code))
        .execute(connection)
        .map(drop)
}

/// Appends a version.
pub fn append_version(connection: &mut PgConnection, row: &CustomerVersionRow) -> QueryResult<()> {
    diesel::insert_into(customer_versions::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// The version that was current at `instant`. The caller has found the customer visible before.
pub fn version_as_of(
    reader: &mut Reader<'_>,
    id: CustomerId,
    instant: DateTime<Utc>,
) -> QueryResult<Option<CustomerVersionRow>> {
    customer_versions::table
        .of(
            (customer_versions::bucket, customer_versions::customer_id),
            id,
        )
        .filter(customer_versions::recorded_at.le(instant))
        .order(customer_versions::version.desc())
        .select(CustomerVersionRow::as_select())
        .first(reader.connection)
        .optional()
}

/// Versions before `before`, newest first.
pub fn versions(
    reader: &mut Reader<'_>,
    id: CustomerId,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<CustomerVersionRow>> {
    customer_versions::table
        .of(
            (customer_versions::bucket, customer_versions::customer_id),
            id,
        )
        .filter(customer_versions::version.lt(before.unwrap_or(i64::MAX)))
        .order(customer_versions::version.desc())
        .limit(limit)
        .select(CustomerVersionRow::as_select())
        .load(reader.connection)
}

/// Versions of a customer from before they were sealed.
pub fn unsealed_versions(
    connection: &mut PgConnection,
    id: CustomerId,
) -> QueryResult<Vec<CustomerVersionRow>> {
    customer_versions::table
        .of(
            (customer_versions::bucket, customer_versions::customer_id),
            id,
        )
        .filter(customer_versions::is_sealed.eq(false))
        .select(CustomerVersionRow::as_select())
        .load(connection)
}

/// Takes what is personal out of a version from before. The database lets it happen once.
pub fn seal_version(connection: &mut PgConnection, row: &CustomerVersionRow) -> QueryResult<()> {
    diesel::sql_query("SELECT seal_customer_version($1, $2, $3, $4, $5)")
        .bind::<SmallInt, _>(row.bucket)
        .bind::<SqlUuid, _>(row.customer_id.uuid())
        .bind::<BigInt, _>(row.version)
        .bind::<Jsonb, Value>(row.snapshot.clone())
        .bind::<Jsonb, Value>(row.personal_sealed.clone())
        .execute(connection)
        .map(drop)
}

/// The newest data key of a customer for a class of data, with its number.
pub fn newest_key(
    connection: &mut PgConnection,
    id: CustomerId,
    class: &str,
) -> QueryResult<Option<(i32, WrappedDataKey)>> {
    customer_keys::table
        .of((customer_keys::bucket, customer_keys::customer_id), id)
        .filter(customer_keys::class.eq(class))
        .order(customer_keys::key_version.desc())
        .select((
            customer_keys::key_version,
            customer_keys::kek_id,
            customer_keys::nonce,
            customer_keys::wrapped,
        ))
        .first::<(i32, String, Vec<u8>, Vec<u8>)>(connection)
        .optional()
        .map(|found| {
            found.map(|(version, kek_id, nonce, wrapped)| {
                (
                    version,
                    WrappedDataKey {
                        kek_id,
                        nonce,
                        wrapped,
                    },
                )
            })
        })
}

/// Keeps a data key.
pub fn insert_key(
    connection: &mut PgConnection,
    id: CustomerId,
    class: &str,
    key_version: i32,
    key: &WrappedDataKey,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let (bucket, _) = id.key();
    diesel::insert_into(customer_keys::table)
        .values((
            customer_keys::bucket.eq(bucket),
            customer_keys::customer_id.eq(id),
            customer_keys::class.eq(class),
            customer_keys::key_version.eq(key_version),
            customer_keys::kek_id.eq(&key.kek_id),
            customer_keys::nonce.eq(&key.nonce),
            customer_keys::wrapped.eq(&key.wrapped),
            customer_keys::created_at.eq(now),
        ))
        .execute(connection)
        .map(drop)
}
