//! Small loads of the exposure path.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::catalogue::domain::products::{ExposureTreatment, ProductCode};
use crate::customers::domain::customers::CustomerStatus;
use crate::customers::store::customers::visible_to;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::Dated;
use crate::platform::store::schema::{
    credit_group_members as members, credit_groups, credit_lines as lines, customers, products,
    receivables,
};
use crate::platform::store::sets::KeyIn;
use crate::platform::store::tx::{Reader, Tx};
use crate::scores::domain::scores::{Grade, ScoreFacts};
use crate::values::ids::{CustomerId, GroupId, LineId};
use crate::values::organisation::OrgPath;

/// Status and organisation of a visible customer; keeps it from joining or leaving a group until the end of the
/// transaction.
pub fn customer_in_its_group(
    tx: &mut Tx<'_>,
    id: CustomerId,
) -> QueryResult<Option<(CustomerStatus, OrgPath)>> {
    let found = tx.lock(|reader| {
        customers::table
            .find(id.key())
            .filter(visible_to(reader.actor))
            .select((
                customers::updated_at,
                (customers::status, customers::org_path),
            ))
            .for_share()
            .first::<Held<(CustomerStatus, OrgPath)>>(reader.connection)
            .optional()
    })?;
    Ok(found.map(|held| held.what))
}

/// What is read of a row that is locked, and when the row was last so.
#[derive(Queryable)]
struct Held<T> {
    updated_at: DateTime<Utc>,
    what: T,
}

impl<T> Dated for Held<T> {
    fn latest(&self) -> Option<DateTime<Utc>> {
        Some(self.updated_at)
    }
}

/// What a decision reads of a customer, whoever may see it.
#[derive(Debug, Clone)]
pub struct PartyRow {
    pub id: CustomerId,
    pub status: CustomerStatus,
    /// Organisation that looks after it.
    pub org_path: OrgPath,
    /// The group it has joined and not left.
    pub group_id: Option<GroupId>,
    pub lines: BTreeSet<LineId>,
    /// Whether it has money that settles nothing yet.
    pub has_money: bool,
    /// Its latest score.
    pub score: Option<ScoreFacts>,
}

/// What a decision reads of a group.
#[derive(Debug, Clone)]
pub struct CeilingRow {
    /// How its ceiling bounds its members.
    pub limit_mode: GroupLimitMode,
    pub lines: BTreeSet<LineId>,
    /// Members that have money that settles nothing yet.
    pub with_money: BTreeSet<CustomerId>,
}

/// Customers and their groups, and which lines bound them. Homes are read apart: those of the
/// customers, then those of the groups.
#[derive(Debug, Clone)]
pub struct Parties {
    pub customers: Vec<PartyRow>,
    /// The groups they belong to.
    pub groups: BTreeMap<GroupId, CeilingRow>,
}

impl Parties {
    /// Reads what bounds customers now.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn of(connection: &mut PgConnection, ids: &[CustomerId]) -> QueryResult<Self> {
        let customers = party_rows(connection, ids)?;
        let groups: BTreeSet<GroupId> = customers.iter().filter_map(|row| row.group_id).collect();
        let groups = match groups.is_empty() {
            true => BTreeMap::new(),
            false => ceiling_rows(connection, groups)?,
        };
        Ok(Self { customers, groups })
    }

    /// All lines that bound them.
    pub fn lines(&self) -> BTreeSet<LineId> {
        let own = self.customers.iter().flat_map(|row| &row.lines);
        let of_groups = self.groups.values().flat_map(|row| &row.lines);
        own.chain(of_groups).copied().collect()
    }

    /// Whether the same bounds them there: the groups, the lines and how they bound.
    pub fn are_bound_as(&self, other: &Self) -> bool {
        let bound = |row: &PartyRow| (row.id, row.group_id, row.lines.clone());
        let ceiling = |(id, row): (&GroupId, &CeilingRow)| (*id, row.limit_mode, row.lines.clone());
        let (one, another) = (&self.customers, &other.customers);
        let (here, there) = (&self.groups, &other.groups);
        one.iter().map(bound).eq(another.iter().map(bound))
            && here.iter().map(ceiling).eq(there.iter().map(ceiling))
    }

    /// Whose money on account the decisions look at: that of the customers, and of other members that
    /// share a ceiling with them.
    pub fn with_money(&self) -> BTreeSet<CustomerId> {
        let own = self.customers.iter().filter(|row| row.has_money);
        let shared = self.groups.values();
        let shared = shared.filter(|row| row.limit_mode == GroupLimitMode::Pooled);
        own.map(|row| row.id)
            .chain(shared.flat_map(|row| &row.with_money).copied())
            .collect()
    }
}

