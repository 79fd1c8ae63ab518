//! Reports across areas: portfolio and concentration, as of any day.

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
    pub(crate) mod portfolio;
    pub mod portfolios;
    pub(crate) mod sums;
}
