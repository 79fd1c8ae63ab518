//! shouxin
pub mod app;
pub mod auth;
pub mod crypto;
pub mod devdb;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod store;
