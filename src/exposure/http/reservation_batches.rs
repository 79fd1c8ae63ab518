//! Many reservations in one request (X6).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::reservation_views::ReservationView;
use super::reservations::{CreateReservation, shown_as, to_be_reserved};
use crate::auth::scopes;
use crate::error::Problem;
use crate::exposure::app::reservations::{self as app, Decided};
use crate::platform::http::Reply;
use crate::platform::http::answers::Computed;
use crate::platform::http::command::KeyedCommand;
use crate::platform::http::guard::Require;
use crate::platform::http::problem::{ProblemView, Wording, view_of};

crate::text_enum! {
    /// What became of one reservation of a batch.
    pub enum BatchOutcome {
        /// It is made, or is held already under its reference.
        Done = "done",
        /// It is not made.
        Refused = "refused",
    }
}

/// What is to be set aside.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "atomic": false,
    "reservations": [{"customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "product": "goods_on_credit",
        "amount": "20000.00", "currency": "CNY", "reference": "SO-2026-0001"}],
}))]
pub struct CreateReservationBatch {
    /// Whether all are to be made or none.
    #[serde(default)]
    pub atomic: bool,
    /// The reservations, in the order in which they are decided.
    #[schema(min_items = 1, max_items = 1000)]
    #[validate(length(
        min = 1,
        max = 1000,
        message = "holds 1 to 1000 reservations|应有 1 至 1000 笔预占"
    ))]
    pub reservations: Vec<CreateReservation>,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReservationBatch, example = json!({
    "done": 0, "refused": 1,
    "items": [{"index": 0, "status": "refused", "problem": {"type": "/v1/problems/limit_exceeded",
        "title": "The limit is exceeded", "status": 422, "code": "limit_exceeded",
        "request_id": "5b0cbd2e-58e1-4a52-9a51-3f1c5a0a9b11"}}],
}))]
pub struct ReservationBatchView {
    /// How many are made.
    #[schema(minimum = 0, maximum = 1000)]
    pub done: i32,
    /// How many are not.
    #[schema(minimum = 0, maximum = 1000)]
    pub refused: i32,
    /// What became of each, in the order of the request.
    #[schema(max_items = 1000)]
    pub items: Vec<BatchItem>,
}

/// What became of one reservation of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReservationBatchItem)]
pub struct BatchItem {
    /// Its place in the request, from 0.
    #[schema(minimum = 0, maximum = 999)]
    pub index: i32,
    /// done or refused.
    pub status: BatchOutcome,
    /// The reservation, where it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reservation: Option<ReservationView>,
    /// Why it is not made; pointers lead into the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<ProblemView>,
}

/// Reserve for many orders
///
/// Up to 1,000 reservations, decided in their order: each sees what those before it took, and each
/// has its own result. With `atomic` all are made or none; the answer is then the problem of the
/// first that is refused, and `refused` names them all.
#[utoipa::path(
    post,
    path = "/v1/reservation-batches",
    tag = "reservations",
    operation_id = "createReservationBatch"
)]
pub async fn create(
    guard: Require<scopes::ReservationsWrite>,
    command: KeyedCommand<CreateReservationBatch>,
) -> Reply<Computed<ReservationBatchView>> {
    let (body, repeatable) = command.into_parts();
    let wording = guard.wording().clone();
    let mut requests = Vec::with_capacity(body.reservations.len());
    for reservation in body.reservations {
        requests.push(match to_be_reserved(reservation) {
            Ok(new) => Ok(app::Command::Reserve(new)),
            Err(error) => Err(error.into_refusal()?),
        });
    }
    guard
        .write("reservation_batch.create", repeatable, move |tx| {
            let results = app::reserve_many(tx, &requests, body.atomic)?;
            Ok(Computed(view(results, &wording)))
        })
        .await
}

fn view(results: Vec<Result<Decided, Box<Problem>>>, wording: &Wording) -> ReservationBatchView {
    let refused = results.iter().filter(|result| result.is_err()).count();
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let done = results.len() - refused;
    let item = |(index, result): (usize, Result<Decided, Box<Problem>>)| match result {
        Ok(decided) => BatchItem {
            index: count(index),
            status: BatchOutcome::Done,
            reservation: Some(shown_as(decided)),
            problem: None,
        },
        Err(problem) => BatchItem {
            index: count(index),
            status: BatchOutcome::Refused,
            reservation: None,
            problem: Some(view_of(&problem, wording)),
        },
    };
    ReservationBatchView {
        done: count(done),
        refused: count(refused),
        items: results.into_iter().enumerate().map(item).collect(),
    }
}
