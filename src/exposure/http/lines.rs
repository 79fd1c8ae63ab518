//! Credit lines over HTTP.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

pub(super) use super::line_views::{
    CreditLineView, shown, shown_one, siblings, view, with_siblings,
};
use crate::auth::scopes;
use crate::catalogue::domain::exchange_rates::Rate;
use crate::catalogue::domain::products::ProductCode;
use crate::error::{Error, OrInternal};
use crate::exposure::app::line_actions::{self as app, LineAction};
use crate::exposure::domain::lines::{LineState, MovementKind};
use crate::exposure::domain::payments::PaymentId;
use crate::exposure::store::lines::{self as store, LineFilter, LineRow};
use crate::exposure::store::movements::{self, MovementRow};
use crate::exposure::store::reservations::due_then;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Listing, Resource};
use crate::platform::http::bodies::ReadAsOf;
use crate::platform::http::command::{Honoured, IfMatch, KeyedAction};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, Date, ExchangeRate, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, GroupId, LineEntity, ReceivableId, ReservationId};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page};

page! {
    /// A page of credit lines.
    CreditLinePage of CreditLineView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListCreditLines for LineFilter {
        /// Customer.
        customer_id: CustomerId,
        /// Group.
        group_id: GroupId,
        /// Product.
        product: ProductCode,
        /// Status today.
        status: LineState,
        /// At or below this organisation.
        #[param(example = "head-office/east")]
        org_path: OrgPath,
    }
}

listing_parameters! {
    /// Pages of the movements.
    ListMovements {}
}

/// Why a line is suspended, resumed or closed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Lawsuit against the customer."}))]
pub struct ActOnCreditLine {
    /// Why.
    #[serde(default)]
    pub reason: Option<Text<1000>>,
}

/// A movement of the ledger of a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditMovement, example = json!({
    "number": 2, "kind": "capture", "held_change": "-80000.00", "drawn_change": "80000.00", "consumed_change": "0.00",
    "held_after": "20000.00", "drawn_after": "80000.00", "consumed_after": "0.00", "covered": "0.00", "currency": "CNY",
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "reservation_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "receivable_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "payment_id": null,
    "original_amount": null, "original_currency": null, "rate": null, "rate_date": null,
    "business_date": "2026-01-05", "recorded_at": "2026-01-05T02:00:00Z",
}))]
pub struct CreditMovementView {
    /// 1, 2, 3 … without gaps.
    pub number: i64,
    /// What happened.
    pub kind: MovementKind,
    /// Change of held.
    pub held_change: Amount,
    /// Change of drawn.
    pub drawn_change: Amount,
    /// Change of consumed.
    pub consumed_change: Amount,
    /// Held after.
    pub held_after: Amount,
    /// Drawn after.
    pub drawn_after: Amount,
    /// Consumed after.
    pub consumed_after: Amount,
    /// What money on account took off what was used when the limit had to hold.
    pub covered: Amount,
    /// Currency.
    pub currency: Currency,
    /// Customer whose business moved it.
    pub customer_id: CustomerId,
    /// Reservation behind it.
    #[schema(required = true)]
    pub reservation_id: Option<ReservationId>,
    /// Receivable behind it.
    #[schema(required = true)]
    pub receivable_id: Option<ReceivableId>,
    /// Payment behind it.
    #[schema(required = true)]
    pub payment_id: Option<PaymentId>,
    /// What moved in the currency of the business, less a deposit that counts; null where it is that
    /// of the line.
    #[schema(required = true)]
    pub original_amount: Option<Amount>,
    /// Currency of the business; null where it is that of the line.
    #[schema(required = true)]
    pub original_currency: Option<Currency>,
    /// Rate at which it was converted when it came to the line.
    #[schema(required = true)]
    pub rate: Option<ExchangeRate>,
    /// Day of the rate.
    #[schema(required = true)]
    pub rate_date: Option<Date>,
    /// Business date.
    pub business_date: Date,
    /// Instant of recording.
    pub recorded_at: DateTime<Utc>,
}

