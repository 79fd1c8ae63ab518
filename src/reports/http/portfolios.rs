//! Reports over the portfolio: who is how large a risk, and where limits are given and used.

use super::concentration::{ConcentrationReport, concentration_report};
use super::portfolio::{PortfolioReport, portfolio_report};
use super::sums::Parted;
use serde::{Deserialize, Deserializer};

use crate::auth::scopes;
use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::catalogue::store::company_figures;
use crate::error::days::WrongDay;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, number_up_to};
use crate::platform::http::tables::Table;
use crate::platform::http::types::{AsOf, Date};
use crate::platform::store::documents;
use crate::platform::store::tx::Reader;
use crate::reports::domain::reports::PortfolioAxis;
use crate::reports::store::reports::{self as store, Extent, Moment};
use crate::rules::domain::credit_policies::CreditPolicy;

/// Most rows of a report. They are held in memory while the answer is put together; totals are
/// always over all.
const ROWS_MAX: i64 = 1000;
/// Rows of a report when the caller does not say.
const ROWS_DEFAULT: i64 = 200;
/// Deepest organisations that can be told apart.
const DEPTH_MAX: i64 = 10;

fn row_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    number_up_to(ROWS_MAX, deserializer)
}

fn depth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    number_up_to(DEPTH_MAX, deserializer)
}

/// Day and size of the report.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadConcentration {
    /// As of the end of this business day, today at the latest; today when left out.
    #[serde(default)]
    pub as_of: Option<Date>,
    /// Rows at most, the largest first. Totals are over all.
    #[serde(default, deserialize_with = "row_limit")]
    #[param(value_type = Option<i32>, minimum = 1, maximum = 1000, default = 200, example = 200)]
    pub limit: Option<i64>,
    /// Whether a file begins with a byte order mark, for spreadsheet programs.
    #[serde(default)]
    #[param(default = false)]
    pub bom: Option<bool>,
}

/// What the rows stand for, day and size of the report.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadPortfolio {
    /// What the rows stand for; groups when left out.
    #[serde(default)]
    pub by: Option<PortfolioAxis>,
    /// As of the end of this business day, today at the latest; today when left out.
    #[serde(default)]
    pub as_of: Option<Date>,
    /// How far down branches are told apart: 2 for `head-office/east`. Only for branches.
    #[serde(default, deserialize_with = "depth")]
    #[param(value_type = Option<i32>, minimum = 1, maximum = 10, default = 2, example = 2)]
    pub depth: Option<i64>,
    /// Rows at most. Totals are over all.
    #[serde(default, deserialize_with = "row_limit")]
    #[param(value_type = Option<i32>, minimum = 1, maximum = 1000, default = 200, example = 200)]
    pub limit: Option<i64>,
    /// Whether a file begins with a byte order mark, for spreadsheet programs.
    #[serde(default)]
    #[param(default = false)]
    pub bom: Option<bool>,
}

/// The end of a business day that has begun.
fn moment(
    reader: &mut Reader<'_>,
    as_of: Option<Date>,
    time_zone: chrono_tz::Tz,
) -> Result<Moment, Error> {
    let today = reader.today;
    let day = as_of.map_or(today, |date| date.0);
    if day > today {
        return Err(Problem::new(ProblemCode::InvalidParameter)
            .at(WrongDay::Future.at_parameter("as_of"))
            .into());
    }
    let policy = documents::in_force::<CreditPolicy>(reader, day)?.document;
    Ok(Moment {
        day,
        end: AsOf::Date(day).instant(time_zone),
        money_counts: policy.count_money_on_account,
    })
}

/// Read the concentration of credit
///
/// Who is how large a risk: credit groups, and customers that belong to none, the largest first. Limit
/// and exposure are compared with the net capital of the company in force on the day (policy P02).
///
/// Of a group its ceiling counts while there is one, else the sum of its members. Of a customer its
/// unified limit counts while there is one, else the sum of its product lines. Membership counts as in
/// the ledger: from the day it was recorded until the day before its last.
///
/// Shares are given for the currency of the net capital only; rows in other currencies follow, without
/// shares, and nothing is converted. Without a net capital in force no row has a share.
///
/// A past day shows what was so at its end, whatever happened since; of today, reservations that have
/// expired are taken off even before they are booked. Only the net capital is the one that is known
/// now for that day, because it is stated after the fact.
#[utoipa::path(
    get,
    path = "/v1/reports/concentration",
    tag = "reports",
    operation_id = "getConcentrationReport"
)]
pub async fn concentration(
    guard: Require<scopes::ReportsRead>,
    parameters: Parameters<ReadConcentration>,
) -> Result<Table<ConcentrationReport>, Error> {
    let ReadConcentration { as_of, limit, bom } = parameters.values;
    let time_zone = guard.state().time_zone;
    let load = move |reader: &mut Reader<'_>| {
        let moment = moment(reader, as_of, time_zone)?;
        let net_capital = company_figures::in_force(
            reader.connection,
            CompanyFigureKind::NetCapital,
            moment.day,
        )?;
        let extent = Extent {
            limit: limit.unwrap_or(ROWS_DEFAULT),
            first_currency: net_capital.as_ref().map(|figure| figure.currency),
        };
        let sums = store::concentration(reader, moment, extent)?;
        concentration_report(moment.day, net_capital, Parted::of(sums))
    };
    Ok(Table {
        content: guard.read_lagging(load).await?,
        byte_order_mark: bom.unwrap_or(false),
    })
}

/// Read the portfolio of credit
///
/// Limits and their use by group, grade, industry, branch, product, currency or customer, one row for
/// each key and currency, with totals by currency.
///
/// Every line counts once. By product, the product lines count. Otherwise, of a customer its unified
/// limit counts while there is one, else the sum of its product lines; and by group, of a group its
/// ceiling counts while there is one, else the sum of its members. The totals of different axes can
/// differ for that reason. By group, membership counts as in the ledger: from the day it was recorded
/// until the day before its last.
///
/// Rows are ordered by currency, then the largest limit first. A past day shows what was so at its
/// end, whatever happened since; the organisation is that of today. Of today, reservations that have
/// expired are taken off even before they are booked.
#[utoipa::path(
    get,
    path = "/v1/reports/portfolio",
    tag = "reports",
    operation_id = "getPortfolioReport"
)]
pub async fn portfolio(
    guard: Require<scopes::ReportsRead>,
    parameters: Parameters<ReadPortfolio>,
) -> Result<Table<PortfolioReport>, Error> {
    let ReadPortfolio {
        by,
        as_of,
        depth,
        limit,
        bom,
    } = parameters.values;
    let axis = by.unwrap_or(PortfolioAxis::Group);
    let depth = i32::try_from(depth.unwrap_or(2)).unwrap_or(2);
    let time_zone = guard.state().time_zone;
    let load = move |reader: &mut Reader<'_>| {
        let moment = moment(reader, as_of, time_zone)?;
        let extent = Extent {
            limit: limit.unwrap_or(ROWS_DEFAULT),
            first_currency: None,
        };
        let sums = store::portfolio(reader, moment, (axis, depth), extent)?;
        Ok(portfolio_report(moment.day, axis, Parted::of(sums)))
    };
    Ok(Table {
        content: guard.read_lagging(load).await?,
        byte_order_mark: bom.unwrap_or(false),
    })
}
