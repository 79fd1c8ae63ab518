//! Who is calling: bearer tokens, the keys they are signed with, and what they grant.
//!
//! A request goes through [`bearer`] (the header), then [`token`] (the verification), both
//! synchronous. [`refresh`] keeps the keys current in a thread of its own. [`development`]
//! stands in for an identity provider on a developer's machine.

pub mod algorithms;
pub mod bearer;
mod claims;
mod compact;
pub mod development;
mod fetch;
mod jwk;
pub mod jwks;
pub mod key_holder;
pub mod refresh;
pub mod rejection;
pub mod schedule;
pub mod scopes;
mod strict_json;
pub mod token;

#[cfg(test)]
mod bearer_tests;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod jwks_tests;
#[cfg(test)]
mod negative_tests;
#[cfg(test)]
mod refresh_tests;
#[cfg(test)]
mod token_tests;
