//! Why a token was refused.

use thiserror::Error;

/// The reason a token was refused: for one log line, never for the answer.
///
/// Every reason gets the same 401 body, so that a caller cannot feel their way towards a
/// token that is accepted. No variant carries any text of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenRejection {
    /// More bytes than the limit.
    #[error("the token is too long")]
    TooLong,
    /// A character outside `[A-Za-z0-9_.-]` (RFC 8725bis): padding, spaces, JSON serialisation.
    #[error("the token has an illegal character")]
    IllegalCharacter,
    /// Not three parts (RFC 7515 §7.1).
    #[error("the token is not a compact JWS")]
    NotCompact,
    /// An encrypted token (RFC 7516): five parts, or an `enc` header.
    #[error("the token is encrypted")]
    Encrypted,
    /// The header is not base64url of one JSON object without duplicates.
    #[error("the header is malformed")]
    HeaderMalformed,
    /// A `crit` header: none of its extensions is understood here (RFC 7515 §4.1.11).
    #[error("the header has critical extensions")]
    CriticalHeader,
    /// A header member that changes how the token is read or where its key comes from.
    #[error("the header member {0} is refused")]
    HeaderRefused(&'static str),
    /// `typ` is not the one of an access token (RFC 9068 §4).
    #[error("the type is not at+jwt")]
    TypeRefused,
    /// `alg` is absent, unknown, symmetric, `none`, or not one the issuer may use.
    #[error("the algorithm is refused")]
    AlgorithmRefused,
    /// `alg` is not the one algorithm the key is for (RFC 8725bis).
    #[error("the algorithm is not the one of the key")]
    AlgorithmMismatch,
    /// There is no `kid`.
    #[error("the key id is missing")]
    KeyIdMissing,
    /// `kid` is not 1 to 128 of `[A-Za-z0-9._~-]`.
    #[error("the key id is malformed")]
    KeyIdMalformed,
    /// The payload is not base64url of one JSON object without duplicates.
    #[error("the payload is malformed")]
    PayloadMalformed,
    /// `iss` is not exactly the name of a trusted issuer.
    #[error("the issuer is not trusted")]
    IssuerUnknown,
    /// The issuer has no such key, at least not yet: a refetch has been asked for.
    #[error("the key is not one of the issuer's")]
    KeyUnknown,
    /// The issuer's keys were never fetched, or so long ago that they no longer count.
    #[error("the issuer's keys are missing or stale")]
    KeysStale,
    /// The third part is empty.
    #[error("the signature is missing")]
    SignatureMissing,
    /// The signature is not the key's over these bytes.
    #[error("the signature is invalid")]
    SignatureInvalid,
    /// A required claim is absent.
    #[error("the claim {0} is missing")]
    ClaimMissing(&'static str),
    /// A claim has the wrong type, form or size.
    #[error("the claim {0} is malformed")]
    ClaimMalformed(&'static str),
    /// A claim says that this is another kind of token.
    #[error("the claim {0} belongs to another kind of token")]
    NotAnAccessToken(&'static str),
    /// `aud` does not name this service.
    #[error("the token is for another audience")]
    AudienceMismatch,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` has not come yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iat` has not come yet.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// From `iat` to `exp` is longer than the issuer may make it, or not a positive time.
    #[error("the lifetime of the token is refused")]
    LifetimeRefused,
}
