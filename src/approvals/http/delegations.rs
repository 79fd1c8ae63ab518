//! Delegations of approval authority over HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::app::delegations::{self as app, Lenders, NewDelegation};
use crate::approvals::domain::approvals::{DelegationEntity, DelegationId};
use crate::approvals::domain::delegations::{DelegationEnd, ended};
use crate::approvals::store::delegations::{self as store, DelegationRow};
use crate::auth::scopes;
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::bodies::NoDetails;
use crate::platform::http::command::{Honoured, IfMatch, KeyedAction, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page, resource};

/// Whom the caller lends its authority to, and for which days.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "delegate": "https://issuer.internal.test|bob", "from": "2026-02-10", "until": "2026-02-20", "reason": "Annual leave",
}))]
pub struct CreateApprovalDelegation {
    /// Who decides meanwhile: issuer and subject, joined by `|`. They need the scope of the
    /// operation themselves; the authority over the steps is lent. It is somebody who has come to
    /// this service with a token, and no customer.
    pub delegate: Text<600>,
    /// First day.
    pub from: Date,
    /// Last day, at most 366 days later.
    pub until: Date,
    /// Why.
    pub reason: Text<500>,
}

/// Authority lent to a colleague for some days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalDelegation, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "delegator": "https://issuer.internal.test|ann",
    "delegate": "https://issuer.internal.test|bob", "scopes": ["approvals:decide:branch"],
    "org_path": "head-office/east", "from": "2026-02-10", "until": "2026-02-20", "reason": "Annual leave",
    "revoked_at": null, "in_force": false, "ended_because": null, "version": 1, "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
}))]
pub struct ApprovalDelegationView {
    /// Identifier.
    pub id: DelegationId,
    /// Who is absent: issuer and subject.
    pub delegator: Principal,
    /// Who decides meanwhile: issuer and subject.
    pub delegate: Principal,
    /// Scopes of steps that are lent: those the delegator held.
    #[schema(max_items = 20, value_type = Vec<Text<60>>)]
    pub scopes: Vec<String>,
    /// Organisation the delegator stands at.
    pub org_path: OrgPath,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// Why.
    pub reason: Text<500>,
    /// Instant of the revocation.
    #[schema(required = true)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whether it lends anything today.
    pub in_force: bool,
    /// Why it lends nothing any more: it was revoked, its last day is over, or the delegator has lost
    /// what it lends.
    #[schema(required = true)]
    pub ended_because: Option<DelegationEnd>,
    /// Version.
    pub version: i64,
    /// Instant of creation.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

resource! { ApprovalDelegationView { id } at "/v1/approval-delegations/{id}" }

page! {
    /// A page of delegations.
    ApprovalDelegationPage of ApprovalDelegationView
}

listing_parameters! {
    /// Pages of the delegations.
    ListApprovalDelegations {}
}

fn views(
    reader: &mut Reader<'_>,
    rows: Vec<DelegationRow>,
) -> Result<Vec<ApprovalDelegationView>, Error> {
    let lenders = app::lenders(reader, &rows)?;
    let today = reader.today;
    Ok(rows
        .into_iter()
        .map(|row| view(row, &lenders, today))
        .collect())
}

fn view_of(reader: &mut Reader<'_>, row: DelegationRow) -> Result<ApprovalDelegationView, Error> {
    views(reader, vec![row])?
        .pop()
        .ok_or_else(|| Error::internal("a delegation that was just read is gone"))
}

fn view(row: DelegationRow, lenders: &Lenders, today: NaiveDate) -> ApprovalDelegationView {
    let still_lends = app::lent(&row, lenders).is_some();
    let is_revoked = row.revoked_at.is_some();
    let ended = ended((is_revoked, row.delegated_until), still_lends, today);
    ApprovalDelegationView {
        id: row.id,
        delegator: Principal(row.delegator),
        delegate: Principal(row.delegate),
        scopes: row.scopes.into_iter().flatten().collect(),
        org_path: row.org_path,
        from: Date(row.delegated_from),
        until: Date(row.delegated_until),
        reason: Text(row.reason),
        revoked_at: row.revoked_at,
        in_force: ended.is_none() && row.delegated_from <= today,
        ended_because: ended,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// Delegate approvals
///
/// Lends the caller's authority over steps to a colleague for some days of absence. The colleague
/// decides in the caller's name, which is recorded, and never what the caller asked for: whoever
/// stood in for a requester on any day of a case does not decide it. What is lent ends with the
/// caller's own authority, as the latest token says.
#[utoipa::path(
    post,
    path = "/v1/approval-delegations",
    tag = "approvals",
    operation_id = "createApprovalDelegation"
)]
pub async fn create(
    guard: Require<scopes::ApprovalsDelegate>,
    command: KeyedCommand<CreateApprovalDelegation>,
) -> Reply<Created<ApprovalDelegationView>> {
    let (body, repeatable) = command.into_parts();
    let new = NewDelegation {
        delegate: body.delegate.0,
        from: body.from.0,
        until: body.until.0,
        reason: body.reason.0,
    };
    guard
        .write("approval.delegate", repeatable, move |tx| {
            let row = app::delegate(tx, &new)?;
            Ok(Created(view_of(&mut tx.reader(), row)?))
        })
        .await
}

/// List delegations
///
/// Those that the caller gave or got, and those of its organisation and below, newest first.
#[utoipa::path(
    get,
    path = "/v1/approval-delegations",
    tag = "approvals",
    operation_id = "listApprovalDelegations"
)]
pub async fn list(
    guard: Require<scopes::ApprovalsRead>,
    parameters: Parameters<ListApprovalDelegations>,
) -> Result<Listing<ApprovalDelegationPage>, Error> {
    let load = |reader: &mut Reader<'_>, _: &ListApprovalDelegations, after, limit| {
        let rows = store::list(reader, after, limit)?;
        views(reader, rows)
    };
    listing(&guard, parameters, load, |view: &ApprovalDelegationView| {
        view.id
    })
    .await
}

/// Read a delegation
///
/// Who gave it and who got it may, and whoever reads approvals at or above its organisation.
#[utoipa::path(
    get,
    path = "/v1/approval-delegations/{delegation_id}",
    tag = "approvals",
    operation_id = "getApprovalDelegation"
)]
pub async fn get(
    guard: Require<scopes::ApprovalsRead>,
    id: PathId<DelegationEntity>,
) -> Result<Resource<ApprovalDelegationView>, Error> {
    guard
        .read_snapshot(move |reader| {
            let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            Ok(Resource(view_of(reader, row)?))
        })
        .await
}

/// Revoke a delegation
///
/// At once. Who gave it may, and whoever stands at or above its organisation; the delegate may not.
#[utoipa::path(
    post,
    path = "/v1/approval-delegations/{delegation_id}/revoke",
    tag = "approvals",
    operation_id = "revokeApprovalDelegation"
)]
pub async fn revoke(
    guard: Require<scopes::ApprovalsDelegate>,
    id: PathId<DelegationEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<NoDetails>,
) -> Reply<Resource<ApprovalDelegationView>> {
    guard
        .write(
            "approval.revoke_delegation",
            command.repeatable,
            move |tx| {
                let row = app::revoke(tx, id.0, &if_match.seen(view_of))?;
                Ok(Resource(view_of(&mut tx.reader(), row)?))
            },
        )
        .await
}
