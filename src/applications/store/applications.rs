//! Credit applications.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::applications::domain::applications::ApplicationStatus;
use crate::catalogue::domain::products::ProductCode;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::line_terms::{ApplicationAction, Asked};
use crate::exposure::domain::lines::{LimitKind, TemporaryMode};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::{
    credit_application_checks, credit_application_modes, credit_applications,
};
use crate::platform::store::sql_types::words;
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::Reader;
use crate::platform::store::visibility::{found, visible_to};
use crate::values::currency::Currency;
use crate::values::ids::{ApplicationId, CaseId, CustomerId, GroupId, LineId};
use crate::values::organisation::OrgPath;

words!(ApplicationStatus);

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
    pub org_path: OrgPath,
    pub action: ApplicationAction,
    /// Product; empty for the unified limit.
    pub product: Option<ProductCode>,
    /// Requested limit, or amount of a temporary increase.
    pub amount_minor: Option<i64>,
    pub currency: Currency,
    pub valid_from: Option<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
    pub payment_term_days: Option<i32>,
    /// Whether released limit can be used again.
    pub revolving: Option<bool>,
    /// What the credit is for.
    pub purpose: Option<String>,
    pub status: ApplicationStatus,
    pub requested_by: String,
    pub case_id: Option<CaseId>,
    /// The line it is about, or that it opened.
    pub credit_line_id: Option<LineId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// How the limit is to be given.
    pub limit_kind: Option<LimitKind>,
    /// Whether a temporary increase adds or replaces.
    pub temporary_mode: Option<TemporaryMode>,
    /// Whether a limit below what is used is meant.
    pub allow_overdrawn: bool,
    /// Customer to be admitted to the group, or released from it.
    pub member_customer_id: Option<CustomerId>,
    /// Expected sales of twelve months.
    pub expected_sales_minor: Option<i64>,
    /// Deposit share in basis points.
    pub deposit_share_bp: Option<i32>,
    pub conditions: Option<String>,
    /// Whether the line waits for a signed contract.
    pub requires_contract: bool,
    pub attachments: Value,
    /// Whether a failed check sent it to the exceptional chain.
    pub exceptional: bool,
    /// Version of the line, or of the group whose mode is to change, when it was submitted.
    pub line_version: Option<i64>,
}

dated!(ApplicationRow: updated_at);

impl Subject for ApplicationRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, self.customer_id)
    }
}

impl ApplicationRow {
    /// What it asks for, as far as the terms of a line go.
    pub fn asked(&self) -> Asked {
        Asked {
            limit_kind: self.limit_kind,
            amount_minor: self.amount_minor,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            payment_term_days: self.payment_term_days,
            revolving: self.revolving,
            temporary_mode: self.temporary_mode,
            allow_overdrawn: self.allow_overdrawn,
            deposit_share_bp: self.deposit_share_bp,
            conditions: self.conditions.clone(),
            requires_contract: self.requires_contract,
        }
    }
}

/// What the checks of an application found at one time.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_application_checks)]
pub struct ChecksRow {
    pub bucket: i16,
    pub application_id: Uuid,
    /// Counts the runs, from 1.
    pub run_number: i32,
    pub stage: String,
    /// Version of the policy; 0 for the built-in one.
    pub policy_version: i32,
    pub results: Value,
    pub run_by: String,
    /// When.
    pub run_at: DateTime<Utc>,
    /// Whether more becomes usable by the application; empty in runs of earlier releases.
    pub raises: Option<bool>,
    /// What is granted after it; empty in runs of earlier releases.
    pub measured: Option<Value>,
}

/// Runs of checks that are shown at most.
const RUNS_SHOWN_MAX: i64 = 100;

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct ApplicationFilter {
    pub customer_id: Option<CustomerId>,
    pub group_id: Option<GroupId>,
    pub status: Option<ApplicationStatus>,
    pub action: Option<ApplicationAction>,
    pub product: Option<ProductCode>,
}

visible_to!(credit_applications);
found!(credit_applications, ApplicationRow, ApplicationId: find, find_locked, anywhere, lock);