fn party_rows(connection: &mut PgConnection, ids: &[CustomerId]) -> QueryResult<Vec<PartyRow>> {
    type Found = (
        CustomerId,
        CustomerStatus,
        OrgPath,
        Option<GroupId>,
        Option<LineId>,
        bool,
        (Option<Grade>, Option<NaiveDate>, Option<NaiveDate>),
    );
    let open_membership = members::bucket
        .eq(customers::bucket)
        .and(members::customer_id.eq(customers::id))
        .and(members::member_until.is_null());
    let its_lines = lines::bucket
        .eq(customers::bucket)
        .and(lines::customer_id.assume_not_null().eq(customers::id))
        .and(lines::customer_id.is_not_null());
    let found: Vec<Found> = customers::table
        .left_join(members::table.on(open_membership))
        .left_join(lines::table.on(its_lines))
        .filter(KeyIn::new(
            (customers::bucket, customers::id),
            ids.iter().copied(),
        ))
        .select((
            customers::id,
            customers::status,
            customers::org_path,
            members::group_id.nullable(),
            lines::id.nullable(),
            sql::<Bool>(&has_money("customers.bucket", "customers.id")),
            (
                customers::grade,
                customers::graded_on,
                customers::grade_valid_until,
            ),
        ))
        .load(connection)?;
    let mut rows: BTreeMap<CustomerId, PartyRow> = BTreeMap::new();
    for (id, status, org_path, group_id, line, has_money, graded) in found {
        let row = rows.entry(id).or_insert_with(|| PartyRow {
            id,
            status,
            org_path,
            group_id,
            lines: BTreeSet::new(),
            has_money,
            score: score(graded),
        });
        row.lines.extend(line);
    }
    Ok(rows.into_values().collect())
}

/// Whether a customer has money that settles nothing yet, by the index over just such payments.
fn has_money(bucket: &str, customer_id: &str) -> String {
    format!(
        "EXISTS (SELECT FROM payments WHERE payments.bucket = {bucket} \
         AND payments.customer_id = {customer_id} AND payments.unapplied_minor > 0)"
    )
}

/// A score as the row of its customer has it.
fn score(
    (grade, scored_on, valid_until): (Option<Grade>, Option<NaiveDate>, Option<NaiveDate>),
) -> Option<ScoreFacts> {
    Some(ScoreFacts {
        grade: grade?,
        scored_on: scored_on?,
        valid_until: valid_until?,
    })
}

/// What bounds the members of groups.
pub fn ceiling_rows(
    connection: &mut PgConnection,
    ids: BTreeSet<GroupId>,
) -> QueryResult<BTreeMap<GroupId, CeilingRow>> {
    let its_lines = lines::bucket
        .eq(credit_groups::bucket)
        .and(lines::group_id.assume_not_null().eq(credit_groups::id))
        .and(lines::group_id.is_not_null());
    let with_money = has_money(
        "credit_group_members.bucket",
        "credit_group_members.customer_id",
    );
    let with_money = members::group_id
        .eq(credit_groups::id)
        .and(members::member_until.is_null())
        .and(sql::<Bool>(&with_money));
    type Found = (GroupId, GroupLimitMode, Option<LineId>, Option<CustomerId>);
    let found: Vec<Found> = credit_groups::table
        .left_join(lines::table.on(its_lines))
        .left_join(members::table.on(with_money))
        .filter(KeyIn::new((credit_groups::bucket, credit_groups::id), ids))
        .select((
            credit_groups::id,
            credit_groups::limit_mode,
            lines::id.nullable(),
            members::customer_id.nullable(),
        ))
        .load(connection)?;
    let mut rows: BTreeMap<GroupId, CeilingRow> = BTreeMap::new();
    for (id, limit_mode, line, member) in found {
        let row = rows.entry(id).or_insert_with(|| CeilingRow {
            limit_mode,
            lines: BTreeSet::new(),
            with_money: BTreeSet::new(),
        });
        row.lines.extend(line);
        row.with_money.extend(member);
    }
    Ok(rows)
}

