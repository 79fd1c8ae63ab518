//! The sample company: something to look at in a service that has just been tried out.
//!
//! A year of business of a trading company, loaded through the same use cases as everything else,
//! once, and only into a database in which nobody has done business yet. The clock of the load
//! runs through the year, so that what was recorded when, and what can be read as of a past
//! instant, is as if the service had been there.
//!
//! The way through the files: `company` says who works where and what is sold, `customers` and
//! `groups` who buys, `credit` who applies for which lines, `year` what is delivered, `settlement`
//! how it is paid, and `limits` how much credit that takes; `plan` puts it in order, and
//! `perform` does it.

mod company;
mod credit;
mod customers;
mod generator;
mod groups;
mod limits;
mod names;
mod perform;
mod plan;
mod settlement;
mod year;

use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::company::{CLIENT, GOODS};
use self::perform::{Identifiers, Noun, Performer, instant};
use self::plan::{Plan, Step};
use crate::clock::SetClock;
use crate::domain::ids::CustomerId;
use crate::error::Error;
use crate::store::db::Db;
use crate::store::sample as store;

/// What the audit entries about the load are about.
const SUBJECT: &str = "sample/company";
const BEGUN: &str = "sample.begin";
const STEP: &str = "sample.step";
const FINISHED: &str = "sample.finish";

/// What a load did, and what there is to try.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SampleSummary {
    /// What the sample company consists of, now or after an earlier load. None in a database
    /// with customers of its own.
    pub counts: Option<SampleCounts>,
    /// A customer of `head-office/east/shanghai/sales-1`, for the self-service token. None in a
    /// database with customers of its own.
    pub self_service_customer: Option<CustomerId>,
    /// A body for `POST /v1/credit-checks` that is worth trying.
    pub credit_check: Option<Value>,
}

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

/// Loads the sample company, or what an interrupted load has left out.
///
/// The beginning, every step and the end are audit entries, each in the transaction of what it
/// stands for. The plan follows from the day of the beginning alone, so a load that was
/// interrupted goes on behind its last step. Customers without a beginning are somebody's own, and
/// nothing is added to them.
///
/// # Errors
/// When the database cannot serve the load.
pub fn load(db: &Db, progress: &dyn Fn(u64, u64)) -> Result<SampleSummary, Error> {
    let counts = match look(db)? {
        Found::SomebodysOwn => return Ok(SampleSummary::default()),
        Found::Finished(counts) => counts,
        Found::Nothing => {
            let today = db.today();
            Load::prepare(db, today)?.begin(today)?.run(0, progress)?
        }
        Found::Interrupted {
            today,
            steps,
            known,
        } => {
            let mut load = Load::prepare(db, today)?;
            load.known = known;
            load.run(steps, progress)?
        }
    };
    let self_service_customer = first_customer(db)?;
    Ok(SampleSummary {
        counts: Some(counts),
        self_service_customer,
        credit_check: self_service_customer.map(|customer_id| {
            json!({
                "customer_id": customer_id.uuid(),
                "product": GOODS,
                "amount": "1000.00",
                "currency": "CNY",
            })
        }),
    })
}

/// What a database holds of the sample company.
enum Found {
    Nothing,
    SomebodysOwn,
    Interrupted {
        today: NaiveDate,
        steps: usize,
        known: Identifiers,
    },
    Finished(SampleCounts),
}

/// What the entry about the beginning remembers.
#[derive(Serialize, Deserialize)]
struct Begun {
    today: NaiveDate,
}

fn look(db: &Db) -> Result<Found, Error> {
    let (recorded, in_use) = db.read_blocking(&company::loader(), &|reader| {
        let recorded = store::recorded(reader, SUBJECT, CLIENT)?;
        Ok((recorded, store::has_customers(reader)?))
    })?;
    let mut begun = None;
    let mut steps = 0;
    let mut known = Identifiers::default();
    for (action, details) in recorded {
        match action.as_str() {
            BEGUN => begun = serde_json::from_value(details).ok(),
            STEP => {
                steps += 1;
                known.extend(read(details)?);
            }
            FINISHED => return Ok(Found::Finished(read(details)?)),
            _ => {}
        }
    }
    Ok(match begun {
        Some(Begun { today }) => Found::Interrupted {
            today,
            steps,
            known,
        },
        None if in_use => Found::SomebodysOwn,
        None => Found::Nothing,
    })
}

/// A load under way.
struct Load {
    /// The database at the time of the plan.
    past: Db,
    clock: Arc<SetClock>,
    plan: Plan,
    known: Identifiers,
}

impl Load {
    fn prepare(db: &Db, today: NaiveDate) -> Result<Self, Error> {
        let plan = Plan::until(today)?;
        let first = plan.steps.first().and_then(|step| step.actions.first());
        let local = first.map_or_else(|| plan.first_day.into(), |(local, _)| *local);
        let clock = Arc::new(SetClock::at(instant(db.time_zone(), local)));
        Ok(Self {
            past: db.with_clock(clock.clone()),
            clock,
            plan,
            known: Identifiers::default(),
        })
    }

    fn begin(self, today: NaiveDate) -> Result<Self, Error> {
        self.record(BEGUN, json!(Begun { today }))?;
        Ok(self)
    }

    /// Takes the steps that are left.
    fn run(
        mut self,
        steps_done: usize,
        progress: &dyn Fn(u64, u64),
    ) -> Result<SampleCounts, Error> {
        let total = self.plan.steps.len() as u64;
        progress(steps_done as u64, total);
        for index in steps_done..self.plan.steps.len() {
            let made = self.take(&self.plan.steps[index])?;
            self.known.extend(made);
            progress(index as u64 + 1, total);
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
        self.record(FINISHED, json!(counts))?;
        Ok(counts)
    }

    /// One transaction, with the clock at the time of each action in turn.
    fn take(&self, step: &Step) -> Result<Identifiers, Error> {
        let time_zone = self.past.time_zone();
        if let Some((local, _)) = step.actions.first() {
            self.clock.set(instant(time_zone, *local));
        }
        self.past.write_blocking(&step.who.actor()?, STEP, &|tx| {
            let mut performer = Performer {
                plan: &self.plan,
                time_zone,
                known: &self.known,
                made: Identifiers::default(),
            };
            for (local, action) in &step.actions {
                let now = instant(time_zone, *local);
                self.clock.set(now);
                tx.time_after_locks(now);
                performer.perform(tx, *action)?;
            }
            tx.record(STEP, SUBJECT.to_owned(), json!(performer.made))?;
            Ok(performer.made)
        })
    }

    fn record(&self, action: &'static str, details: Value) -> Result<(), Error> {
        self.past.write_blocking(&company::loader(), action, &|tx| {
            tx.record(action, SUBJECT.to_owned(), details.clone())
        })
    }
}

/// The customer of the self-service token: it has one code whatever the day of the load.
fn first_customer(db: &Db) -> Result<Option<CustomerId>, Error> {
    let customers = customers::all(db.today())?;
    let code = customers
        .first()
        .and_then(|customer| customer.new.unified_social_credit_code.as_deref())
        .unwrap_or_default();
    db.read_blocking(&company::loader(), &|reader| {
        Ok(store::customer_with_code(reader, code)?)
    })
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::Internal(Box::new(error)))
}
