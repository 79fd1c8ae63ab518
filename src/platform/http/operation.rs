//! How one operation joins the router and the OpenAPI document.
//!
//! A handler's signature says everything the contract needs: the scope it requires, the body and
//! parameters it takes, the answer it gives. Each of these types describes itself here, so the
//! document cannot say something else than the code does.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder, Route};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::error_codes::ProblemCode;

/// What every answer can be had as.
pub const JSON: &str = "application/json";

/// Schemas by name, as they were met.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// An operation of the document while its parts describe themselves.
pub struct Draft {
    operation: Map<String, Value>,
    schemas: Schemas,
    problems: Vec<ProblemCode>,
    scope: Option<&'static str>,
    takes_query: bool,
    formats: Vec<&'static str>,
}

impl Draft {
    /// Says that the operation takes query parameters.
    pub fn query(&mut self) {
        self.takes_query = true;
    }

    /// Says that the answer can be had in this media type as well as in JSON.
    pub fn also_as(&mut self, media_type: &'static str) {
        self.formats.push(media_type);
    }

    /// Names the scope that the operation needs.
    pub fn requires(&mut self, scope: &'static str) {
        self.scope = Some(scope);
        self.problem(&[
            ProblemCode::Unauthenticated,
            ProblemCode::InvalidToken,
            ProblemCode::InsufficientScope,
            ProblemCode::RateLimited,
        ]);
    }

    /// Adds problems the operation can answer with.
    pub fn problem(&mut self, codes: &[ProblemCode]) {
        self.problems.extend_from_slice(codes);
    }

    /// Adds a parameter object.
    pub fn parameter(&mut self, parameter: Value) {
        let mut parameters = match self.operation.remove("parameters") {
            Some(Value::Array(parameters)) => parameters,
            _ => Vec::new(),
        };
        parameters.push(parameter);
        let parameters = Value::Array(parameters);
        self.operation.insert("parameters".to_owned(), parameters);
    }

    /// Declares the request body.
    pub fn body<T: ToSchema>(&mut self, media_type: &str, required: bool) {
        let content = self.content::<T>(media_type);
        self.operation.insert(
            "requestBody".to_owned(),
            json!({"required": required, "content": content}),
        );
    }

    /// Declares a successful answer. `headers` are names of components.
    pub fn success(
        &mut self,
        status: u16,
        description: &str,
        headers: &[&str],
        content: Option<Value>,
    ) {
        let headers: Map<String, Value> = headers
            .iter()
            .map(|name| {
                (
                    (*name).to_owned(),
                    json!({"$ref": format!("#/components/headers/{name}")}),
                )
            })
            .collect();
        let mut response = json!({"description": description, "headers": headers});
        if let Some(content) = content {
            response["content"] = content;
        }
        let mut responses = match self.operation.remove("responses") {
            Some(Value::Object(responses)) => responses,
            _ => Map::new(),
        };
        responses.insert(status.to_string(), response);
        let responses = Value::Object(responses);
        self.operation.insert("responses".to_owned(), responses);
    }

    /// A content object for `T`, with the example of its schema.
    pub fn content<T: ToSchema>(&mut self, media_type: &str) -> Value {
        let mut media = json!({"schema": self.schema::<T>()});
        if let Some(example) = example_of::<T>() {
            media["example"] = example;
        }
        json!({ media_type: media })
    }

    /// A reference to the schema of `T`, which joins the document with all it refers to.
    pub fn schema<T: ToSchema>(&mut self) -> Value {
        let name = T::name().into_owned();
        self.schemas.push((name.clone(), T::schema()));
        T::schemas(&mut self.schemas);
        json!({"$ref": format!("#/components/schemas/{name}")})
    }
}

/// The example that stands at the schema of `T`.
pub fn example_of<T: PartialSchema>() -> Option<Value> {
    match serde_json::to_value(T::schema()).ok()? {
        Value::Object(mut schema) => schema
            .remove("example")
            .or_else(|| schema.get_mut("examples")?.get_mut(0).map(Value::take)),
        _ => None,
    }
}

/// Something a handler takes from the request.
pub trait Input: FromRequest {
    /// Describes what it takes.
    fn describe(draft: &mut Draft);
}

/// Something a handler answers with.
pub trait Output: Responder {
    /// Describes the successful answer.
    fn describe(draft: &mut Draft);
}

impl<T: Output> Output for Result<T, crate::error::Error> {
    fn describe(draft: &mut Draft) {
        T::describe(draft);
        draft.problem(&[
            ProblemCode::InternalError,
            ProblemCode::Overloaded,
            ProblemCode::Unavailable,
        ]);
    }
}

/// What a handler needs to be allowed to run: implemented by [`super::guard::Require`] and, for
/// the few operations that are open to everybody, by [`super::guard::Anyone`].
pub trait Guard: FromRequest {
    /// Describes the permission.
    fn describe(draft: &mut Draft);
}

/// Arguments of a handler: a guard first, then inputs. A handler without a guard does not
/// compile into the route list.
pub trait Arguments: FromRequest {
    /// Describes guard and inputs.
    fn describe(draft: &mut Draft);
}

macro_rules! arguments {
    ($($input:ident),*) => {
        impl<G: Guard + 'static, $($input: Input + 'static),*> Arguments for (G, $($input,)*) {
            fn describe(draft: &mut Draft) {
                G::describe(draft);
                $($input::describe(draft);)*
            }
        }
    };
}

arguments!();
arguments!(A);
arguments!(A, B);
arguments!(A, B, C);
arguments!(A, B, C, D);

/// The name of a tag, and what it means.
pub type Tag = (&'static str, &'static str);

