//! Customer archives over HTTP.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::approvals::http::pending_change_views::{MayWait, may_wait};
use crate::auth::scopes;
use crate::crypto::MasterKeys;
use crate::customers::app::customers as app;
use crate::customers::app::personal;
use crate::customers::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, CustomerStatus, MarketWeight, ServiceTier,
    TimeClass, TradingClass, ValueClass,
};
use crate::customers::domain::personal::Sought;
use crate::customers::store::customers::{self as store, CustomerFilter, CustomerRow, SoughtName};
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::bodies::ReadAsOf;
use crate::platform::http::command::{Command, IfMatch, PatchCommand, Query};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::Text;
use crate::platform::store::tx::Reader;
use crate::values::ids::CustomerEntity;
use crate::values::names::similarity_key;
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page};

pub use super::archive::{CreateCustomer, CustomerView, PatchCustomer};
use super::archive::{customer_change, new_customer, view};
pub use super::versions::{CustomerVersionPage, CustomerVersionView, ListVersions};
use super::versions::{history_views, past};

page! {
    /// A page of customers.
    CustomerPage of CustomerView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListCustomers {
        /// Legal kind.
        kind: CustomerKind,
        /// One of the roles.
        role: CustomerRole,
        /// Open or closed.
        status: CustomerStatus,
        /// At or below this organisation.
        #[param(example = "head-office/east")]
        org_path: OrgPath,
        /// Classification by time.
        time_class: TimeClass,
        /// Classification by trading.
        trading_class: TradingClass,
        /// Classification by nature.
        nature: CustomerNature,
        /// Classification by market weight.
        market_weight: MarketWeight,
        /// A, B or C.
        value_class: ValueClass,
        /// Service tier.
        service_tier: ServiceTier,
        /// Industry.
        industry: Text<60>,
        /// Whether it is related to the company.
        related_party: bool,
    }
}

/// Criteria that should not stand in an address, because addresses end up in logs.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "some_criterion"))]
#[schema(example = json!({"name": "示例贸易"}))]
pub struct SearchCustomers {
    /// Part of the name of a company; case, spacing and legal form do not matter. Of a person the whole
    /// name.
    #[serde(default)]
    pub name: Option<Text<200>>,
    /// Exact social credit code.
    #[serde(default)]
    pub unified_social_credit_code: Option<Text<18>>,
    /// Telephone or fax number of the customer or of one of its contacts; spaces, signs and the country
    /// code of China do not matter.
    #[serde(default)]
    pub phone: Option<Text<40>>,
    /// Registered or delivery address, from the province to the street, without purpose and postcode.
    #[serde(default)]
    pub address: Option<Text<500>>,
    /// Website.
    #[serde(default)]
    pub website: Option<Text<200>>,
    /// Most results.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 200, default = 50)]
    #[validate(range(
        min = 1,
        max = 200,
        message = "is not between 1 and 200|不在 1 与 200 之间"
    ))]
    pub limit: Option<i32>,
}

/// Open a customer archive
///
/// One archive per customer from first contact. The social credit code is verified and unique;
/// customers with a similar name, of persons with the same one, are listed in the answer. The legal
/// representative and contacts are classified, and so are names, telephone numbers, addresses and the
/// site of natural persons: they are sealed, and shown masked.
#[utoipa::path(
    post,
    path = "/v1/customers",
    tag = "customers",
    operation_id = "createCustomer"
)]
pub async fn create(
    guard: Require<scopes::CustomersWrite>,
    command: Command<CreateCustomer>,
) -> Reply<Created<CustomerView>> {
    let (body, repeatable) = command.into_parts();
    let new = new_customer(body)?;
    guard
        .write("customer.create", repeatable, move |tx| {
            let row = app::create(tx, &new)?;
            Ok(Created(read(&mut tx.reader(), row)?))
        })
        .await
}

/// List customers
///
/// Newest first, narrowed by any of the classifications. Only customers of the caller's own
/// organisation and below are shown.
#[utoipa::path(
    get,
    path = "/v1/customers",
    tag = "customers",
    operation_id = "listCustomers"
)]
pub async fn list(
    guard: Require<scopes::CustomersRead>,
    parameters: Parameters<ListCustomers>,
) -> Result<Listing<CustomerPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListCustomers, after, limit| {
        let rows = store::list(reader, &filter(values), after, limit)?;
        rows.into_iter().map(|row| view(row, Vec::new())).collect()
    };
    listing(&guard, parameters, load, |view: &CustomerView| view.id).await
}

