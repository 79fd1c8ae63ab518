//! The one table of settings: what the program reads, what `shouxin config` prints, and what the
//! manual shows.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::given::{Given, Wrong};
use super::values::{self, IssuerSettings, LogFormat, Secret};
use crate::crypto::MasterKeys;

/// One setting, as people need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Key in the settings file.
    pub name: &'static str,
    /// Environment variable, which goes before the file.
    pub variable: &'static str,
    /// Value when neither says anything; empty for none.
    pub default: &'static str,
    /// What it does.
    pub description: &'static str,
}

macro_rules! settings {
    ($($name:ident: $type:ty = $default:literal, $variable:literal, $read:expr, $description:literal;)*) => {
        /// The settings of the process.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $(#[doc = $description] pub $name: $type,)*
        }

        /// Every setting, in the order of the manual.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            name: stringify!($name),
            variable: $variable,
            default: $default,
            description: $description,
        }),*];

        impl Settings {
            /// Reads every setting before giving up, so that all mistakes are reported at once.
            pub(super) fn read(given: &Given, wrong: &mut Vec<Wrong>) -> Option<Self> {
                $(let $name = one(given, wrong, stringify!($name), $default, $read);)*
                Some(Self { $($name: $name?),* })
            }
        }
    };
}

settings! {
    listen: SocketAddr = "127.0.0.1:8080", "SHOUXIN_LISTEN", values::socket_address,
        "Address and port that the service listens on.";
    workers: usize = "0", "SHOUXIN_WORKERS", values::whole(0, 1024),
        "Threads that take requests; 0 for one per processor.";
    connections_max: usize = "10000", "SHOUXIN_CONNECTIONS_MAX", values::whole(1, 1_000_000),
        "Open client connections at most; further ones wait in the operating system's queue.";
    database_url: Option<Secret> = "", "DATABASE_URL", values::optional(values::database_url),
        "PostgreSQL connection of the service, as URL or key=value text; several hosts are allowed.";
    replica_database_url: Option<Secret> = "", "SHOUXIN_REPLICA_DATABASE_URL", values::optional(values::database_url),
        "A replica for reads that may lag: lists and reports. What is decided, checked or read by its identifier never comes from there. Without an answer from it, the primary is asked.";
    migration_database_url: Option<Secret> = "", "SHOUXIN_MIGRATION_DATABASE_URL", values::optional(values::database_url),
        "Connection of `migrate`, for a role that owns the schema; without it, database_url.";
    pool_size: u32 = "16", "SHOUXIN_POOL_SIZE", values::whole(1, 1000),
        "Database connections at most, and statements that run at once.";
    queue_max: usize = "256", "SHOUXIN_QUEUE_MAX", values::whole(0, 100_000),
        "Requests that may wait for a connection at once; one more is answered 503.";
    queue_wait_ms: Duration = "1000", "SHOUXIN_QUEUE_WAIT_MS", values::milliseconds(1, 60_000),
        "How long a request waits for its turn at the database before it is answered 503.";
    connection_wait_ms: Duration = "1000", "SHOUXIN_CONNECTION_WAIT_MS", values::milliseconds(10, 60_000),
        "How long a request waits for a connection to be opened before it is answered 503.";
    deadline_ms: Duration = "2500", "SHOUXIN_DEADLINE_MS", values::milliseconds(10, 600_000),
        "How long the database work of one request may take before it is answered 503.";
    statement_timeout_ms: Duration = "2000", "SHOUXIN_STATEMENT_TIMEOUT_MS", values::milliseconds(10, 600_000),
        "After this time PostgreSQL ends a statement.";
    lock_timeout_ms: Duration = "1000", "SHOUXIN_LOCK_TIMEOUT_MS", values::milliseconds(1, 60_000),
        "After this time PostgreSQL gives up waiting for one lock.";
    commit_threads: u32 = "2", "SHOUXIN_COMMIT_THREADS", values::whole(0, 64),
        "Threads that decide concurrent reservations together, each on a connection of its own besides the pool; 0 decides each alone.";
    check_threads: u32 = "1", "SHOUXIN_CHECK_THREADS", values::whole(0, 64),
        "Threads that answer concurrent credit checks together, each on a connection of its own besides the pool; 0 answers each alone.";
    together_max: usize = "128", "SHOUXIN_TOGETHER_MAX", values::whole(1, 1000),
        "Requests that are served together at most.";
    together_queue_max: usize = "1000", "SHOUXIN_TOGETHER_QUEUE_MAX", values::whole(1, 100_000),
        "Requests that may wait to be served together; one more is answered 503.";
    body_bytes_max: usize = "1048576", "SHOUXIN_BODY_BYTES_MAX", values::whole(1024, 1 << 30),
        "Largest request body, in bytes.";
    json_depth_max: usize = "32", "SHOUXIN_JSON_DEPTH_MAX", values::whole(2, 128),
        "Deepest nesting of a JSON body.";
    uri_bytes_max: usize = "4096", "SHOUXIN_URI_BYTES_MAX", values::whole(256, 65_536),
        "Longest path and query, in bytes.";
    header_bytes_max: usize = "32768", "SHOUXIN_HEADER_BYTES_MAX", values::whole(1024, 98_304),
        "Names and values of all headers of a request, in bytes; there may be 96 headers.";
    request_timeout_ms: Duration = "10000", "SHOUXIN_REQUEST_TIMEOUT_MS", values::milliseconds(100, 600_000),
        "How long the head of a request may take to arrive.";
    requests_per_minute: u32 = "600000", "SHOUXIN_REQUESTS_PER_MINUTE", values::whole(0, 100_000_000),
        "Requests a minute for each principal on one instance; 0 for no limit.";
    allowed_origins: Vec<String> = "", "SHOUXIN_ALLOWED_ORIGINS", values::origins,
        "Origins that browsers may call from, separated by commas.";
    time_zone: chrono_tz::Tz = "Asia/Shanghai", "SHOUXIN_TIME_ZONE", values::time_zone,
        "Time zone of the company; it decides which day it is.";
    rate_age_days_max: i64 = "7", "SHOUXIN_RATE_AGE_DAYS_MAX", values::whole(0, 3650),
        "Days an exchange rate may be old and still convert new business.";
    rate_departure_bp: i32 = "1000", "SHOUXIN_RATE_DEPARTURE_BP", values::whole(0, 10_000),
        "How far an exchange rate may depart from the last ones without a second person, in basis points.";
    master_keys: Option<Arc<MasterKeys>> = "", "SHOUXIN_MASTER_KEYS", values::optional(values::master_keys),
        "Keys that protect classified data, as `k2:BASE64,k1:BASE64,index:BASE64` of 32 bytes each. The first wraps, the others still unwrap. `shouxin keys` makes new ones.";
    master_keys_file: Option<PathBuf> = "", "SHOUXIN_MASTER_KEYS_FILE", values::optional(values::path),
        "File that holds the keys, instead of master_keys.";
    issuers: Vec<IssuerSettings> = "", "SHOUXIN_ISSUERS", values::issuers,
        "Whose tokens are accepted: a list of issuer, jwks_uri, audiences and, if need be, algorithms and lifetime_max_seconds; JSON in the variable, `[[issuers]]` in the file.";
    issuer: Option<String> = "", "SHOUXIN_ISSUER", values::optional(values::text),
        "The issuer, where there is only one.";
    jwks_uri: Option<String> = "", "SHOUXIN_JWKS_URI", values::optional(values::text),
        "Address of the issuer's keys, where there is only one issuer.";
    audience: Option<String> = "", "SHOUXIN_AUDIENCE", values::optional(values::text),
        "Name of this service in `aud`, where there is only one issuer.";
    allow_http_jwks_on_loopback: bool = "false", "SHOUXIN_ALLOW_HTTP_JWKS_ON_LOOPBACK", values::yes_or_no,
        "Whether keys may be fetched over plain HTTP from this machine.";
    jobs_enabled: bool = "true", "SHOUXIN_JOBS_ENABLED", values::yes_or_no,
        "Whether `serve` runs the background jobs too; without, run `shouxin worker`.";
    shutdown_delay_ms: Duration = "1000", "SHOUXIN_SHUTDOWN_DELAY_MS", values::milliseconds(0, 600_000),
        "On SIGTERM, how long readiness says no before the service stops listening.";
    shutdown_timeout_ms: Duration = "10000", "SHOUXIN_SHUTDOWN_TIMEOUT_MS", values::milliseconds(1000, 600_000),
        "How long running requests may go on after that.";
    log_format: Option<LogFormat> = "", "SHOUXIN_LOG_FORMAT", values::optional(values::log_format),
        "json or human; without it, human for `dev` and json for everything else.";
    log_filter: String = "info,actix_server=warn", "SHOUXIN_LOG_FILTER", values::log_filter,
        "What is logged, such as `warn` or `info,shouxin=debug`.";
}

/// Every setting as a table in Markdown.
pub fn markdown() -> String {
    let mut text = String::from("| setting | variable | default | |\n|---|---|---|---|\n");
    for setting in SETTINGS {
        let default = match setting.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        text.push_str(&format!(
            "| `{}` | `{}` | {default} | {} |\n",
            setting.name, setting.variable, setting.description
        ));
    }
    text
}

/// Reads one setting from what was given, or from its default.
fn one<T>(
    given: &Given,
    wrong: &mut Vec<Wrong>,
    name: &'static str,
    default: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let text = given.0.get(name).map_or(default, |(text, _)| text.as_str());
    match read(text.trim()) {
        Ok(value) => Some(value),
        Err(why) => {
            wrong.push(given.wrong(name, why));
            None
        }
    }
}
