//! Exchange rates: publishing them, and finding the one that answers for a day (X7).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::json;

use crate::catalogue::domain::events;
use crate::catalogue::domain::exchange_rates::{
    Quote, Rate, RateError, RateOnFile, Rates, pairs_to_load, quote, usable,
};
use crate::catalogue::store::exchange_rates::{self as store, NewRateRow, RateRow};
use crate::error::days::WrongDay;
use crate::error::{Bilingual, Error, FieldError, OrInternal, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::telling::About;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::currency::Currency;

/// Mistakes that are named at most; a problem holds no more.
const ERRORS_MAX: usize = 100;

/// A rate to be published.
#[derive(Debug, Clone)]
pub struct NewRate {
    /// Currency of the one unit.
    pub from: Currency,
    /// Currency in which the unit is worth the rate.
    pub to: Currency,
    /// First day on which it counts.
    pub rate_date: NaiveDate,
    /// The rate as it was written.
    pub rate: String,
    /// Who published it.
    pub source: String,
}

/// Publishes one rate.
///
/// # Errors
/// 422 naming every field that is wrong.
pub fn publish(tx: &mut Tx<'_>, new: &NewRate) -> Result<RateRow, Error> {
    let row = record(tx, "exchange_rate.publish", &[(String::new(), new)])?.pop();
    row.ok_or_else(|| Error::internal("a rate that was just written is gone"))
}

/// Publishes many rates, all or none.
///
/// # Errors
/// 422 naming every field of every rate that is wrong.
pub fn import(tx: &mut Tx<'_>, new: &[NewRate]) -> Result<usize, Error> {
    let placed: Vec<(String, &NewRate)> = new
        .iter()
        .enumerate()
        .map(|(index, rate)| (format!("rates/{index}/"), rate))
        .collect();
    Ok(record(tx, "exchange_rate.import", &placed)?.len())
}

/// Checks rates, each with its place in the request, and writes them.
fn record(
    tx: &mut Tx<'_>,
    action: &str,
    rates: &[(String, &NewRate)],
) -> Result<Vec<RateRow>, Error> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(rates.len());
    for (place, new) in rates {
        let mut wrong = |field: &str, detail: Bilingual| {
            errors.push(FieldError::field(
                &format!("{place}{field}"),
                detail.en,
                detail.zh,
            ));
        };
        if new.from == new.to {
            let detail = Bilingual::new("is the same currency twice", "与源币种相同");
            wrong("to_currency", detail);
        }
        if new.rate_date > tx.today {
            wrong("rate_date", WrongDay::Future.words());
        }
        if !seen.insert((new.from, new.to, new.rate_date)) {
            let detail = Bilingual::new(
                "is given twice for the pair of currencies",
                "同一币种对的日期重复",
            );
            wrong("rate_date", detail);
        }
        match Rate::parse(&new.rate) {
            Ok(rate) => rows.push(row(tx, new, rate)),
            Err(error) => wrong("rate", wording(error)),
        }
    }
    if !errors.is_empty() {
        errors.truncate(ERRORS_MAX);
        let mut problem = Problem::new(ProblemCode::ValidationFailed);
        problem.errors = errors;
        return Err(problem.into());
    }
    let rows = store::insert(tx.connection, &rows)?;
    let number = rows.first().map_or(0, |row| row.number);
    // Rates belong to the whole company.
    let about = About::of_company(format!("exchange_rate/{number}"));
    let pairs: BTreeSet<String> = rows
        .iter()
        .map(|row| format!("{}/{}", row.from_currency, row.to_currency))
        .collect();
    let days = || rows.iter().map(|row| row.rate_date);
    let details = json!({
        "count": rows.len(), "pairs": pairs, "first_rate_date": days().min(), "last_rate_date": days().max(),
    });
    tx.tell(action, events::EXCHANGE_RATES_PUBLISHED, &about, details)?;
    Ok(rows)
}

