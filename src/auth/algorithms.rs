//! The signature algorithms by their registered names (RFC 7518 §3.1, RFC 8037, RFC 9864).

use jsonwebtoken::{Algorithm, AlgorithmFamily};

/// The algorithm of a case-sensitive name, if it is an asymmetric one.
///
/// `Ed25519` (RFC 9864) and `EdDSA` (RFC 8037) name one algorithm: other curves have no key
/// here. Symmetric algorithms and `none` have no name here at all, so that no later step can
/// mistake a public key for a shared secret.
pub fn from_name(name: &str) -> Option<Algorithm> {
    if name == "Ed25519" {
        return Some(Algorithm::EdDSA);
    }
    name.parse()
        .ok()
        .filter(|algorithm| is_asymmetric(*algorithm))
}

/// Whether the verifying key is not a secret.
pub(super) fn is_asymmetric(algorithm: Algorithm) -> bool {
    algorithm.family() != AlgorithmFamily::Hmac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_asymmetric_algorithms_have_a_name() {
        for (name, expected) in [
            ("RS256", Some(Algorithm::RS256)),
            ("PS512", Some(Algorithm::PS512)),
            ("ES384", Some(Algorithm::ES384)),
            ("EdDSA", Some(Algorithm::EdDSA)),
            ("Ed25519", Some(Algorithm::EdDSA)),
            ("HS256", None),
            ("HS384", None),
            ("HS512", None),
            ("none", None),
            ("rs256", None),
            ("ES256K", None),
            ("", None),
        ] {
            assert_eq!(from_name(name), expected, "{name}");
        }
    }
}
