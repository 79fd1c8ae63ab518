//! What keeps credit from a customer: check rules, restrictions.

mod check_rules;
mod exclusions;