/// An operation ready for the router and the document.
pub struct Operation {
    /// HTTP method.
    pub method: Method,
    /// Path template, such as `/v1/customers/{customer_id}`.
    pub path: String,
    /// The scope it needs; `None` where it is open to everybody.
    pub scope: Option<&'static str>,
    /// Whether it takes query parameters; where it takes none, any is refused.
    pub takes_query: bool,
    /// Media types of its answer, the preferred one first.
    pub formats: Vec<&'static str>,
    /// Problems it can answer with, in the order of the table.
    pub problems: Vec<ProblemCode>,
    /// The operation object of the document.
    pub document: Map<String, Value>,
    /// Schemas it refers to.
    pub schemas: Schemas,
    /// The tags of its area, and what they mean.
    pub tags: &'static [Tag],
    route: Box<dyn Fn(&Method) -> Route + Send + Sync>,
}

impl Operation {
    /// Joins the attributes of a handler (`utoipa::path`) with its signature.
    pub fn new<P, H, A>(handler: H, business: &[ProblemCode]) -> Self
    where
        // utoipa keeps the tags of a path in a trait of their own, which its documentation hides.
        P: utoipa::Path + utoipa::__dev::Tags<'static>,
        H: Handler<A> + Send + Sync,
        H::Output: Output + 'static,
        A: Arguments + 'static,
    {
        let method = method_of(&P::methods());
        let mut operation = match serde_json::to_value(P::operation()) {
            Ok(Value::Object(operation)) => operation,
            _ => Map::new(),
        };
        operation.remove("responses");
        operation.insert("tags".to_owned(), json!(P::tags()));
        let mut draft = Draft {
            operation,
            schemas: Vec::new(),
            problems: business.to_vec(),
            scope: None,
            takes_query: false,
            formats: vec![JSON],
        };
        A::describe(&mut draft);
        H::Output::describe(&mut draft);
        if draft.problems.contains(&ProblemCode::PreconditionRequired) {
            draft.problem(&[ProblemCode::PreconditionFailed]);
        }
        draft.problems.sort_unstable();
        draft.problems.dedup();
        Self {
            path: P::path(),
            scope: draft.scope,
            takes_query: draft.takes_query,
            formats: draft.formats,
            problems: draft.problems,
            document: draft.operation,
            schemas: draft.schemas,
            tags: &[],
            route: Box::new(move |method| {
                actix_web::web::method(method.clone()).to(handler.clone())
            }),
            method,
        }
    }

    /// The operations of an area, with what its tags mean.
    pub fn of_area(tags: &'static [Tag], mut operations: Vec<Self>) -> Vec<Self> {
        for operation in &mut operations {
            operation.tags = tags;
        }
        operations
    }

    /// The handler under `method`: its own, or HEAD for operations that read (RFC 9110 §9.3.2).
    pub fn route_for(&self, method: &Method) -> Route {
        (self.route)(method)
    }

    /// Brings along a schema that a parameter names: parameters name their types without it.
    #[must_use]
    pub fn naming<T: ToSchema>(mut self) -> Self {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        self
    }
}

/// Joins a handler with its attributes, and names the problems of its business: one by one, and
/// after a semicolon those that it shares with others.
#[macro_export]
macro_rules! route {
    ($module:ident :: $handler:ident $(, $problem:ident)* $(,)?) => {
        $crate::route!($module::$handler $(, $problem)*; &[])
    };
    ($module:ident :: $handler:ident $(, $problem:ident)*; $more:expr) => {
        pastey::paste! {
            $crate::platform::http::operation::Operation::new::<
                $module::[<__path_ $handler>], _, _
            >(
                $module::$handler,
                &[
                    &[$($crate::error_codes::ProblemCode::$problem),*],
                    $more as &[$crate::error_codes::ProblemCode],
                ]
                .concat(),
            )
        }
    };
}

/// By method and path template.
type Routed = (String, String);

/// Every operation of an application, and what is looked up of them for each request. The door
/// looks before a request is routed, so this belongs to the application and not to a resource.
pub struct Operations {
    all: &'static [Operation],
    takers: BTreeSet<Routed>,
    others: BTreeMap<Routed, &'static [&'static str]>,
}

impl Operations {
    /// Prepares the look-ups.
    pub fn of(all: &'static [Operation]) -> Self {
        let routed = |one: &Operation| (one.method.to_string(), one.path.clone());
        Self {
            all,
            takers: all
                .iter()
                .filter(|one| one.takes_query)
                .map(routed)
                .collect(),
            others: all
                .iter()
                .filter(|one| one.formats.len() > 1)
                .map(|one| (routed(one), one.formats.as_slice()))
                .collect(),
        }
    }

    /// All of them.
    pub fn all(&self) -> &'static [Operation] {
        self.all
    }

    /// Whether the operation at a path template takes query parameters.
    pub fn takes_query(&self, method: &Method, path: &str) -> bool {
        self.takers.contains(&(as_routed(method), path.to_owned()))
    }

    /// The media types in which the operation at a path template answers, the preferred one first.
    pub fn formats(&self, method: &Method, path: &str) -> &'static [&'static str] {
        let formats = self.others.get(&(as_routed(method), path.to_owned()));
        formats.copied().unwrap_or(&[JSON])
    }
}

/// HEAD is routed like GET.
fn as_routed(method: &Method) -> String {
    if *method == Method::HEAD {
        Method::GET.to_string()
    } else {
        method.to_string()
    }
}

fn method_of(methods: &[utoipa::openapi::HttpMethod]) -> Method {
    use utoipa::openapi::HttpMethod;
    match methods.first() {
        Some(HttpMethod::Post) => Method::POST,
        Some(HttpMethod::Put) => Method::PUT,
        Some(HttpMethod::Delete) => Method::DELETE,
        Some(HttpMethod::Patch) => Method::PATCH,
        _ => Method::GET,
    }
}
