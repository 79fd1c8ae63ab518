//! What use cases work on: a connection inside a transaction, with the time, the caller and the
//! journal of what has to be recorded in the same commit.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::PgConnection;
use serde_json::Value;

use super::audit::{self, AuditRow};
use super::errors::violated;
use super::events::writing::{self, EventRow};
use super::idempotency::{self, KeptRow, ToldOf};
use super::sets::{SetWrite, send_together};
use crate::clock::{Clock, business_date, end_of};
use crate::crypto::{AccessGrant, MasterKeys};
use crate::error::{Error, OrInternal, Problem};
use crate::values::actor::Actor;
use crate::values::ids::{AuditId, Bucket, CustomerId, Entity, Id};

/// How exchange rates may be, as the operator set it.
#[derive(Debug, Clone, Copy)]
pub struct RateBounds {
    /// Days one may be old.
    pub age_days_max: i64,
    /// How far one may depart from the last ones without a second person, in basis points.
    pub departure_bp: i32,
}

/// What everything that touches the database is told about its surroundings.
pub struct Surroundings<'a> {
    /// Clock of the service.
    pub clock: &'a dyn Clock,
    /// Time zone of the company.
    pub time_zone: chrono_tz::Tz,
    /// Days an exchange rate may be old.
    pub rate_age_days_max: i64,
    /// How far one may depart from the last ones without a second person, in basis points.
    pub rate_departure_bp: i32,
    /// Keys that seal classified data.
    pub keys: &'a MasterKeys,
    /// Customers whose lines the transaction was found to need when it was tried before.
    pub awaited: &'a BTreeSet<CustomerId>,
}

/// A reader: a connection, the caller and the time. Loads start from what the caller may see.
pub struct Reader<'a> {
    /// The connection.
    pub connection: &'a mut PgConnection,
    /// Who is asking.
    pub actor: &'a Actor,
    /// The instant of the request.
    pub now: DateTime<Utc>,
    /// The business date of the request.
    pub today: NaiveDate,
    /// Days an exchange rate may be old.
    pub rate_age_days_max: i64,
    /// How far one may depart from the last ones without a second person, in basis points.
    pub rate_departure_bp: i32,
    /// Keys by which what is sealed is found.
    pub keys: &'a MasterKeys,
}

impl Reader<'_> {
    /// The same moment, for another caller of the same batch.
    pub fn of<'a>(&'a mut self, actor: &'a Actor) -> Reader<'a> {
        Reader {
            connection: self.connection,
            actor,
            now: self.now,
            today: self.today,
            rate_age_days_max: self.rate_age_days_max,
            rate_departure_bp: self.rate_departure_bp,
            keys: self.keys,
        }
    }
}

/// A write in progress. It does not commit until something was recorded with [`Tx::record`].
pub struct Tx<'a> {
    /// The connection, inside a transaction.
    pub connection: &'a mut PgConnection,
    /// Who is asking.
    pub actor: &'a Actor,
    /// The instant of the write; moved on by [`Tx::lock`].
    pub now: DateTime<Utc>,
    /// The business date of the write.
    pub today: NaiveDate,
    /// Keys that seal classified data.
    pub keys: &'a MasterKeys,
    pub(crate) surroundings: &'a Surroundings<'a>,
    pub(crate) journal: &'a mut Journal,
}

/// Several writes in progress that commit together, each on behalf of its own caller.
pub struct Many<'a> {
    pub(crate) connection: &'a mut PgConnection,
    /// Who asks.
    pub(crate) actors: Vec<&'a Actor>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) today: NaiveDate,
    pub(crate) surroundings: &'a Surroundings<'a>,
    pub(crate) journal: &'a mut Journal,
    /// Whether anything was recorded for each of them.
    pub(crate) recorded: Vec<bool>,
    /// What was told of each of them.
    pub(crate) seen: Vec<BTreeSet<ToldOf>>,
}

impl Many<'_> {
    /// Works for one of the callers.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn on_behalf_of<T>(
        &mut self,
        index: usize,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (audited, told) = (self.journal.audit.len(), self.journal.events.len());
        let result = self.run(index, work);
        if let Some(recorded) = self.recorded.get_mut(index) {
            *recorded |= self.journal.audit.len() > audited;
        }
        if let Some(seen) = self.seen.get_mut(index) {
            seen.append(&mut self.journal.seen_since(told));
        }
        result
    }

    /// Works for all of them: loads, locks and writes what belongs to none alone.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn on_behalf_of_all<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.run(0, work)
    }

    /// The instant moves on with what `work` learns under locks.
    fn run<T>(
        &mut self,
        index: usize,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let actor = self
            .actors
            .get(index)
            .copied()
            .ok_or_else(|| Error::internal("nobody is asking"))?;
        let mut tx = Tx {
            connection: self.connection,
            actor,
            now: self.now,
            today: self.today,
            keys: self.surroundings.keys,
            surroundings: self.surroundings,
            journal: self.journal,
        };
        let result = work(&mut tx);
        (self.now, self.today) = (tx.now, tx.today);
        result
    }
}

/// What waits to be written right before the commit: audit entries, events, and rows that nobody
/// reads again in the transaction.
#[derive(Default)]
pub struct Journal {
    pub(crate) audit: Vec<AuditRow>,
    pub(crate) events: Vec<EventRow>,
    last: Vec<SetWrite>,
}

/// Keys that were looked up before they are written. Where one is taken after all, somebody was
/// faster whom no lock kept out: the customer got its first line meanwhile. Whoever tries again
/// finds what the other one wrote.
const LOOKED_UP: [&str; 2] = ["reservations_reference", "receivables_number_unique"];

