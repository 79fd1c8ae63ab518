//! Signed contracts and reviews of credit lines over HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::line_views::CreditLineView;
use super::lines::{CreditLinePage, shown, shown_one};
use crate::auth::scopes;
use crate::error::Error;
use crate::exposure::app::contracts::{self, NewContract};
use crate::exposure::app::lines::{self as app, NewReview};
use crate::exposure::domain::lines::ReviewOutcome;
use crate::exposure::store::contracts::{self as store, ContractRow, ReviewRow};
use crate::exposure::store::lines;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Computed, Listing, Resource};
use crate::platform::http::audience::{Audience, Officers, Staff};
use crate::platform::http::command::{Honoured, IfMatch, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{BusinessDate, Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::values::ids::{LineEntity, LineId};
use crate::{listing_parameters, page};

/// A signed contract.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": "HT-2026-0042", "signed_on": "2026-01-05", "payment_method": "Bank transfer", "payment_term_days": 30,
    "liability_clauses": "0.05 percent a day", "policy_notified_on": "2026-01-05",
}))]
pub struct RecordCreditContract {
    /// Number of the contract, unique for the line.
    pub number: Text<100>,
    /// Day of signature, today or earlier.
    pub signed_on: Date,
    /// How the customer pays.
    pub payment_method: Text<100>,
    /// Term the contract gives in calendar days: that of the line, or a shorter one, which becomes that
    /// of the line. A longer one is applied for.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    #[validate(range(
        min = 0,
        max = 3650,
        message = "is not between 0 and 3650|不在 0 与 3650 之间"
    ))]
    pub payment_term_days: Option<i32>,
    /// Who answers for what when payment fails.
    #[serde(default)]
    pub liability_clauses: Option<Text<2000>>,
    /// Day on which the customer was told the credit policy.
    #[serde(default)]
    pub policy_notified_on: Option<Date>,
}

/// A signed contract behind a credit line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditContract, example = json!({
    "number": "HT-2026-0042", "signed_on": "2026-01-05", "payment_method": "Bank transfer", "payment_term_days": 30,
    "liability_clauses": null, "policy_notified_on": "2026-01-05",
    "recorded_by": "https://issuer.internal.test|ann", "recorded_at": "2026-01-05T02:00:00Z",
}))]
pub struct CreditContractView {
    /// Number of the contract.
    pub number: Text<100>,
    /// Day of signature.
    pub signed_on: Date,
    /// How the customer pays.
    pub payment_method: Text<100>,
    /// Term the contract gives in calendar days.
    #[schema(required = true, minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
    /// Who answers for what when payment fails.
    #[schema(required = true)]
    pub liability_clauses: Option<Text<2000>>,
    /// Day on which the customer was told the credit policy.
    #[schema(required = true)]
    pub policy_notified_on: Option<Date>,
    /// Who recorded it: issuer and subject.
    pub recorded_by: Staff<Principal>,
    /// Instant of recording.
    pub recorded_at: DateTime<Utc>,
}

/// The contracts of a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": []}))]
pub struct CreditContractList {
    /// The contracts, the latest recorded first.
    #[schema(max_items = 100)]
    pub items: Vec<CreditContractView>,
}

/// What a review found.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "keep", "comment": "Pays on time; accounts of 2025 seen.", "next_review_on": "2027-01-05"}))]
pub struct RecordCreditReview {
    /// What follows: `suspend` takes effect at once, `adjust` is applied for.
    pub outcome: ReviewOutcome,
    /// What was found.
    pub comment: Text<2000>,
    /// Day of the next review, no later than the policy says for the grade; that day when left out.
    #[serde(default)]
    pub next_review_on: Option<Date>,
}

/// A review of a credit line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditReview, example = json!({
    "number": 1, "outcome": "keep", "comment": "Pays on time.", "next_review_on": "2027-01-05",
    "reviewed_by": "https://issuer.internal.test|ann", "reviewed_at": "2026-01-05T02:00:00Z",
}))]
pub struct CreditReviewView {
    /// 1, 2, 3 …
    pub number: i32,
    /// What follows.
    pub outcome: Staff<ReviewOutcome>,
    /// What was found.
    pub comment: Officers<Text<2000>>,
    /// Day of the next review.
    #[schema(required = true)]
    pub next_review_on: Option<Staff<BusinessDate>>,
    /// Who reviewed: issuer and subject.
    pub reviewed_by: Staff<Principal>,
    /// Instant.
    pub reviewed_at: DateTime<Utc>,
}

page! {
    /// A page of reviews.
    CreditReviewPage of CreditReviewView
}

listing_parameters! {
    /// Pages of the reviews.
    ListReviews {}
}

listing_parameters! {
    /// Which reviews are due.
    ListDueReviews {
        /// Reviews due up to this day; today when left out.
        until: Date,
    }
}

fn contract_view(row: ContractRow) -> CreditContractView {
    CreditContractView {
        number: Text(row.number),
        signed_on: Date(row.signed_on),
        payment_method: Text(row.payment_method),
        payment_term_days: row.payment_term_days,
        liability_clauses: row.liability_clauses.map(Text),
        policy_notified_on: row.policy_notified_on.map(Date),
        recorded_by: Staff(Principal(row.recorded_by)),
        recorded_at: row.recorded_at,
    }
}

