//! What credit is given by: products, exchange rates, figures of the company.

mod company_figures;
mod exchange_rates;
mod products;
