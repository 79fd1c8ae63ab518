//! The operations of products, exchange rates and figures of the company, each with the refusals of its business.

use super::{company_figures, exchange_rates, products};
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[
    (
        "company-figures",
        "Figures of the company itself, such as its net capital.",
    ),
    (
        "exchange-rates",
        "Dated rates between currencies, and the one that answers for a day.",
    ),
    ("products", "The catalogue of credit products."),
];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(company_figures::record),
            route!(company_figures::list, InvalidCursor),
            route!(company_figures::get),
            route!(exchange_rates::publish),
            route!(exchange_rates::list, InvalidCursor),
            route!(exchange_rates::get),
            route!(exchange_rates::import),
            route!(exchange_rates::look_up, CurrencyRateMissing),
            route!(products::list, InvalidCursor),
            route!(products::create, DuplicateProductCode),
            route!(products::get),
            route!(products::patch),
            route!(products::versions, InvalidCursor),
        ],
    )
}