fn review_view(row: ReviewRow) -> CreditReviewView {
    CreditReviewView {
        number: row.review_number,
        outcome: Staff(row.outcome),
        comment: Officers(Text(row.comment)),
        next_review_on: row.next_review_on.map(|day| Staff(Date(day))),
        reviewed_by: Staff(Principal(row.reviewed_by)),
        reviewed_at: row.reviewed_at,
    }
}

/// Record the contract of a credit line
///
/// A line that waits for its contract is active from now on.
#[utoipa::path(
    post,
    path = "/v1/credit-lines/{line_id}/contracts",
    tag = "credit-lines",
    operation_id = "recordCreditContract"
)]
pub async fn record_contract(
    guard: Require<scopes::CreditLinesContract>,
    id: PathId<LineEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedCommand<RecordCreditContract>,
) -> Reply<Resource<CreditLineView>> {
    let (body, repeatable) = command.into_parts();
    let new = NewContract {
        number: body.number.0,
        signed_on: body.signed_on.0,
        payment_method: body.payment_method.0,
        payment_term_days: body.payment_term_days,
        liability_clauses: body.liability_clauses.map(|text| text.0),
        policy_notified_on: body.policy_notified_on.map(|day| day.0),
    };
    guard
        .write("credit_line.contract", repeatable, move |tx| {
            let seen = if_match.seen(shown_one);
            let row = contracts::record_contract(tx, id.0, &seen, &new)?;
            Ok(Resource(shown_one(&mut tx.reader(), row)?))
        })
        .await
}

/// List the contracts of a credit line
///
/// The latest recorded first.
#[utoipa::path(
    get,
    path = "/v1/credit-lines/{line_id}/contracts",
    tag = "credit-lines",
    operation_id = "listCreditContracts"
)]
pub async fn contracts(
    guard: Require<scopes::CreditLinesRead>,
    id: PathId<LineEntity>,
) -> Result<Computed<CreditContractList>, Error> {
    guard
        .read_snapshot(move |reader| {
            lines::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            let rows = store::of_line(reader.connection, id.0)?;
            Ok(Computed(CreditContractList {
                items: rows.into_iter().map(contract_view).collect(),
            }))
        })
        .await
}

/// Record the review of a credit line
///
/// Sets the day of the next one. A review that ends with `suspend` suspends the line at once.
#[utoipa::path(
    post,
    path = "/v1/credit-lines/{line_id}/reviews",
    tag = "credit-lines",
    operation_id = "recordCreditReview"
)]
pub async fn record_review(
    guard: Require<scopes::CreditLinesReview>,
    id: PathId<LineEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedCommand<RecordCreditReview>,
) -> Reply<Resource<CreditLineView>> {
    let (body, repeatable) = command.into_parts();
    let new = NewReview {
        outcome: body.outcome,
        comment: body.comment.0,
        next_review_on: body.next_review_on.map(|day| day.0),
    };
    guard
        .write("credit_line.review", repeatable, move |tx| {
            let seen = if_match.seen(shown_one);
            let row = app::review(tx, id.0, &seen, &new)?;
            Ok(Resource(shown_one(&mut tx.reader(), row)?))
        })
        .await
}

/// List the reviews of a credit line
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/credit-lines/{line_id}/reviews",
    tag = "credit-lines",
    operation_id = "listCreditReviews"
)]
pub async fn reviews(
    guard: Require<scopes::CreditLinesRead>,
    id: PathId<LineEntity>,
    parameters: Parameters<ListReviews>,
) -> Result<Listing<CreditReviewPage>, Error> {
    let load = move |reader: &mut Reader<'_>, _: &ListReviews, before, limit| {
        lines::find(reader, id.0)?.ok_or_else(Error::not_found)?;
        let rows = store::reviews(reader.connection, id.0, before, limit)?;
        Ok(rows.into_iter().map(review_view).collect())
    };
    listing(&guard, parameters, load, |view: &CreditReviewView| {
        view.number
    })
    .await
}

/// List due reviews
///
/// Lines whose review is due up to a day, the earliest first. A customer itself finds none.
#[utoipa::path(
    get,
    path = "/v1/credit-reviews",
    tag = "credit-lines",
    operation_id = "listDueCreditReviews"
)]
pub async fn due(
    guard: Require<scopes::CreditLinesRead>,
    parameters: Parameters<ListDueReviews>,
) -> Result<Listing<CreditLinePage>, Error> {
    let load = |reader: &mut Reader<'_>,
                values: &ListDueReviews,
                after: Option<(NaiveDate, LineId)>,
                limit| {
        // By the day of its review, which a customer itself is not shown, none of its lines is found.
        if reader.actor.audience() < Audience::Staff {
            return Ok(Vec::new());
        }
        let until = values.until.map_or(reader.today, |day| day.0);
        let rows = lines::due_for_review(reader, until, after, limit)?;
        shown(reader, rows)
    };
    listing(&guard, parameters, load, |view: &CreditLineView| {
        let due = view.review_on.map_or(NaiveDate::MIN, |day| day.0.0);
        (due, view.id)
    })
    .await
}
