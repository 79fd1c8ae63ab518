//! Credit applications.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::schema::credit_applications;
use super::tx::Reader;
use super::visibility::visible_to;
use crate::domain::credit_applications::{ApplicationAction, ApplicationStatus};
use crate::domain::ids::{ApplicationId, CaseId, CustomerId, GroupId, LineId};

/// An application as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_applications)]
pub struct ApplicationRow {
    /// Home of the customer or group.
    pub bucket: i16,
    /// Identifier.
    pub id: ApplicationId,
    /// Customer, or empty for a group.
    pub customer_id: Option<CustomerId>,
    /// Group, or empty for a customer.
    pub group_id: Option<GroupId>,
    /// Organisation of the customer or group.
    pub org_path: String,
    /// What is asked for.
    pub action: ApplicationAction,
    /// Product; empty for the unified limit.
    pub product: Option<String>,
    /// Requested limit.
    pub amount_minor: i64,
    /// Its currency.
    pub currency: String,
    /// First day of use.
    pub valid_from: NaiveDate,
    /// Last day of use.
    pub valid_until: NaiveDate,
    /// Payment term.
    pub payment_term_days: Option<i32>,
    /// Whether released limit can be used again.
    pub revolving: bool,
    /// What the credit is for.
    pub purpose: Option<String>,
    /// Where it stands.
    pub status: ApplicationStatus,
    /// Who drew it up.
    pub requested_by: String,
    /// Its approval case.
    pub case_id: Option<CaseId>,
    /// The line it opened.
    pub credit_line_id: Option<LineId>,
    /// Version.
    pub version: i64,
    /// Created.
    pub created_at: DateTime<Utc>,
    /// Last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct ApplicationFilter {
    /// Customer.
    pub customer_id: Option<CustomerId>,
    /// Group.
    pub group_id: Option<GroupId>,
    /// Where it stands.
    pub status: Option<ApplicationStatus>,
    /// Product.
    pub product: Option<String>,
}

visible_to!(credit_applications);

/// Finds a visible application.
pub fn find(reader: &mut Reader<'_>, id: ApplicationId) -> QueryResult<Option<ApplicationRow>> {
    credit_applications::table
        .find(id.key())
        .filter(visible_to(reader.actor))
        .select(ApplicationRow::as_select())
        .first(reader.connection)
        .optional()
}

/// Finds a visible application and locks it.
pub fn find_locked(
    reader: &mut Reader<'_>,
    id: ApplicationId,
) -> QueryResult<Option<ApplicationRow>> {
    credit_applications::table
        .find(id.key())
        .filter(visible_to(reader.actor))
        .select(ApplicationRow::as_select())
        .for_no_key_update()
        .first(reader.connection)
        .optional()
}

/// A page of visible applications, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &ApplicationFilter,
    after: Option<ApplicationId>,
    limit: i64,
) -> QueryResult<Vec<ApplicationRow>> {
    let mut query = credit_applications::table
        .filter(visible_to(reader.actor))
        .select(ApplicationRow::as_select())
        .order(credit_applications::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(customer_id) = filter.customer_id {
        let (bucket, _) = customer_id.key();
        query = query.filter(
            credit_applications::bucket
                .eq(bucket)
                .and(credit_applications::customer_id.eq(customer_id)),
        );
    }
    if let Some(group_id) = filter.group_id {
        let (bucket, _) = group_id.key();
        query = query.filter(
            credit_applications::bucket
                .eq(bucket)
                .and(credit_applications::group_id.eq(group_id)),
        );
    }
    if let Some(status) = filter.status {
        query = query.filter(credit_applications::status.eq(status));
    }
    if let Some(product) = &filter.product {
        query = query.filter(credit_applications::product.eq(product.clone()));
    }
    if let Some(after) = after {
        query = query.filter(credit_applications::id.lt(after));
    }
    query.load(reader.connection)
}

/// Writes a new application.
pub fn insert(connection: &mut PgConnection, row: &ApplicationRow) -> QueryResult<()> {
    diesel::insert_into(credit_applications::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes where an application stands; `false` when it no longer stands where it was read.
pub fn advance(
    connection: &mut PgConnection,
    row: &ApplicationRow,
    expected: ApplicationStatus,
) -> QueryResult<bool> {
    use credit_applications as a;
    diesel::update(a::table.find(row.id.key()).filter(a::status.eq(expected)))
        .set((
            a::status.eq(row.status),
            a::case_id.eq(row.case_id),
            a::credit_line_id.eq(row.credit_line_id),
            a::version.eq(row.version),
            a::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(|changed| changed == 1)
}