/// A page of visible applications, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &ApplicationFilter,
    after: Option<ApplicationId>,
    limit: i64,
) -> QueryResult<Vec<ApplicationRow>> {
    use credit_applications as a;
    a::table
        .filter(visible_to(reader.actor))
        .select(ApplicationRow::as_select())
        .into_boxed()
        .only_of((a::bucket, a::customer_id), filter.customer_id)
        .only_of((a::bucket, a::group_id), filter.group_id)
        .only(a::status, filter.status)
        .only(a::action, filter.action)
        .only(a::product, filter.product.as_ref())
        .page_after(a::id, after, limit)
        .load(reader.connection)
}

/// Writes a new application.
pub fn insert(connection: &mut PgConnection, row: &ApplicationRow) -> QueryResult<()> {
    diesel::insert_into(credit_applications::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes a locked draft.
pub fn write_draft(connection: &mut PgConnection, row: &ApplicationRow) -> QueryResult<()> {
    use credit_applications as a;
    diesel::update(a::table.find(row.id.key()))
        .set((
            (
                a::amount_minor.eq(row.amount_minor),
                a::valid_from.eq(row.valid_from),
                a::valid_until.eq(row.valid_until),
                a::payment_term_days.eq(row.payment_term_days),
                a::revolving.eq(row.revolving),
                a::purpose.eq(&row.purpose),
                a::limit_kind.eq(row.limit_kind),
                a::temporary_mode.eq(row.temporary_mode),
            ),
            (
                a::allow_overdrawn.eq(row.allow_overdrawn),
                a::expected_sales_minor.eq(row.expected_sales_minor),
                a::deposit_share_bp.eq(row.deposit_share_bp),
                a::conditions.eq(&row.conditions),
                a::requires_contract.eq(row.requires_contract),
                a::attachments.eq(&row.attachments),
            ),
            a::version.eq(row.version),
            a::updated_at.eq(row.updated_at),
        ))
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
            a::exceptional.eq(row.exceptional),
            a::line_version.eq(row.line_version),
            a::version.eq(row.version),
            a::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(|changed| changed == 1)
}

/// Keeps how the ceiling of the group is to bound its members.
pub fn insert_limit_mode(
    connection: &mut PgConnection,
    id: ApplicationId,
    mode: GroupLimitMode,
) -> QueryResult<()> {
    use credit_application_modes as m;
    let (bucket, uuid) = id.key();
    diesel::insert_into(m::table)
        .values((
            m::bucket.eq(bucket),
            m::application_id.eq(uuid),
            m::limit_mode.eq(mode),
        ))
        .execute(connection)
        .map(drop)
}

/// How the ceiling of the group is to bound its members, of an application that asks for that.
pub fn limit_mode(
    connection: &mut PgConnection,
    id: ApplicationId,
) -> QueryResult<Option<GroupLimitMode>> {
    use credit_application_modes as m;
    m::table
        .find(id.key())
        .select(m::limit_mode)
        .first(connection)
        .optional()
}

/// Applications about these customers and groups that wait for a decision, the longest first.
pub fn submitted_of(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    groups: &[GroupId],
) -> QueryResult<Vec<ApplicationRow>> {
    use credit_applications as a;
    let of_customers = a::customer_id.eq_any(customers);
    let of_members = a::member_customer_id.eq_any(customers);
    let of_groups = a::group_id.eq_any(groups);
    a::table
        .filter(a::status.eq(ApplicationStatus::Submitted))
        .filter(of_customers.or(of_members).or(of_groups))
        .order(a::case_id)
        .select(ApplicationRow::as_select())
        .load(connection)
}

/// Keeps what the checks found.
pub fn insert_checks(connection: &mut PgConnection, row: &ChecksRow) -> QueryResult<()> {
    diesel::insert_into(credit_application_checks::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// What the checks of an application found, the latest run first.
pub fn checks(connection: &mut PgConnection, id: ApplicationId) -> QueryResult<Vec<ChecksRow>> {
    use credit_application_checks as c;
    c::table
        .of((c::bucket, c::application_id), id)
        .order(c::run_number.desc())
        .limit(RUNS_SHOWN_MAX)
        .select(ChecksRow::as_select())
        .load(connection)
}
