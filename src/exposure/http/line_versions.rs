//! The history of the terms of a credit line over HTTP.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::line_views::LimitView;
use crate::auth::scopes;
use crate::error::Error;
use crate::exposure::domain::lines::{LineStatus, TemporaryMode};
use crate::exposure::store::lines::{self as store, LineVersionRow};
use crate::platform::http::answers::Listing;
use crate::platform::http::audience::Staff;
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, BusinessDate, Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::ids::{ApplicationId, LineEntity};
use crate::{listing_parameters, page};

/// A temporary increase. It begins and ends by its days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemporaryIncrease)]
pub struct TemporaryIncreaseView {
    /// Whether it comes on top of the limit or takes its place.
    pub mode: TemporaryMode,
    /// Amount.
    pub amount: Amount,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

/// Terms and status of a credit line from an instant on, until those of the next version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditLineVersion, example = json!({
    "version": 2, "recorded_at": "2026-02-02T02:00:00Z", "changed_by": "https://issuer.internal.test|officer-1",
    "change": "suspend", "reason": "Lawsuit against the customer.", "application_id": null, "status": "suspended",
    "limit": {"kind": "amount", "amount": "500000.00"}, "temporary_increase": null, "currency": "CNY",
    "valid_from": "2026-01-01", "valid_until": "2026-12-31", "payment_term_days": 30, "revolving": true,
    "deposit_share_bp": null, "conditions": null, "review_on": null,
}))]
pub struct CreditLineVersionView {
    /// 1, 2, 3 … without gaps.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Instant from which it was so.
    pub recorded_at: DateTime<Utc>,
    /// Who changed it: issuer and subject.
    pub changed_by: Staff<Principal>,
    /// What was done, such as open or suspend.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub change: String,
    /// Why. Null where nobody said, and for a review, which says it itself.
    #[schema(required = true)]
    pub reason: Option<Staff<Text<1000>>>,
    /// Application behind the change.
    #[schema(required = true)]
    pub application_id: Option<Staff<ApplicationId>>,
    /// Status as it was set; expiry follows from the dates.
    pub status: LineStatus,
    /// Limit, without a temporary increase.
    pub limit: LimitView,
    /// Temporary increase of these terms.
    #[schema(required = true)]
    pub temporary_increase: Option<TemporaryIncreaseView>,
    /// Currency.
    pub currency: Currency,
    /// First day of use.
    pub valid_from: Date,
    /// Last day of use.
    pub valid_until: Date,
    /// Payment term in calendar days; null takes that of the product.
    #[schema(required = true, minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again.
    pub revolving: bool,
    /// Deposit share asked for, in basis points; null takes that of the product.
    #[schema(required = true, minimum = 0, maximum = 10000)]
    pub deposit_share_bp: Option<i32>,
    /// Conditions of the credit.
    #[schema(required = true)]
    pub conditions: Option<Text<2000>>,
    /// Day by which the line is to be reviewed.
    #[schema(required = true)]
    pub review_on: Option<Staff<BusinessDate>>,
}

page! {
    /// A page of versions.
    CreditLineVersionPage of CreditLineVersionView
}

listing_parameters! {
    /// Pages of the history.
    ListCreditLineVersions {}
}

/// Read the history of a credit line
///
/// Every version of its terms and status, newest first: what was changed, when, by whom and why. What
/// was in use is in the movements; both together at a past moment are in the line itself, read with
/// `as_of`.
#[utoipa::path(
    get,
    path = "/v1/credit-lines/{line_id}/history",
    tag = "credit-lines",
    operation_id = "getCreditLineHistory"
)]
pub async fn history(
    guard: Require<scopes::CreditLinesRead>,
    id: PathId<LineEntity>,
    parameters: Parameters<ListCreditLineVersions>,
) -> Result<Listing<CreditLineVersionPage>, Error> {
    let load = move |reader: &mut Reader<'_>, _: &ListCreditLineVersions, before, limit| {
        let line = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
        let rows = store::versions(reader.connection, id.0, before, limit)?;
        Ok(rows
            .into_iter()
            .map(|row| view(row, line.currency))
            .collect())
    };
    listing(&guard, parameters, load, |view: &CreditLineVersionView| {
        view.version
    })
    .await
}

fn view(row: LineVersionRow, currency: Currency) -> CreditLineVersionView {
    let amount = |minor: i64| Amount::of(minor, currency);
    let temporary = row.temporary().map(|increase| TemporaryIncreaseView {
        mode: increase.mode,
        amount: amount(increase.amount_minor),
        from: Date(increase.from),
        until: Date(increase.until),
    });
    CreditLineVersionView {
        version: row.version,
        recorded_at: row.recorded_at,
        changed_by: Staff(Principal(row.changed_by)),
        // What a review found stands in the review, for those who see it; older versions repeat it.
        reason: Some(row.reason)
            .filter(|reason| !reason.is_empty() && row.change != "review")
            .map(|reason| Staff(Text(reason))),
        change: row.change,
        application_id: row
            .application_id
            .map(|id| Staff(ApplicationId::from_uuid(id))),
        status: row.status,
        limit: LimitView {
            kind: row.limit_kind,
            amount: row.limit_minor.map(amount),
        },
        temporary_increase: temporary,
        currency,
        valid_from: Date(row.valid_from),
        valid_until: Date(row.valid_until),
        payment_term_days: row.payment_term_days,
        revolving: row.revolving,
        deposit_share_bp: row.deposit_share_bp,
        conditions: row.conditions.map(Text),
        review_on: row.review_on.map(|day| Staff(Date(day))),
    }
}
