//! Hostile tokens, each of which differs from an accepted one in one thing.
//!
//! The numbers are those of the list of negative cases that the service is held to. What is
//! not about reading a token has its test elsewhere: 49 is in `bearer_tests`, 50 in
//! `refresh_tests`.

use std::collections::BTreeSet;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents,
};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::fixtures::{
    self, AUDIENCE, Draft, ISSUER, KEYS, NOW, OTHER_ISSUER, RSA_1024_MODULUS, RSA_1024_SIGNATURE,
    SHARED_SECRET, Signing, decode, encode, verify,
};
use super::rejection::TokenRejection as R;

mod claims;
mod headers;
use self::claims::{grants, parties, times};

type Change = Box<dyn Fn(&mut Draft)>;
/// A change that does no harm.
type Tolerated = fn(&mut Draft);
type Finish = Box<dyn Fn(String) -> String>;

/// One case: a good token, what is done to it, and what is said about the result.
struct Row {
    number: u8,
    what: String,
    base: (&'static str, &'static str),
    change: Change,
    finish: Finish,
    expected: R,
}

const ED: (&str, &str) = ("EdDSA", "ed");
const EC: (&str, &str) = ("ES256", "ec");
const RSA: (&str, &str) = ("RS256", "rsa");

fn row(number: u8, what: &str, expected: R, change: impl Fn(&mut Draft) + 'static) -> Row {
    let (what, change, finish) = (what.to_owned(), Box::new(change), Box::new(|token| token));
    Row {
        number,
        what,
        base: ED,
        change,
        finish,
        expected,
    }
}

/// A case that damages the finished token.
fn finished(
    number: u8,
    what: &str,
    expected: R,
    finish: impl Fn(String) -> String + 'static,
) -> Row {
    Row {
        finish: Box::new(finish),
        ..row(number, what, expected, |_| {})
    }
}

/// A case of one header member; `None` takes it away.
fn header(number: u8, expected: R, name: &'static str, value: Option<Value>) -> Row {
    let what = format!("header {name}: {}", shown(&value));
    row(number, &what, expected, move |draft| {
        set(&mut draft.header, name, &value)
    })
}

/// A case of one claim; `None` takes it away.
fn claim(number: u8, expected: R, name: &'static str, value: Option<Value>) -> Row {
    let what = format!("claim {name}: {}", shown(&value));
    row(number, &what, expected, move |draft| {
        set(&mut draft.payload, name, &value)
    })
}

fn shown(value: &Option<Value>) -> String {
    let text = value
        .as_ref()
        .map_or_else(|| "absent".to_owned(), Value::to_string);
    text.chars().take(60).collect()
}

fn set(object: &mut super::strict_json::Object, name: &str, value: &Option<Value>) {
    match value {
        Some(value) => object.insert(name.to_owned(), value.clone()),
        None => object.remove(name),
    };
}

impl Row {
    fn on(self, base: (&'static str, &'static str)) -> Self {
        Self { base, ..self }
    }

    fn run(&self) {
        let (algorithm, key_id) = self.base;
        let good = Draft::good(algorithm, key_id);
        assert!(
            verify(&good.token()).is_ok(),
            "{}: {}: the good token",
            self.number,
            self.what
        );
        let mut hostile = Draft::good(algorithm, key_id);
        (self.change)(&mut hostile);
        let token = (self.finish)(hostile.token());
        assert_eq!(
            verify(&token).err(),
            Some(self.expected),
            "{}: {}",
            self.number,
            self.what
        );
    }
}

fn symmetric(secret: Vec<u8>) -> impl Fn(&mut Draft) {
    move |draft| {
        draft.header.insert("alg".to_owned(), json!("HS256"));
        draft.signing = Signing::Hmac(secret.clone());
    }
}

/// Replaces the signature of a finished token.
fn resign(change: impl Fn(&[u8]) -> Vec<u8>) -> impl Fn(String) -> String {
    move |token| {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        format!("{signed}.{}", encode(change(&decode(signature))))
    }
}

