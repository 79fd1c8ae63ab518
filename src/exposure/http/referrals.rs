//! Referrals over HTTP.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::asking::{asked, carried};
use crate::approvals::app::lifecycle;
use crate::auth::scopes;
use crate::catalogue::domain::products::ProductCode;
use crate::error::{Error, OrInternal};
use crate::exposure::app::referrals::{self as app, NewReferral};
use crate::exposure::domain::referrals::ReferralStatus;
use crate::exposure::store::referrals::{self as store, ReferralFilter, ReferralRow};
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::bodies::{Approve, NoDetails, NumberView, TurnDown};
use crate::platform::http::command::{Honoured, IfMatch, KeyedAction, KeyedCommand, OfDecision};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::rules::domain::check_rules::OrderTerms;
use crate::values::currency::Currency;
use crate::values::ids::{CaseId, CustomerId, ReferralEntity, ReferralId, ReservationId};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page, resource};

/// An order that should be let through although the rules refer it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "product": "goods_on_credit", "amount": "20000.00",
    "currency": "CNY", "reference": "SO-2026-0001", "reason": "Payment is announced for Friday.",
}))]
pub struct RequestReferral {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Amount of the order, tax included; of one that is reserved already, what it is to be worth.
    pub amount: Amount,
    /// Currency of the amount.
    pub currency: Currency,
    /// Cash deposit for it, at most the amount.
    #[serde(default)]
    pub deposit: Option<Amount>,
    /// The caller's own reference, as the reservation will name it.
    pub reference: Text<100>,
    /// Day on which it ships, today or later. Today when left out.
    #[serde(default)]
    pub ship_on: Option<Date>,
    /// Types of documents that the caller states the order carries. Nobody has looked at them: what a
    /// rule makes of them is made of a statement, which is kept with the decision.
    #[serde(default)]
    #[schema(max_items = 50, value_type = Vec<Text<60>>)]
    pub documents: BTreeSet<Text<60>>,
    /// Why it should be let through.
    pub reason: Text<1000>,
}

/// Something that was referred.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ReferredReason)]
pub struct ReferredReasonView {
    /// Problem code of the rule.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub code: String,
    /// Level it stands at.
    #[schema(required = true, max_length = 20, pattern = "^[a-z]+$")]
    pub level: Option<String>,
    /// In words, in English.
    #[schema(max_length = 1000, pattern = "^[^\\u0000]*$")]
    pub detail: String,
    /// In words, in Chinese.
    #[schema(max_length = 1000, pattern = "^[^\\u0000]*$")]
    pub detail_zh: String,
    /// The numbers behind it.
    #[schema(max_items = 50)]
    pub facts: Vec<NumberView>,
}

