//! The rules of credit checks, version by version.

crate::platform::store::documents::versioned!(check_rule_sets, rules);
