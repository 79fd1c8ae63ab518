//! What the tests of this folder share: keys made on the spot, a verifier that trusts them,
//! and tokens put together by hand so that they can be put together wrongly.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::development::{self, DevelopmentKeys};
use super::jwks::KeySet;
use super::key_holder::KeyHolder;
use super::rejection::TokenRejection;
use super::strict_json::Object;
use super::token::{
    LIFETIME_MAX_DEFAULT, TokenLimits, TokenVerifier, TrustedIssuer, VerifiedToken,
};

/// The second at which every test happens.
pub(super) const NOW: i64 = 1_772_424_000;
pub(super) const ISSUER: &str = "https://idp.example";
pub(super) const OTHER_ISSUER: &str = "https://other.example";
pub(super) const AUDIENCE: &str = "shouxin";
pub(super) const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::RS256,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// The modulus of a key with 1024 bits, and its signature over the token that [`Draft::good`]
/// makes for `rsa-1024`. The cryptography library makes no such key, so both come from OpenSSL.
pub(super) const RSA_1024_MODULUS: &str = "uLGRxKMpyy5uJWfVI6utKJGB_RQBOuwaUxVIy-c4h_F_SJICMLPj\
    -oYPNU4M4FeFcEJxDJ-rGAOvVVuZZb-eh7SgqnnPFaXmlNxq9PqG4KsoLA71STrdDnCXvTiU85cpltDrk-qmmERt64Fxdh\
    rB_mOouPfX-f0kqu8f3EvgJCc";
pub(super) const RSA_1024_SIGNATURE: &str = "ESaVkzqd7QtnzmADoF2cQxfNTZ-s9fb8TvGwhVfHjMbJXDWBfcSR\
    GunTO3URNsYkvNNHVGpZ7EEKw4Lycoz7EpNV1C8Y64A_jd40AEQzry1gZiQ-lHzyF41pvoFqSr5FasQyovyOjAfNr7OnLG\
    IWT6EluOUi8aHKja0-oeaLsxY";

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The private keys of the two issuers.
pub(super) struct Keys {
    pub(super) ed: Ed25519KeyPair,
    pub(super) ec: EcdsaKeyPair,
    pub(super) rsa: RsaKeyPair,
    pub(super) other_ed: Ed25519KeyPair,
}

pub(super) static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    ed: Ed25519KeyPair::generate().unwrap(),
    ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
    rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
    other_ed: Ed25519KeyPair::generate().unwrap(),
});

impl Keys {
    pub(super) fn rsa_modulus(&self) -> Vec<u8> {
        self.rsa
            .public_key()
            .modulus()
            .big_endian_without_leading_zero()
            .to_vec()
    }

    pub(super) fn rsa_public_pem(&self) -> Vec<u8> {
        let document: PublicKeyX509Der<'_> = self.rsa.public_key().as_der().unwrap();
        let document = STANDARD.encode(document.as_ref());
        let lines: Vec<&str> = document
            .as_bytes()
            .chunks(64)
            .map(|line| str::from_utf8(line).unwrap())
            .collect();
        let body = lines.join("\n");
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n").into_bytes()
    }
}

pub(super) fn ed_jwk(key_id: &str, pair: &Ed25519KeyPair) -> Value {
    let x = encode(pair.public_key());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": key_id, "x": x })
}

pub(super) fn ec_jwk(key_id: &str, pair: &EcdsaKeyPair) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    json!({ "kty": "EC", "crv": "P-256", "kid": key_id, "x": x, "y": y })
}

pub(super) fn rsa_jwk(key_id: &str, modulus: &str) -> Value {
    json!({ "kty": "RSA", "kid": key_id, "n": modulus, "e": "AQAB" })
}

/// A copy of an object with one more member, or another value of it.
pub(super) fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

