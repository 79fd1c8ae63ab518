//! Figures of the company over HTTP.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::company_figure_views::{CompanyFigureView, view};
use crate::approvals::http::pending_change_views::PendingChangeView;
use crate::auth::scopes;
use crate::catalogue::app::company_figures::{self as app, NewFigure};
use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::catalogue::store::company_figures::{self as store, FigurePlace};
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Accepted, Listing, Resource};
use crate::platform::http::command::Command;
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Coded, Parameters, PathCode};
use crate::platform::http::types::{Amount, Date, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::{listing_parameters, page};

/// Figures are named by what they state.
#[derive(Debug)]
pub enum FigureEntry {}

impl Coded for FigureEntry {
    const NOUN: &'static str = "figure";
    const EXAMPLE: &'static str = "net_capital";
}

/// A figure to be recorded.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "figure": "net_capital", "as_of": "2025-12-31", "amount": "800000000.00", "currency": "CNY",
    "source": "2025 年度审计报告",
}))]
pub struct RecordCompanyFigure {
    /// What is stated.
    pub figure: CompanyFigureKind,
    /// Day of which it is true, today at the latest. It is in force from then on, until the day of
    /// the next figure.
    pub as_of: Date,
    /// Amount, more than zero.
    pub amount: Amount,
    /// Currency of the company's accounts.
    pub currency: Currency,
    /// Where it comes from.
    pub source: Text<200>,
}

page! {
    /// A page of figures of the company.
    CompanyFigurePage of CompanyFigureView, "The items, latest day first, corrections before what they correct."
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListCompanyFigures {
        /// What is stated.
        figure: CompanyFigureKind,
    }
}

/// The day on which a figure is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadFigureAsOf {
    /// The figure in force on this day; today when left out.
    #[serde(default)]
    pub as_of: Option<Date>,
}

/// List figures of the company
///
/// Every figure with its corrections, latest day first.
#[utoipa::path(
    get,
    path = "/v1/company-figures",
    tag = "company-figures",
    operation_id = "listCompanyFigures"
)]
pub async fn list(
    guard: Require<scopes::CompanyFiguresRead>,
    parameters: Parameters<ListCompanyFigures>,
) -> Result<Listing<CompanyFigurePage>, Error> {
    let load = |reader: &mut Reader<'_>,
                values: &ListCompanyFigures,
                after: Option<FigurePlace>,
                limit| {
        let rows = store::list(reader.connection, values.figure, after, limit)?;
        Ok(rows.into_iter().map(view).collect())
    };
    listing(&guard, parameters, load, |view: &CompanyFigureView| {
        (view.as_of.0, view.figure.as_str().to_owned(), view.revision)
    })
    .await
}

/// Read a figure of the company
///
/// The one in force on a day: of the latest day not after it, as it was corrected last.
#[utoipa::path(
    get,
    path = "/v1/company-figures/{code}",
    tag = "company-figures",
    operation_id = "getCompanyFigure"
)]
pub async fn get(
    guard: Require<scopes::CompanyFiguresRead>,
    code: PathCode<FigureEntry>,
    parameters: Parameters<ReadFigureAsOf>,
) -> Result<Resource<CompanyFigureView>, Error> {
    let figure = CompanyFigureKind::parse(code.as_str()).ok_or_else(Error::not_found)?;
    let as_of = parameters.values.as_of.map(|date| date.0);
    guard
        .read(move |reader| {
            let on = as_of.unwrap_or(reader.today);
            let row = store::in_force(reader.connection, figure, on)?;
            Ok(Resource(view(row.ok_or_else(Error::not_found)?)))
        })
        .await
}

/// Record a figure of the company
///
/// It waits until somebody else has confirmed it. A figure of a day that has one already corrects it:
/// the latest counts, and all are kept.
#[utoipa::path(
    post,
    path = "/v1/company-figures",
    tag = "company-figures",
    operation_id = "recordCompanyFigure"
)]
pub async fn record(
    guard: Require<scopes::CompanyFiguresWrite>,
    command: Command<RecordCompanyFigure>,
) -> Reply<Accepted<PendingChangeView>> {
    let (body, repeatable) = command.into_parts();
    let RecordCompanyFigure {
        figure,
        as_of,
        amount,
        currency,
        source,
    } = body;
    let new = NewFigure {
        figure,
        as_of: as_of.0,
        amount_minor: amount.positive(currency, "amount")?.minor(),
        currency,
        source: source.0,
    };
    guard
        .write(app::PROPOSE, repeatable, move |tx| {
            Ok(Accepted(app::record(tx, &new)?.into()))
        })
        .await
}
