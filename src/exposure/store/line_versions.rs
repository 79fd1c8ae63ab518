//! Every version of the terms of a line, so that past limits can be read.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::lines::row::LineRow;
use crate::exposure::domain::line_terms::LineTerms;
use crate::exposure::domain::lines::{LimitKind, LineStatus, TemporaryLimit, TemporaryMode};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::credit_line_versions;
use crate::values::ids::{ApplicationId, LineId};

/// Terms and status of a line from an instant on.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_line_versions)]
pub struct LineVersionRow {
    pub bucket: i16,
    pub line_id: LineId,
    /// Version, from 1 without gaps.
    pub version: i64,
    /// Instant from which it was so.
    pub recorded_at: DateTime<Utc>,
    pub changed_by: String,
    pub change: String,
    pub reason: String,
    pub application_id: Option<Uuid>,
    pub status: LineStatus,
    /// How the limit is given.
    pub limit_kind: LimitKind,
    /// The limit where it is an amount.
    pub limit_minor: Option<i64>,
    pub valid_from: NaiveDate,
    pub valid_until: NaiveDate,
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again.
    pub revolving: bool,
    /// Whether the temporary increase adds or replaces.
    pub temporary_mode: Option<TemporaryMode>,
    /// Amount of the temporary increase.
    pub temporary_minor: Option<i64>,
    /// First day of the temporary increase.
    pub temporary_from: Option<NaiveDate>,
    /// Last day of the temporary increase.
    pub temporary_until: Option<NaiveDate>,
    /// Day by which the line is to be reviewed.
    pub review_on: Option<NaiveDate>,
    /// Deposit share asked for, in basis points.
    pub deposit_share_bp: Option<i32>,
    pub conditions: Option<String>,
}

/// Who changed a line, how and why.
#[derive(Debug, Clone, Copy)]
pub struct LineChange<'a> {
    /// What was done, such as `open` or `suspend`.
    pub change: &'a str,
    pub reason: &'a str,
    pub application_id: Option<ApplicationId>,
    pub changed_by: &'a str,
}

impl LineVersionRow {
    /// The temporary increase of these terms, if there is one.
    pub fn temporary(&self) -> Option<TemporaryLimit> {
        Some(TemporaryLimit {
            mode: self.temporary_mode?,
            amount_minor: self.temporary_minor?,
            from: self.temporary_from?,
            until: self.temporary_until?,
        })
    }
}

impl LineRow {
    /// Terms and status.
    pub fn terms(&self) -> LineTerms {
        LineTerms {
            limit_kind: self.limit_kind,
            limit_minor: self.limit_minor,
            status: self.status,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            payment_term_days: self.payment_term_days,
            revolving: self.revolving,
            temporary: self.temporary(),
            deposit_share_bp: self.deposit_share_bp,
            conditions: self.conditions.clone(),
        }
    }

    /// Takes over terms and status.
    pub fn take(&mut self, terms: LineTerms) {
        let LineTerms {
            limit_kind,
            limit_minor,
            status,
            valid_from,
            valid_until,
            payment_term_days,
            revolving,
            temporary,
            deposit_share_bp,
            conditions,
        } = terms;
        self.limit_kind = limit_kind;
        self.limit_minor = limit_minor;
        self.status = status;
        self.valid_from = valid_from;
        self.valid_until = valid_until;
        self.payment_term_days = payment_term_days;
        self.revolving = revolving;
        self.temporary_mode = temporary.map(|more| more.mode);
        self.temporary_minor = temporary.map(|more| more.amount_minor);
        self.temporary_from = temporary.map(|more| more.from);
        self.temporary_until = temporary.map(|more| more.until);
        self.deposit_share_bp = deposit_share_bp;
        self.conditions = conditions;
    }

    /// The line on the terms and in the status of one of its versions.
    #[must_use]
    pub fn on_terms_of(self, version: LineVersionRow) -> Self {
        let LineVersionRow {
            bucket: _,
            line_id: _,
            version,
            recorded_at,
            changed_by: _,
            change: _,
            reason: _,
            application_id: _,
            status,
            limit_kind,
            limit_minor,
            valid_from,
            valid_until,
            payment_term_days,
            revolving,
            temporary_mode,
            temporary_minor,
            temporary_from,
            temporary_until,
            review_on,
            deposit_share_bp,
            conditions,
        } = version;
        Self {
            version,
            updated_at: recorded_at,
            status,
            limit_kind,
            limit_minor,
            valid_from,
            valid_until,
            payment_term_days,
            revolving,
            temporary_mode,
            temporary_minor,
            temporary_from,
            temporary_until,
            review_on,
            deposit_share_bp,
            conditions,
            ..self
        }
    }
}

/// Appends the version that keeps the terms of a line as they were just written.
pub(super) fn append(
    connection: &mut PgConnection,
    row: &LineRow,
    change: LineChange<'_>,
) -> QueryResult<()> {
    diesel::insert_into(credit_line_versions::table)
        .values(LineVersionRow {
            bucket: row.bucket,
            line_id: row.id,
            version: row.version,
            recorded_at: row.updated_at,
            changed_by: change.changed_by.to_owned(),
            change: change.change.to_owned(),
            reason: change.reason.to_owned(),
            application_id: change.application_id.map(ApplicationId::uuid),
            status: row.status,
            limit_kind: row.limit_kind,
            limit_minor: row.limit_minor,
            valid_from: row.valid_from,
            valid_until: row.valid_until,
            payment_term_days: row.payment_term_days,
            revolving: row.revolving,
            temporary_mode: row.temporary_mode,
            temporary_minor: row.temporary_minor,
            temporary_from: row.temporary_from,
            temporary_until: row.temporary_until,
            review_on: row.review_on,
            deposit_share_bp: row.deposit_share_bp,
            conditions: row.conditions.clone(),
        })
        .execute(connection)
        .map(drop)
}

/// Versions of a line before `before`, newest first.
pub fn versions(
    connection: &mut PgConnection,
    id: LineId,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<LineVersionRow>> {
    use credit_line_versions as v;
    v::table
        .of((v::bucket, v::line_id), id)
        .filter(v::version.lt(before.unwrap_or(i64::MAX)))
        .order(v::version.desc())
        .limit(limit)
        .select(LineVersionRow::as_select())
        .load(connection)
}

/// The version of a line that held at an instant.
pub fn version_as_of(
    connection: &mut PgConnection,
    id: LineId,
    instant: DateTime<Utc>,
) -> QueryResult<Option<LineVersionRow>> {
    use credit_line_versions as v;
    v::table
        .of((v::bucket, v::line_id), id)
        .filter(v::recorded_at.le(instant))
        .order(v::version.desc())
        .select(LineVersionRow::as_select())
        .first(connection)
        .optional()
}

/// What has to be the same of a line for an application that was submitted about it: limit, last
/// day, payment term, whether it revolves, deposit share and conditions.
pub type ComparedTerms = (
    LimitKind,
    Option<i64>,
    NaiveDate,
    Option<i32>,
    bool,
    Option<i32>,
    Option<String>,
);

/// What is compared of a version of a line.
pub fn terms_at(
    connection: &mut PgConnection,
    id: LineId,
    version: i64,
) -> QueryResult<Option<ComparedTerms>> {
    use credit_line_versions as v;
    let (bucket, _) = id.key();
    v::table
        .find((bucket, id, version))
        .select((
            v::limit_kind,
            v::limit_minor,
            v::valid_until,
            v::payment_term_days,
            v::revolving,
            v::deposit_share_bp,
            v::conditions,
        ))
        .first(connection)
        .optional()
}
