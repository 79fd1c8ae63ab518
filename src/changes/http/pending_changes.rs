//! Changes that wait for a second person, over HTTP.

use crate::approvals::app::lifecycle;
use crate::approvals::domain::pending_changes::{ChangeKind, ChangeStatus, PendingChangeEntity};
use crate::approvals::http::pending_change_views::PendingChangeView;
use crate::approvals::store::pending_changes::{
    self as store, PendingChangeFilter, PendingChangeRow,
};
use crate::auth::scopes;
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Listing, Resource};
use crate::platform::http::bodies::{Approve, NoDetails, TurnDown};
use crate::platform::http::command::{Honoured, IfMatch, KeyedAction, KeyedCommand, OfDecision};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::Text;
use crate::platform::store::tx::Reader;
use crate::values::ids::CustomerId;
use crate::{listing_parameters, page};

page! {
    /// A page of changes.
    PendingChangePage of PendingChangeView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListPendingChanges {
        /// What is changed.
        kind: ChangeKind,
        /// Where it stands.
        status: ChangeStatus,
        /// Customer it is about.
        customer_id: CustomerId,
        /// The thing that is changed, as `noun/id`.
        subject: Text<200>,
    }
}

/// A change as it is shown.
fn read(_: &mut Reader<'_>, row: PendingChangeRow) -> Result<PendingChangeView, Error> {
    Ok(row.into())
}

/// List changes that wait for a second person
///
/// And those that were decided; newest first.
#[utoipa::path(
    get,
    path = "/v1/pending-changes",
    tag = "pending-changes",
    operation_id = "listPendingChanges"
)]
pub async fn list(
    guard: Require<scopes::PendingChangesRead>,
    parameters: Parameters<ListPendingChanges>,
) -> Result<Listing<PendingChangePage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListPendingChanges, after, limit| {
        let filter = PendingChangeFilter {
            kind: values.kind,
            status: values.status,
            customer_id: values.customer_id,
            subject: values.subject.clone().map(|text| text.0),
        };
        let rows = store::list(reader, &filter, after, limit)?;
        Ok(rows.into_iter().map(PendingChangeView::from).collect())
    };
    listing(&guard, parameters, load, |view: &PendingChangeView| view.id).await
}

/// Read a change that waits for a second person
///
/// With what was asked for and in view of what, and with what came of it.
#[utoipa::path(
    get,
    path = "/v1/pending-changes/{change_id}",
    tag = "pending-changes",
    operation_id = "getPendingChange"
)]
pub async fn get(
    guard: Require<scopes::PendingChangesRead>,
    id: PathId<PendingChangeEntity>,
) -> Result<Resource<PendingChangeView>, Error> {
    guard
        .read(move |reader| {
            let row = lifecycle::readable(reader, id.0)?;
            Ok(Resource(read(reader, row)?))
        })
        .await
}

/// Confirm a change
///
/// Decides the waiting step, for which its scope is needed too. With the last approval the change is
/// carried out as if it were asked for now, in the name of who asked; `result` names what came of it.
/// What cannot be carried out stays undecided: it is rejected or withdrawn. Four eyes: neither who
/// asked, nor their delegates, nor who decided before. `If-Match` carries the ETag of what was read, or
/// `approval_id` names the approval.
#[utoipa::path(
    post,
    path = "/v1/pending-changes/{change_id}/approve",
    tag = "pending-changes",
    operation_id = "approvePendingChange"
)]
pub async fn approve(
    guard: Require<scopes::PendingChangesApprove>,
    id: PathId<PendingChangeEntity>,
    if_match: IfMatch<OfDecision>,
    command: KeyedAction<Approve>,
) -> Reply<Resource<PendingChangeView>> {
    let (body, repeatable) = command.into_parts();
    let deciding = if_match.or_approval(body.approval_id)?;
    let verdict = body.into();
    guard
        .write("pending_change.approve", repeatable, move |tx| {
            let seen = deciding.seen(read, |row: &PendingChangeRow| Some(row.case_id));
            let row = lifecycle::approve(tx, id.0, &seen, &verdict)?;
            Ok(Resource(row.into()))
        })
        .await
}

/// Reject a change
///
/// Decides the waiting step, and with it the change. The reason is kept.
#[utoipa::path(
    post,
    path = "/v1/pending-changes/{change_id}/reject",
    tag = "pending-changes",
    operation_id = "rejectPendingChange"
)]
pub async fn reject(
    guard: Require<scopes::PendingChangesApprove>,
    id: PathId<PendingChangeEntity>,
    if_match: IfMatch<OfDecision>,
    command: KeyedCommand<TurnDown>,
) -> Reply<Resource<PendingChangeView>> {
    let (body, repeatable) = command.into_parts();
    let deciding = if_match.or_approval(body.approval_id)?;
    let verdict = body.into();
    guard
        .write("pending_change.reject", repeatable, move |tx| {
            let seen = deciding.seen(read, |row: &PendingChangeRow| Some(row.case_id));
            let row = lifecycle::reject(tx, id.0, &seen, &verdict)?;
            Ok(Resource(row.into()))
        })
        .await
}

/// Withdraw a change
///
/// Only who asked, and only until it is decided.
#[utoipa::path(
    post,
    path = "/v1/pending-changes/{change_id}/withdraw",
    tag = "pending-changes",
    operation_id = "withdrawPendingChange"
)]
pub async fn withdraw(
    guard: Require<scopes::PendingChangesWrite>,
    id: PathId<PendingChangeEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<NoDetails>,
) -> Reply<Resource<PendingChangeView>> {
    guard
        .write("pending_change.withdraw", command.repeatable, move |tx| {
            let seen = if_match.seen(read);
            let row: PendingChangeRow = lifecycle::withdraw(tx, id.0, &seen)?;
            Ok(Resource(row.into()))
        })
        .await
}