impl Tx<'_> {
    /// Records what was done to which thing. Details hold references and numbers, never
    /// classified values.
    ///
    /// # Errors
    /// When no randomness can be had for the identifier.
    pub fn record(&mut self, action: &str, subject: String, details: Value) -> Result<(), Error> {
        let row = audit_row(self.actor, self.now, action, subject, "done", details)?;
        self.journal.audit.push(row);
        Ok(())
    }

    /// Records that classified values are opened, and lets them be opened.
    ///
    /// # Errors
    /// When no randomness can be had for the identifier.
    pub fn record_access(
        &mut self,
        action: &str,
        subject: String,
        details: Value,
    ) -> Result<AccessGrant, Error> {
        let row = audit_row(self.actor, self.now, action, subject, "done", details)?;
        let grant = AccessGrant::recorded(row.id);
        self.journal.audit.push(row);
        Ok(grant)
    }

    /// Records what was refused, where the write goes on without it.
    ///
    /// # Errors
    /// When no randomness can be had for the identifier.
    pub fn record_refusal(&mut self, action: &str, problem: &Problem) -> Result<(), Error> {
        let subject = format!("request/{}", self.actor.request_id);
        let details = problem.for_audit();
        let row = audit_row(self.actor, self.now, action, subject, "refused", details)?;
        self.journal.audit.push(row);
        Ok(())
    }

    /// Writes rows right before the commit, in one statement with all that waits for it: for what
    /// nobody reads again before. Whoever lets a use case follow another one in the same transaction
    /// calls [`Tx::write_now`] between them.
    pub fn write_last(&mut self, write: SetWrite) {
        self.journal.last.push(write);
    }

    /// Writes at once what waits, for what reads it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn write_now(&mut self) -> Result<(), Error> {
        send(self.connection, std::mem::take(&mut self.journal.last))
    }

    /// Mints an identifier whose home is `bucket`.
    ///
    /// # Errors
    /// When no randomness can be had.
    pub fn mint<E: Entity>(&self, bucket: Bucket) -> Result<Id<E>, Error> {
        mint(bucket, self.now)
    }

    /// Mints an identifier with a home of its own: for customers and groups.
    ///
    /// # Errors
    /// When no randomness can be had.
    pub fn mint_home<E: Entity>(&self) -> Result<Id<E>, Error> {
        mint(random_bucket()?, self.now)
    }

    /// Looks at the clock again once locks are held, and never goes back behind `latest`; for rows
    /// [`Tx::lock`] does it.
    pub(crate) fn time_after_locks(&mut self, latest: DateTime<Utc>) {
        self.now = self.surroundings.clock.now().max(latest);
        self.today = business_date(self.now, self.surroundings.time_zone);
    }

    /// The last business date on which something that ends at an instant is there.
    pub fn last_day_before(&self, end: DateTime<Utc>) -> NaiveDate {
        business_date(
            end - TimeDelta::microseconds(1),
            self.surroundings.time_zone,
        )
    }

    /// The instant at which a business date is over.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        end_of(day, self.surroundings.time_zone)
    }

    /// Customers whose lines join those that are locked: when the transaction was tried before, what
    /// had expired on them was in somebody else's hands, see [`Error::Awaits`].
    pub fn awaited(&self) -> Vec<CustomerId> {
        self.surroundings.awaited.iter().copied().collect()
    }

    /// The same moment and caller, for loads that are shared with reads.
    pub fn reader(&mut self) -> Reader<'_> {
        Reader {
            connection: self.connection,
            actor: self.actor,
            now: self.now,
            today: self.today,
            rate_age_days_max: self.surroundings.rate_age_days_max,
            rate_departure_bp: self.surroundings.rate_departure_bp,
            keys: self.keys,
        }
    }
}

impl Journal {
    /// Whose things were told of since there were `told` events.
    pub(crate) fn seen_since(&self, told: usize) -> BTreeSet<ToldOf> {
        let events = self.events.iter().skip(told);
        events
            .map(|event| (event.org_path.clone(), event.customer_id))
            .collect()
    }

    /// Writes everything, with the answers that are kept.
    pub(crate) fn write(
        self,
        connection: &mut PgConnection,
        kept: &[KeptRow],
    ) -> Result<(), Error> {
        let mut writes = self.last;
        writes.push(audit::append(&self.audit));
        writes.push(writing::append(&self.events));
        writes.push(idempotency::keep(kept));
        send(connection, writes)
    }
}

fn send(connection: &mut PgConnection, writes: Vec<SetWrite>) -> Result<(), Error> {
    send_together(connection, writes).map_err(|error| match violated(&error) {
        Some(constraint) if LOOKED_UP.contains(&constraint) => {
            Error::Retry("somebody else was faster with the same reference or number")
        }
        _ => error.into(),
    })
}

pub(crate) fn audit_row(
    actor: &Actor,
    now: DateTime<Utc>,
    action: &str,
    subject: String,
    outcome: &'static str,
    details: Value,
) -> Result<AuditRow, Error> {
    let id: AuditId = mint(random_bucket()?, now)?;
    Ok(AuditRow {
        id: id.uuid(),
        recorded_at: now,
        principal: actor.principal.clone(),
        client_id: actor.client_id.clone(),
        org_path: actor.org_path.clone(),
        action: action.to_owned(),
        subject,
        outcome,
        request_id: actor.request_id,
        details,
    })
}

fn mint<E: Entity>(bucket: Bucket, now: DateTime<Utc>) -> Result<Id<E>, Error> {
    let random = crate::crypto::random_bytes::<9>().or_internal()?;
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    Ok(Id::mint(bucket, millis, random))
}

fn random_bucket() -> Result<Bucket, Error> {
    let random = crate::crypto::random_bytes::<2>().or_internal()?;
    Ok(Bucket::from_random(u16::from_be_bytes(random)))
}
