//! How values are read. Each reader says what it expects when it is given something else, and
//! never repeats what it was given.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use crate::auth::{algorithms, refresh};
use crate::crypto::MasterKeys;

/// Algorithms of an issuer that names none.
const ALGORITHMS_DEFAULT: [Algorithm; 4] = [
    Algorithm::ES256,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::RS256,
];

/// How long a token of an issuer may live that names no limit, in seconds.
const LIFETIME_SECONDS_DEFAULT: u32 = 3600;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    Human,
}

/// An issuer whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerSettings {
    /// Compared with `iss` character by character.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Names of this service in `aud`.
    pub audiences: BTreeSet<String>,
    /// Algorithms it may use.
    pub algorithms: Vec<Algorithm>,
    /// How long its tokens may live.
    pub lifetime_max_seconds: u32,
}

impl IssuerSettings {
    /// An issuer with one audience and the usual rules.
    pub(super) fn single(issuer: &str, jwks_uri: &str, audience: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: jwks_uri.to_owned(),
            audiences: BTreeSet::from([audience.to_owned()]),
            algorithms: ALGORITHMS_DEFAULT.into(),
            lifetime_max_seconds: LIFETIME_SECONDS_DEFAULT,
        }
    }

    pub(super) fn may_be_fetched(&self, allow_http_on_loopback: bool) -> bool {
        refresh::is_key_set_address(&self.jwks_uri, allow_http_on_loopback)
    }
}

/// A value of the settings file as text, as if it came from a variable.
pub(super) fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Array(items) if items.iter().all(toml::Value::is_table) => {
            serde_json::to_string(items).ok()
        }
        toml::Value::Array(items) => items
            .iter()
            .map(toml::Value::as_str)
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.join(",")),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// Empty means none.
pub(super) fn optional<T>(
    read: impl FnOnce(&str) -> Result<T, String>,
) -> impl FnOnce(&str) -> Result<Option<T>, String> {
    |text| match text {
        "" => Ok(None),
        text => read(text).map(Some),
    }
}

pub(super) fn whole<T>(least: T, most: T) -> impl FnOnce(&str) -> Result<T, String>
where
    T: FromStr + PartialOrd + fmt::Display,
{
    move |text| {
        text.parse()
            .ok()
            .filter(|number| (&least..=&most).contains(&number))
            .ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

pub(super) fn milliseconds(least: u64, most: u64) -> impl FnOnce(&str) -> Result<Duration, String> {
    move |text| {
        whole(least, most)(text)
            .map(Duration::from_millis)
            .map_err(|expected| format!("{expected} (milliseconds)"))
    }
}

pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    text.parse()
        .map_err(|_| "expected true or false".to_owned())
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an IP address and a port, such as 0.0.0.0:8080".to_owned())
}

pub(super) fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    Ok(PathBuf::from(text))
}

pub(super) fn database_url(text: &str) -> Result<Secret, String> {
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if is_url || (text.contains('=') && !text.contains("://")) {
        Ok(Secret(text.to_owned()))
    } else {
        Err("expected a PostgreSQL URL (postgres://…) or key=value text".to_owned())
    }
}

pub(super) fn time_zone(text: &str) -> Result<chrono_tz::Tz, String> {
    text.parse()
        .map_err(|_| "expected a time zone of the IANA list, such as Asia/Shanghai".to_owned())
}

pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let is_origin = |origin: &str| {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']))
    };
    let origins: Vec<String> = text
        .split(',')
        .map(|origin| origin.trim().to_owned())
        .filter(|origin| !origin.is_empty())
        .collect();
    if origins.iter().all(|origin| is_origin(origin)) {
        Ok(origins)
    } else {
        Err("expected origins such as https://app.example, without path or wildcard".to_owned())
    }
}

pub(super) fn master_keys(text: &str) -> Result<Arc<MasterKeys>, String> {
    MasterKeys::parse(text)
        .map(Arc::new)
        .map_err(|error| error.to_string())
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "human" => Ok(LogFormat::Human),
        _ => Err("expected json or human".to_owned()),
    }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|_| "expected a filter such as info or warn,shouxin=debug".to_owned())
}

pub(super) fn issuers(text: &str) -> Result<Vec<IssuerSettings>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let entries: Vec<IssuerEntry> = serde_json::from_str(text).map_err(|error| {
        format!("expected a list of issuer, jwks_uri, audiences, algorithms, lifetime_max_seconds: {error}")
    })?;
    entries.into_iter().map(IssuerEntry::check).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerEntry {
    issuer: String,
    jwks_uri: String,
    audiences: BTreeSet<String>,
    algorithms: Option<Vec<String>>,
    lifetime_max_seconds: Option<u32>,
}

impl IssuerEntry {
    fn check(self) -> Result<IssuerSettings, String> {
        let algorithms = match self.algorithms {
            None => ALGORITHMS_DEFAULT.into(),
            Some(names) => names
                .iter()
                .map(|name| algorithms::from_name(name))
                .collect::<Option<Vec<_>>>()
                .filter(|algorithms| !algorithms.is_empty())
                .ok_or_else(|| {
                    format!(
                        "the algorithms of {} must be asymmetric ones, such as ES256",
                        self.issuer
                    )
                })?,
        };
        if self.audiences.is_empty() {
            return Err(format!("{} has no audience", self.issuer));
        }
        let lifetime_max_seconds = self
            .lifetime_max_seconds
            .unwrap_or(LIFETIME_SECONDS_DEFAULT);
        if lifetime_max_seconds == 0 {
            return Err(format!("{} has no lifetime above 0", self.issuer));
        }
        Ok(IssuerSettings {
            issuer: self.issuer,
            jwks_uri: self.jwks_uri,
            audiences: self.audiences,
            algorithms,
            lifetime_max_seconds,
        })
    }
}
