//! shouxin
pub mod app;
pub mod auth;
pub mod clock;
pub mod crypto;
pub mod devdb;
pub mod domain;
pub mod error;
pub mod error_codes;
pub mod http;
pub mod jobs;
pub mod store;
