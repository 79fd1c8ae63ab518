//! What is fixed about a cluster, and what may be chosen.

/// The oldest major version of PostgreSQL that the service works with.
pub const VERSION_MAJOR_MIN: u32 = 15;

/// The superuser of the cluster.
pub(super) const USER: &str = "shouxin";

/// What the cluster promises after a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// PostgreSQL's own settings: a commit is on disk when it returns.
    Safe,
    /// Nothing is forced to disk, for data that is thrown away anyway. It survives the
    /// end of the server in any way, but not that of the machine.
    Disposable,
}
