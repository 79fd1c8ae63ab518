//! Answers kept under an `Idempotency-Key`, in the commit of their effect.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Bytea, Jsonb, SmallInt, Text, Timestamptz};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::schema::idempotency_records;
use super::sets::insert_many;
use crate::error::{Error, OrInternal, Problem};
use crate::error_codes::ProblemCode;
use crate::values::actor::Actor;
use crate::values::organisation::OrgPath;

/// How long an answer is kept, in hours. Published in the API description.
pub const RETENTION_HOURS: i64 = 24;

/// What a key belongs to: a principal. The same key of another principal is another key; on another
/// operation it is a mistake.
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

/// What a key was found to stand for.
#[derive(Debug)]
pub enum Claim {
    /// Nothing yet: this is the first request with it. Whether an answer past its retention is
    /// still on file.
    First {
        /// It is.
        expired: bool,
    },
    /// The answer of the first request.
    Answered(StoredAnswer),
    /// Another request, or one in progress.
    Refused(Box<Problem>),
}

/// Takes keys for the running transaction.
///
/// The advisory locks live exactly as long as the transaction, so a crash leaves nothing behind
/// that could block a retry; a collision of their hashes costs a spurious 409, never a wrong
/// answer. Answers are looked up by a statement of its own: one that took a lock would not see
/// what was committed while it waited for its turn.
pub fn claim(
    connection: &mut PgConnection,
    claimed: &[(&IdempotencyScope, &Actor)],
    now: DateTime<Utc>,
) -> Result<Vec<Claim>, Error> {
    let scopes: Vec<&IdempotencyScope> = claimed.iter().map(|(scope, _)| *scope).collect();
    if scopes.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<i64> = scopes.iter().map(|scope| lock_number(scope)).collect();
    let mut seen = BTreeSet::new();
    let locked: Vec<(i64, bool)> = TryLocks(numbers.clone()).load(connection)?;
    let mut claims: Vec<Claim> = numbers
        .iter()
        .map(|number| match seen.insert(*number) {
            true => Claim::First { expired: false },
            // Twice in one batch: the other one has it.
            false => in_progress(),
        })
        .collect();
    for (place, locked) in locked {
        if let (false, Some(claim)) = (locked, at(&mut claims, place)) {
            *claim = in_progress();
        }
    }
    let mut found: BTreeMap<i64, Vec<Kept>> = BTreeMap::new();
    for kept in KeptUnder::new(&scopes).load::<Kept>(connection)? {
        found.entry(kept.place).or_default().push(kept);
    }
    for (place, kept) in found {
        let whose = usize::try_from(place - 1)
            .ok()
            .and_then(|at| claimed.get(at));
        if let (Some(claim @ Claim::First { .. }), Some(whose)) = (at(&mut claims, place), whose) {
            *claim = stands_for(*whose, kept, now)?;
        }
    }
    Ok(claims)
}

/// What a key stands for of which something is kept, here or under other operations.
fn stands_for(
    (scope, actor): (&IdempotencyScope, &Actor),
    kept: Vec<Kept>,
    now: DateTime<Utc>,
) -> Result<Claim, Error> {
    let reused = || Claim::Refused(Box::new(Problem::new(ProblemCode::IdempotencyKeyReused)));
    let (here, elsewhere): (Vec<Kept>, Vec<Kept>) = kept
        .into_iter()
        .partition(|one| one.method == scope.method && one.path == scope.path);
    let expired = !here.is_empty();
    match here.into_iter().find(|one| one.expires_at > now) {
        Some(one) if one.fingerprint != scope.fingerprint => Ok(reused()),
        Some(one) if !may_see(actor, &one)? => Ok(Claim::Refused(Box::new(Problem::new(
            ProblemCode::NotFound,
        )))),
        Some(one) => Ok(Claim::Answered(StoredAnswer {
            status: u16::try_from(one.status).unwrap_or(500),
            headers: serde_json::from_value(one.headers).or_internal()?,
            body: one.body,
        })),
        None if elsewhere.iter().any(|one| one.expires_at > now) => Ok(reused()),
        None => Ok(Claim::First { expired }),
    }
}

fn may_see(actor: &Actor, kept: &Kept) -> Result<bool, Error> {
    let reach: Option<Reach> = serde_json::from_value(kept.reach.clone()).or_internal()?;
    Ok(reach.is_none_or(|reach| reach.is_within(actor)))
}

/// What something belongs to that an answer is about: an organisation, and a customer.
pub type ToldOf = (OrgPath, Option<Uuid>);

/// How far whoever got an answer could see, and what it is about.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reach {
    org_path: OrgPath,
    customer_id: Option<Uuid>,
    seen: BTreeSet<ToldOf>,
}

impl Reach {
    /// Of an answer to `actor` that is about what was `seen`.
    pub fn new(actor: &Actor, seen: BTreeSet<ToldOf>) -> Self {
        Self {
            org_path: actor.org_path.clone(),
            customer_id: actor.customer_id.map(|id| id.uuid()),
            seen,
        }
    }

