//! The credit policy, version by version.

use crate::platform::store::documents::versioned;
use crate::rules::domain::credit_policies::CreditPolicy;

versioned!(CreditPolicy, credit_policies.policy);