fn signatures_and_algorithms() -> Vec<Row> {
    let none = ["none", "None", "NONE", "nOnE"];
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(none.map(|name| header(1, R::AlgorithmRefused, "alg", Some(json!(name)))));
    rows.push(Row {
        finish: Box::new(|token| token.rsplit_once('.').unwrap().0.to_owned() + "."),
        ..header(1, R::SignatureMissing, "alg", Some(json!("none")))
    });
    let missing = [
        None,
        Some(Value::Null),
        Some(json!(1)),
        Some(json!(["EdDSA"])),
    ];
    rows.extend(missing.map(|value| header(2, R::AlgorithmRefused, "alg", value)));
    let ec_point = KEYS.ec.public_key().as_ref().to_vec();
    rows.extend([
        row(
            3,
            "RSA PEM as secret",
            R::AlgorithmRefused,
            symmetric(KEYS.rsa_public_pem()),
        )
        .on(RSA),
        row(
            4,
            "EC point as secret",
            R::AlgorithmRefused,
            symmetric(ec_point),
        )
        .on(EC),
        row(
            5,
            "empty secret",
            R::AlgorithmRefused,
            symmetric(Vec::new()),
        )
        .on(RSA),
        row(
            6,
            "modulus as secret",
            R::AlgorithmRefused,
            symmetric(KEYS.rsa_modulus()),
        )
        .on(RSA),
        header(7, R::AlgorithmRefused, "alg", Some(json!("es256"))).on(EC),
        header(7, R::AlgorithmRefused, "alg", Some(json!("Rs256"))).on(RSA),
        header(7, R::AlgorithmRefused, "alg", Some(json!("eddsa"))),
        row(8, "r = s = 0", R::SignatureInvalid, |draft| {
            draft.signing = Signing::Given(vec![0; 64]);
        })
        .on(EC),
        finished(9, "DER", R::SignatureInvalid, der_signature).on(EC),
        finished(11, "bit of the header", R::SignatureInvalid, capital_type),
        finished(11, "bit of the payload", R::SignatureInvalid, other_subject),
        finished(
            11,
            "bit of the signature",
            R::SignatureInvalid,
            resign(with_flipped_bit),
        ),
        finished(
            12,
            "empty signature",
            R::SignatureMissing,
            resign(|_| Vec::new()),
        ),
        finished(12, "no third part", R::NotCompact, |token| {
            token.rsplit_once('.').unwrap().0.to_owned()
        }),
        finished(
            13,
            "signature of another token",
            R::SignatureInvalid,
            |token| {
                let mut other = Draft::good("EdDSA", "ed");
                other.payload.insert("sub".to_owned(), json!("user-2"));
                let other = other.token();
                let signature = other.rsplit_once('.').unwrap().1;
                format!("{}.{signature}", token.rsplit_once('.').unwrap().0)
            },
        ),
        header(14, R::AlgorithmMismatch, "kid", Some(json!("rsa-512"))).on(RSA),
        row(
            15,
            "PS256 with a key for RS256",
            R::AlgorithmMismatch,
            |draft| {
                draft.header.insert("alg".to_owned(), json!("PS256"));
                draft.signing = Signing::RsaPss;
            },
        )
        .on(RSA),
        row(16, "RSA with 1024 bits", R::KeyUnknown, |draft| {
            draft.header.insert("kid".to_owned(), json!("rsa-1024"));
            draft.signing = Signing::Given(decode(RSA_1024_SIGNATURE));
        })
        .on(RSA),
        header(17, R::KeyUnknown, "kid", Some(json!("encryption"))),
        header(18, R::KeyUnknown, "kid", Some(json!("oct"))),
        row(
            18,
            "published symmetric key",
            R::AlgorithmRefused,
            |draft| {
                draft.header.insert("kid".to_owned(), json!("oct"));
                symmetric(SHARED_SECRET.to_vec())(draft);
            },
        ),
    ]);
    rows
}

/// The same signing key, the other encoding of its signature.
fn der_signature(token: String) -> String {
    let document = KEYS.ec.to_pkcs8v1().unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).unwrap();
    let signed = token.rsplit_once('.').unwrap().0;
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", encode(signature))
}

/// Changes a part of a token without signing again.
fn rewritten(token: &str, part: usize, from: &str, to: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let text = String::from_utf8(decode(&parts[part])).unwrap();
    assert!(text.contains(from));
    parts[part] = encode(text.replace(from, to));
    parts.join(".")
}

/// Upper and lower case differ in one bit, and `typ` is read without regard to case.
fn capital_type(token: String) -> String {
    rewritten(&token, 0, "at+jwt", "At+jwt")
}

fn other_subject(token: String) -> String {
    rewritten(&token, 1, "user-1", "user-0")
}

fn with_flipped_bit(signature: &[u8]) -> Vec<u8> {
    let mut signature = signature.to_vec();
    signature[10] ^= 1;
    signature
}

