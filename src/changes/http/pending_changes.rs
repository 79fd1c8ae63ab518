//! Changes that wait for a second person, over HTTP.

use crate::approvals::app::lifecycle;
use crate::approvals::domain::pending_changes::{ChangeKind, ChangeStatus};
use crate::approvals::http::pending_change_views::PendingChangeView;
use crate::approvals::store::pending_changes::{
    self as store, PendingChangeFilter, PendingChangeRow,
};
use crate::auth::scopes;
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Listing, Resource};
use crate::platform::http::bodies::{Approve, NoDetails, TurnDown};
use crate::platform::http::command::{KeyedAction, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::Text;
use crate::platform::store::tx::Reader;
use crate::values::ids::{CustomerId, PendingChangeEntity};
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
            let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            Ok(Resource(row.into()))
        })
        .await
}

/// Confirm a change
///
/// Decides the waiting step, for which its scope is needed too. With the last approval the change is
/// carried out as if it were asked for now, in the name of who asked; `result` names what came of it.
/// What cannot be carried out stays undecided: it is rejected or withdrawn. Four eyes: neither who
/// asked, nor their delegates, nor who decided before.
#[utoipa::path(
    post,
    path = "/v1/pending-changes/{change_id}/approve",
    tag = "pending-changes",
    operation_id = "approvePendingChange"
)]
pub async fn approve(
    guard: Require<scopes::PendingChangesApprove>,
    id: PathId<PendingChangeEntity>,
    command: KeyedAction<Approve>,
) -> Reply<Resource<PendingChangeView>> {
    let (body, repeatable) = command.into_parts();
    let comment = body.comment();
    guard
        .write("pending_change.approve", repeatable, move |tx| {
            let (row, _) = lifecycle::approve::<PendingChangeRow>(tx, id.0, &comment)?;
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
    command: KeyedCommand<TurnDown>,
) -> Reply<Resource<PendingChangeView>> {
    let (body, repeatable) = command.into_parts();
    guard
        .write("pending_change.reject", repeatable, move |tx| {
            let row: PendingChangeRow = lifecycle::reject(tx, id.0, &body.reason.0)?;
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
    command: KeyedAction<NoDetails>,
) -> Reply<Resource<PendingChangeView>> {
    guard
        .write("pending_change.withdraw", command.repeatable, move |tx| {
            let row: PendingChangeRow = lifecycle::withdraw(tx, id.0)?;
            Ok(Resource(row.into()))
        })
        .await
}
