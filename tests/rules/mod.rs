//! What keeps credit from a customer: check rules, restrictions.

mod cash_only;
mod check_rules;
mod exclusions;
mod pieces;
