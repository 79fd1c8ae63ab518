//! Who a field of an answer is for. The type of the field says it, once: a view cannot be built
//! without saying it again, the document is told by it, and bodies are written by it.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use actix_web::{HttpMessage, HttpRequest};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{RefOr, Schema};

pub use crate::values::actor::Audience;

/// Where the document says whom a field is for.
pub const FOR_WHOM: &str = "x-audience";
/// Where the schema of a wrapper says what it wraps; it does not leave the service.
pub const OF_WHAT: &str = "x-of";

macro_rules! for_audience {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name<T>(pub T);

        impl<T> From<T> for $name<T> {
            fn from(value: T) -> Self {
                Self(value)
            }
        }

        // What utoipa asks of a type with a parameter; its documentation hides it.
        impl<T: ToSchema> utoipa::__dev::ComposeSchema for $name<T> {
            fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                let marks = ExtensionsBuilder::new()
                    .add(FOR_WHOM, Audience::$name.as_str())
                    .add(OF_WHAT, T::name().into_owned())
                    .build();
                AllOfBuilder::new()
                    .item(T::schema())
                    .extensions(Some(marks))
                    .into()
            }
        }

        impl<T: ToSchema> ToSchema for $name<T> {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                let name = T::name();
                // Numbers and the like have no schema of their own in the document.
                if name.starts_with(|first: char| first.is_ascii_uppercase()) {
                    schemas.push((name.into_owned(), T::schema()));
                }
                T::schemas(schemas);
            }
        }
    )*};
}

for_audience! {
    /// For staff and officers: absent where a customer itself reads.
    Staff,
    /// For officers: absent where anybody else reads.
    Officers,
}

/// The audience of the caller of a request that the guard has let in; of anybody else, the least.
pub fn of_request(request: &HttpRequest) -> Audience {
    let known = request.extensions().get::<Audience>().copied();
    known.unwrap_or(Audience::Own)
}

/// What of a type is for whom: members that are not for everybody, and where to look further.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    restricted: BTreeMap<String, Audience>,
    inside: BTreeMap<String, Plan>,
    items: Option<Box<Plan>>,
}

type Known = BTreeMap<String, Value>;
type Plans = RwLock<BTreeMap<TypeId, Arc<Plan>>>;

impl Plan {
    /// The plan of a type; made once.
    pub fn of<T: ToSchema + 'static>() -> Arc<Self> {
        static PLANS: OnceLock<Plans> = OnceLock::new();
        let plans = PLANS.get_or_init(Plans::default);
        let made = plans.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = made.get(&TypeId::of::<T>()) {
            return plan.clone();
        }
        drop(made);
        let plan = Arc::new(Self::read::<T>());
        let mut made = plans.write().unwrap_or_else(PoisonError::into_inner);
        made.insert(TypeId::of::<T>(), plan.clone());
        plan
    }

    fn read<T: ToSchema>() -> Self {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        let plain = |schema: RefOr<Schema>| serde_json::to_value(schema).unwrap_or_default();
        let known: Known = schemas
            .into_iter()
            .map(|(name, schema)| (name, plain(schema)))
            .collect();
        read(&plain(T::schema()), &known, 0)
    }

    /// Whether anything of it is not for an audience.
    pub fn hides_from(&self, audience: Audience) -> bool {
        self.restricted.values().any(|whose| *whose > audience)
            || self.inside.values().any(|plan| plan.hides_from(audience))
            || self
                .items
                .as_ref()
                .is_some_and(|plan| plan.hides_from(audience))
    }

    /// Whom a member is for.
    pub fn of_member(&self, name: &str) -> Audience {
        self.restricted.get(name).copied().unwrap_or(Audience::Own)
    }

    /// Leaves what is for an audience.
    pub fn prune(&self, value: &mut Value, audience: Audience) {
        match value {
            Value::Array(items) => {
                if let Some(plan) = &self.items {
                    items.iter_mut().for_each(|item| plan.prune(item, audience));
                }
            }
            Value::Object(members) => {
                members.retain(|name, _| self.of_member(name) <= audience);
                for (name, member) in members {
                    if let Some(plan) = self.inside.get(name) {
                        plan.prune(member, audience);
                    }
                }
            }
            _ => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.restricted.extend(other.restricted);
        self.inside.extend(other.inside);
        self.items = self.items.take().or(other.items);
    }
}

