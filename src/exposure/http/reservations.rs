//! Reservations over HTTP.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::asking::{asked, carried};
use super::reservation_views::{ReservationView, shown, shown_one, view};
use super::together::WithOthers;
use crate::auth::scopes;
use crate::catalogue::domain::products::ProductCode;
use crate::error::{Error, Problem};
use crate::exposure::app::receivables::CapturedReceivable;
use crate::exposure::app::reservations::{
    self as app, AmountOf, Decided, NewReservation, SeenReservation,
};
use crate::exposure::domain::reservations::ReservationStatus;
use crate::exposure::store::reservations::{self as store, ReservationFilter};
use crate::platform::http::Reply;
use crate::platform::http::answers::{Listing, Named, Resource};
use crate::platform::http::command::{Honoured, IfMatch, KeyedAction, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, Date, Text};
use crate::platform::store::tx::Reader;
use crate::rules::domain::check_rules::OrderTerms;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, ReservationEntity};
use crate::{listing_parameters, page};

/// What is to be set aside.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "product": "goods_on_credit", "amount": "20000.00",
    "currency": "CNY", "reference": "SO-2026-0001", "expires_at": "2026-12-31T16:00:00Z",
}))]
pub struct CreateReservation {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Amount, tax included.
    pub amount: Amount,
    /// Currency of the amount.
    pub currency: Currency,
    /// Cash deposit for it, at most the amount. Whether it takes less of a limit is a matter of the
    /// product.
    #[serde(default)]
    pub deposit: Option<Amount>,
    /// The caller's own reference, such as the order number; names one reservation of the customer
    /// for good.
    pub reference: Text<100>,
    /// Instant from which what is left goes back to the limit, 366 days from now at most: the lines have
    /// to be valid and to leave room until then. When left out 7 days from now, or before, once a line
    /// or a limit ends on which it counts.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Day on which it ships, today or later: the lines have to be valid and to leave room then too.
    /// Today when left out.
    #[serde(default)]
    pub ship_on: Option<Date>,
    /// Types of documents that the caller states the order carries. Nobody has looked at them: what a
    /// rule makes of them is made of a statement, which is kept with the decision.
    #[serde(default)]
    #[schema(max_items = 50, value_type = Vec<Text<60>>)]
    pub documents: BTreeSet<Text<60>>,
}

/// The receivable that a capture turns into.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"number": "INV-2026-0001", "issued_on": "2026-03-01", "payment_term_days": 30}))]
pub struct CaptureReceivable {
    /// Number by which the company knows it, unique for the customer.
    pub number: Text<100>,
    /// Day the term starts.
    pub issued_on: Date,
    /// Term in calendar days, at most the shortest of the lines that the reservation is held on, or of
    /// the product where none of them has one; a later start makes it longer. That one when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
}

/// What is captured.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "amount": "15000.00", "final": false,
    "receivable": {"number": "INV-2026-0001", "issued_on": "2026-03-01", "payment_term_days": 30},
}))]
pub struct CaptureReservation {
    /// Amount in the currency of the reservation; all that is left when null or left out.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// The receivable it turns into.
    pub receivable: CaptureReceivable,
    /// Whether this is the last capture: the rest goes back to the limit.
    #[serde(default, rename = "final")]
    pub is_final: bool,
}

/// What is given back.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": null}))]
pub struct ReleaseReservation {
    /// Amount in the currency of the reservation; all that is left when null or left out.
    #[serde(default)]
    pub amount: Option<Amount>,
}

/// What is to be changed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": "25000.00"}))]
pub struct AmendReservation {
    /// The new total in the currency of the reservation: what was captured and what is to be held
    /// together. As it is when null or left out.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// The new cash deposit for all of it, at most the total. As it is when null or left out.
    #[serde(default)]
    pub deposit: Option<Amount>,
    /// Instant from which what is left goes back to the limit; as it is when null or left out, 366
    /// days from now at most. The lines have to be valid and to leave room until then.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Types of documents that the caller states the order carries, where it grows. Nobody has looked at them: what a
    /// rule makes of them is made of a statement, which is kept with the decision.
    #[serde(default)]
    #[schema(max_items = 50, value_type = Vec<Text<60>>)]
    pub documents: BTreeSet<Text<60>>,
}

