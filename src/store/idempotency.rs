//! Answers kept under an `Idempotency-Key`, in the commit of their effect.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use serde::{Deserialize, Serialize};

use super::schema::idempotency_records;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;

/// How long an answer is kept, in hours. Published in the API description.
pub const RETENTION_HOURS: i64 = 24;

/// What a key belongs to. The same key of another principal or on another path is another key.
#[derive(Debug, Clone)]
pub struct IdempotencyScope {
    /// Issuer, subject and client of the token.
    pub principal: String,
    /// HTTP method.
    pub method: String,
    /// Full request path.
    pub path: String,
    /// The key.
    pub key: String,
    /// SHA-256 over method, path, query and body.
    pub fingerprint: [u8; 32],
}

/// An answer as it was given, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to the meaning of the answer.
    pub headers: Vec<StoredHeader>,
    /// Body.
    pub body: Vec<u8>,
}

/// A header of a stored answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredHeader {
    /// Name, lower case.
    pub name: String,
    /// Value.
    pub value: String,
}

/// Takes the key for the running transaction. `Ok(Some(…))` is the answer of the first request;
/// `Ok(None)` means that this is the first.
///
/// The advisory lock lives exactly as long as the transaction, so a crash leaves nothing behind
/// that could block a retry; a collision of its hash costs a spurious 409, never a wrong answer.
pub fn claim(
    connection: &mut PgConnection,
    scope: &IdempotencyScope,
    now: DateTime<Utc>,
) -> Result<Option<StoredAnswer>, Error> {
    let lock_number = lock_number(scope);
    let locked: bool = diesel::select(sql::try_lock(lock_number)).get_result(connection)?;
    if !locked {
        return Err(Problem::new(ProblemCode::RequestInProgress)
            .with_header("Retry-After", "1")
            .into());
    }
    let found: Option<(Vec<u8>, i16, serde_json::Value, Vec<u8>)> = idempotency_records::table
        .filter(matches(scope))
        .filter(idempotency_records::expires_at.gt(now))
        .select((
            idempotency_records::fingerprint,
            idempotency_records::status,
            idempotency_records::headers,
            idempotency_records::body,
        ))
        .first(connection)
        .optional()?;
    let Some((fingerprint, status, headers, body)) = found else {
        return Ok(None);
    };
    if fingerprint != scope.fingerprint {
        return Err(ProblemCode::IdempotencyKeyReused.into());
    }
    Ok(Some(StoredAnswer {
        status: u16::try_from(status).unwrap_or(500),
        headers: serde_json::from_value(headers)
            .map_err(|error| Error::Internal(Box::new(error)))?,
        body,
    }))
}

/// Keeps an answer.
pub fn keep(
    connection: &mut PgConnection,
    scope: &IdempotencyScope,
    answer: &StoredAnswer,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    use idempotency_records as r;
    let headers =
        serde_json::to_value(&answer.headers).map_err(|error| Error::Internal(Box::new(error)))?;
    // An expired record of the same key may still be there: forgetting is a background matter.
    diesel::delete(
        r::table
            .filter(matches(scope))
            .filter(r::expires_at.le(now)),
    )
    .execute(connection)?;
    diesel::insert_into(r::table)
        .values((
            r::principal.eq(&scope.principal),
            r::method.eq(&scope.method),
            r::path.eq(&scope.path),
            r::key.eq(&scope.key),
            r::fingerprint.eq(scope.fingerprint.as_slice()),
            r::status.eq(i16::try_from(answer.status).unwrap_or(500)),
            r::headers.eq(headers),
            r::body.eq(&answer.body),
            r::created_at.eq(now),
            r::expires_at.eq(now + TimeDelta::hours(RETENTION_HOURS)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Forgets at most `limit` expired records and says how many.
pub fn forget_expired(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM idempotency_records WHERE ctid IN \
         (SELECT ctid FROM idempotency_records WHERE expires_at <= $1 LIMIT $2)",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(now)
    .bind::<BigInt, _>(limit)
    .execute(connection)
}

mod sql {
    use diesel::sql_types::BigInt;

    diesel::define_sql_function! {
        #[sql_name = "pg_try_advisory_xact_lock"]
        fn try_lock(number: BigInt) -> diesel::sql_types::Bool;
    }
}

type Matches<'a> =
    Box<dyn BoxableExpression<idempotency_records::table, diesel::pg::Pg, SqlType = Bool> + 'a>;

fn matches(scope: &IdempotencyScope) -> Matches<'_> {
    Box::new(
        idempotency_records::principal
            .eq(&scope.principal)
            .and(idempotency_records::method.eq(&scope.method))
            .and(idempotency_records::path.eq(&scope.path))
            .and(idempotency_records::key.eq(&scope.key)),
    )
}

fn lock_number(scope: &IdempotencyScope) -> i64 {
    let joined = [&scope.principal, &scope.method, &scope.path, &scope.key]
        .map(String::as_str)
        .join("\u{1f}");
    let digest = crate::crypto::sha256(joined.as_bytes());
    let mut first = [0_u8; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}
