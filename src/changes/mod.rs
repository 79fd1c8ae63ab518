//! Changes that wait for a second person: deciding them, and carrying out what was asked for. A use
//! case that loosens proposes its change (`approvals/app/pending_changes.rs`); this area stands above
//! all of them and knows which one carries a change out.

/// Use cases on a `Tx`.
pub mod app {
    pub mod pending_changes;
}

/// Requests, answers, handlers.
pub mod http {
    pub mod pending_changes;
    pub mod routes;
}
