//! Credit scores: what a customer's standing was judged to be, and until when.

/// Types and decisions, pure.
pub mod domain {
    pub mod events;
    pub mod expected_sales;
    pub mod scores;
}

/// Rows, query pieces, load and apply.
pub(crate) mod store {
    pub mod expected_sales;
    pub mod scores;
}

/// Use cases on a `Tx`.
pub mod app {
    pub(crate) mod expected_sales;
    pub(crate) mod scores;
}

/// Requests, answers, handlers.
pub mod http {
    pub mod expected_sales;
    pub mod routes;
    pub mod scores;
}