page! {
    /// A page of reservations.
    ReservationPage of ReservationView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListReservations for ReservationFilter {
        /// Customer.
        customer_id: CustomerId,
        /// Status now.
        status: ReservationStatus,
        /// The caller's own reference.
        reference: Text<100>,
    }
}

/// Reserve limit
///
/// Sets the amount aside atomically at every level that exists: product, customer, group. On a line
/// in another currency it counts at the rate of the day, which is kept. Refused as a whole when any
/// rule is in the way; the first refusal is the code, all are in `reasons`, and `decision` says
/// whether it was declined or could be referred. An order whose referral was released passes once.
/// Besides the key, the caller's own `reference` makes it repeatable and names one order for good:
/// the same order again is answered 200 with the reservation there is while anything is held for it,
/// and refused with `reservation_id` once it is captured, released or expired.
#[utoipa::path(
    post,
    path = "/v1/reservations",
    tag = "reservations",
    operation_id = "createReservation"
)]
pub async fn create(
    guard: Require<scopes::ReservationsWrite>,
    with_others: WithOthers,
    command: KeyedCommand<CreateReservation>,
) -> Reply<Named<ReservationView>> {
    let (body, repeatable) = command.into_parts();
    let command = app::Command::Reserve(to_be_reserved(body)?);
    with_others
        .decide(
            &guard,
            "reservation.create",
            repeatable,
            command,
            |decided| {
                let named = match decided.made {
                    true => Named::Made,
                    false => Named::Known,
                };
                Ok(named(shown_as(decided)))
            },
        )
        .await
}

/// List reservations
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/reservations",
    tag = "reservations",
    operation_id = "listReservations"
)]
pub async fn list(
    guard: Require<scopes::ReservationsRead>,
    parameters: Parameters<ListReservations>,
) -> Result<Listing<ReservationPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListReservations, after, limit| {
        let rows = store::list(reader, &values.into(), after, limit)?;
        shown(reader, rows)
    };
    listing(&guard, parameters, load, |view: &ReservationView| view.id).await
}

/// Read a reservation
///
/// With its captures and the lines it is held on.
#[utoipa::path(
    get,
    path = "/v1/reservations/{reservation_id}",
    tag = "reservations",
    operation_id = "getReservation"
)]
pub async fn get(
    guard: Require<scopes::ReservationsRead>,
    id: PathId<ReservationEntity>,
) -> Result<Resource<ReservationView>, Error> {
    guard
        .read_snapshot(move |reader| {
            let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            Ok(Resource(shown_one(reader, row)?))
        })
        .await
}

/// Capture a reservation
///
/// Turns a part, or all that is left, into a receivable: held becomes drawn at every level. The
/// rest stays held unless `final` is true.
#[utoipa::path(
    post,
    path = "/v1/reservations/{reservation_id}/capture",
    tag = "reservations",
    operation_id = "captureReservation"
)]
pub async fn capture(
    guard: Require<scopes::ReservationsWrite>,
    with_others: WithOthers,
    id: PathId<ReservationEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedCommand<CaptureReservation>,
) -> Reply<Resource<ReservationView>> {
    let (body, repeatable) = command.into_parts();
    let receivable = CapturedReceivable {
        number: body.receivable.number.0,
        issued_on: body.receivable.issued_on.0,
        payment_term_days: body.receivable.payment_term_days,
    };
    let command = app::Command::Capture {
        id: id.0,
        amount: amount_of(body.amount),
        is_final: body.is_final,
        receivable,
        seen: seen(if_match),
    };
    with_others
        .decide(
            &guard,
            "reservation.capture",
            repeatable,
            command,
            |decided| Ok(Resource(shown_as(decided))),
        )
        .await
}

