//! The long tests: races, faults, overload, thousands of histories, the sample company and the
//! main story. `cargo test --test drills` runs them alone.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets something unexpected ends there"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a story is read from its beginning to its end"
)]

mod binary;
mod faults;
mod lone_actor;
mod main_story;
#[path = "../model/mod.rs"]
mod model;
mod overload;
mod races;
mod replica;
mod sample;
#[expect(dead_code, reason = "most of it is for the tests by area")]
#[path = "../support/mod.rs"]
mod support;
