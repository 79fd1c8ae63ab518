//! Kinds of events of the catalogue.

use crate::values::event_kinds::event_kinds;

event_kinds! {
    COMPANY_FIGURE_RECORDED = "company_figure.recorded": "A figure of the company was recorded or corrected.";
    EXCHANGE_RATES_CORRECTED = "exchange_rates.corrected": "Exchange rates of a day took the place of others of the same day.";
    EXCHANGE_RATES_PUBLISHED = "exchange_rates.published": "Exchange rates were published.";
    PRODUCT_CHANGED = "product.changed": "A product was changed.";
    PRODUCT_CREATED = "product.created": "A product was added to the catalogue.";
}
