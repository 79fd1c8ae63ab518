//! Path and query parameters: typed, strict, described.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use super::operation::{Draft, Input};
use super::state::State;
use crate::error::{Error, FieldError, Problem};
use crate::error_codes::ProblemCode;
use crate::values::ids::{Entity, Id};

/// Most items of a page.
pub const PAGE_SIZE_MAX: i64 = 200;
/// Items of a page when the caller does not say.
pub const PAGE_SIZE_DEFAULT: i64 = 50;

/// The one identifier in the path.
#[derive(Debug, Clone, Copy)]
pub struct PathId<E: Entity>(pub Id<E>);

impl<E: Entity> FromRequest for PathId<E> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = E::PARAMETER;
        ready(
            request
                .match_info()
                .get(name)
                .and_then(|text| text.parse().ok())
                .map(PathId)
                .ok_or_else(|| {
                    Problem::new(ProblemCode::InvalidParameter)
                        .at(FieldError::parameter(
                            name,
                            "is not a UUID with hyphens",
                            "不是带连字符的 UUID",
                        ))
                        .into()
                }),
        )
    }
}

impl<E: Entity> Input for PathId<E> {
    fn describe(draft: &mut Draft) {
        draft.parameter(json!({
            "name": E::PARAMETER, "in": "path", "required": true,
            "description": format!("Identifier of the {}.", E::NOUN.replace('_', " ")),
            "schema": {"type": "string", "format": "uuid", "maxLength": 36},
            "example": EXAMPLE_ID,
        }));
        draft.problem(&[ProblemCode::InvalidParameter, ProblemCode::NotFound]);
    }
}

/// An identifier for examples.
pub const EXAMPLE_ID: &str = "01940c9e-7a3b-7d2c-8f00-3b9aca001234";

/// Something that is named by a code, not by an identifier.
pub trait Coded: 'static {
    /// The thing, in words.
    const NOUN: &'static str;
    /// A code for the example.
    const EXAMPLE: &'static str;
}

/// One word in the path that is no identifier, such as a product code.
#[derive(Debug, Clone)]
pub struct PathCode<C: Coded> {
    code: String,
    of: PhantomData<fn() -> C>,
}

impl<C: Coded> PathCode<C> {
    /// The code.
    pub fn as_str(&self) -> &str {
        &self.code
    }
}

impl<C: Coded> FromRequest for PathCode<C> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let code = request.match_info().get("code").unwrap_or("").to_owned();
        let fine = (1..=60).contains(&code.len())
            && code
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        ready(if fine {
            Ok(Self {
                code,
                of: PhantomData,
            })
        } else {
            Err(Error::not_found())
        })
    }
}

impl<C: Coded> Input for PathCode<C> {
    fn describe(draft: &mut Draft) {
        draft.parameter(json!({
            "name": "code", "in": "path", "required": true,
            "description": format!("Code of the {}: lower-case letters, digits and underscores.", C::NOUN),
            "schema": {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[a-z0-9_]+$"},
            "example": C::EXAMPLE,
        }));
        draft.problem(&[ProblemCode::NotFound]);
    }
}

/// The number of a version in the path; `None` for `current`.
#[derive(Debug, Clone, Copy)]
pub struct PathVersion(pub Option<i32>);

impl FromRequest for PathVersion {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("version").unwrap_or("");
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        ready(match text.parse() {
            _ if text == "current" => Ok(Self(None)),
            Ok(number) if digits => Ok(Self(Some(number))),
            _ => Err(Error::not_found()),
        })
    }
}

impl Input for PathVersion {
    fn describe(draft: &mut Draft) {
        draft.parameter(json!({
            "name": "version", "in": "path", "required": true,
            "description": "Number of the version, or `current` for the one in force today.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^([0-9]+|current)$"},
            "example": "current",
        }));
        draft.problem(&[ProblemCode::NotFound]);
    }
}