page! {
    /// A page of movements.
    CreditMovementPage of CreditMovementView
}

fn movement(row: MovementRow, currency: Currency) -> Result<CreditMovementView, Error> {
    let amount = |minor: i64| Amount::of(minor, currency);
    let original = row.original_minor.zip(row.original_currency);
    let rate = row.rate_e10.map(Rate::from_e10).transpose();
    let rate = rate.or_internal()?;
    Ok(CreditMovementView {
        number: row.movement_number,
        kind: row.kind,
        held_change: amount(row.held_delta_minor),
        drawn_change: amount(row.drawn_delta_minor),
        consumed_change: amount(row.consumed_delta_minor),
        held_after: amount(row.held_after_minor),
        drawn_after: amount(row.drawn_after_minor),
        consumed_after: amount(row.consumed_after_minor),
        covered: amount(row.covered_minor),
        currency,
        customer_id: row.customer_id,
        reservation_id: row.reservation_id.map(ReservationId::from_uuid),
        receivable_id: row.receivable_id.map(ReceivableId::from_uuid),
        payment_id: row.payment_id.map(PaymentId::from_uuid),
        original_amount: original.map(|(minor, own)| Amount::of(minor, own)),
        original_currency: original.map(|(_, own)| own),
        rate: rate.map(ExchangeRate::from),
        rate_date: row.rate_date.map(Date),
        business_date: Date(row.business_date),
        recorded_at: row.recorded_at,
    })
}

/// List credit lines
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/credit-lines",
    tag = "credit-lines",
    operation_id = "listCreditLines"
)]
pub async fn list(
    guard: Require<scopes::CreditLinesRead>,
    parameters: Parameters<ListCreditLines>,
) -> Result<Listing<CreditLinePage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListCreditLines, after, limit| {
        let rows = store::list(reader, &values.into(), after, limit)?;
        shown(reader, rows)
    };
    listing(&guard, parameters, load, |view: &CreditLineView| view.id).await
}

/// Read a credit line
///
/// As it is now, or, with `as_of`, as it was at a past moment: its limit, status and dates then, and
/// what of it was in use. A moment before it was opened answers 404.
#[utoipa::path(
    get,
    path = "/v1/credit-lines/{line_id}",
    tag = "credit-lines",
    operation_id = "getCreditLine"
)]
pub async fn get(
    guard: Require<scopes::CreditLinesRead>,
    id: PathId<LineEntity>,
    parameters: Parameters<ReadAsOf>,
) -> Result<Resource<CreditLineView>, Error> {
    let time_zone = guard.state().time_zone;
    let as_of = parameters
        .values
        .as_of
        .map(|as_of| as_of.instant(time_zone));
    guard
        .read_snapshot(move |reader| {
            let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            let Some(instant) = as_of else {
                return Ok(Resource(shown_one(reader, row)?));
            };
            let terms = store::version_as_of(reader.connection, row.id, instant)?
                .ok_or_else(Error::not_found)?;
            let day = crate::clock::business_date(instant, time_zone);
            let all = with_siblings(reader, std::slice::from_ref(&row))?;
            let mut carried = 0;
            for other in siblings(&row, &all).filter(|other| other.currency == row.currency) {
                let other = balance_then(reader, other.clone(), instant)?;
                carried += other.held_minor + other.drawn_minor;
            }
            let row = balance_then(reader, row.on_terms_of(terms), instant)?;
            Ok(Resource(view(row, (carried, 0), day)))
        })
        .await
}

