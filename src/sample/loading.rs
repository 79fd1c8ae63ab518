//! Loading: which steps of the plan are on record, and taking the others.
//!
//! The beginning, every step and the end are audit entries, each in the transaction of what it
//! stands for. An entry about a step carries the identifiers it has made, and the plan follows from
//! the day of the beginning alone, so a load that was interrupted goes on with the first step that
//! is not on record.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::action::LAST_DAY;
use super::company::{self, CLIENT};
use super::perform::{Identifiers, Noun, Performer, instant};
use super::plan::{Plan, Round, Step};
use super::store;
use crate::clock::SetClock;
use crate::error::{Error, OrInternal};
use crate::platform::store::db::Db;

/// What the audit entries about the load are about.
const SUBJECT: &str = "sample/company";
const BEGUN: &str = "sample.begin";
const STEP: &str = "sample.step";
const FINISHED: &str = "sample.finish";

/// How much there is of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleCounts {
    /// Customers.
    pub customers: usize,
    /// Credit groups.
    pub credit_groups: usize,
    /// Credit applications.
    pub credit_applications: usize,
    /// Credit lines.
    pub credit_lines: usize,
    /// Reservations.
    pub reservations: usize,
    /// Receivables.
    pub receivables: usize,
    /// Payments.
    pub payments: usize,
}

impl fmt::Display for SampleCounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            customers,
            credit_groups,
            credit_applications,
            credit_lines,
            reservations,
            receivables,
            payments,
        } = self;
        write!(
            formatter,
            "{customers} customers, {credit_groups} credit groups, {credit_applications} \
             applications, {credit_lines} credit lines, {reservations} reservations, \
             {receivables} receivables, {payments} payments"
        )
    }
}

/// What a database holds of the sample company.
pub(super) enum Found {
    Nothing,
    SomebodysOwn,
    /// A load that goes on from here.
    Interrupted(Box<Load>),
    Finished(SampleCounts),
}

/// What the entry about the beginning remembers.
#[derive(Serialize, Deserialize)]
struct Begun {
    today: NaiveDate,
}

/// What the entry about a step remembers.
#[derive(Serialize, Deserialize)]
struct Done {
    step: usize,
    made: Identifiers,
}

/// Looks for a load.
pub(super) fn look(db: &Db) -> Result<Found, Error> {
    let (recorded, in_use) = db.read_blocking(&company::loader(), &|reader| {
        let recorded = store::recorded(reader, SUBJECT, CLIENT)?;
        Ok((recorded, store::has_customers(reader)?))
    })?;
    let mut begun = None;
    let mut done = BTreeSet::new();
    let mut known = Identifiers::default();
    for (action, details) in recorded {
        match action.as_str() {
            BEGUN => begun = serde_json::from_value(details).ok(),
            STEP => {
                let Done { step, made } = read(details)?;
                done.insert(step);
                known.extend(&made);
            }
            FINISHED => return Ok(Found::Finished(read(details)?)),
            _ => {}
        }
    }
    Ok(match begun {
        Some(Begun { today }) => Found::Interrupted(Box::new(Load {
            db: db.clone(),
            plan: Plan::until(today)?,
            known,
            done,
        })),
        None if in_use => Found::SomebodysOwn,
        None => Found::Nothing,
    })
}

/// A load under way.
pub(super) struct Load {
    db: Db,
    plan: Plan,
    known: Identifiers,
    done: BTreeSet<usize>,
}

impl Load {
    /// Begins a load that ends today. The day is on record, because a load that was interrupted may
    /// go on tomorrow.
    pub(super) fn begin(db: &Db) -> Result<Self, Error> {
        let today = db.today();
        let load = Self {
            db: db.clone(),
            plan: Plan::until(today)?,
            known: Identifiers::default(),
            done: BTreeSet::new(),
        };
        let local = load.plan.first_day.and_time(NaiveTime::MIN);
        load.record(local, BEGUN, json!(Begun { today }))?;
        Ok(load)
    }

