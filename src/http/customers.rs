//! Customer archives over HTTP.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::Reply;
use super::answers::{Created, Listing, Representation, Resource};
use super::command::{Command, IfMatch, PatchCommand, Query};
use super::cursor;
use super::guard::Require;
use super::parameters::{Parameters, PathId};
use super::types::{Amount, AsOf, Date, Text, present};
use crate::app::customers::{self as app, Contact, CustomerChange, NewCustomer};
use crate::auth::scopes;
use crate::domain::currency::Currency;
use crate::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, CustomerStatus, MarketWeight, ServiceTier,
    TimeClass, TradingClass, ValueClass, changes, is_major,
};
use crate::domain::ids::{CustomerEntity, CustomerId};
use crate::domain::names::similarity_key;
use crate::domain::organisation::OrgPath;
use crate::error::Error;
use crate::store::customers::{self as store, CustomerFilter, CustomerRow, CustomerVersionRow};
use crate::{listing_parameters, page};

/// A postal address, from the large to the small (P15).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// What is there: registered office, warehouse, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Text<60>>,
    /// Province or municipality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub province: Option<Text<60>>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<Text<60>>,
    /// District or county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<Text<60>>,
    /// Street, compound, building and unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<Text<200>>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<Text<20>>,
}

/// A person to talk to. Classified: shown masked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "李小明", "title": "财务经理", "phone": "13800138000", "email": "li@example.com"}))]
pub struct ContactView {
    /// Name.
    pub name: Text<100>,
    /// Job title.
    #[serde(default)]
    pub title: Option<Text<100>>,
    /// Telephone.
    #[serde(default)]
    pub phone: Option<Text<40>>,
    /// Mail address.
    #[serde(default)]
    pub email: Option<Text<200>>,
}

/// Registered capital.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisteredCapital {
    /// Amount.
    pub amount: Amount,
    /// Currency.
    pub currency: Currency,
}

