//! Rules: the credit policy, the rule sets of credit checks, and the facts that they look at
//! (exclusions, supply holds, dunning levels, what is overdue).

/// Types and decisions, pure.
pub mod domain {
    pub mod check_rules;
    pub mod credit_policies;
    pub mod events;
    pub mod restrictions;
}

/// Rows, query pieces, load and apply.
pub(crate) mod store {
    pub mod check_rule_sets;
    pub mod credit_policies;
    pub mod dunning_levels;
    pub mod in_force;
    pub mod owed;
    pub mod restrictions;
}

/// Use cases on a `Tx`.
pub mod app {
    pub mod check_rules;
    pub(crate) mod credit_policies;
    pub(crate) mod dunning_levels;
    pub mod restrictions;
}

/// Requests, answers, handlers.
pub mod http {
    pub mod check_rule_sets;
    pub(crate) mod check_rules;
    pub mod credit_policies;
    pub mod dunning_levels;
    pub mod restrictions;
    pub mod routes;
}
