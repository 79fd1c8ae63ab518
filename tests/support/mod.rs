//! What the tests share: a cluster, servers, actors, a client, and builders of business things.

pub mod actors;
pub mod builders;
pub mod client;
pub mod cluster;
pub mod document;
pub mod registry;
pub mod server;

pub use builders::*;
pub use client::{Answer, Client};
pub use server::TestServer;