/// The line with the balances that it had at an instant: those of the ledger, less what had expired by
/// then.
fn balance_then(
    reader: &mut Reader<'_>,
    mut row: LineRow,
    instant: DateTime<Utc>,
) -> Result<LineRow, Error> {
    let latest = movements::movement_as_of(reader.connection, row.id, instant)?;
    let (held, drawn, consumed) = latest.map_or((0, 0, 0), |movement| {
        (
            movement.held_after_minor,
            movement.drawn_after_minor,
            movement.consumed_after_minor,
        )
    });
    let place = [(row.level(), row.id)];
    let due = due_then(reader.connection, Some(&place), instant)?;
    row.held_minor = held - due.get(&row.id).copied().unwrap_or(0);
    row.drawn_minor = drawn;
    row.consumed_minor = consumed;
    Ok(row)
}

/// Read the movements of a credit line
///
/// The ledger, newest first: what moved the line, and its balances after each movement.
#[utoipa::path(
    get,
    path = "/v1/credit-lines/{line_id}/movements",
    tag = "credit-lines",
    operation_id = "listCreditLineMovements"
)]
pub async fn movements(
    guard: Require<scopes::CreditLinesRead>,
    id: PathId<LineEntity>,
    parameters: Parameters<ListMovements>,
) -> Result<Listing<CreditMovementPage>, Error> {
    let load = move |reader: &mut Reader<'_>, _: &ListMovements, before, limit| {
        let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
        let rows = movements::movements(reader.connection, id.0, before, limit)?;
        rows.into_iter()
            .map(|found| movement(found, row.currency))
            .collect()
    };
    listing(&guard, parameters, load, |view: &CreditMovementView| {
        view.number
    })
    .await
}

async fn act(
    guard: Require<scopes::CreditLinesSuspend>,
    id: PathId<LineEntity>,
    (if_match, command): (IfMatch<Honoured>, KeyedAction<ActOnCreditLine>),
    (name, action): (&'static str, LineAction),
) -> Reply<Resource<CreditLineView>> {
    let (body, repeatable) = command.into_parts();
    let reason = body.reason.map_or_else(String::new, |text| text.0);
    guard
        .write(name, repeatable, move |tx| {
            let seen = if_match.seen(shown_one);
            let row = app::act(tx, id.0, &seen, (action, &reason))?;
            Ok(Resource(shown_one(&mut tx.reader(), row)?))
        })
        .await
}

/// Suspend a credit line
///
/// It takes no new exposure from now on and still releases.
#[utoipa::path(
    post,
    path = "/v1/credit-lines/{line_id}/suspend",
    tag = "credit-lines",
    operation_id = "suspendCreditLine"
)]
pub async fn suspend(
    guard: Require<scopes::CreditLinesSuspend>,
    id: PathId<LineEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<ActOnCreditLine>,
) -> Reply<Resource<CreditLineView>> {
    act(
        guard,
        id,
        (if_match, command),
        ("credit_line.suspend", LineAction::Suspend),
    )
    .await
}

/// Resume a credit line
///
/// It takes new exposure again, within its dates. Where more becomes usable by it that is applied for:
/// `approval_required` says how.
#[utoipa::path(
    post,
    path = "/v1/credit-lines/{line_id}/resume",
    tag = "credit-lines",
    operation_id = "resumeCreditLine"
)]
pub async fn resume(
    guard: Require<scopes::CreditLinesSuspend>,
    id: PathId<LineEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<ActOnCreditLine>,
) -> Reply<Resource<CreditLineView>> {
    act(
        guard,
        id,
        (if_match, command),
        ("credit_line.resume", LineAction::Resume),
    )
    .await
}

/// Close a credit line
///
/// For good. What is drawn on it is still released when it is paid. The end of a limit that bounds others
/// is applied for: `approval_required` says how.
#[utoipa::path(
    post,
    path = "/v1/credit-lines/{line_id}/close",
    tag = "credit-lines",
    operation_id = "closeCreditLine"
)]
pub async fn close(
    guard: Require<scopes::CreditLinesSuspend>,
    id: PathId<LineEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<ActOnCreditLine>,
) -> Reply<Resource<CreditLineView>> {
    act(
        guard,
        id,
        (if_match, command),
        ("credit_line.close", LineAction::Close),
    )
    .await
}
