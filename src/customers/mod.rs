//! The customer archive: who the company deals with, as it is and as it was.

/// Types and decisions, pure.
pub mod domain {
    pub mod customers;
    pub mod events;
    pub mod personal;
    pub mod social_credit_code;
}

/// Rows, query pieces, load and apply.
pub(crate) mod store {
    pub mod customers;
    pub mod personal;
    pub mod standstill;
}

/// Use cases on a `Tx`.
pub mod app {
    pub mod customers;
    pub(crate) mod dated_facts;
    pub mod personal;
    mod standing;
}

/// Requests, answers, handlers.
pub mod http {
    pub(crate) mod archive;
    pub mod customers;
    pub mod routes;
    pub(crate) mod versions;
}
