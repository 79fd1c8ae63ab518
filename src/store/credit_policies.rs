//! The credit policy, version by version.

super::versioned::versioned!(credit_policies, policy);