/// Query parameters, all of them known.
#[derive(Debug)]
pub struct Parameters<T> {
    /// The parameters.
    pub values: T,
    /// Path and canonical filters, to which a cursor is bound.
    pub place: Place,
}

/// Where a listing is and how it is filtered.
#[derive(Debug, Clone)]
pub struct Place {
    path: String,
    filters: Vec<(String, String)>,
}

impl Place {
    /// Names of the filters that are given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.filters.iter().map(|(name, _)| name.as_str())
    }

    /// Path and filters as one text, without the parameters that move within the listing.
    pub fn canonical(&self) -> String {
        let mut text = self.path.clone();
        for (name, value) in &self.filters {
            text.push_str(&format!("\u{1f}{name}\u{1e}{value}"));
        }
        text
    }

    /// Address of the page behind `cursor`.
    pub fn next(&self, name: &str, cursor: &str, limit: i64) -> String {
        let mut query: Vec<(&str, &str)> = self
            .filters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let limit = limit.to_string();
        query.push(("limit", &limit));
        query.push((name, cursor));
        format!("{}?{}", self.path, encode(&query))
    }
}

fn encode(pairs: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

impl<T: DeserializeOwned + 'static> FromRequest for Parameters<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

impl<T: DeserializeOwned + IntoParams + 'static> Input for Parameters<T> {
    fn describe(draft: &mut Draft) {
        for parameter in T::into_params(|| Some(ParameterIn::Query)) {
            if let Ok(value) = serde_json::to_value(parameter) {
                draft.parameter(not_null(value));
            }
        }
        draft.query();
        draft.problem(&[ProblemCode::InvalidParameter]);
    }
}

/// A parameter is left out, never null: optional fields lose the `null` that serde's `Option`
/// brings into the schema.
fn not_null(mut parameter: Value) -> Value {
    if let Some(kinds) = parameter.pointer("/schema/type").and_then(Value::as_array)
        && let Some(kind) = kinds
            .iter()
            .find(|kind| kind.as_str() != Some("null"))
            .cloned()
    {
        parameter["schema"]["type"] = kind;
    }
    if let Some(choices) = parameter.pointer("/schema/oneOf").and_then(Value::as_array)
        && let Some(choice) = choices
            .iter()
            .find(|choice| choice.get("$ref").is_some())
            .cloned()
    {
        parameter["schema"] = choice;
    }
    parameter
}

fn read<T: DeserializeOwned>(request: &HttpRequest) -> Result<Parameters<T>, Error> {
    let limit = request
        .app_data::<web::Data<State>>()
        .map_or(4096, |state| state.limits.uri_bytes);
    if request.uri().to_string().len() > limit {
        return Err(ProblemCode::UriTooLong.into());
    }
    let query = request.query_string();
    let values =
        serde_urlencoded::from_str::<T>(query).map_err(|error| unreadable(&error.to_string()))?;
    let mut filters: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    if filters.iter().any(|(_, value)| value.contains('\0')) {
        return Err(unreadable("holds a NUL"));
    }
    filters.retain(|(name, _)| !matches!(name.as_str(), "cursor" | "limit" | "after" | "wait"));
    filters.sort_unstable();
    Ok(Parameters {
        values,
        place: Place {
            path: request.path().to_owned(),
            filters,
        },
    })
}

/// The refusal of a parameter that is none, or none for this caller.
pub(super) fn unknown(name: &str) -> Error {
    Problem::new(ProblemCode::UnknownParameter)
        .at(FieldError::parameter(
            name,
            "is not a parameter here",
            "不是此处的参数",
        ))
        .into()
}

fn unreadable(message: &str) -> Error {
    let quoted = message.split('`').nth(1).filter(|name| name.len() <= 100);
    if message.starts_with("unknown field") {
        return unknown(quoted.unwrap_or("?"));
    }
    let problem = Problem::new(ProblemCode::InvalidParameter);
    match (message.starts_with("duplicate field"), quoted) {
        (true, Some(name)) => problem.at(FieldError::parameter(name, "is given twice", "重复给出")),
        _ => problem.because(
            "A query parameter has another type, format or range than documented.",
            "某个查询参数的类型、格式或范围与文档不符。",
        ),
    }
    .into()
}