/// Fields that describe a customer and that nothing decides on.
macro_rules! details {
    ($($(#[$doc:meta])* $field:ident: $kind:ty,)*) => {
        /// Unclassified description of a customer.
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        struct Details {
            $(#[serde(default, skip_serializing_if = "Option::is_none")] $field: Option<$kind>,)*
        }

        /// What a new archive starts with.
        #[derive(Debug, Deserialize, Validate, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[schema(example = json!({
            "name": "上海示例贸易有限公司", "kind": "company", "unified_social_credit_code": "91310115MA000004XR",
            "org_path": "head-office/east/shanghai", "roles": ["buyer"], "industry": "wholesale",
            "legal_representative": "王建国",
            "contacts": [{"name": "李小明", "title": "财务经理", "phone": "13800138000"}],
        }))]
        pub struct CreateCustomer {
            /// Registered name; the name of the person where the kind is individual.
            #[validate(custom(function = "not_a_mask"))]
            pub name: Text<200>,
            /// Legal kind.
            pub kind: CustomerKind,
            /// Unified social credit code (GB 32100-2015); both check characters are verified.
            #[serde(default)]
            pub unified_social_credit_code: Option<Text<18>>,
            /// Organisation that looks after the customer, at or below the caller's own.
            #[schema(value_type = String, max_length = 200, pattern = "^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$", example = "head-office/east/shanghai")]
            pub org_path: OrgPath,
            /// What the customer is to the company.
            #[schema(min_items = 1, max_items = 5)]
            #[validate(length(min = 1, max = 5, message = "needs 1 to 5 roles|需要 1 至 5 个角色"))]
            pub roles: Vec<CustomerRole>,
            /// Classification by time; new when left out.
            #[serde(default)]
            pub time_class: Option<TimeClass>,
            /// Classification by trading; current when left out.
            #[serde(default)]
            pub trading_class: Option<TradingClass>,
            /// Classification by nature; ordinary when left out.
            #[serde(default)]
            pub nature: Option<CustomerNature>,
            /// Classification by market weight; regular when left out.
            #[serde(default)]
            pub market_weight: Option<MarketWeight>,
            /// A, B or C by value to the company.
            #[serde(default)]
            pub value_class: Option<ValueClass>,
            /// Service tier.
            #[serde(default)]
            pub service_tier: Option<ServiceTier>,
            /// Industry.
            #[serde(default)]
            pub industry: Option<Text<60>>,
            /// Legal representative. Classified: shown masked.
            #[serde(default)]
            #[validate(custom(function = "not_a_mask"))]
            pub legal_representative: Option<Text<100>>,
            /// People to talk to. Classified: shown masked.
            #[serde(default)]
            #[schema(max_items = 50)]
            #[validate(length(max = 50, message = "has more than 50 entries|超过 50 项"), custom(function = "no_masks"))]
            pub contacts: Vec<ContactView>,
            $($(#[$doc])* #[serde(default)] pub $field: Option<$kind>,)*
        }

        /// Changes to an archive: absent members stay, null clears (RFC 7396).
        #[derive(Debug, Deserialize, Validate, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[schema(example = json!({"industry": "steel", "website": null}))]
        pub struct PatchCustomer {
            /// Registered name.
            #[serde(default)]
            #[validate(custom(function = "not_a_mask"))]
            pub name: Option<Text<200>>,
            /// Unified social credit code.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<Text<18>>)]
            pub unified_social_credit_code: Option<Option<Text<18>>>,
            /// Roles, all of them.
            #[serde(default)]
            #[schema(min_items = 1, max_items = 5)]
            #[validate(length(min = 1, max = 5, message = "needs 1 to 5 roles|需要 1 至 5 个角色"))]
            pub roles: Option<Vec<CustomerRole>>,
            /// Open or closed for new credit business.
            #[serde(default)]
            pub status: Option<CustomerStatus>,
            /// Classification by time.
            #[serde(default)]
            pub time_class: Option<TimeClass>,
            /// Classification by trading.
            #[serde(default)]
            pub trading_class: Option<TradingClass>,
            /// Classification by nature.
            #[serde(default)]
            pub nature: Option<CustomerNature>,
            /// Classification by market weight.
            #[serde(default)]
            pub market_weight: Option<MarketWeight>,
            /// A, B or C by value to the company.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<ValueClass>)]
            pub value_class: Option<Option<ValueClass>>,
            /// Service tier.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<ServiceTier>)]
            pub service_tier: Option<Option<ServiceTier>>,
            /// Industry.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<Text<60>>)]
            pub industry: Option<Option<Text<60>>>,
            /// Legal representative. Classified: shown masked.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<Text<100>>)]
            pub legal_representative: Option<Option<Text<100>>>,
            /// People to talk to, all of them. Classified: shown masked.
            #[serde(default)]
            #[schema(max_items = 50)]
            #[validate(length(max = 50, message = "has more than 50 entries|超过 50 项"), custom(function = "no_masks"))]
            pub contacts: Option<Vec<ContactView>>,
            $($(#[$doc])* #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<$kind>)]
            pub $field: Option<Option<$kind>>,)*
        }

        /// A customer archive.
        #[derive(Debug, Serialize, ToSchema)]
        #[schema(as = Customer, example = json!({
            "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "name": "上海示例贸易有限公司", "kind": "company",
            "unified_social_credit_code": "91310115MA000004XR", "org_path": "head-office/east/shanghai",
            "roles": ["buyer"], "status": "active", "time_class": "new", "trading_class": "current",
            "nature": "ordinary", "market_weight": "regular", "value_class": null, "service_tier": null,
            "industry": "wholesale", "legal_representative": "王**",
            "contacts": [{"name": "李**", "title": "财务经理", "phone": "138****8000", "email": null}],
            "similar_customers": [], "version": 1,
            "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
        }))]
        pub struct CustomerView {
            /// Identifier.
            pub id: CustomerId,
            /// Registered name; masked for natural persons.
            pub name: Text<200>,
            /// Legal kind.
            pub kind: CustomerKind,
            /// Unified social credit code.
            #[schema(required = true)]
            pub unified_social_credit_code: Option<Text<18>>,
            /// Organisation that looks after the customer.
            #[schema(max_length = 200, pattern = "^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$")]
            pub org_path: String,
            /// What the customer is to the company.
            #[schema(max_items = 5)]
            pub roles: Vec<CustomerRole>,
            /// Open or closed for new credit business.
            pub status: CustomerStatus,
            /// Classification by time.
            pub time_class: TimeClass,
            /// Classification by trading.
            pub trading_class: TradingClass,
            /// Classification by nature.
            pub nature: CustomerNature,
            /// Classification by market weight.
            pub market_weight: MarketWeight,
            /// A, B or C by value to the company.
            #[schema(required = true)]
            pub value_class: Option<ValueClass>,
            /// Service tier.
            #[schema(required = true)]
            pub service_tier: Option<ServiceTier>,
            /// Industry.
            #[schema(required = true)]
            pub industry: Option<Text<60>>,
            /// Legal representative, masked.
            #[schema(required = true)]
            pub legal_representative: Option<Text<100>>,
            /// People to talk to, masked.
            #[schema(max_items = 50)]
            pub contacts: Vec<ContactView>,
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$kind>,)*
            /// Other customers with the same name but for case, spacing and legal form: possible
            /// duplicates.
            #[schema(max_items = 20)]
            pub similar_customers: Vec<SimilarCustomer>,
            /// Version, for If-Match.
            pub version: i64,
            /// Instant of creation.
            pub created_at: DateTime<Utc>,
            /// Instant of the latest change.
            pub updated_at: DateTime<Utc>,
        }

        impl CreateCustomer {
            fn details(&self) -> Details {
                Details { $($field: self.$field.clone(),)* }
            }
        }

        impl PatchCustomer {
            fn details(&self) -> Result<Map<String, Value>, Error> {
                let mut details = Map::new();
                $(if let Some(value) = &self.$field {
                    details.insert(stringify!($field).to_owned(), json_of(value)?);
                })*
                Ok(details)
            }
        }

        fn view(row: CustomerRow, similar: Vec<(CustomerId, String)>) -> Result<CustomerView, Error> {
            let shown: Shown = read(row.profile.clone())?;
            let details: Details = read(row.profile)?;
            Ok(CustomerView {
                id: row.id,
                name: Text(row.name),
                kind: row.kind,
                unified_social_credit_code: row.unified_social_credit_code.map(Text),
                org_path: row.org_path,
                roles: row.roles.iter().flatten().filter_map(|word| CustomerRole::parse(word)).collect(),
                status: row.status,
                time_class: row.time_class,
                trading_class: row.trading_class,
                nature: row.nature,
                market_weight: row.market_weight,
                value_class: row.value_class,
                service_tier: row.service_tier,
                industry: row.industry.map(Text),
                legal_representative: shown.legal_representative,
                contacts: shown.contacts,
                $($field: details.$field,)*
                similar_customers: similar.into_iter().map(|(id, name)| SimilarCustomer { id, name: Text(name) }).collect(),
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        }
    };
}

