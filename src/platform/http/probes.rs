//! Outside the API: is the process alive, can it serve, how is it doing, and the documentation.
//! These paths are not in the document: they are for probes and people, without tokens.

use std::sync::OnceLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::operation::{Operation, Operations};
use super::problem;
use super::state::State;
use crate::error::Problem;
use crate::error_codes::ProblemCode;
use crate::platform::store::events::feed as events;
use crate::platform::store::migrations;
use crate::values::actor::Actor;
use crate::values::organisation::OrgPath;

/// The process is alive. Never touches the database.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// The service can take requests: database reachable, schema current, keys at hand, not draining.
pub async fn readyz(state: web::Data<State>) -> HttpResponse {
    let schema = state
        .db
        .read(probe(), |reader| migrations::missing(reader.connection))
        .await;
    let (database, migrations) = match &schema {
        Ok(missing) if missing.is_empty() => ("ok", "ok"),
        Ok(_) => ("ok", "pending"),
        Err(_) if state.db.is_bare() => ("ok", "pending"),
        Err(_) => ("unreachable", "unknown"),
    };
    let keys = if state.keys_ready() { "ok" } else { "missing" };
    let draining = state.is_draining();
    let ready = database == "ok" && migrations == "ok" && keys == "ok" && !draining;
    let checks = json!({
        "database": database,
        "migrations": migrations,
        "keys": keys,
        "draining": if draining { "yes" } else { "no" },
    });
    if ready {
        HttpResponse::Ok().json(json!({"status": "ok", "checks": checks}))
    } else {
        let problem = Problem::new(ProblemCode::Unavailable);
        problem::carrying(
            problem
                .with_header("Retry-After", "1")
                .with_member("checks", checks),
        )
    }
}

/// Numbers for Prometheus.
pub async fn metrics(state: web::Data<State>) -> HttpResponse {
    state.metrics.database(state.db.gauges());
    state.metrics.together(&state.queues.gauges());
    if let Ok((hidden, seconds)) = state
        .db
        .read(probe(), |reader| Ok(events::lag(reader)?))
        .await
    {
        state.metrics.feed(hidden, seconds);
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.metrics.text())
}

/// The OpenAPI document.
pub async fn document(request: HttpRequest, operations: web::Data<Operations>) -> HttpResponse {
    let document = DOCUMENT.get_or_init(|| Document::of(operations.all()));
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == document.tag.as_bytes());
    if known {
        return HttpResponse::NotModified()
            .insert_header((header::ETAG, document.tag.as_str()))
            .finish();
    }
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::ETAG, document.tag.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(document.text.clone())
}

/// The document as it is served: the same for every server of the process, and made when somebody
/// asks for it.
static DOCUMENT: OnceLock<Document> = OnceLock::new();

struct Document {
    text: web::Bytes,
    tag: String,
}

impl Document {
    fn of(operations: &[Operation]) -> Self {
        let text = super::openapi::text(operations);
        let digest = crate::crypto::sha256(text.as_bytes());
        let hex: String = digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            text: text.into(),
            tag: format!("\"{hex}\""),
        }
    }
}

/// Swagger UI, from files built into the binary.
pub async fn docs(
    request: HttpRequest,
    config: web::Data<utoipa_swagger_ui::Config<'static>>,
) -> HttpResponse {
    let path = request.match_info().get("file").unwrap_or("");
    match utoipa_swagger_ui::serve(path, config.clone().into_inner()) {
        Ok(Some(file)) => HttpResponse::Ok()
            .content_type(file.content_type)
            .insert_header((
                header::CONTENT_SECURITY_POLICY,
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
            ))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .body(file.bytes.into_owned()),
        _ => HttpResponse::NotFound().finish(),
    }
}

/// `/docs` without a slash leads to the page.
pub async fn docs_entry() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}

/// Probes read as nobody: no scopes, no organisation that anything belongs to.
fn probe() -> Actor {
    Actor {
        principal: "shouxin|probe".to_owned(),
        client_id: "probe".to_owned(),
        scopes: std::sync::Arc::default(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    }
}