/// Reads a page size: plain digits, 1 to 200.
///
/// # Errors
/// Anything else.
pub fn page_size<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    number_up_to(PAGE_SIZE_MAX, deserializer)
}

/// Reads a number from 1 to `most`, in plain digits.
///
/// # Errors
/// Anything else.
pub fn number_up_to<'de, D: serde::Deserializer<'de>>(
    most: i64,
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let Some(text) = text else { return Ok(None) };
    let plain = (1..=9).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0');
    text.parse::<i64>()
        .ok()
        .filter(|number| plain && (1..=most).contains(number))
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom(format!("a number from 1 to {most} is expected")))
}

/// Query parameters of a collection.
pub trait Paged {
    /// Items of a page, where the caller says.
    fn limit(&self) -> Option<i64>;
    /// Where to go on.
    fn cursor(&self) -> Option<&str>;
}

/// One page of a collection.
pub trait Page: Serialize {
    /// What the collection holds.
    type Item;
    /// Puts a page together.
    fn of(items: Vec<Self::Item>, next_cursor: Option<String>) -> Self;
}

/// Declares query parameters of a collection: its own filters plus `limit` and `cursor`. Where all of
/// them go into the fields of the same names of a filter of the store, it is named after `for`.
#[macro_export]
macro_rules! listing_parameters {
    (
        $(#[$meta:meta])*
        $name:ident for $filter:ident {
            $($(#[$field_meta:meta])* $field:ident: $kind:ty,)*
        }
    ) => {
        $crate::listing_parameters! {
            $(#[$meta])*
            $name { $($(#[$field_meta])* $field: $kind,)* }
        }

        impl From<&$name> for $filter {
            fn from(values: &$name) -> Self {
                Self { $($field: values.$field.clone().map(Into::into),)* }
            }
        }
    };
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$field_meta:meta])* $field:ident: $kind:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$field_meta])* #[serde(default)] pub $field: Option<$kind>,)*
            /// Items of a page, 1 to 200.
            #[serde(default, deserialize_with = "crate::platform::http::parameters::page_size")]
            #[param(value_type = Option<i32>, minimum = 1, maximum = 200, default = 50, example = 50)]
            pub limit: Option<i64>,
            /// Where to go on: `next_cursor` of the page before.
            #[serde(default)]
            #[param(value_type = Option<String>, max_length = 1024, pattern = "^[A-Za-z0-9_-]+$")]
            pub cursor: Option<String>,
        }

        impl $crate::platform::http::parameters::Paged for $name {
            fn limit(&self) -> Option<i64> {
                self.limit
            }

            fn cursor(&self) -> Option<&str> {
                self.cursor.as_deref()
            }
        }
    };
}

/// Declares the page of a collection.
#[macro_export]
macro_rules! page {
    ($(#[$meta:meta])* $page:ident of $item:ty) => {
        $crate::page! { $(#[$meta])* $page of $item, "The items, newest first." }
    };
    ($(#[$meta:meta])* $page:ident of $item:ty, $order:literal) => {
        $(#[$meta])*
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub struct $page {
            #[doc = $order]
            #[schema(max_items = 200)]
            pub items: Vec<$item>,
            /// Where the next page begins; null on the last page.
            #[schema(max_length = 1024, pattern = "^[A-Za-z0-9_-]+$", required = true)]
            pub next_cursor: Option<String>,
        }

        impl $crate::platform::http::parameters::Page for $page {
            type Item = $item;

            fn of(items: Vec<Self::Item>, next_cursor: Option<String>) -> Self {
                Self { items, next_cursor }
            }
        }
    };
}
