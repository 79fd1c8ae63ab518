//! The catalogue: products, exchange rates, figures of the company, and what an amount counts as.

/// Types and decisions, pure.
pub mod domain {
    pub mod company_figures;
    pub mod counted;
    pub mod events;
    pub mod exchange_rates;
    pub mod products;
}

/// Rows, query pieces, load and apply.
pub(crate) mod store {
    pub mod company_figures;
    pub mod exchange_rates;
    pub mod products;
}

/// Use cases on a `Tx`.
pub mod app {
    pub mod company_figures;
    pub mod exchange_rates;
    pub mod products;
}

/// Requests, answers, handlers.
pub mod http {
    pub mod company_figure_views;
    pub mod company_figures;
    pub mod exchange_rates;
    pub mod products;
    pub mod routes;
}
