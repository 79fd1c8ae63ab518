//! Exchange rates over HTTP.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::approvals::http::pending_change_views::{MayWait, may_wait};
use crate::auth::scopes;
use crate::catalogue::app::exchange_rates::{self as app, NewRate};
use crate::catalogue::domain::exchange_rates::{Quote, Rate, RateRoute};
use crate::catalogue::store::exchange_rates::{self as store, RateFilter, RateRow};
use crate::error::{Error, FieldError, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Computed, Created, Listing, Resource};
use crate::platform::http::command::Command;
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Coded, Parameters, PathCode};
use crate::platform::http::types::{Date, ExchangeRate, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::{listing_parameters, page, resource};

/// Rates are named by their number.
#[derive(Debug)]
pub enum RateEntry {}

impl Coded for RateEntry {
    const NOUN: &'static str = "exchange rate, which is its number";
    const EXAMPLE: &'static str = "42";
}

/// A rate to be published.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "from_currency": "USD", "to_currency": "CNY", "rate_date": "2026-03-02", "rate": "7.123456789",
    "source": "Central parity of the central bank",
}))]
pub struct PublishExchangeRate {
    /// Currency of the one unit.
    pub from_currency: Currency,
    /// Currency in which the unit is worth the rate.
    pub to_currency: Currency,
    /// First day on which the rate counts; not in the future.
    pub rate_date: Date,
    /// Major units of `to_currency` for one of `from_currency`.
    pub rate: ExchangeRate,
    /// Who published it.
    pub source: Text<200>,
}

/// Rates to be published together.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"rates": [
    {"from_currency": "USD", "to_currency": "CNY", "rate_date": "2026-03-02", "rate": "7.123456789",
        "source": "Central parity of the central bank"},
    {"from_currency": "JPY", "to_currency": "CNY", "rate_date": "2026-03-02", "rate": "0.0478",
        "source": "Central parity of the central bank"},
]}))]
pub struct ImportExchangeRates {
    /// The rates; all are published or none.
    #[schema(min_items = 1, max_items = 1000)]
    #[validate(length(
        min = 1,
        max = 1000,
        message = "holds 1 to 1000 rates|应有 1 至 1000 条汇率"
    ))]
    pub rates: Vec<PublishExchangeRate>,
}

/// A rate on file. It never changes: of several for one pair and day the one recorded last counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExchangeRate, example = json!({
    "number": 42, "from_currency": "USD", "to_currency": "CNY", "rate_date": "2026-03-02", "rate": "7.123456789",
    "source": "Central parity of the central bank", "recorded_at": "2026-03-02T02:00:00Z",
    "confirmed_by": null, "corrects": null,
}))]
pub struct ExchangeRateView {
    /// Order of recording.
    pub number: i64,
    /// Currency of the one unit.
    pub from_currency: Currency,
    /// Currency in which the unit is worth the rate.
    pub to_currency: Currency,
    /// First day on which the rate counts.
    pub rate_date: Date,
    /// Major units of `to_currency` for one of `from_currency`.
    pub rate: ExchangeRate,
    /// Who published it.
    pub source: Text<200>,
    /// Instant of recording.
    pub recorded_at: DateTime<Utc>,
    /// Who confirmed it, where somebody had to: issuer and subject.
    #[schema(required = true)]
    pub confirmed_by: Option<Principal>,
    /// Number of the rate of the same pair and day that it takes the place of.
    #[schema(required = true)]
    pub corrects: Option<i64>,
}

resource! { ExchangeRateView { number } at "/v1/exchange-rates/{number}", always version 1 }

page! {
    /// A page of exchange rates.
    ExchangeRatePage of ExchangeRateView, "The items, recorded last first."
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListExchangeRates for RateFilter {
        /// Currency of the one unit.
        from_currency: Currency,
        /// Currency in which the unit is worth the rate.
        to_currency: Currency,
        /// Of this day or later.
        rate_date_from: Date,
        /// Of this day or earlier.
        rate_date_until: Date,
    }
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"published": 2}))]
pub struct ImportedExchangeRates {
    /// Rates that were published: all of them.
    pub published: usize,
}

