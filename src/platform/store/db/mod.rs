//! The way to the database: a bounded pool behind a bounded queue, and the only place that opens
//! transactions.

pub mod many;
mod opening;
mod reads;
mod transaction;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::Utc;
use diesel::prelude::*;
use diesel::r2d2::Pool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Span;

use self::transaction::{Waiting, in_transaction, overloaded};
pub use super::connection::DbOptions;
use super::connection::{
    LogConnectionErrors, SessionSettings, Sessions, connection_string, replica_string,
    session_statements,
};
use super::idempotency::{self, Claim, IdempotencyScope, KeptRow, Reach, StoredAnswer};
use super::tx::{Journal, RateBounds, Surroundings, Tx, audit_row};
use crate::clock::{Clock, business_date};
use crate::crypto::MasterKeys;
use crate::error::{Error, Problem};
use crate::values::actor::Actor;
use crate::values::ids::CustomerId;

/// How often a transaction that gave way to another is tried again.
const ATTEMPTS_MAX: u32 = 5;

/// A handle to the database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool<Sessions>,
    replica: Option<Pool<Sessions>>,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    shed: AtomicU64,
    overran: AtomicU64,
    role_missing: Arc<AtomicBool>,
    options: DbOptions,
    clock: Arc<dyn Clock>,
    time_zone: chrono_tz::Tz,
    rates: RateBounds,
    keys: Arc<MasterKeys>,
}

/// One write: who asks, what for, and under which key.
#[derive(Debug)]
pub struct WriteRequest {
    /// Who asks.
    pub actor: Actor,
    /// What for, as `resource.verb`; the audit entry of a refusal is named after it.
    pub action: &'static str,
    /// What the request is about, as far as its address says.
    pub subject: String,
    /// The key under which it may be repeated.
    pub idempotency: Option<IdempotencyScope>,
}

/// How a write ended.
#[derive(Debug)]
pub enum Written<T> {
    /// Done and committed.
    Done(T),
    /// Decided against; the refusal is committed with its audit entry.
    Refused(Box<Problem>),
    /// Done before; this is the first answer.
    Replayed(StoredAnswer),
}

/// What an answer looks like when it is kept under a key.
pub type Keep<'a, T> = &'a dyn Fn(Result<&T, &Problem>) -> Option<StoredAnswer>;

/// Numbers for the metrics.
#[derive(Debug, Clone, Copy)]
pub struct DbGauges {
    /// Open connections.
    pub connections: u32,
    /// Connections nobody uses.
    pub idle: u32,
    /// Requests waiting for their turn.
    pub waiting: usize,
    /// Requests turned away because the queue was full or the wait too long.
    pub shed_total: u64,
    /// Units of work that outlived their deadline.
    pub overran_total: u64,
}

