//! Several writes in one commit, each with its own answer.

use std::collections::{BTreeSet, VecDeque};

use diesel::prelude::*;

use super::{Db, WriteRequest, Written, answer_to_keep, claims_of, in_transaction, refusal};
use crate::clock::business_date;
use crate::error::{Error, Problem};
use crate::platform::store::idempotency::{self, Claim, KeptRow, Reach, StoredAnswer, ToldOf};
use crate::platform::store::tx::{Journal, Many, Surroundings};

/// The work of several writes: told which of them are to be done, it gives a result for each.
pub type ManyWork<'a, T> =
    &'a dyn Fn(&mut Many<'_>, &[usize]) -> Result<Vec<Result<T, Error>>, Error>;

/// What the answer of one of several writes looks like when it is kept under its key.
pub type KeepOne<'a, T> = &'a dyn Fn(usize, Result<&T, &Problem>) -> Option<StoredAnswer>;

/// How long a write waits for a lock that somebody else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Shortly: one line in somebody's hands must not keep the others of a batch waiting. What
    /// cannot be had is then asked for alone.
    Short,
    /// As long as any session does.
    Full,
}

const SHORT_LOCK_WAIT: &str = "SET LOCAL lock_timeout = '250ms'";

/// Statements over sets are planned once, whatever the size of the set, and planning them anew would
/// cost more than they do. A plan is kept as long as its connection, so it must not depend on what
/// the tables hold when it is made: it looks up each key by its index. While tables are small,
/// reading them whole would look as cheap, and would be what is done when they have grown.
pub(super) const PLANNED_ONCE: &str = "\
    SET LOCAL plan_cache_mode = force_generic_plan; \
    SET LOCAL enable_seqscan = off; \
    SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off";

impl Db {
    /// Writes several requests on the calling thread in one commit: each has its own answer, audit
    /// entries and record under its key. `work` is told which of them are to be done, as places in
    /// `requests`, and gives a result for each of those; a refused one must have written nothing.
    ///
    /// # Errors
    /// When none of them is done: the database cannot serve, or `work` failed as a whole. What
    /// one of them is refused for stands in its place, and so does, where patience is short,
    /// [`Error::Awaits`]: nothing is decided or kept of that one.
    pub fn write_many_blocking<T>(
        &self,
        patience: Patience,
        requests: &[&WriteRequest],
        work: ManyWork<'_, T>,
        keep: KeepOne<'_, T>,
    ) -> Result<Vec<Result<Written<T>, Error>>, Error> {
        let mut connection = self.connection()?;
        self.persistently(|awaited| {
            let surroundings = self.surroundings(awaited);
            let patient = (patience, &surroundings);
            self.attempt_many(&mut connection, patient, requests, work, keep)
        })
    }

    fn attempt_many<T>(
        &self,
        connection: &mut PgConnection,
        (patience, surroundings): (Patience, &Surroundings<'_>),
        requests: &[&WriteRequest],
        work: ManyWork<'_, T>,
        keep: KeepOne<'_, T>,
    ) -> Result<Vec<Result<Written<T>, Error>>, Error> {
        let now = self.shared.clock.now();
        let begin = match patience {
            Patience::Short => format!("BEGIN; {PLANNED_ONCE}; {SHORT_LOCK_WAIT}"),
            Patience::Full => format!("BEGIN; {PLANNED_ONCE}"),
        };
        in_transaction(connection, &begin, |connection| {
            let claims = claims_of(connection, requests, now)?;
            let fresh: Vec<usize> = (0..requests.len())
                .filter(|place| matches!(claims.get(*place), Some(Claim::First { .. })))
                .collect();
            let mut journal = Journal::default();
            let mut decided_at = now;
            let mut results = VecDeque::new();
            if !fresh.is_empty() {
                let mut many = Many {
                    connection,
                    actors: fresh.iter().map(|place| &requests[*place].actor).collect(),
                    now,
                    today: business_date(now, self.shared.time_zone),
                    surroundings,
                    journal: &mut journal,
                    recorded: vec![false; fresh.len()],
                    seen: vec![BTreeSet::new(); fresh.len()],
                };
                results = worked(&mut many, &fresh, work)?;
                decided_at = many.now;
            }
            let mut written = Vec::with_capacity(requests.len());
            let mut kept = Vec::new();
            for (place, claim) in claims.into_iter().enumerate() {
                let request = requests[place];
                let expired = match claim {
                    Claim::Answered(answer) => {
                        written.push(Ok(Written::Replayed(answer)));
                        continue;
                    }
                    Claim::Refused(problem) => {
                        written.push(Err(Error::Refused(problem)));
                        continue;
                    }
                    Claim::First { expired } => expired,
                };
                let (result, seen) = results.pop_front().unzip();
                let one = match result {
                    Some(Ok(value)) => Written::Done(value),
                    Some(Err(awaits @ Error::Awaits(_))) if patience == Patience::Short => {
                        written.push(Err(awaits));
                        continue;
                    }
                    // Whatever is no refusal, or passes by itself, takes all of them back.
                    Some(Err(error)) => {
                        let problem = error.into_refusal()?;
                        if !problem.code.is_on_record() {
                            written.push(Err(Error::Refused(problem)));
                            continue;
                        }
                        journal
                            .audit
                            .extend(refusal(request, &problem, decided_at)?.audit);
                        Written::Refused(problem)
                    }
                    None => return Err(Error::internal("a write of a batch has no result")),
                };
                if let (Some(scope), Some(answer)) = (
                    &request.idempotency,
                    answer_to_keep(&one, |r| keep(place, r)),
                ) {
                    if expired {
                        idempotency::forget(connection, scope)?;
                    }
                    let reach = Reach::new(&request.actor, seen.unwrap_or_default());
                    kept.push(KeptRow::new(scope, answer, &reach, decided_at)?);
                }
                written.push(Ok(one));
            }
            journal.write(connection, &kept)?;
            Ok(written)
        })
    }
}

/// A result, and whose things were told of.
type OneDone<T> = (Result<T, Error>, BTreeSet<ToldOf>);

/// Does the work; what was done has to be on record.
fn worked<T>(
    many: &mut Many<'_>,
    fresh: &[usize],
    work: ManyWork<'_, T>,
) -> Result<VecDeque<OneDone<T>>, Error> {
    let done = work(many, fresh)?;
    let silent = many
        .recorded
        .iter()
        .zip(&done)
        .any(|(recorded, result)| result.is_ok() && !recorded);
    if silent || done.len() != fresh.len() {
        return Err(Error::internal("a write of a batch recorded nothing"));
    }
    Ok(done
        .into_iter()
        .zip(std::mem::take(&mut many.seen))
        .collect())
}