    /// Whether a caller may get the answer again: it reaches at least what was reached then, or all
    /// that the answer is about.
    fn is_within(&self, actor: &Actor) -> bool {
        let own = actor.customer_id.map(|id| id.uuid());
        let knows = |(org_path, customer_id): &ToldOf| match own {
            Some(_) => own == *customer_id,
            None => actor.org_path.contains(org_path),
        };
        let as_far = own == self.customer_id && actor.org_path.contains(&self.org_path);
        as_far || (!self.seen.is_empty() && self.seen.iter().all(knows))
    }
}

fn at(claims: &mut [Claim], place: i64) -> Option<&mut Claim> {
    usize::try_from(place - 1)
        .ok()
        .and_then(|place| claims.get_mut(place))
}

fn in_progress() -> Claim {
    Claim::Refused(Box::new(
        Problem::new(ProblemCode::RequestInProgress).with_header("Retry-After", "1"),
    ))
}

/// An answer to be kept.
#[derive(Debug)]
pub struct KeptRow {
    principal: String,
    method: String,
    path: String,
    key: String,
    fingerprint: Vec<u8>,
    status: i16,
    headers: serde_json::Value,
    body: Vec<u8>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    reach: serde_json::Value,
}

impl KeptRow {
    /// The answer to the first request with a key, and who may have it again.
    ///
    /// # Errors
    /// When the headers cannot be written as JSON.
    pub fn new(
        scope: &IdempotencyScope,
        answer: StoredAnswer,
        reach: &Reach,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        Ok(Self {
            principal: scope.principal.clone(),
            method: scope.method.clone(),
            path: scope.path.clone(),
            key: scope.key.clone(),
            fingerprint: scope.fingerprint.to_vec(),
            status: i16::try_from(answer.status).unwrap_or(500),
            headers: serde_json::to_value(&answer.headers).or_internal()?,
            body: answer.body,
            created_at: now,
            expires_at: now + TimeDelta::hours(RETENTION_HOURS),
            reach: serde_json::to_value(reach).or_internal()?,
        })
    }
}

insert_many! {
    /// Keeps answers.
    keep(KeptRow) into idempotency_records: [
        principal: String, method: String, path: String, key: String, fingerprint: Vec<u8>,
        status: i16, headers: serde_json::Value, body: Vec<u8>, created_at: DateTime<Utc>,
        expires_at: DateTime<Utc>, reach: serde_json::Value,
    ]
}

/// Forgets the expired answer under a key that is used again: forgetting is a background matter,
/// and has not come to it yet.
pub fn forget(connection: &mut PgConnection, scope: &IdempotencyScope) -> QueryResult<usize> {
    use idempotency_records as r;
    diesel::delete(r::table.find((&scope.principal, &scope.key, &scope.method, &scope.path)))
        .execute(connection)
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

/// Tries to take advisory locks; says which were had.
#[derive(QueryId)]
struct TryLocks(Vec<i64>);

impl QueryFragment<Pg> for TryLocks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT c.n, pg_try_advisory_xact_lock(c.number) FROM unnest(");
        out.push_bind_param::<Array<BigInt>, _>(&self.0)?;
        out.push_sql(") WITH ORDINALITY AS c(number, n)");
        Ok(())
    }
}

impl Query for TryLocks {
    type SqlType = (BigInt, Bool);
}

impl RunQueryDsl<PgConnection> for TryLocks {}

/// Reads what is kept under keys, with the places of the keys.
struct KeptUnder<'a> {
    principals: Vec<&'a str>,
    keys: Vec<&'a str>,
}

impl<'a> KeptUnder<'a> {
    fn new(scopes: &[&'a IdempotencyScope]) -> Self {
        Self {
            principals: scopes.iter().map(|scope| &*scope.principal).collect(),
            keys: scopes.iter().map(|scope| &*scope.key).collect(),
        }
    }
}

impl QueryId for KeptUnder<'_> {
    type QueryId = KeptUnder<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for KeptUnder<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT c.n, r.method, r.path, r.fingerprint, r.status, r.headers, r.body, r.expires_at, r.reach \
             FROM unnest(",
        );
        out.push_bind_param::<Array<Text>, _>(&self.principals)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.keys)?;
        // One look for each key, even where the plan was made while nothing was kept yet: then it
        // seems as cheap to go through all that is kept.
        out.push_sql(
            ") WITH ORDINALITY AS c(principal, key, n) CROSS JOIN LATERAL \
             (SELECT k.method, k.path, k.fingerprint, k.status, k.headers, k.body, k.expires_at, k.reach \
                FROM idempotency_records k WHERE k.principal = c.principal \
                AND k.key = c.key OFFSET 0) r",
        );
        Ok(())
    }
}

impl Query for KeptUnder<'_> {
    type SqlType = (
        BigInt,
        Text,
        Text,
        Bytea,
        SmallInt,
        Jsonb,
        Bytea,
        Timestamptz,
        Jsonb,
    );
}

impl RunQueryDsl<PgConnection> for KeptUnder<'_> {}

#[derive(Queryable)]
struct Kept {
    place: i64,
    method: String,
    path: String,
    fingerprint: Vec<u8>,
    status: i16,
    headers: serde_json::Value,
    body: Vec<u8>,
    expires_at: DateTime<Utc>,
    reach: serde_json::Value,
}

fn lock_number(scope: &IdempotencyScope) -> i64 {
    let joined = format!("{}\u{1f}{}", scope.principal, scope.key);
    let digest = crate::crypto::sha256(joined.as_bytes());
    let mut first = [0_u8; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}
