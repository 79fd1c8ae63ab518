//! Approvals: cases with steps, four eyes, delegations, and the authority matrix that says who
//! decides. Knows nothing of what is approved.

/// Types and decisions, pure.
pub mod domain {
    pub mod approvals;
    pub mod authority_floor;
    pub mod authority_rules;
    pub mod delegations;
    pub mod events;
    pub mod lifecycle;
    pub mod matching;
    pub mod pending_changes;
}

/// Rows, query pieces, load and apply.
pub(crate) mod store {
    pub mod approvals;
    pub mod authority_rules;
    pub mod case_rows;
    pub mod delegations;
    pub mod pending_changes;
}

/// Use cases on a `Tx`.
pub mod app {
    pub mod approvals;
    pub mod authority_rules;
    pub mod delegations;
    pub mod lifecycle;
    pub mod pending_changes;
    pub mod publishing;
    mod refusals;
}

/// Requests, answers, handlers.
pub mod http {
    pub mod approvals;
    pub mod authority_rules;
    pub mod delegations;
    pub mod pending_change_views;
    pub mod routes;
    mod verdicts;
}
