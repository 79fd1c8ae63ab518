//! The credit decision on what is stored: checks, and what decisions of all kinds are made of.

use std::collections::BTreeSet;

use super::book::{Book, By, Request};
use super::exchange_rates;
use super::ledger::Original;
use crate::domain::actor::Actor;
use crate::domain::check_rules::{OrderTerms, Standing};
use crate::domain::counted::{Claim, Part};
use crate::domain::credit_lines::{Level, LineFacts, applicable};
use crate::domain::currency::Currency;
use crate::domain::exchange_rates::{Conversion, Rates};
use crate::domain::exposure::Assessment;
use crate::domain::ids::{CustomerId, LineId};
use crate::domain::money::Money;
use crate::domain::organisation::OrgPath;
use crate::domain::products::ExposureTreatment;
use crate::error::Error;
use crate::store::counted::Counts;
use crate::store::credit_lines::LineRow;
use crate::store::exposure::{self as store, ProductTerms};
use crate::store::reservations as reservations_store;
use crate::store::tx::Reader;

/// What a request says of the business that is to count.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The whole amount.
    pub amount: Money,
    /// Cash deposit for it, in minor units of the same currency.
    pub deposit_minor: i64,
}

impl Asked {
    /// Business without a deposit.
    pub fn unsecured(amount: Money) -> Self {
        Self {
            amount,
            deposit_minor: 0,
        }
    }

    /// What it claims of a product, if there is one.
    pub fn of(self, product: Option<ProductTerms>) -> Claim {
        Claim {
            amount: self.amount,
            deposit_minor: self.deposit_minor,
            treatment: product.map_or(ExposureTreatment::Gross, |terms| terms.exposure_treatment),
        }
    }
}

/// What a check asks.
#[derive(Debug, Clone)]
pub struct Check {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: String,
    /// Amount and deposit.
    pub asked: Asked,
    /// What the order brings along.
    pub order: OrderTerms,
}

/// Decisions without side effects, each for its own caller: nothing is locked, and what expired
/// reservations still hold in the books counts as given back.
///
/// # Errors
/// When the database cannot serve.
pub fn check(
    reader: &mut Reader<'_>,
    checks: &[(&Actor, &Check)],
) -> Result<Vec<Assessment>, Error> {
    let customers: BTreeSet<CustomerId> =
        checks.iter().map(|(_, check)| check.customer_id).collect();
    let customers: Vec<CustomerId> = customers.into_iter().collect();
    let mut book = Book::read(reader, &customers)?;
    book.ask_rules(reader)?;
    let products: BTreeSet<&str> = checks
        .iter()
        .map(|(_, check)| check.product.as_str())
        .collect();
    let products: Vec<&str> = products.into_iter().collect();
    let products = store::products(reader.connection, &products)?;
    checks
        .iter()
        .map(|(actor, check)| {
            let terms = products.get(&check.product).copied();
            let request = Request {
                customer_id: check.customer_id,
                product_active: terms.map(|terms| terms.active),
                product: &check.product,
                claim: check.asked.of(terms),
                more_of: None,
                order: Some(&check.order),
            };
            book.assess(&mut reader.of(actor), &request, By::Instant)
        })
        .collect()
}

/// Rates of today from a currency into those of the lines that apply, and into that of the company
/// where a rule measures the order.
pub(super) fn rates_into(
    reader: &mut Reader<'_>,
    own: Currency,
    lines: &[LineFacts],
    standing: &Standing,
) -> Result<Rates, Error> {
    let today = reader.today;
    let applying = Level::EVERY
        .iter()
        .filter_map(|level| applicable(lines, *level, today));
    let set = standing.rule_set.as_ref();
    let measured = set.filter(|set| set.rules.measures_the_order());
    let pairs = applying
        .map(|line| (own, line.currency))
        .chain(measured.map(|_| (own, Currency::COMPANY)));
    exchange_rates::of_today(reader, pairs)
}

/// A stored claim.
///
/// # Errors
/// When stored values are none: a bug.
pub(super) fn claim(row: &(impl Counts + ?Sized)) -> Result<Claim, Error> {
    row.claim()
        .ok_or_else(|| Error::internal("a stored amount or currency is none"))
}

/// The part of something in its own currency, where it counts in another.
pub(super) fn original(
    row: &(impl Counts + ?Sized),
    part: Part,
    conversion: Option<Conversion>,
) -> Result<Option<Original>, Error> {
    let Some(conversion) = conversion else {
        return Ok(None);
    };
    let claim = claim(row)?;
    Ok(Some(Original {
        minor: part.share_of(claim.counted_minor()),
        currency: claim.amount.currency(),
        conversion,
    }))
}

/// Takes off what expired reservations still hold in the books.
///
/// # Errors
/// When the database cannot serve.
pub fn without_due(reader: &mut Reader<'_>, rows: &mut [LineRow]) -> Result<(), Error> {
    let held: Vec<(Level, LineId)> = rows
        .iter()
        .filter(|line| line.held_minor > 0)
        .map(|line| (line.level(), line.id))
        .collect();
    if held.is_empty() {
        return Ok(());
    }
    let due = reservations_store::due_by_line(reader.connection, &held, reader.now)?;
    for line in rows {
        line.held_minor -= due.get(&line.id).copied().unwrap_or(0);
    }
    Ok(())
}

/// A stored currency.
///
/// # Errors
/// When it is none: a bug.
pub fn currency(code: &str) -> Result<Currency, Error> {
    Currency::parse(code).map_err(|error| Error::Internal(Box::new(error)))
}

/// A stored organisation path.
///
/// # Errors
/// When it is none: a bug.
pub fn org_path(path: &str) -> Result<OrgPath, Error> {
    OrgPath::parse(path).map_err(|error| Error::Internal(Box::new(error)))
}
