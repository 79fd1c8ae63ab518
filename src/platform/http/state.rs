//! What the application carries from request to request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::metrics::{Metrics, Queues};
use super::seen_people::SeenPeople;
use crate::auth::key_holder::KeyHolder;
use crate::auth::token::TokenVerifier;
use crate::crypto::CursorSeal;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::db::Db;

/// Shared by all workers.
pub struct State {
    /// The database; handlers reach it only through their guard.
    pub(crate) db: Db,
    /// What waits to be served together.
    pub(crate) queues: Arc<dyn Queues>,
    /// Verifies access tokens.
    pub(crate) verifier: TokenVerifier,
    /// Seals cursors, so that a foreign or altered one is recognised.
    pub(crate) cursors: CursorSeal,
    /// Requests allowed to each principal.
    pub(crate) quotas: Quotas,
    /// Who has come.
    pub(crate) seen: SeenPeople,
    /// Numbers for Prometheus.
    pub(crate) metrics: Metrics,
    /// Limits of requests.
    pub(crate) limits: RequestLimits,
    /// Origins that browsers may call from.
    pub(crate) allowed_origins: Vec<String>,
    /// Time zone of the company.
    pub(crate) time_zone: chrono_tz::Tz,
    /// Where in the log requests belong: the span in which the state was made. Several services in
    /// one process are told apart by it.
    pub(crate) span: tracing::Span,
    keys: Vec<Arc<KeyHolder>>,
    draining: AtomicBool,
}

/// What a [`State`] is made of.
pub struct Parts {
    /// The database.
    pub db: Db,
    /// Verifies access tokens.
    pub verifier: TokenVerifier,
    /// The keys of the trusted issuers, for readiness.
    pub keys: Vec<Arc<KeyHolder>>,
    /// Seals cursors.
    pub cursors: CursorSeal,
    /// Requests a minute for each principal on this instance; 0 for no limit.
    pub quota_per_minute: u32,
    /// Limits of requests.
    pub limits: RequestLimits,
    /// Origins that browsers may call from.
    pub allowed_origins: Vec<String>,
    /// Time zone of the company.
    pub time_zone: chrono_tz::Tz,
    /// What waits to be served together.
    pub queues: Arc<dyn Queues>,
}

/// Limits of one request.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Levels of nesting of a JSON body.
    pub json_depth: usize,
    /// Bytes of path and query.
    pub uri_bytes: usize,
    /// Bytes of the names and values of all headers.
    pub header_bytes: usize,
}

/// What identifies one request in answers, logs and audit entries.
#[derive(Debug, Clone)]
pub struct RequestIdentity {
    /// Our own identifier.
    pub request_id: Uuid,
    /// Trace identifier (W3C Trace Context), 32 hexadecimal digits.
    pub trace_id: String,
}

impl RequestIdentity {
    /// A new request, of the caller's trace where there is one.
    pub fn new(trace_id: Option<&str>) -> Self {
        Self {
            request_id: random_uuid(),
            trace_id: trace_id.map_or_else(|| random_uuid().simple().to_string(), str::to_owned),
        }
    }
}

/// A random (version 4) UUID. Without randomness the request still gets an identifier.
fn random_uuid() -> Uuid {
    let bytes = crate::crypto::random_bytes::<16>().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

impl State {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self {
            queues: parts.queues,
            db: parts.db,
            verifier: parts.verifier,
            cursors: parts.cursors,
            quotas: Quotas::per_minute(parts.quota_per_minute),
            seen: SeenPeople::default(),
            metrics: Metrics::default(),
            limits: parts.limits,
            allowed_origins: parts.allowed_origins,
            time_zone: parts.time_zone,
            span: tracing::Span::current(),
            keys: parts.keys,
            draining: AtomicBool::new(false),
        }
    }

    /// Whether every trusted issuer's keys are at hand and fresh.
    pub fn keys_ready(&self) -> bool {
        let now = self.db.clock().now();
        self.keys.iter().all(|keys| keys.is_fresh(now))
    }

    /// Tells readiness to say no: the balancer sends new requests elsewhere.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether the service is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// The database, for the jobs that run beside the requests.
    pub fn database(&self) -> &Db {
        &self.db
    }
}

/// A fixed window of requests per principal and instance. It keeps one runaway caller from using
/// up what all others share; the bounded queue in front of the database protects the service.
pub struct Quotas {
    per_minute: u32,
    windows: Mutex<HashMap<String, Window>>,
}

struct Window {
    started: DateTime<Utc>,
    used: u32,
}

/// Principals remembered before idle ones are forgotten.
const PRINCIPALS_MAX: usize = 10_000;

impl Quotas {
    /// 0 switches quotas off.
    pub fn per_minute(per_minute: u32) -> Self {
        Self {
            per_minute,
            windows: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one request out of the quota.
    ///
    /// # Errors
    /// [`ProblemCode::RateLimited`] with `Retry-After` when it is used up.
    pub fn take(&self, principal: &str, now: DateTime<Utc>) -> Result<(), Error> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let mut windows = self
            .windows
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if windows.len() >= PRINCIPALS_MAX {
            windows.retain(|_, window| now - window.started < TimeDelta::minutes(1));
        }
        let window = match windows.get_mut(principal) {
            Some(window) if now - window.started < TimeDelta::minutes(1) => window,
            _ => windows
                .entry(principal.to_owned())
                .insert_entry(Window {
                    started: now,
                    used: 0,
                })
                .into_mut(),
        };
        if window.used >= self.per_minute {
            let left = (window.started + TimeDelta::minutes(1) - now)
                .num_seconds()
                .max(1);
            return Err(Problem::new(ProblemCode::RateLimited)
                .with_header("Retry-After", left.to_string())
                .with_header(
                    "RateLimit-Policy",
                    format!(r#""default";q={};w=60"#, self.per_minute),
                )
                .with_header("RateLimit", format!(r#""default";r=0;t={left}"#))
                .into());
        }
        window.used += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_per_principal_and_comes_back_after_a_minute() {
        let quotas = Quotas::per_minute(2);
        let start = DateTime::<Utc>::default();
        assert!(quotas.take("a", start).is_ok());
        assert!(quotas.take("a", start).is_ok());
        let Err(Error::Refused(problem)) = quotas.take("a", start + TimeDelta::seconds(18)) else {
            panic!("the third request of a minute is refused");
        };
        assert_eq!(problem.code, ProblemCode::RateLimited);
        assert!(problem.headers.contains(&("Retry-After", "42".to_owned())));
        assert!(quotas.take("b", start).is_ok());
        assert!(quotas.take("a", start + TimeDelta::seconds(60)).is_ok());
    }
}
