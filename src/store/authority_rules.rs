//! The authority matrix, version by version.

super::versioned::versioned!(authority_rule_sets, rules);
