//! Which documents are key sets, and which of their keys are used.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::fixtures::{
    ALGORITHMS, KEYS, RSA_1024_MODULUS, ec_jwk, ed_jwk, encode, key_set_json, rsa_jwk, with,
};
use super::jwk::{self, KeyRefusal};
use super::jwks::{JwksError, KEY_SET_BYTES_MAX, KEYS_MAX, KeySet};

fn read(json: &str) -> Result<KeySet, JwksError> {
    KeySet::from_json(json.as_bytes(), &ALGORITHMS)
}

fn modulus() -> String {
    encode(KEYS.rsa_modulus())
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name);
    object
}

#[test]
fn a_key_is_bound_to_its_one_algorithm() {
    let (ed, ec) = (ed_jwk("a", &KEYS.ed), ec_jwk("a", &KEYS.ec));
    let rsa = rsa_jwk("a", &modulus());
    for (jwk, expected) in [
        (ed.clone(), Algorithm::EdDSA),
        (with(&ed, "alg", json!("EdDSA")), Algorithm::EdDSA),
        (with(&ed, "alg", json!("Ed25519")), Algorithm::EdDSA),
        (with(&ed, "use", json!("sig")), Algorithm::EdDSA),
        (with(&ed, "key_ops", json!(["verify"])), Algorithm::EdDSA),
        (ec.clone(), Algorithm::ES256),
        (with(&ec, "alg", json!("ES256")), Algorithm::ES256),
        (rsa.clone(), Algorithm::RS256),
        (with(&rsa, "alg", json!("RS512")), Algorithm::RS512),
        (with(&rsa, "alg", json!("PS256")), Algorithm::PS256),
        // The leading zero byte that some encoders leave in.
        (
            rsa_jwk("a", &encode([&[0], KEYS.rsa_modulus().as_slice()].concat())),
            Algorithm::RS256,
        ),
    ] {
        let key = jwk::accept(&jwk, &ALGORITHMS).unwrap();
        assert_eq!(key.algorithm(), expected, "{jwk}");
        assert_eq!(key.key_id(), "a");
    }
}

#[test]
fn p_384_is_for_es384() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = (encode(&point[1..49]), encode(&point[49..]));
    let jwk = json!({ "kty": "EC", "crv": "P-384", "kid": "a", "x": x, "y": y });
    let key = jwk::accept(&jwk, &[Algorithm::ES384]).unwrap();
    assert_eq!(key.algorithm(), Algorithm::ES384);
    assert_eq!(
        jwk::accept(&jwk, &[Algorithm::ES256]).err(),
        Some(KeyRefusal::NotAllowed)
    );
}

#[test]
fn a_key_that_does_not_fit_is_refused() {
    let (ed, ec) = (ed_jwk("a", &KEYS.ed), ec_jwk("a", &KEYS.ec));
    let rsa = rsa_jwk("a", &modulus());
    let short = encode([7; 31]);
    for (jwk, expected) in [
        (json!(7), KeyRefusal::KeyId),
        (json!({}), KeyRefusal::KeyId),
        (without(&ed, "kid"), KeyRefusal::KeyId),
        (with(&ed, "kid", json!("../a")), KeyRefusal::KeyId),
        (with(&ed, "kid", json!(7)), KeyRefusal::Malformed),
        (
            json!({ "kty": "oct", "kid": "a", "k": "AAAA" }),
            KeyRefusal::NotPublic,
        ),
        (with(&ed, "d", json!(short)), KeyRefusal::NotPublic),
        (with(&rsa, "p", json!(short)), KeyRefusal::NotPublic),
        (with(&ed, "use", json!("enc")), KeyRefusal::NotForVerifying),
        (with(&ed, "use", json!(["sig"])), KeyRefusal::Malformed),
        (
            with(&ed, "key_ops", json!(["sign"])),
            KeyRefusal::NotForVerifying,
        ),
        (with(&ed, "key_ops", json!([])), KeyRefusal::NotForVerifying),
        (
            with(&ed, "key_ops", json!("verify")),
            KeyRefusal::NotForVerifying,
        ),
        (with(&ed, "alg", json!("ES256")), KeyRefusal::Algorithm),
        (with(&ed, "crv", json!("Ed448")), KeyRefusal::Algorithm),
        (with(&ed, "crv", json!("X25519")), KeyRefusal::Algorithm),
        (with(&ec, "crv", json!("secp256k1")), KeyRefusal::Algorithm),
        (with(&ec, "alg", json!("ES384")), KeyRefusal::Algorithm),
        (with(&ec, "kty", json!("RSA")), KeyRefusal::Algorithm),
        (with(&rsa, "alg", json!("ES256")), KeyRefusal::Algorithm),
        (with(&rsa, "alg", json!("HS256")), KeyRefusal::Algorithm),
        (with(&rsa, "alg", json!("none")), KeyRefusal::Algorithm),
        (with(&rsa, "alg", json!("RSA-OAEP")), KeyRefusal::Algorithm),
        (with(&rsa, "alg", json!("RS384")), KeyRefusal::NotAllowed),
        (rsa_jwk("a", RSA_1024_MODULUS), KeyRefusal::Material),
        (rsa_jwk("a", ""), KeyRefusal::Material),
        (rsa_jwk("a", &encode([0xff; 1025])), KeyRefusal::Material),
        (with(&rsa, "e", json!("AQ")), KeyRefusal::Material),
        (with(&rsa, "e", json!("Aw")), KeyRefusal::Material),
        (with(&rsa, "e", json!("AQAA")), KeyRefusal::Material),
        (with(&rsa, "n", json!("not base64!")), KeyRefusal::Malformed),
        (without(&rsa, "e"), KeyRefusal::Malformed),
        (with(&ed, "x", json!(short)), KeyRefusal::Material),
        (with(&ec, "x", json!(short)), KeyRefusal::Material),
        // Both coordinates have their length, but the point is not on the curve.
        (with(&ec, "x", json!(encode([7; 32]))), KeyRefusal::Material),
        (without(&ec, "y"), KeyRefusal::Malformed),
    ] {
        assert_eq!(
            jwk::accept(&jwk, &ALGORITHMS).err(),
            Some(expected),
            "{jwk}"
        );
    }
}