fn row(tx: &Tx<'_>, new: &NewRate, rate: Rate) -> NewRateRow {
    NewRateRow {
        from_currency: new.from,
        to_currency: new.to,
        rate_date: new.rate_date,
        rate_e10: rate.e10(),
        source: new.source.clone(),
        recorded_by: tx.actor.principal.clone(),
        recorded_at: tx.now,
    }
}

fn wording(error: RateError) -> Bilingual {
    let zh = match error {
        RateError::NotDecimal => "不是最多 10 位小数的十进制数",
        RateError::OutOfRange => "不在 0.00000001 与 100000000 之间",
    };
    Bilingual::new(error.to_string(), zh)
}

/// The rate that answers for a day, out of those on file.
///
/// # Errors
/// 422 when there is none, or only one that is too old.
pub fn look_up(
    reader: &mut Reader<'_>,
    from: Currency,
    to: Currency,
    on: NaiveDate,
) -> Result<Quote, Error> {
    let on_file = newest(reader, &pairs_to_load(from, to), on)?;
    let found = quote(&on_file, from, to);
    match usable((from, to), found.as_ref(), on, reader.rate_age_days_max) {
        Ok(_) => found.ok_or_else(|| Error::internal("a usable rate that was not found")),
        Err(gap) => Err(Error::for_reasons(&[gap.reason()])),
    }
}

/// An amount in the company's currency, at the rate of today, rounded up; `None` when no rate may
/// be used, so that it cannot be measured.
///
/// # Errors
/// When the database cannot serve.
pub fn in_company_currency(
    reader: &mut Reader<'_>,
    minor: i64,
    own: Currency,
) -> Result<Option<i64>, Error> {
    let to = Currency::COMPANY;
    if own == to {
        return Ok(Some(minor));
    }
    let (today, age_days_max) = (reader.today, reader.rate_age_days_max);
    let on_file = newest(reader, &pairs_to_load(own, to), today)?;
    let found = quote(&on_file, own, to);
    Ok(usable((own, to), found.as_ref(), today, age_days_max)
        .ok()
        .and(found)
        .and_then(|quote| quote.rate.convert_up(minor, own, to)))
}

/// The rates of today for these pairs. Where the currencies are the same nothing is asked for.
///
/// # Errors
/// When the database cannot serve.
pub fn of_today(
    reader: &mut Reader<'_>,
    pairs: impl IntoIterator<Item = (Currency, Currency)>,
) -> Result<Rates, Error> {
    let wanted: BTreeSet<(Currency, Currency)> =
        pairs.into_iter().filter(|(from, to)| from != to).collect();
    let mut rates = Rates::default();
    if wanted.is_empty() {
        return Ok(rates);
    }
    let load: BTreeSet<(Currency, Currency)> = wanted
        .iter()
        .flat_map(|(from, to)| pairs_to_load(*from, *to))
        .collect();
    let (today, age_days_max) = (reader.today, reader.rate_age_days_max);
    let on_file = newest(reader, &Vec::from_iter(load), today)?;
    for (from, to) in wanted {
        let found = quote(&on_file, from, to);
        rates.add((from, to), found.as_ref(), today, age_days_max);
    }
    Ok(rates)
}

fn newest(
    reader: &mut Reader<'_>,
    pairs: &[(Currency, Currency)],
    on: NaiveDate,
) -> Result<Vec<RateOnFile>, Error> {
    store::newest(reader.connection, pairs, on)?
        .iter()
        .map(on_file)
        .collect()
}

/// A stored rate as decisions see it.
///
/// # Errors
/// When stored values are none: a bug.
pub fn on_file(row: &RateRow) -> Result<RateOnFile, Error> {
    Ok(RateOnFile {
        number: row.number,
        from: row.from_currency,
        to: row.to_currency,
        rate_date: row.rate_date,
        rate: Rate::from_e10(row.rate_e10).or_internal()?,
    })
}
