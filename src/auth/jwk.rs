//! One key of a key set (RFC 7517): whether it may verify access tokens, and with which
//! algorithm. Each key is for exactly one (RFC 8725bis).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::Value;
use thiserror::Error;

use super::{algorithms, compact};

/// The smallest modulus (RFC 7518 §3.3).
const RSA_BITS_MIN: usize = 2048;
/// The largest modulus that the cryptography library verifies with.
const RSA_BITS_MAX: usize = 8192;

/// A public key, bound to one algorithm.
pub struct VerificationKey {
    key_id: String,
    algorithm: Algorithm,
    decoding_key: DecodingKey,
}

impl VerificationKey {
    /// The name of the key within its set.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The one algorithm this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn decoding_key(&self) -> &DecodingKey {
        &self.decoding_key
    }
}

/// Why a key of a set is not used. The others of the set still are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum KeyRefusal {
    #[error("not an object with well-formed members")]
    Malformed,
    #[error("the key id is missing or malformed")]
    KeyId,
    #[error("the key has private or symmetric material")]
    NotPublic,
    #[error("the key is not for verifying signatures")]
    NotForVerifying,
    #[error("the type, curve or algorithm is unknown, or they do not fit together")]
    Algorithm,
    #[error("the algorithm is not allowed for the issuer")]
    NotAllowed,
    #[error("the key itself is too weak or not a valid public key")]
    Material,
}

/// Decides about one member of `keys`.
pub(super) fn accept(jwk: &Value, allowed: &[Algorithm]) -> Result<VerificationKey, KeyRefusal> {
    let key_id = key_id(jwk)?;
    check_public(jwk)?;
    check_use(jwk)?;
    let algorithm = algorithm(jwk)?;
    if !allowed.contains(&algorithm) {
        return Err(KeyRefusal::NotAllowed);
    }
    let decoding_key = match algorithm.family() {
        AlgorithmFamily::Rsa => rsa(jwk)?,
        AlgorithmFamily::Ec => ec(jwk, algorithm)?,
        AlgorithmFamily::Ed => ed(jwk)?,
        AlgorithmFamily::Hmac => return Err(KeyRefusal::NotPublic),
    };
    Ok(VerificationKey {
        key_id,
        algorithm,
        decoding_key,
    })
}

/// An optional text member.
fn text<'jwk>(jwk: &'jwk Value, name: &str) -> Result<Option<&'jwk str>, KeyRefusal> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyRefusal::Malformed),
    }
}

fn key_id(jwk: &Value) -> Result<String, KeyRefusal> {
    match text(jwk, "kid")? {
        Some(key_id) if compact::is_key_id(key_id) => Ok(key_id.to_owned()),
        _ => Err(KeyRefusal::KeyId),
    }
}

/// A published private key is no longer one, so its public half proves nothing. A symmetric
/// key (`oct`, RFC 7518 §6.4) would let everybody who can read the set sign.
fn check_public(jwk: &Value) -> Result<(), KeyRefusal> {
    let secret = ["k", "d", "p", "q", "dp", "dq", "qi", "oth"];
    if text(jwk, "kty")? == Some("oct") || secret.iter().any(|name| jwk.get(name).is_some()) {
        return Err(KeyRefusal::NotPublic);
    }
    Ok(())
}

/// `use` and `key_ops` are optional, and binding when they are there (RFC 7517 §4.2, §4.3).
fn check_use(jwk: &Value) -> Result<(), KeyRefusal> {
    if text(jwk, "use")?.is_some_and(|used_for| used_for != "sig") {
        return Err(KeyRefusal::NotForVerifying);
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|one| one == "verify") => Ok(()),
        Some(_) => Err(KeyRefusal::NotForVerifying),
    }
}

/// The algorithm a key names, or else the only sensible one of its type and curve.
fn algorithm(jwk: &Value) -> Result<Algorithm, KeyRefusal> {
    let named = match text(jwk, "alg")? {
        Some(name) => Some(algorithms::from_name(name).ok_or(KeyRefusal::Algorithm)?),
        None => None,
    };
    let key_type = text(jwk, "kty")?.ok_or(KeyRefusal::Malformed)?;
    match (key_type, text(jwk, "crv")?) {
        ("EC", Some("P-256")) => exactly(Algorithm::ES256, named),
        ("EC", Some("P-384")) => exactly(Algorithm::ES384, named),
        ("OKP", Some("Ed25519")) => exactly(Algorithm::EdDSA, named),
        ("RSA", None) => one_of_rsa(named.unwrap_or(Algorithm::RS256)),
        _ => Err(KeyRefusal::Algorithm),
    }
}

/// A curve has one algorithm; a key may name it or leave it out.
fn exactly(of_curve: Algorithm, named: Option<Algorithm>) -> Result<Algorithm, KeyRefusal> {
    match named {
        Some(named) if named != of_curve => Err(KeyRefusal::Algorithm),
        _ => Ok(of_curve),
    }
}

fn one_of_rsa(named: Algorithm) -> Result<Algorithm, KeyRefusal> {
    match named.family() {
        AlgorithmFamily::Rsa => Ok(named),
        _ => Err(KeyRefusal::Algorithm),
    }
}

/// A required member of base64url bytes.
fn bytes(jwk: &Value, name: &str) -> Result<Vec<u8>, KeyRefusal> {
    let text = text(jwk, name)?.ok_or(KeyRefusal::Malformed)?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| KeyRefusal::Malformed)
}

fn rsa(jwk: &Value) -> Result<DecodingKey, KeyRefusal> {
    let modulus = without_leading_zeros(bytes(jwk, "n")?);
    let exponent = without_leading_zeros(bytes(jwk, "e")?);
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bit_length(&modulus)) {
        return Err(KeyRefusal::Material);
    }
    // FIPS 186-5 §5.1: odd, above 2^16; real ones are 65537.
    let odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
    if !odd || !(17..=64).contains(&bit_length(&exponent)) {
        return Err(KeyRefusal::Material);
    }
    RsaPublicKeyComponents {
        n: &modulus,
        e: &exponent,
    }
    .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
    .map_err(|_| KeyRefusal::Material)?;
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

/// Both coordinates have the full length of the curve (RFC 7518 §6.2.1.2), and the point is
/// on it.
fn ec(jwk: &Value, algorithm: Algorithm) -> Result<DecodingKey, KeyRefusal> {
    let (coordinate_bytes, verification): (usize, &'static dyn VerificationAlgorithm) =
        match algorithm {
            Algorithm::ES256 => (32, &ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => (48, &ECDSA_P384_SHA384_FIXED),
            _ => return Err(KeyRefusal::Algorithm),
        };
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != coordinate_bytes || y.len() != coordinate_bytes {
        return Err(KeyRefusal::Material);
    }
    let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
    ParsedPublicKey::new(verification, &point).map_err(|_| KeyRefusal::Material)?;
    Ok(DecodingKey::from_ec_der(&point))
}

fn ed(jwk: &Value) -> Result<DecodingKey, KeyRefusal> {
    let point = bytes(jwk, "x")?;
    ParsedPublicKey::new(&ED25519, &point).map_err(|_| KeyRefusal::Material)?;
    Ok(DecodingKey::from_ed_der(&point))
}

fn without_leading_zeros(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

/// The bits of a big-endian number without leading zero bytes.
fn bit_length(number: &[u8]) -> usize {
    match number.first() {
        Some(first) => number.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}
