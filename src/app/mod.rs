//! Use cases: load under lock, decide, apply, record, publish. One function each, on a `Tx`.

pub mod application_checks;
pub mod approvals;
pub mod authority_rules;
pub mod book;
pub mod bounds;
pub mod check_rules;
pub mod company_figures;
pub mod credit_applications;
pub mod credit_groups;
pub mod credit_lines;
pub mod credit_policies;
pub mod customers;
pub mod dunning_levels;
pub mod exchange_rates;
pub mod exposure;
pub mod ledger;
pub mod payments;
pub mod products;
pub mod receivables;
pub mod referrals;
pub mod reservations;
pub mod restrictions;
pub mod scores;
pub mod standing;
pub mod verification;
