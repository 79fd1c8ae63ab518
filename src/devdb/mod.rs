//! A private PostgreSQL, for `shouxin dev` and for the tests.
//!
//! [`Programs::find`] looks for an installed PostgreSQL; [`Cluster::start`] runs a
//! cluster of its own from it, in one folder, on one free loopback port, and nothing
//! of it outlives the process that asked for it. The state folder holds:
//!
//! | entry | what it is |
//! |---|---|
//! | `data` | the cluster itself; `data.new` while it is being initialised |
//! | `password` | the password of the user `shouxin`, mode 0600 |
//! | `postgres.log` | the log since the last start; `postgres.log.old` the one before |
//! | `server.pid` | the process id of the server that the supervisor started last |
//! | `stopping` | a mark of the supervisor that the stop was asked for |
//! | `owner.lock` | locked by the process that owns the cluster |
//! | `server.lock` | locked as long as anything runs on the data |
//!
//! The way through the files: `programs` finds, `folder` locks, `owner` chooses the
//! user, `initialise` makes the data, `supervisor` runs the server, and `cluster` ties
//! them together. `running` finds a cluster that another process has started.

mod child;
mod cluster;
mod error;
mod folder;
mod initialise;
mod install;
mod options;
mod owner;
mod postmaster;
mod programs;
mod running;
mod supervisor;
mod wait;

#[cfg(test)]
mod tests;

pub use self::cluster::{Cluster, ClusterOptions};
pub use self::error::DevdbError;
pub use self::folder::reset;
pub use self::options::{Durability, VERSION_MAJOR_MIN};
pub use self::programs::Programs;
pub use self::running::{is_made, url_of_running};
