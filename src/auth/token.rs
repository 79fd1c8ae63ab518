//! Verifies access tokens: JWTs of the RFC 9068 profile, under the rules of RFC 8725bis.
//!
//! Verification is synchronous and does no I/O. Keys are refreshed in the background (see
//! [`super::refresh`]); a key that is not there yet is a refusal that asks for a refresh.
//!
//! Of `jsonwebtoken` only the signature check is used, with the algorithm taken from the key.
//! Its own validation reads the system clock, takes several issuers as one, ignores `crit`
//! and `typ`, and lets an absent claim pass, so each rule is applied here instead.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Algorithm;
use thiserror::Error;
use uuid::Uuid;

use super::algorithms;
use super::claims::{self, Claims};
use super::compact::{CompactToken, Header};
use super::jwks::VerificationKey;
use super::key_holder::KeyHolder;
use super::refresh::RefreshHandle;
use super::rejection::TokenRejection;
use super::strict_json::Object;
use crate::values::organisation::OrgPath;

/// The most that clocks may differ.
pub const LEEWAY_MAX: TimeDelta = TimeDelta::seconds(30);
/// How long a token of a configured issuer may live, unless the configuration says otherwise.
pub const LIFETIME_MAX_DEFAULT: TimeDelta = TimeDelta::hours(1);
/// The longest token, unless the limits say otherwise.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// What a verified token says about its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Who issued it: `iss`.
    pub issuer: String,
    /// Whom it speaks for: `sub`. Unique only within the issuer.
    pub subject: String,
    /// The software that asked for it: `client_id`.
    pub client_id: String,
    /// Its own id: `jti`.
    pub token_id: String,
    /// What the client was granted: `scope`. Whole, case-sensitive words.
    pub scopes: Arc<BTreeSet<String>>,
    /// Where in the organisation the subject works: `org`.
    pub org_path: OrgPath,
    /// The customer that a self-service token belongs to: `customer`.
    pub customer_id: Option<Uuid>,
    /// When it was issued: `iat`.
    pub issued_at: DateTime<Utc>,
    /// When it ends: `exp`.
    pub expires_at: DateTime<Utc>,
}

/// One issuer whose tokens are accepted.
pub struct TrustedIssuer {
    /// Compared with `iss` character by character (RFC 9068 §4).
    pub issuer: String,
    /// The names this service goes by; one of them must be in `aud`.
    pub audiences: BTreeSet<String>,
    /// The algorithms this issuer may use. Asymmetric ones only.
    pub algorithms: Vec<Algorithm>,
    /// The longest time from `iat` to `exp`.
    pub lifetime_max: TimeDelta,
    /// Its keys.
    pub keys: Arc<KeyHolder>,
    /// Whom to ask when a key is unknown; `None` if the keys never change.
    pub refresh: Option<RefreshHandle>,
}

/// Limits that hold for every issuer.
#[derive(Debug, Clone, Copy)]
pub struct TokenLimits {
    /// How far clocks may differ, at most [`LEEWAY_MAX`].
    pub leeway: TimeDelta,
    /// The longest token.
    pub token_bytes_max: usize,
}

impl Default for TokenLimits {
    fn default() -> Self {
        Self {
            leeway: LEEWAY_MAX,
            token_bytes_max: TOKEN_BYTES_MAX,
        }
    }
}

/// Why a set of trusted issuers and limits cannot be used.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum TrustError {
    /// Two entries have one name, so it would be open which of them counts.
    #[error("the issuer {0} is configured twice")]
    DuplicateIssuer(String),
    /// No audience means that no token could be accepted.
    #[error("the issuer {0} has no audience")]
    NoAudience(String),
    /// No algorithm, or a symmetric one.
    #[error("the issuer {0} needs at least one algorithm, all of them asymmetric")]
    Algorithms(String),
    /// The lifetime is not a positive time.
    #[error("the issuer {0} has no positive maximum lifetime")]
    Lifetime(String),
    /// The leeway is negative or above [`LEEWAY_MAX`].
    #[error("the leeway must be between 0 and 30 seconds")]
    Leeway,
}

/// Tokens whose signature is remembered at most.
const KNOWN_MAX: usize = 10_000;

/// Decides whether a token is accepted.
///
/// Checking a signature costs more than anything else here, and callers send one token many times.
/// So the signature of an accepted token is remembered, with the very key that verified it: all
/// else, keys, issuer and times, is asked anew each time, and a key that was withdrawn or replaced
/// verifies nothing any more.
pub struct TokenVerifier {
    issuers: BTreeMap<String, TrustedIssuer>,
    limits: TokenLimits,
    known: RwLock<HashMap<[u8; 32], Arc<Known>>>,
}

/// A token whose signature was verified.
struct Known {
    header: Header,
    key: Arc<VerificationKey>,
    claims: Claims,
}

impl TokenVerifier {
    /// A verifier that trusts these issuers and no others.
    pub fn new(issuers: Vec<TrustedIssuer>, limits: TokenLimits) -> Result<Self, TrustError> {
        if limits.leeway < TimeDelta::zero() || limits.leeway > LEEWAY_MAX {
            return Err(TrustError::Leeway);
        }
        let mut by_name = BTreeMap::new();
        for issuer in issuers {
            issuer.check()?;
            if let Some(first) = by_name.insert(issuer.issuer.clone(), issuer) {
                return Err(TrustError::DuplicateIssuer(first.issuer));
            }
        }
        Ok(Self {
            issuers: by_name,
            limits,
            known: RwLock::new(HashMap::new()),
        })
    }

