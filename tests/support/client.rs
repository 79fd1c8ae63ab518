//! A client that reads well: every status is an answer, and a wrong one prints its body.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use ureq::http::{HeaderMap, Method, Request};

use super::PATIENCE;
use super::actors::{Credentials, Identity};
use super::document::assert_documented;

/// Sends requests as somebody.
#[derive(Clone)]
pub struct Client {
    base: String,
    agent: ureq::Agent,
    credentials: Credentials,
    key: Option<String>,
    /// An operation, and the tag that is sent with it whatever the test says.
    demand: Option<(String, String)>,
}

/// A request about to be sent.
#[derive(Clone)]
#[must_use = "a call is only made by send() or expect()"]
pub struct Call {
    client: Client,
    method: Method,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
    content_type: Option<&'static str>,
    key: Key,
    blind: bool,
}

#[derive(Clone)]
enum Key {
    /// A fresh one where the method is POST.
    Automatic,
    Exactly(String),
    None,
}

/// What came back.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    request: String,
    call: Call,
}

impl Client {
    pub fn new(base: String, credentials: Credentials) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        Self {
            base,
            agent,
            credentials,
            key: None,
            demand: None,
        }
    }

    /// The same caller, sending this `If-Match` with an operation.
    pub fn demanding(mut self, operation: &str, tag: &str) -> Self {
        self.demand = Some((operation.to_owned(), tag.to_owned()));
        self
    }

    /// The same caller, sending this `Idempotency-Key` with every write.
    pub fn always_with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Who the client calls as.
    pub fn identity(&self) -> &Identity {
        match &self.credentials {
            Credentials::Identity(identity, _) => identity,
            _ => panic!("this client has no identity"),
        }
    }

    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    /// A POST with a JSON body and a fresh `Idempotency-Key`.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call("POST", path).json(body)
    }

    /// A merge patch. `etag` is what a read answered; pass `*` to change whatever is there.
    pub fn patch(&self, path: &str, etag: &str, body: &Value) -> Call {
        self.call("PATCH", path)
            .body("application/merge-patch+json", body.to_string())
            .header("If-Match", etag)
    }

    /// Any method, without a body.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call {
            client: self.clone(),
            method: method.parse().unwrap(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
            content_type: None,
            key: match &self.key {
                // A key is for one operation, and a story may need several.
                Some(key) if method != "GET" => Key::Exactly(format!("{key}-{method}-{path}")),
                _ => Key::Automatic,
            },
            blind: false,
        }
    }
}

