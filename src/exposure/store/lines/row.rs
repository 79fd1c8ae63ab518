//! A line as it is stored.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::catalogue::domain::products::ProductCode;
use crate::exposure::domain::line_terms::ApplicationAction;
use crate::exposure::domain::lines::{
    Balance, LimitKind, LineStatus, TemporaryLimit, TemporaryMode, limit_on,
};
use crate::platform::store::locking::dated;
use crate::platform::store::schema::credit_lines;
use crate::platform::store::sql_types::words;
use crate::platform::store::telling::{About, Subject};
use crate::values::currency::Currency;
use crate::values::ids::{ApplicationId, CustomerId, GroupId, LineId};
use crate::values::level::Level;
use crate::values::organisation::OrgPath;

words!(LimitKind, LineStatus, TemporaryMode, ApplicationAction);

/// A line as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_lines)]
pub struct LineRow {
    /// Home of the customer or group.
    pub bucket: i16,
    /// Identifier.
    pub id: LineId,
    /// Customer, or empty for a group line.
    pub customer_id: Option<CustomerId>,
    /// Group, or empty for a customer line.
    pub group_id: Option<GroupId>,
    /// Organisation of the customer or group.
    pub org_path: OrgPath,
    /// Product; empty for the unified limit.
    pub product: Option<ProductCode>,
    /// How the limit is given.
    pub limit_kind: LimitKind,
    /// The limit where it is an amount.
    pub limit_minor: Option<i64>,
    pub currency: Currency,
    pub status: LineStatus,
    pub valid_from: NaiveDate,
    pub valid_until: NaiveDate,
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again.
    pub revolving: bool,
    pub held_minor: i64,
    pub drawn_minor: i64,
    pub consumed_minor: i64,
    /// Instant of the latest movement.
    pub moved_at: DateTime<Utc>,
    /// Number of the latest movement.
    pub movement_count: i64,
    pub application_id: ApplicationId,
    /// Version of terms and status.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    /// Terms or status last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether the temporary increase adds or replaces.
    pub temporary_mode: Option<TemporaryMode>,
    /// Amount of the temporary increase.
    pub temporary_minor: Option<i64>,
    /// First day of the temporary increase.
    pub temporary_from: Option<NaiveDate>,
    /// Last day of the temporary increase.
    pub temporary_until: Option<NaiveDate>,
    /// Deposit share asked for, in basis points.
    pub deposit_share_bp: Option<i32>,
    pub conditions: Option<String>,
    /// Day by which the line is to be reviewed.
    pub review_on: Option<NaiveDate>,
}

dated!(LineRow: moved_at, updated_at);

impl Subject for LineRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, self.customer_id)
    }
}

impl LineRow {
    /// The level at which it bounds.
    pub fn level(&self) -> Level {
        match (&self.group_id, &self.product) {
            (Some(_), _) => Level::Group,
            (None, None) => Level::Customer,
            (None, Some(_)) => Level::Product,
        }
    }

    /// The temporary increase, if there is one.
    pub fn temporary(&self) -> Option<TemporaryLimit> {
        Some(TemporaryLimit {
            mode: self.temporary_mode?,
            amount_minor: self.temporary_minor?,
            from: self.temporary_from?,
            until: self.temporary_until?,
        })
    }

    /// The limit on a day, with the temporary increase of that day.
    pub fn limit_on(&self, day: NaiveDate) -> Option<i64> {
        limit_on(self.limit_minor, self.temporary().as_ref(), day)
    }

    /// What is used.
    pub fn balance(&self) -> Balance {
        Balance {
            held_minor: self.held_minor,
            drawn_minor: self.drawn_minor,
            consumed_minor: self.consumed_minor,
        }
    }
}