    /// Verifies one token as of `now`.
    ///
    /// The payload is read before the signature is checked, but only to pick the trust entry
    /// by `iss`: a lie there picks an entry whose keys the signature then fails.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<VerifiedToken, TokenRejection> {
        let digest = crate::crypto::sha256(token.as_bytes());
        let known = self.known().get(&digest).cloned();
        if let Some(known) = known
            && let Some(issuer) = self.issuers.get(&known.claims.issuer)
            && Arc::ptr_eq(&issuer.key_for(&known.header, now)?, &known.key)
        {
            self.check_claims(issuer, &known.claims, now)?;
            return Ok(VerifiedToken::from(known.claims.clone()));
        }
        let parts = CompactToken::split(token, self.limits.token_bytes_max)?;
        let header = parts.header()?;
        let payload = parts.unverified_payload()?;
        let issuer = self.issuer_of(&payload)?;
        let key = issuer.key_for(&header, now)?;
        check_signature(&parts, &key)?;
        let claims = Claims::read(&payload)?;
        self.check_claims(issuer, &claims, now)?;
        let verified = VerifiedToken::from(claims.clone());
        self.remember(
            digest,
            Known {
                header,
                key,
                claims,
            },
            now,
        );
        Ok(verified)
    }

    fn check_claims(
        &self,
        issuer: &TrustedIssuer,
        claims: &Claims,
        now: DateTime<Utc>,
    ) -> Result<(), TokenRejection> {
        issuer.check_claims(claims)?;
        check_times(claims, now, self.limits.leeway, issuer.lifetime_max)
    }

    fn known(&self) -> RwLockReadGuard<'_, HashMap<[u8; 32], Arc<Known>>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only what was accepted is remembered, so nobody without a key can fill the memory.
    fn remember(&self, digest: [u8; 32], known: Known, now: DateTime<Utc>) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KNOWN_MAX {
            all.retain(|_, known| known.claims.expires_at > now);
        }
        if all.len() >= KNOWN_MAX {
            all.clear();
        }
        all.insert(digest, Arc::new(known));
    }

    fn issuer_of(&self, unverified: &Object) -> Result<&TrustedIssuer, TokenRejection> {
        let name = claims::issuer(unverified)?;
        self.issuers.get(&name).ok_or(TokenRejection::IssuerUnknown)
    }
}

impl TrustedIssuer {
    fn check(&self) -> Result<(), TrustError> {
        if self.audiences.is_empty() {
            return Err(TrustError::NoAudience(self.issuer.clone()));
        }
        let asymmetric = |algorithm: &Algorithm| algorithms::is_asymmetric(*algorithm);
        if self.algorithms.is_empty() || !self.algorithms.iter().all(asymmetric) {
            return Err(TrustError::Algorithms(self.issuer.clone()));
        }
        if self.lifetime_max <= TimeDelta::zero() {
            return Err(TrustError::Lifetime(self.issuer.clone()));
        }
        Ok(())
    }

    /// The key of a header, which must agree with it on the algorithm.
    fn key_for(
        &self,
        header: &Header,
        now: DateTime<Utc>,
    ) -> Result<Arc<VerificationKey>, TokenRejection> {
        if !self.algorithms.contains(&header.algorithm) {
            return Err(TokenRejection::AlgorithmRefused);
        }
        if !self.keys.is_fresh(now) {
            return Err(TokenRejection::KeysStale);
        }
        let Some(key) = self.keys.get(&header.key_id) else {
            if let Some(refresh) = &self.refresh {
                refresh.request();
            }
            return Err(TokenRejection::KeyUnknown);
        };
        if key.algorithm() == header.algorithm {
            Ok(key)
        } else {
            Err(TokenRejection::AlgorithmMismatch)
        }
    }

    fn check_claims(&self, claims: &Claims) -> Result<(), TokenRejection> {
        // The entry was picked by this very claim; comparing again keeps it true if the
        // way of picking ever changes.
        if claims.issuer != self.issuer {
            return Err(TokenRejection::IssuerUnknown);
        }
        if claims
            .audiences
            .iter()
            .any(|audience| self.audiences.contains(audience))
        {
            Ok(())
        } else {
            Err(TokenRejection::AudienceMismatch)
        }
    }
}

fn check_signature(parts: &CompactToken, key: &VerificationKey) -> Result<(), TokenRejection> {
    let verified = jsonwebtoken::crypto::verify(
        parts.signature,
        parts.signed.as_bytes(),
        key.decoding_key(),
        key.algorithm(),
    );
    match verified {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(TokenRejection::SignatureInvalid),
    }
}

/// The same clock reading for every claim; `exp` is the first instant at which the token no
/// longer counts (RFC 7519 §4.1.4).
fn check_times(
    claims: &Claims,
    now: DateTime<Utc>,
    leeway: TimeDelta,
    lifetime_max: TimeDelta,
) -> Result<(), TokenRejection> {
    if now - claims.expires_at >= leeway {
        return Err(TokenRejection::Expired);
    }
    if claims
        .not_before
        .is_some_and(|not_before| not_before - now > leeway)
    {
        return Err(TokenRejection::NotYetValid);
    }
    if claims.issued_at - now > leeway {
        return Err(TokenRejection::IssuedInFuture);
    }
    let lifetime = claims.expires_at - claims.issued_at;
    if lifetime <= TimeDelta::zero() || lifetime > lifetime_max {
        return Err(TokenRejection::LifetimeRefused);
    }
    Ok(())
}

impl From<Claims> for VerifiedToken {
    fn from(claims: Claims) -> Self {
        let Claims {
            issuer,
            audiences: _,
            subject,
            client_id,
            token_id,
            scopes,
            org_path,
            customer_id,
            issued_at,
            not_before: _,
            expires_at,
        } = claims;
        Self {
            issuer,
            subject,
            client_id,
            token_id,
            scopes,
            org_path,
            customer_id,
            issued_at,
            expires_at,
        }
    }
}
