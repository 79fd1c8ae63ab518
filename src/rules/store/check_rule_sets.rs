//! The rules of credit checks, version by version.

use crate::platform::store::documents::versioned;
use crate::rules::domain::check_rules::CheckRules;

versioned!(CheckRules, check_rule_sets.rules);