    /// Takes the steps that are left: the rounds one after the other, the lanes of each side by
    /// side. Each month in which something is left is told first.
    pub(super) fn run(mut self, progress: &dyn Fn(NaiveDate)) -> Result<SampleCounts, Error> {
        let mut told = None;
        for round in &self.plan.rounds {
            if let Some(month) = self.month(round)
                && told != Some(month)
            {
                progress(month);
                told = Some(month);
            }
            for made in self.take_round(round)? {
                self.known.extend(&made);
            }
        }
        let count = |noun| self.known.count(noun);
        let counts = SampleCounts {
            customers: count(Noun::Customer),
            credit_groups: count(Noun::Group),
            credit_applications: count(Noun::Application),
            credit_lines: count(Noun::Line),
            reservations: count(Noun::Reservation),
            receivables: count(Noun::Receivable),
            payments: count(Noun::Payment),
        };
        let end = self.plan.date(LAST_DAY).and_time(NaiveTime::MIN) + TimeDelta::hours(18);
        self.record(end, FINISHED, json!(counts))?;
        Ok(counts)
    }

    /// The first day of the month of what is left of a round.
    fn month(&self, round: &Round) -> Option<NaiveDate> {
        let mut lanes = round.iter().filter(|lane| self.is_left(lane));
        let (time, _) = lanes.find_map(|lane| lane.first()?.actions.first())?;
        time.date().with_day(1)
    }

    fn take_round(&self, round: &Round) -> Result<Vec<Identifiers>, Error> {
        let busy: Vec<&Vec<Step>> = round.iter().filter(|lane| self.is_left(lane)).collect();
        if let [only] = busy[..] {
            return Ok(vec![self.take_lane(only)?]);
        }
        std::thread::scope(|scope| {
            let lanes: Vec<_> = busy
                .into_iter()
                .map(|lane| scope.spawn(move || self.take_lane(lane)))
                .collect();
            let results = lanes.into_iter().map(|lane| {
                lane.join()
                    .map_err(|_panicked| Error::internal("a lane of the load ended"))?
            });
            // All have ended before the first error is looked at.
            results.collect::<Vec<_>>().into_iter().collect()
        })
    }

    fn is_left(&self, lane: &[Step]) -> bool {
        lane.iter().any(|step| !self.done.contains(&step.number))
    }

    fn take_lane(&self, lane: &[Step]) -> Result<Identifiers, Error> {
        let mut made = Identifiers::default();
        for step in lane {
            if !self.done.contains(&step.number) {
                let more = self.take(step, &made)?;
                made.extend(&more);
            }
        }
        Ok(made)
    }

    /// One transaction, with the clock at the time of each action in turn.
    fn take(&self, step: &Step, made_just_now: &Identifiers) -> Result<Identifiers, Error> {
        let time_zone = self.db.time_zone();
        let times = step
            .actions
            .iter()
            .map(|(local, _)| instant(time_zone, *local));
        let times: Vec<DateTime<Utc>> = times.collect();
        let clock = Arc::new(SetClock::at(times.first().copied().unwrap_or_default()));
        let past = self.db.with_clock(clock.clone());
        past.write_blocking(&step.who.actor()?, STEP, &|tx| {
            let mut performer = Performer {
                plan: &self.plan,
                time_zone,
                known: [&self.known, made_just_now],
                made: Identifiers::default(),
            };
            for (now, (_, action)) in times.iter().zip(&step.actions) {
                clock.set(*now);
                tx.time_after_locks(*now);
                performer.perform(tx, *action)?;
                // The next use case reads what this one has left for the end of its transaction.
                tx.write_now()?;
            }
            let done = Done {
                step: step.number,
                made: performer.made,
            };
            tx.record(STEP, SUBJECT.to_owned(), json!(done))?;
            Ok(done.made)
        })
    }

    fn record(
        &self,
        local: NaiveDateTime,
        action: &'static str,
        details: Value,
    ) -> Result<(), Error> {
        let clock = SetClock::at(instant(self.db.time_zone(), local));
        let past = self.db.with_clock(Arc::new(clock));
        past.write_blocking(&company::loader(), action, &|tx| {
            tx.record(action, SUBJECT.to_owned(), details.clone())
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).or_internal()
}
