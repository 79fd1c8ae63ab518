//! Fetches one key set over HTTPS, with a limit on everything the other side could stretch.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::jwks::KEY_SET_BYTES_MAX;
use super::schedule::RefreshSettings;

/// An address that key sets may be fetched from.
#[derive(Debug, Clone)]
pub(super) struct KeySetUri(Uri);

impl KeySetUri {
    /// HTTPS with a host and without credentials; plain HTTP only to this machine, and only
    /// where the settings allow it.
    pub(super) fn parse(text: &str, allow_http_to_loopback: bool) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let host = uri.host().filter(|host| !host.is_empty())?;
        let scheme_fits = match uri.scheme_str()? {
            "https" => true,
            "http" => allow_http_to_loopback && is_loopback(host),
            _ => false,
        };
        let credentials = uri.authority()?.as_str().contains('@');
        (scheme_fits && !credentials).then_some(Self(uri))
    }
}

/// The names that cannot be made to point elsewhere; `localhost` is one by RFC 6761 §6.3.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A body and how long it may be kept.
pub(super) struct Fetched {
    pub(super) body: Vec<u8>,
    pub(super) max_age: Option<Duration>,
}

/// Why nothing was fetched.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer is larger than {KEY_SET_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the answer did not come in time")]
    TimedOut,
    #[error("the request failed: {0}")]
    Failed(#[source] Box<ureq::Error>),
}

impl From<ureq::Error> for FetchError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::BodyExceedsLimit(_) => Self::TooLarge,
            other => Self::Failed(Box::new(other)),
        }
    }
}

/// An HTTP client for nothing but key sets.
pub(super) struct Fetcher {
    agent: ureq::Agent,
}

impl Fetcher {
    /// Redirects are answers, not instructions: the address comes from the configuration and
    /// from nowhere else. Connections are not kept, as the next fetch is minutes away. The
    /// proxy variables of the environment are not read, as only the configuration reads it.
    pub(super) fn new(settings: &RefreshSettings) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .https_only(!settings.allow_http_to_loopback)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .proxy(None)
            .timeout_global(Some(settings.timeout))
            .user_agent("shouxin")
            .accept("application/jwk-set+json, application/json")
            .build()
            .new_agent();
        Self { agent }
    }

    /// Fetches once.
    pub(super) fn fetch(&self, uri: &KeySetUri) -> Result<Fetched, FetchError> {
        let mut answer = self.agent.get(uri.0.clone()).call()?;
        if answer.status() != 200 {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let cache_control = answer.headers().get("cache-control");
        let max_age = cache_control
            .and_then(|value| value.to_str().ok())
            .and_then(max_age);
        let limit = KEY_SET_BYTES_MAX as u64;
        let body = answer.body_mut().with_config().limit(limit).read_to_vec()?;
        Ok(Fetched { body, max_age })
    }
}

/// The `max-age` of a `Cache-Control` header (RFC 9111 §5.2.2.1). `no-cache` and `no-store`
/// ask for the shortest interval there is.
fn max_age(cache_control: &str) -> Option<Duration> {
    let mut directives = cache_control.split(',').map(str::trim);
    if directives
        .clone()
        .any(|one| one.eq_ignore_ascii_case("no-cache") || one.eq_ignore_ascii_case("no-store"))
    {
        return Some(Duration::ZERO);
    }
    directives.find_map(|one| {
        let (name, value) = one.split_once('=')?;
        let seconds = value.trim_matches('"').parse().ok()?;
        name.eq_ignore_ascii_case("max-age")
            .then_some(Duration::from_secs(seconds))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_https_or_a_permitted_loopback() {
        for (text, by_default, with_loopback) in [
            ("https://idp.example/keys", true, true),
            ("https://idp.example:8443/keys?v=1", true, true),
            ("https://127.0.0.1/keys", true, true),
            ("http://127.0.0.1:8080/keys", false, true),
            ("http://localhost/keys", false, true),
            ("http://[::1]:8080/keys", false, true),
            ("http://idp.example/keys", false, false),
            ("http://localhost.example/keys", false, false),
            ("http://127.0.0.1.example/keys", false, false),
            ("http://127.0.0.1@idp.example/keys", false, false),
            ("https://user:secret@idp.example/keys", false, false),
            ("ftp://idp.example/keys", false, false),
            ("file:///keys", false, false),
            ("/keys", false, false),
            ("", false, false),
        ] {
            assert_eq!(
                KeySetUri::parse(text, false).is_some(),
                by_default,
                "{text}"
            );
            assert_eq!(
                KeySetUri::parse(text, true).is_some(),
                with_loopback,
                "{text}"
            );
        }
    }

    #[test]
    fn max_age_is_found_among_directives() {
        for (header, expected) in [
            ("max-age=600", Some(600)),
            ("public, Max-Age=600, must-revalidate", Some(600)),
            ("max-age=\"600\"", Some(600)),
            ("s-maxage=600", None),
            ("max-age=-1", None),
            ("max-age=", None),
            ("public", None),
            ("no-store, max-age=600", Some(0)),
            ("", None),
        ] {
            assert_eq!(
                max_age(header),
                expected.map(Duration::from_secs),
                "{header}"
            );
        }
    }
}
