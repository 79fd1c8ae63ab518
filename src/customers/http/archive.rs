//! What an archive looks like: new, changed and shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::customers::app::customers::{CustomerChange, NewCustomer};
use crate::customers::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, CustomerStatus, MarketWeight, ServiceTier,
    TimeClass, TradingClass, ValueClass,
};
use crate::customers::domain::personal::{self, Contact};
use crate::customers::store::customers::CustomerRow;
use crate::error::{Error, OrInternal};
use crate::platform::http::audience::Staff;
use crate::platform::http::types::{Amount, Date, Text, given, present};
use crate::resource;
use crate::values::currency::Currency;
use crate::values::ids::CustomerId;
use crate::values::organisation::OrgPath;

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
        /// Description of a customer; of a person, telephone, addresses and site are classified.
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        struct Details {
            $(#[serde(default, skip_serializing_if = "Option::is_none")] $field: Option<$kind>,)*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            remarks: Option<Text<2000>>,
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
            /// Whether it is related to the company: credit for it is decided by a chain of its
            /// own. False when left out.
            #[serde(default)]
            pub related_party: Option<bool>,
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
            /// Anything else.
            #[serde(default)]
            pub remarks: Option<Text<2000>>,
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
            /// Whether it is related to the company.
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = bool, required = false)]
            pub related_party: Option<bool>,
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
            /// Anything else.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<Text<2000>>)]
            pub remarks: Option<Option<Text<2000>>>,
        }

        /// A customer archive.
        #[derive(Debug, Serialize, ToSchema)]
        #[schema(as = Customer, example = json!({
            "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "name": "上海示例贸易有限公司", "kind": "company",
            "unified_social_credit_code": "91310115MA000004XR", "org_path": "head-office/east/shanghai",
            "roles": ["buyer"], "status": "active", "time_class": "new", "trading_class": "current",
            "nature": "ordinary", "market_weight": "regular", "value_class": null, "service_tier": null,
            "industry": "wholesale", "related_party": false, "legal_representative": "王**",
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
            pub org_path: OrgPath,
            /// What the customer is to the company.
            #[schema(max_items = 5)]
            pub roles: Vec<CustomerRole>,
            /// Open or closed for new credit business.
            pub status: CustomerStatus,
            /// Classification by time.
            pub time_class: Staff<TimeClass>,
            /// Classification by trading.
            pub trading_class: Staff<TradingClass>,
            /// Classification by nature.
            pub nature: Staff<CustomerNature>,
            /// Classification by market weight.
            pub market_weight: Staff<MarketWeight>,
            /// A, B or C by value to the company.
            #[schema(required = true)]
            pub value_class: Option<Staff<ValueClass>>,
            /// Service tier.
            #[schema(required = true)]
            pub service_tier: Option<Staff<ServiceTier>>,
            /// Industry.
            #[schema(required = true)]
            pub industry: Option<Text<60>>,
            /// Whether it is related to the company.
            pub related_party: Staff<bool>,
            /// Legal representative, masked.
            #[schema(required = true)]
            pub legal_representative: Option<Text<100>>,
            /// People to talk to, masked.
            #[schema(max_items = 50)]
            pub contacts: Vec<ContactView>,
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$kind>,)*
            /// Anything else.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub remarks: Option<Staff<Text<2000>>>,
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
                Details { $($field: self.$field.clone(),)* remarks: self.remarks.clone() }
            }
        }

        impl PatchCustomer {
            fn details(&self) -> Result<Map<String, Value>, Error> {
                let mut details = Map::new();
                $(if let Some(value) = &self.$field {
                    details.insert(stringify!($field).to_owned(), json_of(value)?);
                })*
                if let Some(value) = &self.remarks {
                    details.insert("remarks".to_owned(), json_of(value)?);
                }
                Ok(details)
            }
        }

        pub(super) fn view(row: CustomerRow, similar: Vec<(CustomerId, String)>) -> Result<CustomerView, Error> {
            let profile = personal::shown(row.kind, &row.profile, &row.personal_sealed);
            let shown: Shown = read(profile.clone())?;
            let details: Details = read(profile)?;
            Ok(CustomerView {
                id: row.id,
                name: Text(row.name),
                kind: row.kind,
                unified_social_credit_code: row.unified_social_credit_code.map(Text),
                org_path: row.org_path,
                roles: row.roles.iter().flatten().filter_map(|word| CustomerRole::parse(word)).collect(),
                status: row.status,
                time_class: Staff(row.time_class),
                trading_class: Staff(row.trading_class),
                nature: Staff(row.nature),
                market_weight: Staff(row.market_weight),
                value_class: row.value_class.map(Staff),
                service_tier: row.service_tier.map(Staff),
                industry: row.industry.map(Text),
                related_party: Staff(row.related_party),
                legal_representative: shown.legal_representative,
                contacts: shown.contacts,
                $($field: details.$field,)*
                remarks: details.remarks.map(Staff),
                similar_customers: similar.into_iter().map(|(id, name)| SimilarCustomer { id, name: Text(name) }).collect(),
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        }
    };
}

details! {
    /// Name in English; of a person classified, and shown masked.
    english_name: Text<200>,
    /// Short name; of a person classified, and shown masked.
    short_name: Text<60>,
    /// Scope of business.
    scope_of_business: Text<2000>,
    /// Registered capital.
    registered_capital: RegisteredCapital,
    /// Size of the enterprise.
    enterprise_size: Text<20>,
    /// Date of establishment.
    established_on: Date,
    /// Telephone of the switchboard, or of the person: then classified, and shown masked.
    phone: Text<40>,
    /// Fax; of a person classified, and shown masked.
    fax: Text<40>,
    /// Website; of a person classified, and shown masked.
    website: Text<200>,
    /// Address of the registered office; of a person classified, and shown to city and district.
    registered_address: Address,
    /// Address for deliveries; of a person classified, and shown to city and district.
    delivery_address: Address,
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

resource! { CustomerView { id } at "/v1/customers/{id}" }

pub(super) fn new_customer(body: CreateCustomer) -> Result<NewCustomer, Error> {
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
        related_party: body.related_party.unwrap_or(false),
        legal_representative: body.legal_representative.map(|name| name.0),
        contacts: body.contacts.into_iter().map(contact).collect(),
        details,
    })
}

pub(super) fn customer_change(body: PatchCustomer) -> Result<CustomerChange, Error> {
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
        related_party: body.related_party,
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
    serde_json::to_value(value).or_internal()
}

pub(super) fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).or_internal()
}