details! {
    /// Name in English.
    english_name: Text<200>,
    /// Short name.
    short_name: Text<60>,
    /// Scope of business.
    scope_of_business: Text<2000>,
    /// Registered capital.
    registered_capital: RegisteredCapital,
    /// Size of the enterprise.
    enterprise_size: Text<20>,
    /// Date of establishment.
    established_on: Date,
    /// Telephone of the switchboard.
    phone: Text<40>,
    /// Fax.
    fax: Text<40>,
    /// Website.
    website: Text<200>,
    /// Address of the registered office.
    registered_address: Address,
    /// Address for deliveries.
    delivery_address: Address,
    /// Anything else.
    remarks: Text<2000>,
}

/// The masked fields of a profile.
#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    legal_representative: Option<Text<100>>,
    #[serde(default)]
    contacts: Vec<ContactView>,
}

/// A possible duplicate.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarCustomer {
    /// Identifier.
    pub id: CustomerId,
    /// Name.
    pub name: Text<200>,
}

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
        #[param(value_type = Option<String>, max_length = 200, pattern = "^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$", example = "head-office/east")]
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
    }
}

/// Criteria that should not stand in an address, because addresses end up in logs.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "some_criterion"))]
#[schema(example = json!({"name": "示例贸易"}))]
pub struct SearchCustomers {
    /// Part of the name; case, spacing and legal form do not matter.
    #[serde(default)]
    pub name: Option<Text<200>>,
    /// Exact social credit code.
    #[serde(default)]
    pub unified_social_credit_code: Option<Text<18>>,
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

/// A past moment to read as of.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadAsOf {
    /// An RFC 3339 instant, or a date that stands for the end of that business day.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 40, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?$")]
    pub as_of: Option<AsOf>,
}

