//! Exchange rates: publishing them, and finding the one that answers for a day (X7).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::approvals::app::pending_changes::{Done, Proposal, propose};
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::catalogue::domain::events;
use crate::catalogue::domain::exchange_rates::{
    Quote, Rate, RateError, RateOnFile, Rates, departs, pairs_to_load, quote, usable,
};
use crate::catalogue::store::exchange_rates::{self as store, NewRateRow, RateRow};
use crate::error::days::WrongDay;
use crate::error::{Bilingual, Error, FieldError, OrInternal, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::made::Made;
use crate::platform::store::telling::About;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::currency::Currency;

/// Mistakes that are named at most; a problem holds no more.
const ERRORS_MAX: usize = 100;

/// A rate to be published.
#[derive(Debug, Clone, Serialize, Deserialize)]
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

/// Rates as they wait: all or none.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Published {
    rates: Vec<NewRate>,
}

const PUBLISH: &str = "exchange_rate.publish";
const IMPORT: &str = "exchange_rate.import";

/// Publishes one rate. One that departs too far from the last ones waits for a second person, and so
/// does the first of a pair.
///
/// # Errors
/// 422 naming every field that is wrong.
pub fn publish(tx: &mut Tx<'_>, new: &NewRate) -> Result<Done<RateRow>, Error> {
    let rates = check(tx, &[(String::new(), new)])?;
    Ok(
        match record(tx, PUBLISH, std::slice::from_ref(new), &rates)? {
            Done::Waits(change) => Done::Waits(change),
            Done::Now(mut rows) => Done::Now(
                rows.pop()
                    .ok_or_else(|| Error::internal("a rate that was just written is gone"))?,
            ),
        },
    )
}

/// Publishes many rates, all or none. Where one of them has to wait, all do.
///
/// # Errors
/// 422 naming every field of every rate that is wrong.
pub fn import(tx: &mut Tx<'_>, new: &[NewRate]) -> Result<Done<usize>, Error> {
    let placed: Vec<(String, &NewRate)> = new
        .iter()
        .enumerate()
        .map(|(index, rate)| (format!("rates/{index}/"), rate))
        .collect();
    let rates = check(tx, &placed)?;
    Ok(match record(tx, IMPORT, new, &rates)? {
        Done::Waits(change) => Done::Waits(change),
        Done::Now(rows) => Done::Now(rows.len()),
    })
}

/// Publishes what was proposed, if it departs from the same rates still.
///
/// # Errors
/// 409 when others were confirmed meanwhile.
pub fn carry_out(tx: &mut Tx<'_>, change: &PendingChangeRow) -> Result<String, Error> {
    let Published { rates: new } = change.asked()?;
    let placed: Vec<(String, &NewRate)> = new.iter().map(|one| (String::new(), one)).collect();
    let rates = check(tx, &placed)?;
    change.as_seen(&json!(Last::of(tx, &new)?.confirmed))?;
    let action = if new.len() == 1 { PUBLISH } else { IMPORT };
    let made = change.made(tx);
    let rows = write(tx, action, (&new, &rates), &made)?;
    let number = rows.first().map_or(0, |row| row.number);
    Ok(format!("exchange_rate/{number}"))
}

/// Checks rates, each with its place in the request.
fn check(tx: &Tx<'_>, rates: &[(String, &NewRate)]) -> Result<Vec<Rate>, Error> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    let mut read = Vec::with_capacity(rates.len());
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
            Ok(rate) => read.push(rate),
            Err(error) => wrong("rate", wording(error)),
        }
    }
    if errors.is_empty() {
        return Ok(read);
    }
    errors.truncate(ERRORS_MAX);
    let mut problem = Problem::new(ProblemCode::ValidationFailed);
    problem.errors = errors;
    Err(problem.into())
}

/// What new rates are compared with.
struct Last {
    /// The last rates of each pair that two people stood behind, as texts: many small steps lead no
    /// further than one.
    confirmed: BTreeMap<String, Option<String>>,
    stood_behind: Vec<RateOnFile>,
    yesterday: Vec<RateOnFile>,
}

impl Last {
    fn of(tx: &mut Tx<'_>, new: &[NewRate]) -> Result<Self, Error> {
        let load: BTreeSet<(Currency, Currency)> = new
            .iter()
            .flat_map(|one| pairs_to_load(one.from, one.to))
            .collect();
        let pairs = Vec::from_iter(load);
        let today = tx.today;
        let stood_behind = on_files(&store::newest_confirmed(tx.connection, &pairs, today)?)?;
        let before = today.pred_opt().unwrap_or(today);
        let yesterday = on_files(&store::newest(tx.connection, &pairs, before)?)?;
        let confirmed = new
            .iter()
            .map(|one| {
                let last = quote(&stood_behind, one.from, one.to);
                let pair = format!("{}/{}", one.from, one.to);
                (pair, last.map(|last| last.rate.to_string()))
            })
            .collect();
        Ok(Self {
            confirmed,
            stood_behind,
            yesterday,
        })
    }

