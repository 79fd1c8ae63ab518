//! Customers that are excluded from credit, over HTTP.

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
use crate::rules::domain::restrictions::RestrictionKind::Exclusion;
use crate::rules::store::restrictions::{self as store, RestrictionFilter};
use crate::values::ids::ExclusionEntity;

/// Exclude a customer from credit
///
/// From its first to its last day, both included, every order of the customer is declined as
/// `customer_excluded`. The refusal names the days, never the reason.
#[utoipa::path(
    post,
    path = "/v1/credit-exclusions",
    tag = "restrictions",
    operation_id = "recordCreditExclusion"
)]
pub async fn record(
    guard: Require<scopes::CreditExclusionsWrite>,
    command: KeyedCommand<RestrictCustomer>,
) -> Reply<Created<RestrictionView>> {
    let Command {
        body, repeatable, ..
    } = command;
    let new = asked(body);
    guard
        .write("credit_exclusion.record", repeatable, move |tx| {
            let recorded = app::restrict(tx, Exclusion, &new)?;
            Ok(Created(view(recorded, tx.today)))
        })
        .await
}

/// List exclusions from credit
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/credit-exclusions",
    tag = "restrictions",
    operation_id = "listCreditExclusions"
)]
pub async fn list(
    guard: Require<scopes::CreditExclusionsRead>,
    parameters: Parameters<ListRestrictions>,
) -> Result<Listing<CustomerRestrictionPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListRestrictions, after, limit| {
        let filter = RestrictionFilter {
            customer_id: values.customer_id,
            active_on: values.active_on.map(|day| day.0),
        };
        let found = store::list(reader, Exclusion, filter, after, limit)?;
        let today = reader.today;
        Ok(found.into_iter().map(|one| view(one, today)).collect())
    };
    listing(&guard, parameters, load, |view: &RestrictionView| view.id).await
}

/// Read an exclusion from credit
///
/// With its early end, where it has one.
#[utoipa::path(
    get,
    path = "/v1/credit-exclusions/{exclusion_id}",
    tag = "restrictions",
    operation_id = "getCreditExclusion"
)]
pub async fn get(
    guard: Require<scopes::CreditExclusionsRead>,
    id: PathId<ExclusionEntity>,
) -> Result<Resource<RestrictionView>, Error> {
    guard
        .read_snapshot(move |reader| {
            let found = store::find(reader, Exclusion, id.0.key())?;
            let found = found.ok_or_else(Error::not_found)?;
            Ok(Resource(view(found, reader.today)))
        })
        .await
}

/// End an exclusion from credit
///
/// Before its last day: from today on it holds no more. It stays on record.
#[utoipa::path(
    post,
    path = "/v1/credit-exclusions/{exclusion_id}/end",
    tag = "restrictions",
    operation_id = "endCreditExclusion"
)]
pub async fn end(
    guard: Require<scopes::CreditExclusionsWrite>,
    id: PathId<ExclusionEntity>,
    command: KeyedCommand<EndRestriction>,
) -> Reply<Resource<RestrictionView>> {
    let Command {
        body, repeatable, ..
    } = command;
    guard
        .write("credit_exclusion.end", repeatable, move |tx| {
            let ended = app::end(tx, Exclusion, id.0, &body.reason.0)?;
            Ok(Resource(view(ended, tx.today)))
        })
        .await
}