impl Db {
    /// Prepares the pool without connecting: the service starts while the database is down and
    /// recovers when it comes back.
    pub fn new(
        options: DbOptions,
        clock: Arc<dyn Clock>,
        time_zone: chrono_tz::Tz,
        rates: RateBounds,
        keys: Arc<MasterKeys>,
    ) -> Self {
        let role_missing = Arc::new(AtomicBool::new(false));
        let pool = |url: String, size: u32| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(0))
                .connection_timeout(options.connection_wait)
                .error_handler(Box::new(LogConnectionErrors {
                    span: Span::current(),
                }))
                .connection_customizer(Box::new(SessionSettings {
                    statements: session_statements(&options),
                    role_missing: role_missing.clone(),
                }))
                .build_unchecked(Sessions::to(url))
        };
        let size = options.pool_size.saturating_add(options.together);
        let replica = options.replica_url.as_deref().map(replica_string);
        let replica = replica.map(|url| pool(url, options.pool_size));
        let pool = pool(connection_string(&options.url), size);
        Self {
            shared: Arc::new(Shared {
                pool,
                replica,
                permits: Arc::new(Semaphore::new(options.pool_size as usize)),
                waiting: AtomicUsize::new(0),
                shed: AtomicU64::new(0),
                overran: AtomicU64::new(0),
                role_missing,
                options,
                clock,
                time_zone,
                rates,
                keys,
            }),
        }
    }

    /// The same database under another clock: the sample company lives through a year.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                pool: self.shared.pool.clone(),
                replica: self.shared.replica.clone(),
                permits: self.shared.permits.clone(),
                waiting: AtomicUsize::new(0),
                shed: AtomicU64::new(0),
                overran: AtomicU64::new(0),
                role_missing: self.shared.role_missing.clone(),
                options: self.shared.options.clone(),
                clock,
                time_zone: self.shared.time_zone,
                rates: self.shared.rates,
                keys: self.shared.keys.clone(),
            }),
        }
    }

    /// How long one unit of work may take.
    pub fn deadline(&self) -> Duration {
        self.shared.options.deadline
    }

    /// The clock of the service.
    pub fn clock(&self) -> &dyn Clock {
        self.shared.clock.as_ref()
    }

    /// The time zone of the company.
    pub fn time_zone(&self) -> chrono_tz::Tz {
        self.shared.time_zone
    }

    /// The current business date.
    pub fn today(&self) -> chrono::NaiveDate {
        business_date(self.shared.clock.now(), self.shared.time_zone)
    }

    /// Whether the server was last found without the role of the service: it answers, but no
    /// migration was ever applied.
    pub fn is_bare(&self) -> bool {
        self.shared.role_missing.load(Ordering::Relaxed)
    }

    /// Numbers for the metrics.
    pub fn gauges(&self) -> DbGauges {
        let state = self.shared.pool.state();
        DbGauges {
            connections: state.connections,
            idle: state.idle_connections,
            waiting: self.shared.waiting.load(Ordering::Relaxed),
            shed_total: self.shared.shed.load(Ordering::Relaxed),
            overran_total: self.shared.overran.load(Ordering::Relaxed),
        }
    }

    /// Writes on the blocking pool. See [`Db::write_blocking`].
    ///
    /// # Errors
    /// As [`Db::write_blocking`].
    pub async fn write<T: Send + 'static>(
        &self,
        request: WriteRequest,
        work: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
        keep: impl Fn(Result<&T, &Problem>) -> Option<StoredAnswer> + Send + 'static,
    ) -> Result<Written<T>, Error> {
        self.blocking(move |db| db.run(&request, &work, &keep))
            .await
    }

    /// Writes on the calling thread: business rows, audit entries and events in one commit.
    /// Jobs and loaders use it; requests come with a key and go through [`Db::write`].
    ///
    /// # Errors
    /// What `work` refuses, or that the database cannot serve the request now. Nothing is
    /// committed unless `work` recorded what it did.
    pub fn write_blocking<T>(
        &self,
        actor: &Actor,
        action: &'static str,
        work: &dyn Fn(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request = WriteRequest {
            actor: actor.clone(),
            action,
            subject: String::new(),
            idempotency: None,
        };
        match self.run(&request, work, &|_| None)? {
            Written::Done(value) => Ok(value),
            Written::Refused(problem) => Err(Error::Refused(problem)),
            Written::Replayed(_) => Err(Error::internal("replayed a write that had no key")),
        }
    }

    /// Tidies up on the calling thread, without an audit entry. For what the service keeps for
    /// its own sake and forgets by a published rule, such as answers past their retention: nobody
    /// asked for it, no business fact changes, and an entry each minute would bury the ones that
    /// matter. The role of the service cannot delete anything else in any case.
    ///
    /// # Errors
    /// What `work` returns, or that the database cannot serve the request now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of transactions"
    )]
    pub fn housekeeping_blocking<T>(
        &self,
        work: &dyn Fn(&mut PgConnection, chrono::DateTime<Utc>) -> QueryResult<T>,
    ) -> Result<T, Error> {
        let mut connection = self.connection()?;
        let now = self.shared.clock.now();
        connection.transaction(|connection| Ok(work(connection, now)?))
    }

    fn run<T>(
        &self,
        request: &WriteRequest,
        work: &dyn Fn(&mut Tx<'_>) -> Result<T, Error>,
        keep: Keep<'_, T>,
    ) -> Result<Written<T>, Error> {
        let mut connection = self.connection()?;
        self.persistently(|awaited| self.attempt(&mut connection, awaited, request, work, keep))
    }

    /// Tries until it is decided, or often enough. What one attempt has found that it needs, the
    /// next one waits for from the start, each time as long as a session waits for a lock.
    fn persistently<T>(
        &self,
        mut attempt: impl FnMut(&BTreeSet<CustomerId>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut awaited = BTreeSet::new();
        let mut because = "";
        for _ in 0..ATTEMPTS_MAX {
            because = match attempt(&awaited) {
                Err(Error::Awaits(customers)) => {
                    awaited.extend(customers);
                    "somebody else has lines on which something is due"
                }
                Err(Error::Retry(reason)) => reason,
                result => return result,
            };
            tracing::debug!(because, "trying the transaction again");
        }
        tracing::warn!(because, "gave up after {ATTEMPTS_MAX} attempts");
        Err(overloaded())
    }

    fn surroundings<'a>(&'a self, awaited: &'a BTreeSet<CustomerId>) -> Surroundings<'a> {
        Surroundings {
            awaited,
            clock: self.shared.clock.as_ref(),
            time_zone: self.shared.time_zone,
            rate_age_days_max: self.shared.rates.age_days_max,
            rate_departure_bp: self.shared.rates.departure_bp,
            keys: &self.shared.keys,
        }
    }

    /// One transaction. The work runs in a savepoint, so that a refusal takes back what the work
    /// wrote and can still be recorded and kept under its key.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of transactions"
    )]
    fn attempt<T>(
        &self,
        connection: &mut PgConnection,
        awaited: &BTreeSet<CustomerId>,
        request: &WriteRequest,
        work: &dyn Fn(&mut Tx<'_>) -> Result<T, Error>,
        keep: Keep<'_, T>,
    ) -> Result<Written<T>, Error> {
        let now = self.shared.clock.now();
        let surroundings = self.surroundings(awaited);
        connection.transaction(|connection| {
            let mut expired = false;
            match claims_of(connection, &[request], now)?.pop() {
                Some(Claim::Answered(answer)) => return Ok(Written::Replayed(answer)),
                Some(Claim::Refused(problem)) => return Err(Error::Refused(problem)),
                Some(Claim::First { expired: known }) => expired = known,
                None => {}
            }
            let mut journal = Journal::default();
            // What is decided is dated after the locks that it waited for.
            let mut decided_at = now;
            let result = connection.transaction(|connection| {
                let mut tx = Tx {
                    connection,
                    actor: &request.actor,
                    now,
                    today: business_date(now, self.shared.time_zone),
                    keys: &self.shared.keys,
                    surroundings: &surroundings,
                    journal: &mut journal,
                };
                let result = work(&mut tx);
                decided_at = tx.now;
                result
            });
            let written = match result {
                Ok(value) => {
                    if journal.audit.is_empty() {
                        return Err(Error::internal(format!(
                            "{} recorded nothing",
                            request.action
                        )));
                    }
                    Written::Done(value)
                }
                Err(Error::Refused(problem)) if problem.code.is_on_record() => {
                    journal = refusal(request, &problem, decided_at)?;
                    Written::Refused(problem)
                }
                Err(error) => return Err(error),
            };
            let mut kept = Vec::new();
            if let (Some(scope), Some(answer)) =
                (&request.idempotency, answer_to_keep(&written, keep))
            {
                if expired {
                    idempotency::forget(connection, scope)?;
                }
                let reach = Reach::new(&request.actor, journal.seen_since(0));
                kept.push(KeptRow::new(scope, answer, &reach, decided_at)?);
            }
            journal.write(connection, &kept)?;
            Ok(written)
        })
    }

    /// Runs `job` on a blocking thread once a turn is free. The turn goes back when the job ends,
    /// even when its caller has stopped waiting, so that a wedged server can never pile up more
    /// threads than there are connections.
    ///
    /// # Errors
    /// What `job` returns, or 503 when no turn is free or the job takes too long.
    pub async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        // The time spent waiting for a turn counts: no caller waits longer than the deadline.
        let due = tokio::time::Instant::now() + self.shared.options.deadline;
        let permit = self.turn().await?;
        let db = self.clone();
        let span = Span::current();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one home of the blocking pool"
        )]
        let work = tokio::task::spawn_blocking(move || {
            let _held_until_done = permit;
            span.in_scope(|| job(&db))
        });
        match tokio::time::timeout_at(due, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(panicked)) => Err(Error::Internal(Box::new(panicked))),
            Err(_elapsed) => {
                self.shared.overran.fetch_add(1, Ordering::Relaxed);
                Err(Error::Unavailable(
                    "the database did not answer in time".to_owned(),
                ))
            }
        }
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        let shared = &self.shared;
        if let Ok(permit) = shared.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting =
            Waiting::enter(&shared.waiting, shared.options.queue_max).ok_or_else(|| self.shed())?;
        match tokio::time::timeout(
            shared.options.queue_wait,
            shared.permits.clone().acquire_owned(),
        )
        .await
        {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(Error::Unavailable("shutting down".to_owned())),
            Err(_elapsed) => Err(self.shed()),
        }
    }

    fn shed(&self) -> Error {
        self.shared.shed.fetch_add(1, Ordering::Relaxed);
        overloaded()
    }
}

