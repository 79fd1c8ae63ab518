//! The credit policy, version by version.

crate::platform::store::documents::versioned!(credit_policies, policy);
