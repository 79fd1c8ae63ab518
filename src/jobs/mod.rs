//! Work that nobody waits for: done every so often, in bounded batches, beside the requests.
//!
//! A job is a line in [`ALL`]. It has to be safe to run on several instances at once, because
//! every instance runs it; and it decides nothing: whatever is a rule of the business lives
//! in `app` and is called from here.

mod job;
mod runner;
mod schedule;

use std::sync::Arc;
use std::time::Duration;

pub use self::job::{Job, Progress};
pub use self::runner::Runner;

use crate::approvals::app::approvals;
use crate::customers::app::personal;
use crate::customers::store::personal::unsealed;
use crate::error::Error;
use crate::exposure::app::reservations;
use crate::exposure::store::reservations::customers_with_due;
use crate::platform::store::db::Db;
use crate::platform::store::idempotency;
use crate::values::actor::Actor;
use crate::values::organisation::OrgPath;

/// Rows that one batch touches at most, so that no batch holds locks for long.
const BATCH_ROWS: i64 = 1000;

/// Customers whose expired reservations one batch gives back; each is a commit of its own.
const BATCH_CUSTOMERS: i64 = 20;

const MINUTE: Duration = Duration::from_secs(60);

/// Every job of the service.
#[rustfmt::skip]
pub const ALL: &[Job] = &[
    Job { name: "forget expired idempotency records", every: MINUTE, batch: forget_expired_answers },
    Job { name: "expire reservations", every: MINUTE, batch: expire_reservations },
    Job { name: "announce escalations", every: MINUTE, batch: announce_escalations },
    Job { name: "seal what is personal", every: MINUTE, batch: seal_personal_fields },
];

/// Whom the audit names when a job has done something.
pub fn actor() -> Actor {
    Actor {
        principal: "shouxin|jobs".to_owned(),
        client_id: "jobs".to_owned(),
        scopes: Arc::default(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    }
}

fn forget_expired_answers(db: &Db) -> Result<Progress, Error> {
    let forgotten = db.housekeeping_blocking(&|connection, now| {
        idempotency::forget_expired(connection, now, BATCH_ROWS)
    })?;
    Ok(Progress::of(forgotten, BATCH_ROWS))
}

/// Brings the books up to date; decisions do not wait for it. One customer that cannot be swept
/// does not hold up the others.
fn expire_reservations(db: &Db) -> Result<Progress, Error> {
    let actor = actor();
    let due = db.read_blocking(&actor, &|reader| {
        let now = reader.now;
        Ok(customers_with_due(reader.connection, now, BATCH_CUSTOMERS)?)
    })?;
    let mut outcome = Ok(Progress::of(due.len(), BATCH_CUSTOMERS));
    for customer_id in due {
        let swept = db.write_blocking(&actor, "reservation.sweep", &|tx| {
            reservations::sweep(tx, customer_id)
        });
        outcome = swept.and(outcome);
    }
    outcome
}

/// Tells that steps have waited too long. Who may decide them follows from the date alone.
fn announce_escalations(db: &Db) -> Result<Progress, Error> {
    let actor = actor();
    if !db.read_blocking(&actor, &|reader| approvals::has_escalations(reader))? {
        return Ok(Progress::Done);
    }
    let announced = db.write_blocking(&actor, "approval.escalate", &|tx| {
        approvals::announce_escalations(tx)
    })?;
    Ok(Progress::of(announced, approvals::ESCALATIONS_MAX))
}

/// Seals and indexes, customer by customer, what is there from before that was done. Once it is, there
/// is nothing to do. One that cannot be sealed does not hold up the others.
fn seal_personal_fields(db: &Db) -> Result<Progress, Error> {
    let actor = actor();
    let found = db.read_blocking(&actor, &|reader| {
        Ok(unsealed(reader.connection, BATCH_CUSTOMERS)?)
    })?;
    let mut outcome = Ok(Progress::of(found.len(), BATCH_CUSTOMERS));
    for customer_id in found {
        let sealed = db.write_blocking(&actor, "customer.seal", &|tx| {
            personal::seal_up(tx, customer_id)
        });
        outcome = sealed.and(outcome);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_have_names_of_their_own() {
        let mut names: Vec<_> = ALL.iter().map(|job| job.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
