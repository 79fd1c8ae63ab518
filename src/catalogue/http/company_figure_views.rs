//! A figure of the company as it is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::catalogue::store::company_figures::FigureRow;
use crate::platform::http::answers::Representation;
use crate::platform::http::types::{Amount, Date, Principal, Text};
use crate::values::currency::Currency;

/// A figure of the company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompanyFigure, example = json!({
    "figure": "net_capital", "as_of": "2025-12-31", "revision": 1, "amount": "800000000.00",
    "currency": "CNY", "source": "2025 年度审计报告",
    "recorded_by": "https://issuer.internal.test|officer-1", "recorded_at": "2026-01-05T02:00:00Z",
    "confirmed_by": "https://issuer.internal.test|officer-2",
}))]
pub struct CompanyFigureView {
    /// What is stated.
    pub figure: CompanyFigureKind,
    /// Day of which it is true, and from which it is in force.
    pub as_of: Date,
    /// 1, 2, 3 … for each figure and day: the last one counts.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Amount.
    pub amount: Amount,
    /// Currency.
    pub currency: Currency,
    /// Where it comes from.
    pub source: Text<200>,
    /// Who recorded it: issuer and subject.
    pub recorded_by: Principal,
    /// Instant of recording.
    pub recorded_at: DateTime<Utc>,
    /// Who confirmed it: issuer and subject.
    #[schema(required = true)]
    pub confirmed_by: Option<Principal>,
}

impl Representation for CompanyFigureView {
    fn version(&self) -> i64 {
        self.revision.into()
    }

    fn location(&self) -> String {
        format!(
            "/v1/company-figures/{}?as_of={}",
            self.figure.as_str(),
            self.as_of.0
        )
    }
}

/// A figure as it is shown.
///
/// # Errors
/// When stored values are none: a bug.
pub fn view(row: FigureRow) -> CompanyFigureView {
    let FigureRow {
        figure,
        as_of,
        revision,
        amount_minor,
        currency,
        source,
        recorded_by,
        recorded_at,
        confirmed_by,
    } = row;
    CompanyFigureView {
        figure,
        as_of: Date(as_of),
        revision,
        amount: Amount::of(amount_minor, currency),
        currency,
        source: Text(source),
        recorded_by: Principal(recorded_by),
        recorded_at,
        confirmed_by: confirmed_by.map(Principal),
    }
}
