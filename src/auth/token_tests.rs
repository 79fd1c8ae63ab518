//! What a verifier may be told to trust, and that each issuer is held to its own entry.

use std::sync::Arc;

use chrono::TimeDelta;
use jsonwebtoken::Algorithm;

use super::fixtures::{Draft, ISSUER, KEYS, ed_jwk, key_set, now, trusted};
use super::key_holder::KeyHolder;
use super::rejection::TokenRejection;
use super::token::{LEEWAY_MAX, TokenLimits, TokenVerifier, TrustError, TrustedIssuer};

fn issuer() -> TrustedIssuer {
    trusted(
        ISSUER,
        Arc::new(KeyHolder::fixed(key_set(&[ed_jwk("ed", &KEYS.ed)]))),
    )
}

fn refusal(issuers: Vec<TrustedIssuer>) -> Option<TrustError> {
    TokenVerifier::new(issuers, TokenLimits::default()).err()
}

#[test]
fn trust_that_cannot_work_is_refused() {
    let name = || ISSUER.to_owned();
    assert_eq!(
        refusal(vec![issuer(), issuer()]),
        Some(TrustError::DuplicateIssuer(name()))
    );
    let audiences = [].into();
    assert_eq!(
        refusal(vec![TrustedIssuer {
            audiences,
            ..issuer()
        }]),
        Some(TrustError::NoAudience(name()))
    );
    for algorithms in [vec![], vec![Algorithm::ES256, Algorithm::HS256]] {
        assert_eq!(
            refusal(vec![TrustedIssuer {
                algorithms,
                ..issuer()
            }]),
            Some(TrustError::Algorithms(name()))
        );
    }
    let lifetime_max = TimeDelta::zero();
    assert_eq!(
        refusal(vec![TrustedIssuer {
            lifetime_max,
            ..issuer()
        }]),
        Some(TrustError::Lifetime(name()))
    );
    for leeway in [TimeDelta::seconds(-1), LEEWAY_MAX + TimeDelta::seconds(1)] {
        let limits = TokenLimits {
            leeway,
            ..TokenLimits::default()
        };
        assert_eq!(
            TokenVerifier::new(vec![issuer()], limits).err(),
            Some(TrustError::Leeway)
        );
    }
}

#[test]
fn nobody_is_trusted_by_default() {
    let nobody = TokenVerifier::new(vec![], TokenLimits::default()).unwrap();
    let verdict = nobody
        .verify(&Draft::good("EdDSA", "ed").token(), now())
        .err();
    assert_eq!(verdict, Some(TokenRejection::IssuerUnknown));
}

#[test]
fn an_issuer_may_use_only_its_own_algorithms() {
    // Even if a key for another algorithm found its way into the holder.
    let narrow = TrustedIssuer {
        algorithms: vec![Algorithm::ES256],
        ..issuer()
    };
    let verifier = TokenVerifier::new(vec![narrow], TokenLimits::default()).unwrap();
    let verdict = verifier
        .verify(&Draft::good("EdDSA", "ed").token(), now())
        .err();
    assert_eq!(verdict, Some(TokenRejection::AlgorithmRefused));
}

#[test]
fn a_remembered_signature_counts_no_longer_than_its_key_and_its_times() {
    let holder = Arc::new(KeyHolder::refreshed(TimeDelta::hours(24)));
    let keys = || key_set(&[ed_jwk("ed", &KEYS.ed)]);
    holder.replace(keys(), now());
    let trusted = trusted(ISSUER, holder.clone());
    let verifier = TokenVerifier::new(vec![trusted], TokenLimits::default()).unwrap();
    let token = Draft::good("EdDSA", "ed").token();
    let first = verifier.verify(&token, now()).unwrap();
    assert_eq!(verifier.verify(&token, now()).unwrap(), first);

    // A token that differs in its signature alone is another token.
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    let verdict = verifier.verify(&forged, now()).err();
    assert_eq!(verdict, Some(TokenRejection::SignatureInvalid));

    // It ends when it ends, and when its keys are too old to be believed.
    let late = first.expires_at + TimeDelta::seconds(30);
    let verdict = verifier.verify(&token, late).err();
    assert_eq!(verdict, Some(TokenRejection::Expired));
    let stale = now() + TimeDelta::hours(25);
    let verdict = verifier.verify(&token, stale).err();
    assert_eq!(verdict, Some(TokenRejection::KeysStale));

    // Fetched again, the key is another key of the same name, and verifies it anew.
    holder.replace(keys(), now());
    assert_eq!(verifier.verify(&token, now()).unwrap(), first);
    holder.replace(key_set(&[ed_jwk("another", &KEYS.ed)]), now());
    let verdict = verifier.verify(&token, now()).err();
    assert_eq!(verdict, Some(TokenRejection::KeyUnknown));
}