pub(super) fn key_set_json(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub(super) fn key_set(keys: &[Value]) -> KeySet {
    KeySet::from_json(key_set_json(keys).as_bytes(), &ALGORITHMS).unwrap()
}

fn issuer_key_set() -> KeySet {
    let modulus = encode(KEYS.rsa_modulus());
    key_set(&[
        ed_jwk("ed", &KEYS.ed),
        ed_jwk("shared", &KEYS.ed),
        ec_jwk("ec", &KEYS.ec),
        rsa_jwk("rsa", &modulus),
        with(&rsa_jwk("rsa-512", &modulus), "alg", json!("RS512")),
        rsa_jwk("rsa-1024", RSA_1024_MODULUS),
        with(&ed_jwk("encryption", &KEYS.ed), "use", json!("enc")),
        json!({ "kty": "oct", "kid": "oct", "k": encode(SHARED_SECRET) }),
    ])
}

/// The symmetric key that the issuer should not have published.
pub(super) const SHARED_SECRET: [u8; 32] = [7; 32];

pub(super) fn trusted(issuer: &str, keys: Arc<KeyHolder>) -> TrustedIssuer {
    TrustedIssuer {
        issuer: issuer.to_owned(),
        audiences: [AUDIENCE.to_owned()].into(),
        algorithms: ALGORITHMS.to_vec(),
        lifetime_max: LIFETIME_MAX_DEFAULT,
        keys,
        refresh: None,
    }
}

/// Trusts two issuers that both have a key named `shared`.
pub(super) static VERIFIER: LazyLock<TokenVerifier> = LazyLock::new(|| {
    let other = key_set(&[
        ed_jwk("other", &KEYS.other_ed),
        ed_jwk("shared", &KEYS.other_ed),
    ]);
    let issuers = vec![
        trusted(ISSUER, Arc::new(KeyHolder::fixed(issuer_key_set()))),
        trusted(OTHER_ISSUER, Arc::new(KeyHolder::fixed(other))),
    ];
    TokenVerifier::new(issuers, TokenLimits::default()).unwrap()
});

pub(super) fn verify(token: &str) -> Result<VerifiedToken, TokenRejection> {
    VERIFIER.verify(token, now())
}

pub(super) fn development_verifier(keys: KeySet) -> TokenVerifier {
    let issuer = TrustedIssuer {
        issuer: DevelopmentKeys::issuer().to_owned(),
        audiences: [DevelopmentKeys::audience().to_owned()].into(),
        algorithms: vec![Algorithm::EdDSA],
        lifetime_max: development::LIFETIME_MAX,
        keys: Arc::new(KeyHolder::fixed(keys)),
        refresh: None,
    };
    let limits = TokenLimits {
        leeway: TimeDelta::zero(),
        ..TokenLimits::default()
    };
    TokenVerifier::new(vec![issuer], limits).unwrap()
}

/// How a token is signed, whatever its header says.
#[derive(Clone)]
pub(super) enum Signing {
    Ed,
    Ec,
    RsaPkcs1,
    RsaPss,
    Hmac(Vec<u8>),
    Given(Vec<u8>),
}

impl Signing {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed => KEYS.ed.sign(message).as_ref().to_vec(),
            Self::Ec => KEYS
                .ec
                .sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec(),
            Self::RsaPkcs1 => sign_rsa(&RSA_PKCS1_SHA256, message),
            Self::RsaPss => sign_rsa(&RSA_PSS_SHA256, message),
            Self::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::Given(signature) => signature.clone(),
        }
    }
}

fn sign_rsa(encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; KEYS.rsa.public_modulus_len()];
    KEYS.rsa
        .sign(encoding, &SystemRandom::new(), message, &mut signature)
        .unwrap();
    signature
}

/// A token before it is signed.
pub(super) struct Draft {
    pub(super) header: Object,
    pub(super) payload: Object,
    /// Text in place of the header, for what cannot be an [`Object`].
    pub(super) header_text: Option<String>,
    /// Text in place of the payload.
    pub(super) payload_text: Option<String>,
    pub(super) signing: Signing,
}

impl Draft {
    /// A token that is accepted if the key is one of the issuer's.
    pub(super) fn good(algorithm: &str, key_id: &str) -> Self {
        let signing = match algorithm {
            "EdDSA" => Signing::Ed,
            "ES256" => Signing::Ec,
            _ => Signing::RsaPkcs1,
        };
        let header = json!({ "alg": algorithm, "typ": "at+jwt", "kid": key_id });
        let payload = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "user-1",
            "client_id": "client-1",
            "jti": "token-1",
            "iat": NOW - 60,
            "exp": NOW + 600,
            "scope": "credit.customers.read",
            "org": "head-office/east",
        });
        let (Value::Object(header), Value::Object(payload)) = (header, payload) else {
            panic!("both are objects");
        };
        Self {
            header,
            payload,
            header_text: None,
            payload_text: None,
            signing,
        }
    }

    pub(super) fn header_json(&self) -> String {
        Value::Object(self.header.clone()).to_string()
    }

    pub(super) fn payload_json(&self) -> String {
        Value::Object(self.payload.clone()).to_string()
    }

    pub(super) fn token(&self) -> String {
        let header = self
            .header_text
            .clone()
            .unwrap_or_else(|| self.header_json());
        let payload = self
            .payload_text
            .clone()
            .unwrap_or_else(|| self.payload_json());
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.signing.sign(signed.as_bytes());
        format!("{signed}.{}", encode(signature))
    }
}

/// A folder that is removed with the value.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(label: &str) -> Self {
        let name = format!("shouxin-auth-{label}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
