//! Who is how large a risk.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sums::{Parted, SumsView, exposure_minor, sums};
use crate::catalogue::http::company_figure_views::{CompanyFigureView, view};
use crate::catalogue::store::company_figures::FigureRow;
use crate::error::Error;
use crate::platform::http::tables::{Tabular, row_of};
use crate::platform::http::types::{Date, Percent};
use crate::reports::domain::reports::{RiskUnit, percent_of};
use crate::reports::store::reports::SumRow;

/// Credit by who is one risk, compared with the net capital of the company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "as_of": "2026-03-31",
    "net_capital": {"figure": "net_capital", "as_of": "2025-12-31", "revision": 1, "amount": "4000000.00",
        "currency": "CNY", "source": "2025 年度审计报告", "recorded_by": "https://issuer.internal.test|officer-1",
        "recorded_at": "2026-01-05T02:00:00Z", "confirmed_by": "https://issuer.internal.test|officer-2"},
    "rows": [{"unit": "group", "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "name": "示例集团", "currency": "CNY",
        "limit": "500000.00", "held": "20000.00", "drawn": "80000.00", "exposure": "100000.00",
        "on_account": "0.00", "available": "400000.00", "utilisation_percent": "20.00", "lines": 1, "customers": 3,
        "limit_percent": "12.50", "exposure_percent": "2.50"}],
    "row_count": 1, "truncated": false,
    "totals": [{"currency": "CNY", "limit": "500000.00", "held": "20000.00", "drawn": "80000.00",
        "exposure": "100000.00", "on_account": "0.00", "available": "400000.00", "utilisation_percent": "20.00", "lines": 1, "customers": 3,
        "limit_percent": "12.50", "exposure_percent": "2.50"}],
}))]
pub struct ConcentrationReport {
    /// Business day at the end of which it was so.
    pub as_of: Date,
    /// Net capital in force on the day; null when none was recorded, and then no row has a share.
    #[schema(required = true)]
    pub net_capital: Option<CompanyFigureView>,
    /// One row for each group or single customer and currency: the currency of the net capital
    /// first, and within a currency the largest limit first.
    #[schema(max_items = 1000)]
    pub rows: Vec<ConcentrationRow>,
    /// Rows there are, shown or not.
    pub row_count: i64,
    /// Whether rows were left out because there are more than `limit`.
    pub truncated: bool,
    /// Sums of all rows by currency, those that were left out included.
    #[schema(max_items = 200)]
    pub totals: Vec<ConcentrationTotal>,
}

/// Credit of one risk in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConcentrationRow {
    /// A group, or a customer that belongs to none.
    pub unit: RiskUnit,
    /// Identifier of the group or customer.
    pub id: Uuid,
    /// Its name: that of the customer as it was on the day.
    #[schema(required = true, max_length = 200, pattern = "^[^\\u0000]*$")]
    pub name: Option<String>,
    /// The sums.
    #[serde(flatten)]
    pub sums: SumsView,
    /// Limit as a share of the net capital; null in another currency.
    #[schema(required = true)]
    pub limit_percent: Option<Percent>,
    /// Exposure as a share of the net capital; null in another currency.
    #[schema(required = true)]
    pub exposure_percent: Option<Percent>,
}

/// Credit of all risks in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConcentrationTotal {
    /// The sums.
    #[serde(flatten)]
    pub sums: SumsView,
    /// Limit as a share of the net capital; null in another currency.
    #[schema(required = true)]
    pub limit_percent: Option<Percent>,
    /// Exposure as a share of the net capital; null in another currency.
    #[schema(required = true)]
    pub exposure_percent: Option<Percent>,
}

pub(super) fn concentration_report(
    day: NaiveDate,
    net_capital: Option<FigureRow>,
    parted: Parted,
) -> Result<ConcentrationReport, Error> {
    let share = |row: &SumRow, minor: i64| {
        let capital = net_capital.as_ref()?;
        let same = capital.currency == row.currency;
        percent_of(minor, capital.amount_minor)
            .filter(|_| same)
            .map(Percent)
    };
    let shares = |row: &SumRow| (share(row, row.limit_minor), share(row, exposure_minor(row)));
    let rows = parted.rows.iter().map(|row| {
        let (limit_percent, exposure_percent) = shares(row);
        let id = row.key.as_deref().and_then(|key| key.parse().ok());
        Ok(ConcentrationRow {
            unit: if row.of_group {
                RiskUnit::Group
            } else {
                RiskUnit::Customer
            },
            id: id.ok_or_else(|| Error::internal("a risk without an identifier"))?,
            name: row.name.clone(),
            sums: sums(row),
            limit_percent,
            exposure_percent,
        })
    });
    let totals = parted.totals.iter().map(|row| {
        let (limit_percent, exposure_percent) = shares(row);
        ConcentrationTotal {
            sums: sums(row),
            limit_percent,
            exposure_percent,
        }
    });
    Ok(ConcentrationReport {
        as_of: Date(day),
        rows: rows.collect::<Result<_, Error>>()?,
        row_count: parted.row_count,
        truncated: parted.is_truncated(),
        totals: totals.collect(),
        net_capital: net_capital.clone().map(view),
    })
}

impl Tabular for ConcentrationReport {
    const FILE: (&'static str, &'static str) = ("concentration", "授信集中度");
    const COLUMNS: &'static [&'static str] = &[
        "row",
        "as_of",
        "unit",
        "id",
        "name",
        "currency",
        "limit",
        "held",
        "drawn",
        "exposure",
        "on_account",
        "available",
        "utilisation_percent",
        "lines",
        "customers",
        "limit_percent",
        "exposure_percent",
        "net_capital",
        "net_capital_currency",
        "net_capital_as_of",
    ];
    const EXAMPLE: &'static str = "row,as_of,unit,id,name,currency,limit,held,drawn,exposure,on_account,available,utilisation_percent,lines,customers,\
        limit_percent,exposure_percent,net_capital,net_capital_currency,net_capital_as_of\r\n\
        item,2026-03-31,group,01940c9e-7a3b-7d2c-8f00-3b9aca001234,示例集团,CNY,500000.00,20000.00,80000.00,100000.00,\
        0.00,400000.00,20.00,1,3,12.50,2.50,4000000.00,CNY,2025-12-31\r\n\
        total,2026-03-31,,,,CNY,500000.00,20000.00,80000.00,100000.00,0.00,400000.00,20.00,1,3,12.50,2.50,4000000.00,CNY,2025-12-31\r\n";

    fn day(&self) -> NaiveDate {
        self.as_of.0
    }

    fn rows(&self) -> Result<Vec<Value>, Error> {
        let capital = self.net_capital.as_ref();
        let common = |kind: &str| {
            json!({
                "row": kind,
                "as_of": self.as_of,
                "net_capital": capital.map(|figure| &figure.amount),
                "net_capital_currency": capital.map(|figure| figure.currency),
                "net_capital_as_of": capital.map(|figure| figure.as_of),
            })
        };
        let items = self.rows.iter().map(|row| row_of(common("item"), row));
        let totals = self
            .totals
            .iter()
            .map(|total| row_of(common("total"), total));
        items.chain(totals).collect()
    }
}