/// One version of an archive and what it changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerVersion, example = json!({
    "version": 2, "recorded_at": "2026-01-05T02:00:00Z", "changed_by": "https://issuer.internal.test|clerk-1",
    "request_id": "5b0cbd2e-58e1-4a52-9a51-3f1c5a0a9b11", "major": false,
    "changes": [{"field": "industry", "before": null, "after": "steel"}],
}))]
pub struct CustomerVersionView {
    /// Version.
    pub version: i64,
    /// From when it was the current one.
    pub recorded_at: DateTime<Utc>,
    /// Who made it: issuer and subject.
    #[schema(max_length = 600, pattern = "^.+$")]
    pub changed_by: String,
    /// In which request.
    pub request_id: uuid::Uuid,
    /// Whether a major field changed.
    pub major: bool,
    /// Fields that changed; classified ones are shown by their masks.
    #[schema(max_items = 100)]
    pub changes: Vec<FieldChangeView>,
}

/// One changed field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
pub struct FieldChangeView {
    /// Name of the field.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub field: String,
    /// Value before; null where it was empty.
    #[schema(value_type = Value)]
    pub before: Value,
    /// Value after; null where it is empty.
    #[schema(value_type = Value)]
    pub after: Value,
}

page! {
    /// A page of versions.
    CustomerVersionPage of CustomerVersionView
}

listing_parameters! {
    /// Pages of the history.
    ListVersions {}
}

impl Representation for CustomerView {
    fn version(&self) -> i64 {
        self.version
    }

    fn location(&self) -> String {
        format!("/v1/customers/{}", self.id)
    }
}

/// Open a customer archive
///
/// One archive per customer from first contact. The social credit code is verified and unique;
/// customers with a similar name are listed in the answer. Names of natural persons, the legal
/// representative and contacts are classified: they are sealed, and shown masked.
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
    let Command {
        body, repeatable, ..
    } = command;
    let new = new_customer(body)?;
    guard
        .write("customer.create", repeatable, move |tx| {
            let row = app::create(tx, &new)?;
            let similar = store::similar(&mut tx.reader(), &row.name_key, row.id)?;
            Ok(Created(view(row, similar)?))
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
    let Parameters { values, place } = parameters;
    let after: Option<CustomerId> =
        cursor::open(&guard.state().cursors, &place, values.cursor.as_deref())?;
    let limit = values.limit;
    let filter = filter(values);
    let rows = guard
        .read(move |reader| {
            Ok(store::list(
                reader,
                &filter,
                after,
                cursor::rows_to_load(limit),
            )?)
        })
        .await?;
    let views = rows
        .into_iter()
        .map(|row| view(row, Vec::new()))
        .collect::<Result<Vec<_>, _>>()?;
    cursor::paginate(
        &guard.state().cursors,
        &place,
        limit,
        views,
        (|view| view.id, |view| view),
        |items, next_cursor| CustomerPage { items, next_cursor },
    )
}

/// Search customers
///
/// By part of the name or by exact social credit code, with the criteria in the body so that they
/// stay out of logs.
#[utoipa::path(
    post,
    path = "/v1/customer-searches",
    tag = "customers",
    operation_id = "searchCustomers"
)]
pub async fn search(
    guard: Require<scopes::CustomersRead>,
    criteria: Query<SearchCustomers>,
) -> Result<super::answers::Computed<CustomerPage>, Error> {
    let Query { body } = criteria;
    let filter = CustomerFilter {
        name_key_part: body.name.map(|name| similarity_key(&name.0)),
        unified_social_credit_code: body
            .unified_social_credit_code
            .map(|code| code.0.to_ascii_uppercase()),
        ..CustomerFilter::default()
    };
    let limit = i64::from(body.limit.unwrap_or(50));
    let rows = guard
        .read(move |reader| Ok(store::list(reader, &filter, None, limit)?))
        .await?;
    let items = rows
        .into_iter()
        .map(|row| view(row, Vec::new()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(super::answers::Computed(CustomerPage {
        items,
        next_cursor: None,
    }))
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
                    past(row, version)?
                }
            };
            let similar = store::similar(reader, &row.name_key, row.id)?;
            Ok(Resource(view(row, similar)?))
        })
        .await
}