/// Which rate is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LookUpExchangeRate {
    /// Currency of the one unit.
    #[param(example = "USD")]
    pub from_currency: Currency,
    /// Currency in which the unit is worth the rate.
    #[param(example = "CNY")]
    pub to_currency: Currency,
    /// Day for which the rate has to answer; today when left out.
    #[serde(default)]
    pub on: Option<Date>,
}

/// The rate that answers for a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "from_currency": "USD", "to_currency": "CNY", "on": "2026-03-03", "rate": "7.123456789", "route": "direct",
    "rate_date": "2026-03-02", "age_days": 1, "rates": [{"number": 42, "from_currency": "USD", "to_currency": "CNY",
        "rate_date": "2026-03-02", "rate": "7.123456789"}],
}))]
pub struct ExchangeRateLookup {
    /// Currency of the one unit.
    pub from_currency: Currency,
    /// Currency in which the unit is worth the rate.
    pub to_currency: Currency,
    /// Day for which it answers.
    pub on: Date,
    /// Major units of `to_currency` for one of `from_currency`, rounded up where computed.
    pub rate: ExchangeRate,
    /// How it was found.
    pub route: RateRoute,
    /// Day of the rate; that of the older one where it was put together from two.
    pub rate_date: Date,
    /// Days from then to the day asked for.
    pub age_days: i64,
    /// The rates on file behind it.
    #[schema(max_items = 2)]
    pub rates: Vec<UsedRate>,
}

/// A rate on file that another was put together from.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsedRate {
    /// Order of recording.
    pub number: i64,
    /// Currency of the one unit.
    pub from_currency: Currency,
    /// Currency in which the unit is worth the rate.
    pub to_currency: Currency,
    /// First day on which it counts.
    pub rate_date: Date,
    /// The rate as it is on file.
    pub rate: ExchangeRate,
}

fn view(row: &RateRow) -> Result<ExchangeRateView, Error> {
    let known = app::on_file(row)?;
    Ok(ExchangeRateView {
        number: known.number,
        from_currency: known.from,
        to_currency: known.to,
        rate_date: Date(known.rate_date),
        rate: known.rate.into(),
        source: Text(row.source.clone()),
        recorded_at: row.recorded_at,
        confirmed_by: row.confirmed_by.clone().map(Principal),
        corrects: row.corrects,
    })
}

fn new_rate(body: PublishExchangeRate) -> NewRate {
    let PublishExchangeRate {
        from_currency,
        to_currency,
        rate_date,
        rate,
        source,
    } = body;
    NewRate {
        from: from_currency,
        to: to_currency,
        rate_date: rate_date.0,
        rate: rate.0,
        source: source.0,
    }
}

/// Publish an exchange rate
///
/// For one pair of currencies and one day. A rate that was wrong is published again: the one
/// recorded last counts from then on, names the one it `corrects`, and what was converted before stays
/// as it is. One that departs further than `rate_departure_bp` from the last rate that somebody has
/// confirmed, or from that of yesterday, waits until somebody else has confirmed it; so does the first
/// of a pair.
#[utoipa::path(
    post,
    path = "/v1/exchange-rates",
    tag = "exchange-rates",
    operation_id = "publishExchangeRate"
)]
pub async fn publish(
    guard: Require<scopes::ExchangeRatesWrite>,
    command: Command<PublishExchangeRate>,
) -> Reply<MayWait<Created<ExchangeRateView>>> {
    let (body, repeatable) = command.into_parts();
    let new = new_rate(body);
    guard
        .write("exchange_rate.publish", repeatable, move |tx| {
            may_wait(app::publish(tx, &new)?, |row| Ok(Created(view(&row)?)))
        })
        .await
}