/// What the keys of requests stand for; a request without a key is always the first.
fn claims_of(
    connection: &mut PgConnection,
    requests: &[&WriteRequest],
    now: chrono::DateTime<Utc>,
) -> Result<Vec<Claim>, Error> {
    let claimed: Vec<_> = requests
        .iter()
        .filter_map(|request| Some((request.idempotency.as_ref()?, &request.actor)))
        .collect();
    let mut claims: VecDeque<Claim> = idempotency::claim(connection, &claimed, now)?.into();
    Ok(requests
        .iter()
        .map(|request| {
            let keyed = request.idempotency.as_ref();
            keyed
                .and_then(|_| claims.pop_front())
                .unwrap_or(Claim::First { expired: false })
        })
        .collect())
}

/// The answer that is kept; which refusals are, the table of codes says.
fn answer_to_keep<T>(
    written: &Written<T>,
    keep: impl Fn(Result<&T, &Problem>) -> Option<StoredAnswer>,
) -> Option<StoredAnswer> {
    match written {
        Written::Done(value) => keep(Ok(value)),
        Written::Refused(problem) if problem.code.is_kept() => keep(Err(problem)),
        _ => None,
    }
}

fn refusal(
    request: &WriteRequest,
    problem: &Problem,
    now: chrono::DateTime<Utc>,
) -> Result<Journal, Error> {
    let row = audit_row(
        &request.actor,
        now,
        request.action,
        request.subject.clone(),
        "refused",
        problem.for_audit(),
    )?;
    let mut journal = Journal::default();
    journal.audit.push(row);
    Ok(journal)
}
