//! The sales that are expected of a customer in a year: what a share of is enough for a new one.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::values::currency::Currency;

crate::identifiers! {
    /// The sales that are expected of a customer.
    ExpectedSalesEntity, ExpectedSalesId, "expected_sales", "expected-sales", "expected_sales_id";
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedSales {
    /// Amount in minor units.
    pub amount_minor: i64,
    /// Its currency: that of the company, so that no rate moves it.
    pub currency: Currency,
    /// Day from which it is expected.
    pub as_of: NaiveDate,
    /// What shows it.
    pub evidence: String,
}

/// Whether more may be granted by what is expected now than by what was known; without any nothing is.
pub fn loosens(known: Option<&ExpectedSales>, new: &ExpectedSales) -> bool {
    match known {
        None => new.amount_minor > 0,
        Some(known) => new.as_of >= known.as_of && new.amount_minor > known.amount_minor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_is_known_loosens() {
        let expected = |amount_minor, as_of: &str| ExpectedSales {
            amount_minor,
            currency: Currency::COMPANY,
            as_of: as_of.parse().unwrap(),
            evidence: "合同".to_owned(),
        };
        let known = expected(100, "2026-01-01");
        for (before, after, loose) in [
            (None, expected(1, "2026-01-01"), true),
            (None, expected(0, "2026-01-01"), false),
            (Some(&known), expected(101, "2026-01-01"), true),
            (Some(&known), expected(100, "2026-01-01"), false),
            (Some(&known), expected(99, "2026-02-01"), false),
            (Some(&known), expected(101, "2025-12-31"), false),
        ] {
            assert_eq!(loosens(before, &after), loose, "{before:?} {after:?}");
        }
    }
}
