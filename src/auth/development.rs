//! A stand-in for an identity provider: one key in a file, and tokens signed with it.
//!
//! Only the `dev` and `token` commands use it. The issuer's name is under `.invalid`
//! (RFC 6761 §6.4), which can never be somebody's real issuer.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use thiserror::Error;
use uuid::Uuid;

use crate::values::organisation::OrgPath;

/// How long a development token may live.
pub const LIFETIME_MAX: TimeDelta = TimeDelta::hours(24);

const FILE_NAME: &str = "development-signing-key.p8";

/// The development key.
pub struct DevelopmentKeys {
    pair: Ed25519KeyPair,
    key_id: String,
}

/// What a minted token says. Nothing is made up here: ids and times come from the caller.
#[derive(Debug, Clone, Copy)]
pub struct MintRequest<'request> {
    /// `sub`
    pub subject: &'request str,
    /// `client_id`
    pub client_id: &'request str,
    /// `scope`; left out when there are none.
    pub scopes: &'request [&'request str],
    /// `org`
    pub org_path: &'request OrgPath,
    /// `customer`
    pub customer_id: Option<Uuid>,
    /// `iat`
    pub issued_at: DateTime<Utc>,
    /// From `iat` to `exp`.
    pub lifetime: TimeDelta,
    /// `jti`
    pub token_id: &'request str,
}

/// Why there is no development key.
#[derive(Debug, Error)]
pub enum DevelopmentKeyError {
    /// The file or its folder could not be read or written.
    #[error("the development key {path} could not be read or written")]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// Others than the owner have access to the file.
    #[error("the development key {0} must be accessible to its owner only (mode 0600)")]
    Permissions(PathBuf),
    /// The file is not an Ed25519 key in PKCS#8.
    #[error("the development key {0} is not an Ed25519 key in PKCS#8")]
    Malformed(PathBuf),
    /// The cryptography library made no key.
    #[error("no development key could be generated")]
    Generation,
}

/// Why no token was minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MintError {
    /// The lifetime is not positive, or above [`LIFETIME_MAX`].
    #[error("a development token lives for more than 0 and at most 24 hours")]
    Lifetime,
}

impl DevelopmentKeys {
    /// Reads the key in a folder, or makes one if there is none. Two processes that start at
    /// the same time end up with the same key.
    pub fn load_or_create(folder: &Path) -> Result<Self, DevelopmentKeyError> {
        let path = folder.join(FILE_NAME);
        if !path
            .try_exists()
            .map_err(|source| file_error(&path, source))?
        {
            create(folder, &path)?;
        }
        load(&path)
    }

    /// Reads the key in a folder. Unlike [`DevelopmentKeys::load_or_create`] it makes none: a
    /// token of a key that no service knows would only puzzle its bearer.
    pub fn load(folder: &Path) -> Result<Self, DevelopmentKeyError> {
        load(&folder.join(FILE_NAME))
    }

