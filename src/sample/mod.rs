//! The sample company: something to look at in a service that has just been tried out.
//!
//! A year of business of a trading company, loaded through the same use cases as everything else,
//! once, and only into a database in which nobody has done business yet. The clock of the load
//! runs through the year, so that what was recorded when, and what can be read as of a past
//! instant, is as if the service had been there.
//!
//! The way through the files: `company` says who works where and what is sold, `customers`, `archive`
//! and `groups` who buys, `credit` who applies for which lines, `year` what is delivered, `settlement`
//! how it is paid, `limits` how much credit that takes, and `policies` what whoever tries it out meets;
//! `plan` puts it in order, `loading` takes the steps of the plan, and `perform` knows the use case for
//! each, with `granting` for those by which credit is granted.

mod action;
mod archive;
mod company;
mod credit;
mod customers;
mod generator;
mod granting;
mod groups;
mod limits;
mod loading;
mod names;
mod perform;
mod plan;
mod policies;
mod settlement;
pub mod store;
mod year;

use chrono::NaiveDate;
use serde_json::{Value, json};

use self::company::GOODS;
pub use self::loading::SampleCounts;
use self::loading::{Found, Load};
use crate::error::Error;
use crate::platform::store::db::Db;
use crate::values::ids::CustomerId;

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

/// Loads the sample company, or what an interrupted load has left out.
///
/// Customers without a beginning of a load are somebody's own, and nothing is added to them.
/// `progress` is told the first day of each month in which something is about to be done.
///
/// # Errors
/// When the database cannot serve the load.
pub fn load(db: &Db, progress: &dyn Fn(NaiveDate)) -> Result<SampleSummary, Error> {
    let counts = match loading::look(db)? {
        Found::SomebodysOwn => return Ok(SampleSummary::default()),
        Found::Finished(counts) => counts,
        Found::Nothing => Load::begin(db)?.run(progress)?,
        Found::Interrupted(load) => load.run(progress)?,
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
