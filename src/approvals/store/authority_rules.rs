//! The authority matrix, version by version.

crate::platform::store::documents::versioned!(authority_rule_sets, rules);