impl Call {
    /// Adds a header; several of one name are sent as several.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.raw_header(name, value.as_bytes())
    }

    /// Adds a header that need not be text.
    pub fn raw_header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// A body as it is.
    pub fn body(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.content_type = (!content_type.is_empty()).then_some(content_type);
        self.body = Some(body.into());
        self
    }

    /// This `Idempotency-Key` instead of a fresh one.
    pub fn key(mut self, key: &str) -> Self {
        self.key = Key::Exactly(key.to_owned());
        self
    }

    /// No `Idempotency-Key`.
    pub fn without_key(mut self) -> Self {
        self.key = Key::None;
        self
    }

    /// Says nothing of what is decided, where decisions otherwise name the approval that the
    /// caller reads just before.
    pub fn blind(mut self) -> Self {
        self.blind = true;
        self
    }

    /// Sends the request and gives whatever comes back, as long as the document promises it.
    #[track_caller]
    pub fn send(self) -> Answer {
        let request = format!("{} {}", self.method, self.path);
        self.try_send()
            .unwrap_or_else(|error| panic!("{request}: {error}"))
    }

    /// The same where the service may be gone: an error is that of the connection.
    #[track_caller]
    pub fn try_send(self) -> Result<Answer, ureq::Error> {
        let request = format!("{} {}", self.method, self.path);
        let call = self.with_key_decided().with_precondition_decided()?;
        let mut builder = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", call.client.base, call.path));
        for (name, value) in call.all_headers() {
            builder = builder.header(name, value);
        }
        let agent = &call.client.agent;
        let sent = match &call.body {
            Some(body) => agent.run(builder.body(body.as_slice()).unwrap()),
            None => agent.run(builder.body(()).unwrap()),
        };
        let mut response = sent?;
        let body = response.body_mut().read_to_vec()?;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
            request,
            call,
        };
        assert_documented(answer.call.method.as_str(), &answer.call.path, &answer);
        Ok(answer)
    }

    fn with_key_decided(mut self) -> Self {
        if matches!(self.key, Key::Automatic) {
            self.key = match self.method {
                Method::POST => Key::Exactly(fresh_key()),
                _ => Key::None,
            };
        }
        self
    }

    /// A decision is about what was read: the caller reads it, and names its approval; or its tag,
    /// where it has none or the body is none to put it in.
    fn with_precondition_decided(mut self) -> Result<Self, ureq::Error> {
        if let Some((operation, tag)) = self.client.demand.take() {
            let own = super::document::operation_at(self.method.as_str(), &self.path);
            if own.is_some_and(|own| own.id == operation) {
                return Ok(self.with_tag(&tag));
            }
        }
        let decides = ["/approve", "/reject", "/send-back"]
            .iter()
            .any(|verb| self.path.ends_with(verb));
        let says_so = self.headers.iter().any(|(name, _)| name == "If-Match");
        if self.blind || says_so || !decides || self.method != Method::POST {
            return Ok(self);
        }
        let mut body: Value = match self.body.as_deref().map(serde_json::from_slice) {
            Some(Ok(body)) => body,
            _ => Value::Null,
        };
        if body["approval_id"].is_string() {
            return Ok(self);
        }
        let (about, _) = self.path.rsplit_once('/').unwrap();
        let read = self.client.get(about).try_send()?;
        if read.status != 200 {
            return Ok(self.with_tag(NOT_READ));
        }
        let approval = read.json()["approval_id"].take();
        if body.is_object() && approval.is_string() {
            body["approval_id"] = approval;
            self.body = Some(body.to_string().into());
            return Ok(self);
        }
        Ok(self.with_tag(&read.etag()))
    }

    fn with_tag(mut self, tag: &str) -> Self {
        self.headers.retain(|(name, _)| name != "If-Match");
        self.header("If-Match", tag)
    }

    fn all_headers(&self) -> Vec<(String, Vec<u8>)> {
        let mut headers = Vec::new();
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value.into()));
        if let Some(token) = self.client.credentials.token() {
            add("Authorization", format!("Bearer {token}"));
        }
        if let Some(content_type) = self.content_type {
            add("Content-Type", content_type.to_owned());
        }
        if let Key::Exactly(key) = &self.key {
            add("Idempotency-Key", key.clone());
        }
        headers.extend(self.headers.iter().cloned());
        headers
    }

    /// Sends the request; any other status than this one ends the test.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        self.send().expect(status)
    }

    /// Sends the request and expects the problem with this code, under the status that the
    /// table of codes gives it.
    #[track_caller]
    pub fn expect_problem(self, code: &str) -> Answer {
        self.send().expect_problem(code)
    }
}

impl Answer {
    /// The same request once more: same body, same headers, same key.
    #[track_caller]
    pub fn again(&self) -> Self {
        self.call.clone().send()
    }

    /// The same under a key of its own, meant for what has this tag.
    #[track_caller]
    pub fn again_for(&self, tag: &str) -> Self {
        self.call.clone().with_tag(tag).key(&fresh_key()).send()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{} answered {}: {}",
            self.request,
            self.status,
            self.text()
        );
        self
    }

    #[track_caller]
    pub fn expect_problem(self, code: &str) -> Self {
        let known = shouxin::error_codes::ProblemCode::find(code)
            .unwrap_or_else(|| panic!("there is no problem code {code}"));
        let answer = self.expect(known.status());
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{}",
            answer.request
        );
        let body = answer.json();
        assert_eq!(body["code"], code, "{} answered {body}", answer.request);
        assert_eq!(body["status"], known.status());
        answer
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error} in {}", self.request, self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag").expect("an ETag").to_owned()
    }

    /// A text member of the body.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        match &self.json()[name] {
            Value::String(text) => text.clone(),
            other => panic!("{}: {name} is {other}", self.request),
        }
    }

    /// The identifier of the resource in the body.
    #[track_caller]
    pub fn id(&self) -> String {
        self.field("id")
    }

    /// The items of a page.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        match self.json()["items"].take() {
            Value::Array(items) => items,
            _ => panic!("{}: no items in {}", self.request, self.text()),
        }
    }
}

/// The tag of nothing.
const NOT_READ: &str = "\"0-0\"";

/// A key that no other request of the run has.
pub fn fresh_key() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("test-key-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