/// An order that was referred to somebody with authority.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Referral, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "org_path": "head-office/east/shanghai", "product": "goods_on_credit", "reference": "SO-2026-0001",
    "amount": "20000.00", "amount_max": "20200.00", "currency": "CNY", "deposit": "0.00", "documents": [],
    "reason": "Payment is announced for Friday.", "status": "requested", "rule_set_version": 1,
    "reasons": [{"code": "limit_exceeded", "level": "product", "detail": "19000.00 of 500000.00 CNY is available; 20000.00 is asked for.",
        "detail_zh": "额度 500000.00 CNY，可用 19000.00，申请 20000.00。", "facts": [{"name": "available", "value": "19000.00"}]}],
    "requested_by": "https://issuer.internal.test|ann", "approval_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "released_on": null, "valid_until": null, "reservation_id": null, "version": 1,
    "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
}))]
pub struct ReferralView {
    /// Identifier.
    pub id: ReferralId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Organisation of the customer.
    pub org_path: OrgPath,
    /// Product.
    pub product: ProductCode,
    /// The caller's own reference of the order.
    pub reference: Text<100>,
    /// Amount that was asked for.
    pub amount: Amount,
    /// Largest amount of the reservation that a release lets through, or of what it is amended to.
    pub amount_max: Amount,
    /// Currency.
    pub currency: Currency,
    /// Cash deposit for it.
    pub deposit: Amount,
    /// Types of documents that the caller stated the order carries; nobody has looked at them.
    #[schema(max_items = 50)]
    pub documents: Vec<Text<60>>,
    /// Why it should be let through.
    pub reason: Text<1000>,
    /// Where it stands today.
    pub status: ReferralStatus,
    /// Version of the rule set that referred it.
    pub rule_set_version: i32,
    /// What was referred.
    #[schema(max_items = 100)]
    pub reasons: Vec<ReferredReasonView>,
    /// Who asked: issuer and subject.
    pub requested_by: Principal,
    /// Its approval case.
    pub approval_id: CaseId,
    /// Day of the release.
    #[schema(required = true)]
    pub released_on: Option<Date>,
    /// Last day on which the release may be used.
    #[schema(required = true)]
    pub valid_until: Option<Date>,
    /// The reservation that used it up, when it was made or amended.
    #[schema(required = true)]
    pub reservation_id: Option<ReservationId>,
    /// Version.
    pub version: i64,
    /// Instant of the request.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

resource! { ReferralView { id } at "/v1/referrals/{id}" }

page! {
    /// A page of referrals.
    ReferralPage of ReferralView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListReferrals for ReferralFilter {
        /// Customer.
        customer_id: CustomerId,
        /// Where it stands today.
        status: ReferralStatus,
        /// The caller's own reference.
        reference: Text<100>,
    }
}

fn view(row: ReferralRow, today: NaiveDate) -> Result<ReferralView, Error> {
    fn stored<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T, Error> {
        serde_json::from_value(value).or_internal()
    }
    let amount = |minor: i64| Amount::of(minor, row.currency);
    Ok(ReferralView {
        id: row.id,
        customer_id: row.customer_id,
        product: row.product,
        amount: amount(row.amount_minor),
        amount_max: amount(row.amount_max_minor),
        currency: row.currency,
        deposit: amount(row.deposit_minor),
        documents: stored(row.documents)?,
        status: row.status.on(row.valid_until, today),
        rule_set_version: row.rule_set_version,
        reasons: stored(row.reasons)?,
        org_path: row.org_path,
        reference: Text(row.reference),
        reason: Text(row.reason),
        requested_by: Principal(row.requested_by),
        approval_id: row.case_id,
        released_on: row.released_on.map(Date),
        valid_until: row.valid_until.map(Date),
        reservation_id: row.reservation_id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// A referral as its readers see it.
fn read(reader: &mut Reader<'_>, row: ReferralRow) -> Result<ReferralView, Error> {
    view(row, reader.today)
}

/// Refer an order
///
/// Runs the credit check. Only what it refers is referred: the authority matrix says who decides.
/// What it approves needs no referral (`referral_not_needed`), and what it declines is refused with
/// every reason. Once released, one reservation of the customer, product, currency and reference
/// passes, for some days, up to `amount_max`.
///
/// Where the reference names a reservation already, the amount is what that is to be worth, and the
/// check is about the difference, as an amendment is. Once released, one amendment up to
/// `amount_max` passes.
#[utoipa::path(
    post,
    path = "/v1/referrals",
    tag = "referrals",
    operation_id = "requestReferral"
)]
pub async fn request(
    guard: Require<scopes::ReferralsWrite>,
    command: KeyedCommand<RequestReferral>,
) -> Reply<Created<ReferralView>> {
    let (body, repeatable) = command.into_parts();
    let new = NewReferral {
        customer_id: body.customer_id,
        asked: asked(&body.amount, body.deposit.as_ref(), body.currency)?,
        product: body.product,
        reference: body.reference.0,
        order: OrderTerms {
            ship_on: body.ship_on.map(|day| day.0),
            documents: carried(body.documents)?,
            ..OrderTerms::default()
        },
        reason: body.reason.0,
    };
    guard
        .write("referral.request", repeatable, move |tx| {
            Ok(Created(view(app::request(tx, &new)?, tx.today)?))
        })
        .await
}

/// List referrals
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/referrals",
    tag = "referrals",
    operation_id = "listReferrals"
)]
pub async fn list(
    guard: Require<scopes::ReferralsRead>,
    parameters: Parameters<ListReferrals>,
) -> Result<Listing<ReferralPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListReferrals, after, limit| {
        let rows = store::list(reader, &values.into(), after, limit)?;
        let today = reader.today;
        rows.into_iter().map(|row| view(row, today)).collect()
    };
    listing(&guard, parameters, load, |view: &ReferralView| view.id).await
}

