//! Where limits are given and used.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::sums::{Parted, SumsView, sums};
use crate::error::Error;
use crate::platform::http::tables::{Tabular, row_of};
use crate::platform::http::types::Date;
use crate::reports::domain::reports::PortfolioAxis;

/// Limits and their use on a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "as_of": "2026-03-31", "by": "grade",
    "rows": [
        {"key": "A", "name": null, "currency": "CNY", "limit": "500000.00", "held": "20000.00", "drawn": "80000.00",
         "exposure": "100000.00", "on_account": "0.00", "available": "400000.00", "utilisation_percent": "20.00", "lines": 1, "customers": 1},
        {"key": "ungraded", "name": null, "currency": "CNY", "limit": "100000.00", "held": "0.00", "drawn": "0.00",
         "exposure": "0.00", "on_account": "0.00", "available": "100000.00", "utilisation_percent": "0.00", "lines": 2, "customers": 1},
    ],
    "row_count": 2, "truncated": false,
    "totals": [{"currency": "CNY", "limit": "600000.00", "held": "20000.00", "drawn": "80000.00",
        "exposure": "100000.00", "on_account": "0.00", "available": "500000.00", "utilisation_percent": "16.67", "lines": 3, "customers": 2}],
}))]
pub struct PortfolioReport {
    /// Business day at the end of which it was so.
    pub as_of: Date,
    /// What the rows stand for.
    pub by: PortfolioAxis,
    /// One row for each key and currency: by currency, then the largest limit first.
    #[schema(max_items = 1000)]
    pub rows: Vec<PortfolioRow>,
    /// Rows there are, shown or not.
    pub row_count: i64,
    /// Whether rows were left out because there are more than `limit`.
    pub truncated: bool,
    /// Sums of all rows by currency, those that were left out included.
    #[schema(max_items = 200)]
    pub totals: Vec<SumsView>,
}

/// Sums of one key in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortfolioRow {
    /// What the row stands for: identifier of the group or customer, grade (or `ungraded`), industry,
    /// organisation, product or currency. Null for those that have none.
    #[schema(required = true, max_length = 200, pattern = "^[^\\u0000]*$")]
    pub key: Option<String>,
    /// Name of the group or customer on the day.
    #[schema(required = true, max_length = 200, pattern = "^[^\\u0000]*$")]
    pub name: Option<String>,
    /// The sums.
    #[serde(flatten)]
    pub sums: SumsView,
}

pub(super) fn portfolio_report(
    day: NaiveDate,
    by: PortfolioAxis,
    parted: Parted,
) -> PortfolioReport {
    let rows = parted.rows.iter().map(|row| PortfolioRow {
        key: row.key.clone(),
        name: row.name.clone(),
        sums: sums(row),
    });
    PortfolioReport {
        as_of: Date(day),
        by,
        rows: rows.collect(),
        row_count: parted.row_count,
        truncated: parted.is_truncated(),
        totals: parted.totals.iter().map(sums).collect(),
    }
}

impl Tabular for PortfolioReport {
    const FILE: (&'static str, &'static str) = ("portfolio", "授信组合");
    const COLUMNS: &'static [&'static str] = &[
        "row",
        "as_of",
        "key",
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
    ];
    const EXAMPLE: &'static str = "row,as_of,key,name,currency,limit,held,drawn,exposure,on_account,available,utilisation_percent,lines,customers\r\n\
        item,2026-03-31,A,,CNY,500000.00,20000.00,80000.00,100000.00,0.00,400000.00,20.00,1,1\r\n\
        total,2026-03-31,,,CNY,500000.00,20000.00,80000.00,100000.00,0.00,400000.00,20.00,1,1\r\n";

    fn day(&self) -> NaiveDate {
        self.as_of.0
    }

    fn rows(&self) -> Result<Vec<Value>, Error> {
        let common = |kind: &str| json!({"row": kind, "as_of": self.as_of});
        let items = self.rows.iter().map(|row| row_of(common("item"), row));
        let totals = self.totals.iter().map(|sums| row_of(common("total"), sums));
        items.chain(totals).collect()
    }
}