/// Release a reservation
///
/// Gives a part, or all that is left, back to the limit at every level.
#[utoipa::path(
    post,
    path = "/v1/reservations/{reservation_id}/release",
    tag = "reservations",
    operation_id = "releaseReservation"
)]
pub async fn release(
    guard: Require<scopes::ReservationsWrite>,
    with_others: WithOthers,
    id: PathId<ReservationEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<ReleaseReservation>,
) -> Reply<Resource<ReservationView>> {
    let (body, repeatable) = command.into_parts();
    let command = app::Command::Release {
        id: id.0,
        amount: amount_of(body.amount),
        seen: seen(if_match),
    };
    with_others
        .decide(
            &guard,
            "reservation.release",
            repeatable,
            command,
            |decided| Ok(Resource(shown_as(decided))),
        )
        .await
}

/// Amend a reservation
///
/// Makes it worth another total: what was captured and what is still held together. The whole counts
/// anew, less its deposit where the product lets deposits count, at the exchange rates it counts at:
/// the same total always comes to the same. More of it, or a smaller deposit, is a new decision,
/// refused like one, at every level that bounds the customer now, whether it counted it before or
/// not; less is given back. What the rules refer passes once its referral is released.
#[utoipa::path(
    post,
    path = "/v1/reservations/{reservation_id}/amend",
    tag = "reservations",
    operation_id = "amendReservation"
)]
pub async fn amend(
    guard: Require<scopes::ReservationsWrite>,
    with_others: WithOthers,
    id: PathId<ReservationEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedCommand<AmendReservation>,
) -> Reply<Resource<ReservationView>> {
    let (body, repeatable) = command.into_parts();
    let command = app::Command::Amend {
        id: id.0,
        amendment: app::Amendment {
            total: amount_of(body.amount),
            deposit: deposit_of(body.deposit),
            expires_at: body.expires_at,
            order: OrderTerms {
                documents: carried(body.documents)?,
                ..OrderTerms::default()
            },
        },
        seen: seen(if_match),
    };
    with_others
        .decide(
            &guard,
            "reservation.amend",
            repeatable,
            command,
            |decided| Ok(Resource(shown_as(decided))),
        )
        .await
}

/// Reads what is to be set aside.
pub(super) fn to_be_reserved(body: CreateReservation) -> Result<NewReservation, Error> {
    Ok(NewReservation {
        customer_id: body.customer_id,
        asked: asked(&body.amount, body.deposit.as_ref(), body.currency)?,
        product: body.product,
        reference: body.reference.0,
        expires_at: body.expires_at,
        order: OrderTerms {
            ship_on: body.ship_on.map(|day| day.0),
            documents: carried(body.documents)?,
            ..OrderTerms::default()
        },
    })
}

/// Holds a reservation to the tag that was sent, where one was.
fn seen(if_match: IfMatch<Honoured>) -> Option<SeenReservation> {
    if_match.asks().then(|| -> SeenReservation {
        Box::new(move |found| if_match.check(|| Ok(shown_as(found))))
    })
}

/// A reservation as a command left it.
pub(super) fn shown_as(decided: Decided) -> ReservationView {
    view(decided.row, &decided.captures, decided.now)
}

fn deposit_of(deposit: Option<Amount>) -> AmountOf {
    Box::new(move |row| {
        let Some(deposit) = &deposit else {
            return Ok(None);
        };
        let minor = deposit.in_currency(row.currency, "deposit")?.minor();
        match minor {
            0.. => Ok(Some(minor)),
            _ => Err(Problem::field("deposit", "is less than nothing", "小于零").into()),
        }
    })
}

fn amount_of(amount: Option<Amount>) -> AmountOf {
    Box::new(move |row| {
        let own = row.currency;
        amount
            .as_ref()
            .map(|amount| amount.positive(own, "amount").map(|money| money.minor()))
            .transpose()
    })
}