/// Search customers
///
/// By part of the name of a company, the exact name of a person, or an exact social credit code,
/// telephone number, address or site, with the criteria in the body so that they stay out of logs. All
/// that are given have to be met. What is sealed is found by a keyed digest, as a whole and never by
/// a part.
#[utoipa::path(
    post,
    path = "/v1/customer-searches",
    tag = "customers",
    operation_id = "searchCustomers"
)]
pub async fn search(
    guard: Require<scopes::CustomersRead>,
    criteria: Query<SearchCustomers>,
) -> Result<crate::platform::http::answers::Computed<CustomerPage>, Error> {
    let Query { body } = criteria;
    let limit = i64::from(body.limit.unwrap_or(50));
    let rows = guard
        .read(move |reader| {
            let filter = sought(reader.keys, &body)?;
            Ok(store::list(reader, &filter, None, limit)?)
        })
        .await?;
    let items = rows
        .into_iter()
        .map(|row| view(row, Vec::new()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(crate::platform::http::answers::Computed(CustomerPage {
        items,
        next_cursor: None,
    }))
}

/// An archive as its readers see it.
fn read(reader: &mut Reader<'_>, row: CustomerRow) -> Result<CustomerView, Error> {
    let similar = store::similar(reader, &row)?;
    view(row, similar)
}

/// Read a customer archive
///
/// As it is now, or as it was at a past moment with `as_of`.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}",
    tag = "customers",
    operation_id = "getCustomer"
)]
pub async fn get(
    guard: Require<scopes::CustomersRead>,
    id: PathId<CustomerEntity>,
    parameters: Parameters<ReadAsOf>,
) -> Result<Resource<CustomerView>, Error> {
    let time_zone = guard.state().time_zone;
    let as_of = parameters
        .values
        .as_of
        .map(|as_of| as_of.instant(time_zone));
    guard
        .read(move |reader| {
            let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            let row = match as_of {
                None => row,
                Some(instant) => {
                    let version = store::version_as_of(reader, id.0, instant)?
                        .ok_or_else(Error::not_found)?;
                    let (row, is_called_so) = past(row, version)?;
                    if !is_called_so {
                        return Ok(Resource(view(row, Vec::new())?));
                    }
                    row
                }
            };
            Ok(Resource(read(reader, row)?))
        })
        .await
}

/// Change a customer archive
///
/// A merge patch: absent members stay, null clears. `If-Match` carries the ETag that was read. To open
/// it again, or to say that it is no related party any more, is asked for by itself, and waits until
/// somebody else has confirmed it.
#[utoipa::path(
    patch,
    path = "/v1/customers/{customer_id}",
    tag = "customers",
    operation_id = "patchCustomer"
)]
pub async fn patch(
    guard: Require<scopes::CustomersWrite>,
    id: PathId<CustomerEntity>,
    if_match: IfMatch,
    command: PatchCommand<PatchCustomer>,
) -> Reply<MayWait<Resource<CustomerView>>> {
    let (body, repeatable) = command.into_parts();
    let change = customer_change(body)?;
    guard
        .write("customer.change", repeatable, move |tx| {
            let done = app::change(tx, id.0, &if_match.seen(read), &change)?;
            may_wait(done, |row| Ok(Resource(read(&mut tx.reader(), row)?)))
        })
        .await
}

/// Read the history of a customer archive
///
/// Every version, newest first: who, when, and each field before and after.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/history",
    tag = "customers",
    operation_id = "getCustomerHistory"
)]
pub async fn history(
    guard: Require<scopes::CustomersRead>,
    id: PathId<CustomerEntity>,
    parameters: Parameters<ListVersions>,
) -> Result<Listing<CustomerVersionPage>, Error> {
    let load = move |reader: &mut Reader<'_>, _: &ListVersions, before, limit| {
        store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
        // One more than is asked for, to compare the last one with.
        let rows = store::versions(reader, id.0, before, limit + 1)?;
        let mut views = history_views(&rows, reader.actor.audience());
        views.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(views)
    };
    listing(&guard, parameters, load, |view: &CustomerVersionView| {
        view.version
    })
    .await
}

fn filter(values: &ListCustomers) -> CustomerFilter {
    CustomerFilter {
        kind: values.kind,
        role: values.role.map(|role| role.as_str().to_owned()),
        status: values.status,
        org_path: values.org_path.clone(),
        time_class: values.time_class,
        trading_class: values.trading_class,
        nature: values.nature,
        market_weight: values.market_weight,
        value_class: values.value_class,
        service_tier: values.service_tier,
        industry: values.industry.clone().map(|industry| industry.0),
        related_party: values.related_party,
        ..CustomerFilter::default()
    }
}

/// What is sought, as the store compares it.
fn sought(keys: &MasterKeys, body: &SearchCustomers) -> Result<CustomerFilter, Error> {
    let mut digests = Vec::new();
    for (sought, text) in [
        (Sought::Phone, body.phone.as_ref().map(|text| &text.0)),
        (Sought::Address, body.address.as_ref().map(|text| &text.0)),
        (Sought::Website, body.website.as_ref().map(|text| &text.0)),
    ] {
        if let Some(text) = text {
            digests.push(personal::digests(keys, sought, text)?);
        }
    }
    let name = body.name.as_ref().map(|name| {
        Ok::<_, Error>(SoughtName {
            key_part: similarity_key(&name.0),
            digests: personal::digests(keys, Sought::Name, &name.0)?,
        })
    });
    let code = body.unified_social_credit_code.as_ref();
    Ok(CustomerFilter {
        name: name.transpose()?,
        digests,
        unified_social_credit_code: code.map(|code| code.0.to_ascii_uppercase()),
        ..CustomerFilter::default()
    })
}

fn some_criterion(search: &SearchCustomers) -> Result<(), ValidationError> {
    let SearchCustomers {
        name,
        unified_social_credit_code,
        phone,
        address,
        website,
        limit: _,
    } = search;
    let sealed = phone.is_some() || address.is_some() || website.is_some();
    if sealed || name.is_some() || unified_social_credit_code.is_some() {
        Ok(())
    } else {
        Err(ValidationError::new("criteria")
            .with_message("needs something to search by|须至少给出一项查询条件".into()))
    }
}
