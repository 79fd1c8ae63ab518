//! Supply holds over HTTP.

use super::restrictions::{
    CustomerRestrictionPage, EndRestriction, ListRestrictions, RestrictCustomer, RestrictionView,
    asked, view,
};
use crate::auth::scopes;
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::command::{Command, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::store::tx::Reader;
use crate::rules::app::restrictions as app;
use crate::rules::domain::restrictions::RestrictionKind::SupplyHold;
use crate::rules::store::restrictions::{self as store, RestrictionFilter};
use crate::values::ids::SupplyHoldEntity;

/// Hold the supply of a customer
///
/// What it does to orders is said by the rule set of credit checks; without such a rule, checks say
/// that it is not configured.
#[utoipa::path(
    post,
    path = "/v1/supply-holds",
    tag = "restrictions",
    operation_id = "recordSupplyHold"
)]
pub async fn record(
    guard: Require<scopes::SupplyHoldsWrite>,
    command: KeyedCommand<RestrictCustomer>,
) -> Reply<Created<RestrictionView>> {
    let Command {
        body, repeatable, ..
    } = command;
    let new = asked(body);
    guard
        .write("supply_hold.record", repeatable, move |tx| {
            let recorded = app::restrict(tx, SupplyHold, &new)?;
            Ok(Created(view(recorded, tx.today)))
        })
        .await
}

/// List supply holds
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/supply-holds",
    tag = "restrictions",
    operation_id = "listSupplyHolds"
)]
pub async fn list(
    guard: Require<scopes::SupplyHoldsRead>,
    parameters: Parameters<ListRestrictions>,
) -> Result<Listing<CustomerRestrictionPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListRestrictions, after, limit| {
        let filter = RestrictionFilter {
            customer_id: values.customer_id,
            active_on: values.active_on.map(|day| day.0),
        };
        let found = store::list(reader, SupplyHold, filter, after, limit)?;
        let today = reader.today;
        Ok(found.into_iter().map(|one| view(one, today)).collect())
    };
    listing(&guard, parameters, load, |view: &RestrictionView| view.id).await
}

/// Read a supply hold
///
/// With its early end, where it has one.
#[utoipa::path(
    get,
    path = "/v1/supply-holds/{hold_id}",
    tag = "restrictions",
    operation_id = "getSupplyHold"
)]
pub async fn get(
    guard: Require<scopes::SupplyHoldsRead>,
    id: PathId<SupplyHoldEntity>,
) -> Result<Resource<RestrictionView>, Error> {
    guard
        .read_snapshot(move |reader| {
            let found = store::find(reader, SupplyHold, id.0.key())?;
            let found = found.ok_or_else(Error::not_found)?;
            Ok(Resource(view(found, reader.today)))
        })
        .await
}

/// End a supply hold
///
/// Before its last day: from today on it holds no more. It stays on record.
#[utoipa::path(
    post,
    path = "/v1/supply-holds/{hold_id}/end",
    tag = "restrictions",
    operation_id = "endSupplyHold"
)]
pub async fn end(
    guard: Require<scopes::SupplyHoldsWrite>,
    id: PathId<SupplyHoldEntity>,
    command: KeyedCommand<EndRestriction>,
) -> Reply<Resource<RestrictionView>> {
    let Command {
        body, repeatable, ..
    } = command;
    guard
        .write("supply_hold.end", repeatable, move |tx| {
            let ended = app::end(tx, SupplyHold, id.0, &body.reason.0)?;
            Ok(Resource(view(ended, tx.today)))
        })
        .await
}
