//! The rules of credit checks, version by version.

super::versioned::versioned!(check_rule_sets, rules);