/// Read a referral
///
/// With what was referred, and the reservation that used it up. Whoever may decide it reads it too.
#[utoipa::path(
    get,
    path = "/v1/referrals/{referral_id}",
    tag = "referrals",
    operation_id = "getReferral"
)]
pub async fn get(
    guard: Require<scopes::ReferralsRead>,
    id: PathId<ReferralEntity>,
) -> Result<Resource<ReferralView>, Error> {
    guard
        .read(move |reader| {
            let row = lifecycle::readable(reader, id.0)?;
            Ok(Resource(read(reader, row)?))
        })
        .await
}

/// Approve a referral
///
/// Decides the waiting step, for which its scope is needed too. After the last approval the order is
/// released. Four eyes: neither the requester, nor their delegates, nor who decided before. Who may
/// decide a later step as well names the `step` that is meant. `If-Match` carries the ETag of what
/// was read, or `approval_id` names the approval.
#[utoipa::path(
    post,
    path = "/v1/referrals/{referral_id}/approve",
    tag = "referrals",
    operation_id = "approveReferral"
)]
pub async fn approve(
    guard: Require<scopes::ReferralsApprove>,
    id: PathId<ReferralEntity>,
    if_match: IfMatch<OfDecision>,
    command: KeyedAction<Approve>,
) -> Reply<Resource<ReferralView>> {
    let (body, repeatable) = command.into_parts();
    let deciding = if_match.or_approval(body.approval_id)?;
    let verdict = body.into();
    guard
        .write("referral.approve", repeatable, move |tx| {
            let seen = deciding.seen(read, |row: &ReferralRow| Some(row.case_id));
            let row = lifecycle::approve(tx, id.0, &seen, &verdict)?;
            Ok(Resource(view(row, tx.today)?))
        })
        .await
}

/// Reject a referral
///
/// Decides the waiting step, and with it the referral. The reason is kept.
#[utoipa::path(
    post,
    path = "/v1/referrals/{referral_id}/reject",
    tag = "referrals",
    operation_id = "rejectReferral"
)]
pub async fn reject(
    guard: Require<scopes::ReferralsApprove>,
    id: PathId<ReferralEntity>,
    if_match: IfMatch<OfDecision>,
    command: KeyedCommand<TurnDown>,
) -> Reply<Resource<ReferralView>> {
    let (body, repeatable) = command.into_parts();
    let deciding = if_match.or_approval(body.approval_id)?;
    let verdict = body.into();
    guard
        .write("referral.reject", repeatable, move |tx| {
            let seen = deciding.seen(read, |row: &ReferralRow| Some(row.case_id));
            let row = lifecycle::reject(tx, id.0, &seen, &verdict)?;
            Ok(Resource(view(row, tx.today)?))
        })
        .await
}

/// Withdraw a referral
///
/// Only who asked, and only until it is decided.
#[utoipa::path(
    post,
    path = "/v1/referrals/{referral_id}/withdraw",
    tag = "referrals",
    operation_id = "withdrawReferral"
)]
pub async fn withdraw(
    guard: Require<scopes::ReferralsWrite>,
    id: PathId<ReferralEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<NoDetails>,
) -> Reply<Resource<ReferralView>> {
    guard
        .write("referral.withdraw", command.repeatable, move |tx| {
            let seen = if_match.seen(read);
            let row: ReferralRow = lifecycle::withdraw(tx, id.0, &seen)?;
            Ok(Resource(view(row, tx.today)?))
        })
        .await
}
