//! What the tests share: a cluster, servers, actors, a client, and builders of business things.

pub mod actors;
pub mod builders;
pub mod client;
pub mod cluster;
pub mod document;
pub mod server;

pub use builders::*;
pub use client::Answer;
pub use server::TestServer;
