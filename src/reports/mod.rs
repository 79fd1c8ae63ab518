//! Across areas: portfolio and concentration, as of any day, and the change feed.

/// Types and decisions, pure.
pub mod domain {
    pub mod reports;
}

/// Rows, query pieces, load and apply.
pub(crate) mod store {
    pub mod reports;
}

/// Requests, answers, handlers.
pub mod http {
    pub(crate) mod concentration;
    pub mod events;
    pub(crate) mod portfolio;
    pub mod portfolios;
    pub mod routes;
    pub(crate) mod sums;
}