/// Publish many exchange rates
///
/// Up to 1,000, all or none; `errors[]` names every field that is wrong by its JSON pointer. Where one
/// has to wait for a second person, all do.
#[utoipa::path(
    post,
    path = "/v1/exchange-rate-imports",
    tag = "exchange-rates",
    operation_id = "importExchangeRates"
)]
pub async fn import(
    guard: Require<scopes::ExchangeRatesWrite>,
    command: Command<ImportExchangeRates>,
) -> Reply<MayWait<Computed<ImportedExchangeRates>>> {
    let (body, repeatable) = command.into_parts();
    let new: Vec<NewRate> = body.rates.into_iter().map(new_rate).collect();
    guard
        .write("exchange_rate.import", repeatable, move |tx| {
            may_wait(app::import(tx, &new)?, |published| {
                Ok(Computed(ImportedExchangeRates { published }))
            })
        })
        .await
}

/// List exchange rates
///
/// Recorded last first. Everybody who may read rates sees all of them.
#[utoipa::path(
    get,
    path = "/v1/exchange-rates",
    tag = "exchange-rates",
    operation_id = "listExchangeRates"
)]
pub async fn list(
    guard: Require<scopes::ExchangeRatesRead>,
    parameters: Parameters<ListExchangeRates>,
) -> Result<Listing<ExchangeRatePage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListExchangeRates, before, limit| {
        let rows = store::list(reader.connection, &values.into(), before, limit)?;
        rows.iter().map(view).collect()
    };
    listing(&guard, parameters, load, |view: &ExchangeRateView| {
        view.number
    })
    .await
}

/// Read an exchange rate
///
/// As it was recorded.
#[utoipa::path(
    get,
    path = "/v1/exchange-rates/{code}",
    tag = "exchange-rates",
    operation_id = "getExchangeRate"
)]
pub async fn get(
    guard: Require<scopes::ExchangeRatesRead>,
    code: PathCode<RateEntry>,
) -> Result<Resource<ExchangeRateView>, Error> {
    let number: Option<i64> = code.as_str().parse().ok();
    let number = number.filter(|number| number.to_string() == code.as_str());
    let number = number.ok_or_else(Error::not_found)?;
    guard
        .read(move |reader| {
            let row = store::find(reader.connection, number)?.ok_or_else(Error::not_found)?;
            Ok(Resource(view(&row)?))
        })
        .await
}

/// Look up an exchange rate
///
/// The rate that converts new business on a day: the newest of that day or earlier, in either
/// direction, or put together through the currency of the company. Of equally new ones the direct
/// one answers. Refused with `currency_rate_missing` when there is none or the newest is too old.
#[utoipa::path(
    get,
    path = "/v1/exchange-rate-lookups",
    tag = "exchange-rates",
    operation_id = "lookUpExchangeRate"
)]
pub async fn look_up(
    guard: Require<scopes::ExchangeRatesRead>,
    parameters: Parameters<LookUpExchangeRate>,
) -> Result<Computed<ExchangeRateLookup>, Error> {
    let LookUpExchangeRate {
        from_currency: from,
        to_currency: to,
        on,
    } = parameters.values;
    if from == to {
        let same = FieldError::parameter("to_currency", "is the same currency", "与源币种相同");
        return Err(Problem::new(ProblemCode::InvalidParameter).at(same).into());
    }
    guard
        .read_snapshot(move |reader| {
            let on = on.unwrap_or(Date(reader.today));
            let quote = app::look_up(reader, from, to, on.0)?;
            Ok(Computed(lookup(&quote, from, to, on)))
        })
        .await
}

fn lookup(quote: &Quote, from: Currency, to: Currency, on: Date) -> ExchangeRateLookup {
    ExchangeRateLookup {
        from_currency: from,
        to_currency: to,
        on,
        rate: quote.rate.into(),
        route: quote.route,
        rate_date: Date(quote.rate_date),
        age_days: (on.0 - quote.rate_date).num_days(),
        rates: quote
            .rates
            .iter()
            .map(|used| UsedRate {
                number: used.number,
                from_currency: used.from,
                to_currency: used.to,
                rate_date: Date(used.rate_date),
                rate: used.rate.into(),
            })
            .collect(),
    }
}

impl From<Rate> for ExchangeRate {
    fn from(rate: Rate) -> Self {
        Self(rate.to_string())
    }
}