fn table() -> Vec<Row> {
    [
        signatures_and_algorithms(),
        headers::headers(),
        times(),
        parties(),
        grants(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_hostile_token_is_refused_for_its_own_reason() {
    table().iter().for_each(Row::run);
}

#[test]
fn the_table_leaves_out_no_case_about_reading_a_token() {
    // Number 10 is not a refusal; it has a test of its own below.
    let covered: BTreeSet<u8> = table().iter().map(|row| row.number).collect();
    let expected: BTreeSet<u8> = (1..=48).filter(|number| *number != 10).collect();
    assert_eq!(covered, expected);
}

#[test]
fn case_10_the_mirrored_ecdsa_signature_is_accepted_and_says_the_same() {
    // ECDSA is malleable: (r, n - s) verifies whenever (r, s) does, and RFC 7518 §3.4 does
    // not ask for the smaller one. So a token must never be recognised by its signature or
    // by a hash of its text, only by its issuer and `jti`.
    let token = Draft::good("ES256", "ec").token();
    let mirrored = resign(|signature| [&signature[..32], &order_minus(&signature[32..])].concat())(
        token.clone(),
    );
    assert_ne!(token, mirrored);
    assert_eq!(verify(&token).unwrap(), verify(&mirrored).unwrap());
}

/// The order of P-256 minus a number, both big-endian.
fn order_minus(number: &[u8]) -> Vec<u8> {
    let order = decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let mut borrow = 0_i16;
    let mut difference = vec![0; 32];
    for index in (0..32).rev() {
        let digit = i16::from(order[index]) - i16::from(number[index]) - borrow;
        borrow = i16::from(digit < 0);
        difference[index] = digit.rem_euclid(256) as u8;
    }
    difference
}

#[test]
fn case_11_no_single_bit_can_be_flipped_anywhere() {
    let token = Draft::good("EdDSA", "ed").token();
    let parts: Vec<Vec<u8>> = token.split('.').map(decode).collect();
    for (part, bytes) in parts.iter().enumerate() {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = parts.clone();
            flipped[part][bit / 8] ^= 1 << (bit % 8);
            let flipped: Vec<String> = flipped.iter().map(encode).collect();
            assert!(
                verify(&flipped.join(".")).is_err(),
                "part {part}, bit {bit}"
            );
        }
    }
}

#[test]
fn case_16_the_signature_of_the_weak_key_is_genuine() {
    // So the table refuses that token for the size of its key and for nothing else.
    let mut draft = Draft::good("RS256", "rsa-1024");
    draft.signing = Signing::Given(decode(RSA_1024_SIGNATURE));
    let token = draft.token();
    let modulus = decode(RSA_1024_MODULUS);
    RsaPublicKeyComponents {
        n: modulus.as_slice(),
        e: &[1, 0, 1],
    }
    .verify(
        &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        token.rsplit_once('.').unwrap().0.as_bytes(),
        &decode(RSA_1024_SIGNATURE),
    )
    .unwrap();
}

#[test]
fn case_47_a_longer_scope_is_another_scope() {
    let mut draft = Draft::good("EdDSA", "ed");
    draft.payload.insert(
        "scope".to_owned(),
        json!("credit.customers.readonly Credit.lines"),
    );
    let scopes = verify(&draft.token()).unwrap().scopes;
    assert!(!scopes.contains("credit.customers.read"));
    assert!(!scopes.contains("credit.lines"));
    assert_eq!(scopes.len(), 2);
}

#[test]
fn what_must_be_tolerated_is() {
    let accepted: [(&str, Tolerated); 12] = [
        ("RS256", |draft| *draft = Draft::good("RS256", "rsa")),
        ("ES256", |draft| *draft = Draft::good("ES256", "ec")),
        ("the name of RFC 9864", |draft| {
            put(&mut draft.header, "alg", json!("Ed25519"))
        }),
        ("the long typ", |draft| {
            put(&mut draft.header, "typ", json!("application/at+jwt"))
        }),
        ("another case of typ", |draft| {
            put(&mut draft.header, "typ", json!("AT+JWT"))
        }),
        ("an unknown header", |draft| {
            put(&mut draft.header, "note", json!({ "a": 1 }))
        }),
        ("an unknown claim", |draft| {
            put(&mut draft.payload, "note", json!({ "a": [1.5] }))
        }),
        ("several audiences", |draft| {
            put(&mut draft.payload, "aud", json!(["a", AUDIENCE]))
        }),
        ("just not expired", |draft| {
            put(&mut draft.payload, "exp", json!(NOW - 29))
        }),
        ("nearly begun", |draft| {
            put(&mut draft.payload, "nbf", json!(NOW + 30))
        }),
        ("the longest lifetime", |draft| {
            put(&mut draft.payload, "exp", json!(NOW + 3540))
        }),
        ("a bearer by claim", |draft| {
            put(&mut draft.payload, "typ", json!("Bearer"))
        }),
    ];
    for (what, change) in accepted {
        let mut draft = Draft::good("EdDSA", "ed");
        change(&mut draft);
        assert!(
            verify(&draft.token()).is_ok(),
            "{what}: {:?}",
            verify(&draft.token())
        );
    }
}

fn put(object: &mut super::strict_json::Object, name: &str, value: Value) {
    object.insert(name.to_owned(), value);
}

#[test]
fn time_is_the_one_passed_in() {
    let token = Draft::good("EdDSA", "ed").token();
    for (seconds, expected) in [
        (-91, Some(R::IssuedInFuture)),
        (-90, None),
        (629, None),
        (630, Some(R::Expired)),
    ] {
        let now = fixtures::now() + TimeDelta::seconds(seconds);
        assert_eq!(
            fixtures::VERIFIER.verify(&token, now).err(),
            expected,
            "{seconds}"
        );
    }
}

#[test]
fn a_refusal_repeats_nothing_of_the_token() {
    for row in table() {
        let said = format!("{} {:?}", row.expected, row.expected);
        for secret in ["user-1", "client-1", "token-1", "idp.example", "attacker"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}
