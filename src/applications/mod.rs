//! Applying for credit: what is asked for, what is checked before it is decided, and the decision.

/// Types and decisions, pure.
pub mod domain {
    pub mod applications;
    pub mod check_facts;
    pub mod checks;
    pub mod events;
}

/// Rows, query pieces, load and apply.
pub(crate) mod store {
    pub mod applications;
}

/// Use cases on a `Tx`.
pub mod app {
    pub mod applications;
    pub mod checks;
    pub mod effects;
    mod lifecycle;
}

/// Requests, answers, handlers.
pub mod http {
    pub mod applications;
    pub mod decisions;
    pub(crate) mod requests;
    pub mod routes;
}