    /// Whether a rate needs a second person.
    fn is_left_by(&self, new: &NewRate, rate: Rate, most_bp: i32) -> bool {
        let Some(confirmed) = quote(&self.stood_behind, new.from, new.to) else {
            return true;
        };
        let yesterday = quote(&self.yesterday, new.from, new.to);
        departs(rate, confirmed.rate, most_bp)
            || yesterday.is_some_and(|last| departs(rate, last.rate, most_bp))
    }
}

/// Writes rates, or lets them wait.
fn record(
    tx: &mut Tx<'_>,
    action: &str,
    new: &[NewRate],
    rates: &[Rate],
) -> Result<Done<Vec<RateRow>>, Error> {
    let last = Last::of(tx, new)?;
    let most_bp = tx.reader().rate_departure_bp;
    let mut both = new.iter().zip(rates);
    if !both.any(|(new, rate)| last.is_left_by(new, *rate, most_bp)) {
        let made = Made::alone(tx);
        return write(tx, action, (new, rates), &made).map(Done::Now);
    }
    let pairs: BTreeSet<&String> = last.confirmed.keys().collect();
    let subject = match pairs.into_iter().next() {
        Some(pair) => format!("exchange_rates/{}", pair.to_lowercase().replace('/', "-")),
        None => "exchange_rates/none".to_owned(),
    };
    let payload = Published {
        rates: new.to_vec(),
    };
    let kind = ChangeKind::ExchangeRates;
    let mut proposal = Proposal::of_company(kind, subject, &payload, json!(last.confirmed))?;
    proposal.evidence = new.first().map(|one| one.source.clone());
    Ok(Done::Waits(Box::new(propose(tx, proposal)?)))
}

fn write(
    tx: &mut Tx<'_>,
    action: &str,
    (new, rates): (&[NewRate], &[Rate]),
    made: &Made,
) -> Result<Vec<RateRow>, Error> {
    let wanted: Vec<(Currency, Currency, NaiveDate)> = new
        .iter()
        .map(|one| (one.from, one.to, one.rate_date))
        .collect();
    let on_file: BTreeMap<_, i64> = store::of_days(tx.connection, &wanted)?
        .into_iter()
        .map(|row| {
            let key = (row.from_currency, row.to_currency, row.rate_date);
            (key, row.number)
        })
        .collect();
    let rows: Vec<NewRateRow> = new
        .iter()
        .zip(rates)
        .map(|(new, rate)| NewRateRow {
            from_currency: new.from,
            to_currency: new.to,
            rate_date: new.rate_date,
            rate_e10: rate.e10(),
            source: new.source.clone(),
            recorded_by: made.by.clone(),
            recorded_at: tx.now,
            confirmed_by: made.confirmed_by.clone(),
            corrects: on_file.get(&(new.from, new.to, new.rate_date)).copied(),
        })
        .collect();
    let rows = store::insert(tx.connection, &rows)?;
    let number = rows.first().map_or(0, |row| row.number);
    // Rates belong to the whole company.
    let about = About::of_company(format!("exchange_rate/{number}"));
    let pairs: BTreeSet<String> = rows
        .iter()
        .map(|row| format!("{}/{}", row.from_currency, row.to_currency))
        .collect();
    let days = || rows.iter().map(|row| row.rate_date);
    let corrected: Vec<i64> = rows.iter().filter_map(|row| row.corrects).collect();
    let details = json!({
        "count": rows.len(), "pairs": pairs, "first_rate_date": days().min(), "last_rate_date": days().max(),
        "corrects": corrected,
    });
    tx.tell(
        action,
        events::EXCHANGE_RATES_PUBLISHED,
        &about,
        details.clone(),
    )?;
    if !corrected.is_empty() {
        tx.publish(events::EXCHANGE_RATES_CORRECTED, &about, details)?;
    }
    Ok(rows)
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
    let age_days_max = reader.rate_age_days_max;
    no_older_than(reader, pairs, age_days_max)
}

/// The latest rates for these pairs, however old: for what is compared and not decided by them.
///
/// # Errors
/// When the database cannot serve.
pub fn latest(
    reader: &mut Reader<'_>,
    pairs: impl IntoIterator<Item = (Currency, Currency)>,
) -> Result<Rates, Error> {
    no_older_than(reader, pairs, i64::MAX)
}

fn no_older_than(
    reader: &mut Reader<'_>,
    pairs: impl IntoIterator<Item = (Currency, Currency)>,
    age_days_max: i64,
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
    let today = reader.today;
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
    on_files(&store::newest(reader.connection, pairs, on)?)
}

fn on_files(rows: &[RateRow]) -> Result<Vec<RateOnFile>, Error> {
    rows.iter().map(on_file).collect()
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