    /// Removes the key in a folder, if there is one: tokens signed with it end with the next
    /// start.
    pub fn remove(folder: &Path) -> Result<(), DevelopmentKeyError> {
        let path = folder.join(FILE_NAME);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error(&path, error)),
            _ => Ok(()),
        }
    }

    /// The issuer of development tokens.
    pub fn issuer() -> &'static str {
        "https://development.shouxin.invalid"
    }

    /// The audience of development tokens.
    pub fn audience() -> &'static str {
        "shouxin"
    }

    /// The public key as a key set (RFC 7517, RFC 8037).
    pub fn jwks_json(&self) -> String {
        let key = json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": public_text(&self.pair),
            "kid": self.key_id,
            "alg": "EdDSA",
            "use": "sig",
        });
        json!({ "keys": [key] }).to_string()
    }

    /// A signed access token (RFC 9068). The same request gives the same token.
    pub fn mint(&self, request: &MintRequest<'_>) -> Result<String, MintError> {
        if request.lifetime <= TimeDelta::zero() || request.lifetime > LIFETIME_MAX {
            return Err(MintError::Lifetime);
        }
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.key_id });
        let signed = format!("{}.{}", encode(&header), encode(&claims(request)));
        let signature = self.pair.sign(signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn claims(request: &MintRequest<'_>) -> serde_json::Value {
    let MintRequest {
        subject,
        client_id,
        scopes,
        org_path,
        customer_id,
        issued_at,
        lifetime,
        token_id,
    } = *request;
    let mut claims = json!({
        "iss": DevelopmentKeys::issuer(),
        "aud": DevelopmentKeys::audience(),
        "sub": subject,
        "client_id": client_id,
        "jti": token_id,
        "iat": issued_at.timestamp(),
        "exp": (issued_at + lifetime).timestamp(),
        "org": org_path,
    });
    if !scopes.is_empty() {
        claims["scope"] = scopes.join(" ").into();
    }
    if let Some(customer_id) = customer_id {
        claims["customer"] = customer_id.to_string().into();
    }
    claims
}

fn encode(part: &serde_json::Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn public_text(pair: &Ed25519KeyPair) -> String {
    URL_SAFE_NO_PAD.encode(pair.public_key())
}

/// RFC 7638 §3 with the members of RFC 8037 §2, in the order of their names.
fn thumbprint(public_text: &str) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public_text}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
}

fn file_error(path: &Path, source: io::Error) -> DevelopmentKeyError {
    DevelopmentKeyError::File {
        path: path.to_owned(),
        source,
    }
}

fn load(path: &Path) -> Result<DevelopmentKeys, DevelopmentKeyError> {
    let metadata = fs::metadata(path).map_err(|source| file_error(path, source))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(DevelopmentKeyError::Permissions(path.to_owned()));
    }
    let document = fs::read(path).map_err(|source| file_error(path, source))?;
    let pair = Ed25519KeyPair::from_pkcs8(&document)
        .map_err(|_| DevelopmentKeyError::Malformed(path.to_owned()))?;
    let key_id = thumbprint(&public_text(&pair));
    Ok(DevelopmentKeys { pair, key_id })
}

/// Writes the key under a name of its own and then links it to the final one: the file is
/// never seen half written, and the first of several writers wins.
fn create(folder: &Path, path: &Path) -> Result<(), DevelopmentKeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| DevelopmentKeyError::Generation)?;
    let document = pair
        .to_pkcs8()
        .map_err(|_| DevelopmentKeyError::Generation)?;
    let written = folder.join(format!("{FILE_NAME}.{}", thumbprint(&public_text(&pair))));
    write_private(folder, &written, document.as_ref())
        .and_then(|()| link_unless_present(&written, path))
        .map_err(|source| file_error(path, source))
}

fn write_private(folder: &Path, path: &Path, document: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(document)?;
    file.sync_all()
}