/// What new business has to know of a product.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct ProductTerms {
    pub active: bool,
    pub exposure_treatment: ExposureTreatment,
    /// Payment term in days where nothing else is agreed.
    pub payment_term_days: i32,
    /// Share of an order that a deposit has to secure where the line does not say, in basis points.
    pub deposit_share_bp: i32,
}

/// Terms of a product; `None` when there is none.
pub fn product(
    connection: &mut PgConnection,
    code: &ProductCode,
) -> QueryResult<Option<ProductTerms>> {
    products::table
        .find(code)
        .select((
            products::active,
            products::exposure_treatment,
            products::default_payment_term_days,
            products::deposit_share_bp,
        ))
        .first(connection)
        .optional()
}

/// Terms of several products.
pub fn products(
    connection: &mut PgConnection,
    codes: BTreeSet<&ProductCode>,
) -> QueryResult<BTreeMap<ProductCode, ProductTerms>> {
    let found: Vec<(ProductCode, ProductTerms)> = products::table
        .filter(products::code.eq_any(codes))
        .select((
            products::code,
            (
                products::active,
                products::exposure_treatment,
                products::default_payment_term_days,
                products::deposit_share_bp,
            ),
        ))
        .load(connection)?;
    Ok(found.into_iter().collect())
}

/// Organisation of a visible group.
pub fn group(reader: &mut Reader<'_>, id: GroupId) -> QueryResult<Option<OrgPath>> {
    if reader.actor.customer_id.is_some() {
        return Ok(None);
    }
    let org_path = &reader.actor.org_path;
    let subtree = format!("{}%", org_path.subtree_prefix());
    credit_groups::table
        .find(id.key())
        .filter(
            credit_groups::org_path
                .eq(org_path)
                .or(credit_groups::org_path.like(subtree)),
        )
        .select(credit_groups::org_path)
        .first(reader.connection)
        .optional()
}

/// Whether any of these customers is related to the company.
pub fn is_related_party(connection: &mut PgConnection, ids: &[CustomerId]) -> QueryResult<bool> {
    let buckets: Vec<i16> = ids.iter().map(|id| id.key().0).collect();
    diesel::select(diesel::dsl::exists(
        customers::table
            .filter(customers::bucket.eq_any(buckets))
            .filter(customers::id.eq_any(ids))
            .filter(customers::related_party),
    ))
    .get_result(connection)
}

/// Day of the first receivable of a customer.
pub fn first_business_on(
    connection: &mut PgConnection,
    id: CustomerId,
) -> QueryResult<Option<NaiveDate>> {
    receivables::table
        .of((receivables::bucket, receivables::customer_id), id)
        .select(diesel::dsl::min(receivables::issued_on))
        .first(connection)
}

/// Locks a customer until the end of the transaction.
pub fn lock_customer(tx: &mut Tx<'_>, id: CustomerId) -> QueryResult<()> {
    tx.lock(|reader| {
        customers::table
            .find(id.key())
            .select(customers::updated_at)
            .for_no_key_update()
            .first::<DateTime<Utc>>(reader.connection)
    })
    .map(drop)
}

/// Locks a group until the end of the transaction.
pub fn lock_group(tx: &mut Tx<'_>, id: GroupId) -> QueryResult<()> {
    tx.lock(|reader| {
        credit_groups::table
            .find(id.key())
            .select(credit_groups::updated_at)
            .for_no_key_update()
            .first::<DateTime<Utc>>(reader.connection)
    })
    .map(drop)
}

/// Keeps a group from getting another line until the end of the transaction.
pub fn hold_group(tx: &mut Tx<'_>, id: GroupId) -> QueryResult<()> {
    tx.lock(|reader| {
        credit_groups::table
            .find(id.key())
            .select(credit_groups::updated_at)
            .for_share()
            .first::<DateTime<Utc>>(reader.connection)
    })
    .map(drop)
}
