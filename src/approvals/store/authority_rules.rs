//! The authority matrix, version by version.

use crate::approvals::domain::authority_rules::AuthorityRule;
use crate::platform::store::documents::versioned;

versioned!(Vec<AuthorityRule>, authority_rule_sets.rules);
