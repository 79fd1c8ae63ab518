//! What the tests share: a cluster, servers, actors, a client, and builders of business things.

pub mod actors;
pub mod applications;
pub mod builders;
pub mod checks;
pub mod client;
pub mod cluster;
pub mod document;
pub mod ledger;
pub mod log;
pub mod registry;
pub mod server;
mod watch;

pub use builders::*;
pub use client::{Answer, Client, fresh_key};
pub use ledger::assert_clean as assert_ledger_is_clean;
pub use server::TestServer;

/// How long anything may take that a test waits for, on a machine that is busy with other things.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(180);

/// Polls until it is so; ends the test when it is still not after three minutes: that is no measure of
/// speed, a machine with other work to do gets there too. Between two looks the thread gives way for
/// an instant, it never sleeps for a time that somebody guessed.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "still not: {what}");
        std::thread::park_timeout(std::time::Duration::from_millis(2));
    }
}