/// Change a customer archive
///
/// A merge patch: absent members stay, null clears. `If-Match` carries the ETag that was read.
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
) -> Reply<Resource<CustomerView>> {
    let Command {
        body, repeatable, ..
    } = command;
    let change = customer_change(body)?;
    guard
        .write("customer.change", repeatable, move |tx| {
            let row = app::change(tx, id.0, &|version| if_match.check(version), &change)?;
            let similar = store::similar(&mut tx.reader(), &row.name_key, row.id)?;
            Ok(Resource(view(row, similar)?))
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
    let Parameters { values, place } = parameters;
    let before: Option<i64> =
        cursor::open(&guard.state().cursors, &place, values.cursor.as_deref())?;
    let limit = values.limit;
    // One more than a page, to know whether another follows, and one more to compare the last with.
    let rows = guard
        .read_snapshot(move |reader| {
            store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            Ok(store::versions(
                reader,
                id.0,
                before,
                cursor::rows_to_load(limit) + 1,
            )?)
        })
        .await?;
    let mut views = history_views(&rows);
    let keep = usize::try_from(cursor::rows_to_load(limit)).unwrap_or(usize::MAX);
    views.truncate(keep);
    cursor::paginate(
        &guard.state().cursors,
        &place,
        limit,
        views,
        (|view| view.version, |view| view),
        |items, next_cursor| CustomerVersionPage { items, next_cursor },
    )
}

fn history_views(rows: &[CustomerVersionRow]) -> Vec<CustomerVersionView> {
    let nothing = Value::Object(Map::new());
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let before = rows
                .get(index + 1)
                .map_or(&nothing, |older| &older.snapshot);
            let changes = changes(before, &row.snapshot);
            CustomerVersionView {
                version: row.version,
                recorded_at: row.recorded_at,
                changed_by: row.changed_by.clone(),
                request_id: row.request_id,
                major: is_major(&changes),
                changes: changes
                    .into_iter()
                    .map(|change| FieldChangeView {
                        field: change.field,
                        before: change.before,
                        after: change.after,
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The archive as a past version shows it.
fn past(mut row: CustomerRow, version: CustomerVersionRow) -> Result<CustomerRow, Error> {
    #[derive(Deserialize)]
    struct Fixed {
        name: String,
        kind: CustomerKind,
        roles: Vec<Option<String>>,
        unified_social_credit_code: Option<String>,
        org_path: String,
        status: CustomerStatus,
        time_class: TimeClass,
        trading_class: TradingClass,
        nature: CustomerNature,
        market_weight: MarketWeight,
        value_class: Option<ValueClass>,
        service_tier: Option<ServiceTier>,
        industry: Option<String>,
    }
    let Fixed {
        name,
        kind,
        roles,
        unified_social_credit_code,
        org_path,
        status,
        time_class,
        trading_class,
        nature,
        market_weight,
        value_class,
        service_tier,
        industry,
    } = read(version.snapshot.clone())?;
    row.name_key = if row.name == name {
        row.name_key
    } else {
        String::new()
    };
    row.profile = version.snapshot;
    row.version = version.version;
    row.updated_at = version.recorded_at;
    Ok(CustomerRow {
        name,
        kind,
        roles,
        unified_social_credit_code,
        org_path,
        status,
        time_class,
        trading_class,
        nature,
        market_weight,
        value_class,
        service_tier,
        industry,
        ..row
    })
}

fn new_customer(body: CreateCustomer) -> Result<NewCustomer, Error> {
    let details = match json_of(&body.details())? {
        Value::Object(details) => details,
        _ => Map::new(),
    };
    Ok(NewCustomer {
        name: body.name.0,
        kind: body.kind,
        unified_social_credit_code: body.unified_social_credit_code.map(|code| code.0),
        org_path: body.org_path,
        roles: body.roles,
        time_class: body.time_class.unwrap_or(TimeClass::New),
        trading_class: body.trading_class.unwrap_or(TradingClass::Current),
        nature: body.nature.unwrap_or(CustomerNature::Ordinary),
        market_weight: body.market_weight.unwrap_or(MarketWeight::Regular),
        value_class: body.value_class,
        service_tier: body.service_tier,
        industry: body.industry.map(|industry| industry.0),
        legal_representative: body.legal_representative.map(|name| name.0),
        contacts: body.contacts.into_iter().map(contact).collect(),
        details,
    })
}

fn customer_change(body: PatchCustomer) -> Result<CustomerChange, Error> {
    let details = body.details()?;
    Ok(CustomerChange {
        name: body.name.map(|name| name.0),
        unified_social_credit_code: body
            .unified_social_credit_code
            .map(|code| code.map(|code| code.0)),
        roles: body.roles,
        status: body.status,
        time_class: body.time_class,
        trading_class: body.trading_class,
        nature: body.nature,
        market_weight: body.market_weight,
        value_class: body.value_class,
        service_tier: body.service_tier,
        industry: body
            .industry
            .map(|industry| industry.map(|industry| industry.0)),
        legal_representative: body
            .legal_representative
            .map(|name| name.map(|name| name.0)),
        contacts: body
            .contacts
            .map(|contacts| contacts.into_iter().map(contact).collect()),
        details,
    })
}

fn contact(view: ContactView) -> Contact {
    let ContactView {
        name,
        title,
        phone,
        email,
    } = view;
    Contact {
        name: name.0,
        title: title.map(|title| title.0),
        phone: phone.map(|phone| phone.0),
        email: email.map(|email| email.0),
    }
}

fn filter(values: ListCustomers) -> CustomerFilter {
    CustomerFilter {
        kind: values.kind,
        role: values.role.map(|role| role.as_str().to_owned()),
        status: values.status,
        org_path: values.org_path.map(|path| path.as_str().to_owned()),
        time_class: values.time_class,
        trading_class: values.trading_class,
        nature: values.nature,
        market_weight: values.market_weight,
        value_class: values.value_class,
        service_tier: values.service_tier,
        industry: values.industry.map(|industry| industry.0),
        ..CustomerFilter::default()
    }
}

fn some_criterion(search: &SearchCustomers) -> Result<(), ValidationError> {
    if search.name.is_some() || search.unified_social_credit_code.is_some() {
        Ok(())
    } else {
        Err(ValidationError::new("criteria")
            .with_message("needs a name or a social credit code|需要名称或统一社会信用代码".into()))
    }
}

/// A mask that was read and sent back would overwrite the real value.
fn not_a_mask<const MAX: usize>(text: &Text<MAX>) -> Result<(), ValidationError> {
    if text.0.contains('*') {
        Err(ValidationError::new("mask")
            .with_message("is a mask, not a value|是掩码而非真实值".into()))
    } else {
        Ok(())
    }
}

fn no_masks(contacts: &[ContactView]) -> Result<(), ValidationError> {
    contacts.iter().try_for_each(|contact| {
        not_a_mask(&contact.name)?;
        contact.phone.iter().try_for_each(not_a_mask)?;
        contact.email.iter().try_for_each(not_a_mask)
    })
}

fn json_of<T: Serialize>(value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::Internal(Box::new(error)))
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::Internal(Box::new(error)))
}