/// No view is nested deeper; a type that holds itself ends here.
const DEPTH_MAX: usize = 16;

fn read(schema: &Value, known: &Known, depth: usize) -> Plan {
    let mut plan = Plan::default();
    if depth > DEPTH_MAX {
        return plan;
    }
    let schema = resolved(schema, known);
    for choice in choices(schema) {
        plan.merge(read(choice, known, depth + 1));
    }
    if schema["items"].is_object() {
        let items = read(&schema["items"], known, depth + 1);
        plan.items = (items != Plan::default()).then(|| Box::new(items));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(audience) = audience_of(member, known, 0) {
            plan.restricted.insert(name.clone(), audience);
        }
        let inside = read(member, known, depth + 1);
        if inside != Plan::default() {
            plan.inside.insert(name.clone(), inside);
        }
    }
    plan
}

/// The mark of a member: at its schema, behind its reference, or in a choice between it and null.
fn audience_of(schema: &Value, known: &Known, depth: usize) -> Option<Audience> {
    let schema = resolved(schema, known);
    let own = schema[FOR_WHOM].as_str().and_then(Audience::parse);
    own.or_else(|| {
        choices(schema)
            .filter(|_| depth < DEPTH_MAX)
            .find_map(|one| audience_of(one, known, depth + 1))
    })
}

fn choices(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "allOf", "anyOf"]
        .into_iter()
        .flat_map(|part| schema[part].as_array().into_iter().flatten())
}

fn resolved<'a>(schema: &'a Value, known: &'a Known) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    name.and_then(|name| known.get(name)).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::platform::http::types::{Principal, Text};

    #[derive(Serialize, ToSchema)]
    struct Inner {
        what: Text<20>,
        who: Staff<Principal>,
    }

    #[derive(Serialize, ToSchema)]
    struct Outer {
        open: bool,
        flag: Staff<bool>,
        note: Option<Officers<Text<20>>>,
        one: Option<Inner>,
        list: Vec<Inner>,
        whole: Staff<Inner>,
    }

    #[derive(Serialize, ToSchema)]
    struct OuterPage {
        items: Vec<Outer>,
    }

    #[derive(Serialize, ToSchema)]
    struct Open {
        name: Text<20>,
    }

    fn inner() -> Inner {
        Inner {
            what: Text("what".to_owned()),
            who: Staff(Principal("issuer|ann".to_owned())),
        }
    }

    fn shown(audience: Audience) -> Value {
        let page = OuterPage {
            items: vec![Outer {
                open: true,
                flag: Staff(true),
                note: None,
                one: Some(inner()),
                list: vec![inner()],
                whole: Staff(inner()),
            }],
        };
        let mut value = serde_json::to_value(&page).unwrap();
        Plan::of::<OuterPage>().prune(&mut value, audience);
        value["items"][0].take()
    }

    #[test]
    fn each_audience_gets_what_is_for_it_wherever_it_stands() {
        let (all, bare) = (
            json!({"what": "what", "who": "issuer|ann"}),
            json!({"what": "what"}),
        );
        let own = json!({"open": true, "one": bare, "list": [bare]});
        assert_eq!(shown(Audience::Own), own);
        let mut staff =
            json!({"open": true, "flag": true, "one": all, "list": [all], "whole": all});
        assert_eq!(shown(Audience::Staff), staff);
        // Nothing, where it is for the reader, is null; where it is not, it is absent.
        staff["note"] = Value::Null;
        assert_eq!(shown(Audience::Officers), staff);
    }

    #[test]
    fn a_plan_says_whether_there_is_anything_to_take_out() {
        let plan = Plan::of::<OuterPage>();
        let hides = |audience| plan.hides_from(audience);
        assert!(hides(Audience::Own) && hides(Audience::Staff) && !hides(Audience::Officers));
        assert!(!Plan::of::<Open>().hides_from(Audience::Own));
        assert_eq!(Plan::of::<Outer>().of_member("note"), Audience::Officers);
        assert_eq!(Plan::of::<Outer>().of_member("flag"), Audience::Staff);
        assert_eq!(Plan::of::<Outer>().of_member("open"), Audience::Own);
    }
}