#[test]
fn unsuitable_keys_are_counted_and_the_rest_used() {
    let enc = with(&ed_jwk("ed", &KEYS.ed), "use", json!("enc"));
    let weak = rsa_jwk("weak", RSA_1024_MODULUS);
    let unknown = json!({ "kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA" });
    let keys = [
        enc,
        weak,
        unknown,
        json!(null),
        ed_jwk("ed", &KEYS.ed),
        ec_jwk("ec", &KEYS.ec),
    ];
    let set = read(&key_set_json(&keys)).unwrap();
    assert_eq!(set.key_ids().collect::<Vec<_>>(), ["ec", "ed"]);
    assert_eq!(set.skipped(), 4);
}

#[test]
fn keys_that_share_a_name_are_all_skipped() {
    let twins = [
        ed_jwk("a", &KEYS.ed),
        ed_jwk("a", &KEYS.other_ed),
        ec_jwk("b", &KEYS.ec),
    ];
    let set = read(&key_set_json(&twins)).unwrap();
    assert!(set.get("a").is_none());
    assert!(set.get("b").is_some());
    assert_eq!(set.skipped(), 2);
    assert_eq!(
        read(&key_set_json(&twins[..2])).err(),
        Some(JwksError::NoUsableKey)
    );
}

#[test]
fn a_document_that_is_no_key_set_is_refused() {
    let key = ed_jwk("a", &KEYS.ed);
    let too_many: Vec<Value> = (0..=KEYS_MAX)
        .map(|index| ed_jwk(&index.to_string(), &KEYS.ed))
        .collect();
    let padded = |bytes: usize| {
        let json = key_set_json(std::slice::from_ref(&key));
        format!("{json}{}", " ".repeat(bytes - json.len()))
    };
    for (json, expected) in [
        (String::new(), JwksError::NotAKeySet),
        (
            "<!DOCTYPE html><html></html>".to_owned(),
            JwksError::NotAKeySet,
        ),
        ("[]".to_owned(), JwksError::NotAKeySet),
        ("{}".to_owned(), JwksError::NotAKeySet),
        (r#"{"keys":{}}"#.to_owned(), JwksError::NotAKeySet),
        (r#"{"keys":[],"keys":[]}"#.to_owned(), JwksError::NotAKeySet),
        (r#"{"keys":[]}"#.to_owned(), JwksError::NoUsableKey),
        (key.to_string(), JwksError::NotAKeySet),
        (key_set_json(&too_many), JwksError::TooManyKeys),
        (padded(KEY_SET_BYTES_MAX + 1), JwksError::TooLarge),
    ] {
        assert_eq!(read(&json).err(), Some(expected), "{:.60}", json);
    }
    assert!(read(&padded(KEY_SET_BYTES_MAX)).is_ok());
    assert!(read(&key_set_json(&too_many[1..])).is_ok());
}
