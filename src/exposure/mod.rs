//! Exposure: one ledger and one lock order over what is granted (lines, groups), held
//! (reservations, referrals) and owed (receivables, payments).

/// Types and decisions, pure.
pub mod domain {
    pub mod adverse_events;
    pub mod amending;
    pub mod assessment;
    #[cfg(test)]
    mod assessment_properties;
    #[cfg(test)]
    mod assessment_rule_tests;
    #[cfg(test)]
    mod assessment_size_tests;
    pub mod events;
    pub mod exposure_facts;
    #[cfg(test)]
    mod fixtures;
    pub mod groups;
    pub mod level_rooms;
    pub mod line_terms;
    pub mod lines;
    pub mod money_on_account;
    pub mod payments;
    pub mod receivables;
    pub mod referrals;
    mod refusals;
    pub mod reservations;
    pub mod terms;
    pub mod usable;
}

/// Rows, query pieces, load and apply.
pub(crate) mod store {
    pub mod adverse_events;
    pub mod contracts;
    pub mod counted;
    pub mod groups;
    pub mod line_versions;
    pub mod lines;
    pub mod movements;
    pub mod parties;
    pub mod payments;
    pub mod receivables;
    pub mod referrals;
    pub mod reservations;
    pub mod verification;
}

/// Use cases on a `Tx`.
pub mod app {
    pub(crate) mod adverse_events;
    pub mod checks;
    pub mod contracts;
    pub mod groups;
    pub mod ledger;
    pub mod line_actions;
    pub mod lines;
    pub mod payments;
    pub mod pictures;
    pub mod receivables;
    pub mod referrals;
    pub mod refusing;
    pub mod regrouping;
    pub mod reservations;
    mod stopping;
    pub mod verification;
}

/// Requests, answers, handlers.
pub mod http {
    pub mod adverse_events;
    pub mod asking;
    pub mod checks;
    pub mod contracts;
    pub mod groups;
    pub mod levels;
    pub mod line_versions;
    pub mod line_views;
    pub mod lines;
    pub mod payments;
    pub mod receivables;
    pub mod referrals;
    pub mod reservation_batches;
    pub mod reservation_views;
    pub mod reservations;
    pub mod routes;
    pub mod summaries;
    pub mod together;
}