fn link_unless_present(written: &Path, path: &Path) -> io::Result<()> {
    let linked = fs::hard_link(written, path);
    fs::remove_file(written)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::Algorithm;

    use super::*;
    use crate::auth::fixtures::{self, Folder};
    use crate::auth::jwks::KeySet;
    use crate::auth::rejection::TokenRejection;
    use crate::auth::token::VerifiedToken;

    fn request(org_path: &OrgPath) -> MintRequest<'_> {
        MintRequest {
            subject: "user-1",
            client_id: "client-1",
            scopes: &["credit.customers.read", "credit.lines.write"],
            org_path,
            customer_id: Some(Uuid::from_u128(7)),
            issued_at: fixtures::now(),
            lifetime: LIFETIME_MAX,
            token_id: "token-1",
        }
    }

    fn verify(keys: &DevelopmentKeys, token: &str) -> Result<VerifiedToken, TokenRejection> {
        let set = KeySet::from_json(keys.jwks_json().as_bytes(), &[Algorithm::EdDSA]).unwrap();
        fixtures::development_verifier(set).verify(token, fixtures::now())
    }

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_8037() {
        // RFC 8037 appendix A.3
        let public_text = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(
            thumbprint(public_text),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn a_minted_token_is_accepted_and_says_what_was_asked_for() {
        let folder = Folder::new("mint");
        let keys = DevelopmentKeys::load_or_create(folder.path()).unwrap();
        let org_path = OrgPath::parse("head-office/east").unwrap();
        let token = keys.mint(&request(&org_path)).unwrap();
        assert_eq!(token, keys.mint(&request(&org_path)).unwrap());
        let verified = verify(&keys, &token).unwrap();
        assert_eq!(
            verified,
            VerifiedToken {
                issuer: DevelopmentKeys::issuer().to_owned(),
                subject: "user-1".to_owned(),
                client_id: "client-1".to_owned(),
                token_id: "token-1".to_owned(),
                scopes: std::sync::Arc::new(
                    ["credit.customers.read", "credit.lines.write"]
                        .map(str::to_owned)
                        .into(),
                ),
                org_path,
                customer_id: Some(Uuid::from_u128(7)),
                issued_at: fixtures::now(),
                expires_at: fixtures::now() + LIFETIME_MAX,
            }
        );
    }

    #[test]
    fn a_token_without_scopes_and_customer_is_accepted() {
        let folder = Folder::new("bare");
        let keys = DevelopmentKeys::load_or_create(folder.path()).unwrap();
        let org_path = OrgPath::parse("head-office").unwrap();
        let bare = MintRequest {
            scopes: &[],
            customer_id: None,
            ..request(&org_path)
        };
        let verified = verify(&keys, &keys.mint(&bare).unwrap()).unwrap();
        assert!(verified.scopes.is_empty());
        assert_eq!(verified.customer_id, None);
    }

    #[test]
    fn mint_refuses_a_lifetime_beyond_a_day() {
        let folder = Folder::new("lifetime");
        let keys = DevelopmentKeys::load_or_create(folder.path()).unwrap();
        let org_path = OrgPath::parse("head-office").unwrap();
        for lifetime in [TimeDelta::zero(), LIFETIME_MAX + TimeDelta::seconds(1)] {
            let refused = keys.mint(&MintRequest {
                lifetime,
                ..request(&org_path)
            });
            assert_eq!(refused, Err(MintError::Lifetime));
        }
    }

    #[test]
    fn the_key_is_made_once_and_only_for_its_owner() {
        let folder = Folder::new("once");
        let inner = folder.path().join("made/on/demand");
        let first = DevelopmentKeys::load_or_create(&inner).unwrap();
        let second = DevelopmentKeys::load_or_create(&inner).unwrap();
        assert_eq!(first.jwks_json(), second.jwks_json());
        let files: Vec<_> = fs::read_dir(&inner)
            .unwrap()
            .map(|entry| entry.unwrap())
            .collect();
        assert_eq!(files.len(), 1);
        assert_eq!(
            files[0].metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn processes_that_start_together_share_one_key() {
        let folder = Folder::new("together");
        let key_ids: Vec<String> = std::thread::scope(|scope| {
            let load = || {
                DevelopmentKeys::load_or_create(folder.path())
                    .unwrap()
                    .key_id
            };
            let running: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(
            key_ids.iter().all(|key_id| *key_id == key_ids[0]),
            "{key_ids:?}"
        );
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = Folder::new("mode");
        DevelopmentKeys::load_or_create(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = DevelopmentKeys::load_or_create(folder.path());
        assert!(matches!(refused, Err(DevelopmentKeyError::Permissions(_))));
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_and_kept() {
        let folder = Folder::new("malformed");
        let path = folder.path().join(FILE_NAME);
        write_private(folder.path(), &path, b"not a key").unwrap();
        let refused = DevelopmentKeys::load_or_create(folder.path());
        assert!(matches!(refused, Err(DevelopmentKeyError::Malformed(_))));
        assert_eq!(fs::read(&path).unwrap(), b"not a key");
    }
}
