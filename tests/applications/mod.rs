//! Credit applications: from a draft to a decision.

mod application_checks;
mod credit_applications;
mod failed_checks;
mod unknown;
mod whole;
