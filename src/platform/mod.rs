//! What every area stands on: HTTP without routes, PostgreSQL without nouns.

pub mod http;
pub mod store;
