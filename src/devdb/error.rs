//! What can go wrong around the private cluster, in words for the person at the terminal.

use std::io;
use std::path::{Path, PathBuf};

use super::options::VERSION_MAJOR_MIN;

/// Why PostgreSQL was not found, or why the private cluster did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum DevdbError {
    /// No usable PostgreSQL is installed.
    #[error(
        "PostgreSQL {VERSION_MAJOR_MIN} or newer was not found on this machine{}. \
         Install it with `{install_command}`, or set DATABASE_URL to a server that already runs.",
        too_old_hint(too_old)
    )]
    ProgramsMissing {
        /// The command that installs PostgreSQL on this platform.
        install_command: String,
        /// The newest installation that was found but is too old: its folder and version.
        too_old: Option<(PathBuf, u32)>,
    },
    /// Another process runs a cluster in this folder.
    #[error(
        "the database folder {} is in use by another running instance; \
         stop that one first, or use another folder",
        state_dir.display()
    )]
    InUse {
        /// The state folder that is in use.
        state_dir: PathBuf,
    },
    /// The folder holds files of somebody else, so nothing in it is touched.
    #[error(
        "the folder {} is not empty and holds no cluster of shouxin; \
         name an empty or a new folder",
        state_dir.display()
    )]
    NotOurs {
        /// The folder that was named as state folder.
        state_dir: PathBuf,
    },
    /// Another major version of PostgreSQL made the cluster.
    #[error(
        "the database in {} was made by PostgreSQL {found}, but the installed programs \
         are version {installed}; install version {found} again, or start with --reset \
         to throw the data away and begin anew",
        state_dir.display()
    )]
    OtherVersion {
        /// The state folder of the cluster.
        state_dir: PathBuf,
        /// The major version in the cluster's `PG_VERSION`.
        found: String,
        /// The major version of the programs that were found.
        installed: u32,
    },
    /// The cluster lacks something that only a hand or a broken disk can have taken.
    #[error(
        "the database in {} cannot be used ({what}); \
         start with --reset to throw it away and begin anew",
        state_dir.display()
    )]
    Damaged {
        /// The state folder of the cluster.
        state_dir: PathBuf,
        /// What is missing or unreadable.
        what: &'static str,
    },
    /// Started as root, and the system has no user that could run PostgreSQL.
    #[error(
        "PostgreSQL refuses to run as root, and this system has neither a user `postgres` \
         nor a user `nobody`; start as an ordinary user"
    )]
    NoUnprivilegedUser,
    /// Started as root, and the user that runs PostgreSQL cannot get to the state folder.
    #[error(
        "PostgreSQL refuses to run as root, so it runs as `{user}`, and that user may not \
         enter {}; name a folder elsewhere for {}, or start as an ordinary user",
        blocked_at.display(),
        state_dir.display()
    )]
    Unreachable {
        /// The user that would run PostgreSQL.
        user: String,
        /// The state folder.
        state_dir: PathBuf,
        /// The first folder on the way to it that the user may not enter.
        blocked_at: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb could not make the database in {}:\n{output}", state_dir.display())]
    InitialiseFailed {
        /// The state folder of the cluster.
        state_dir: PathBuf,
        /// What `initdb` said.
        output: String,
    },
    /// The server did not become ready.
    #[error("PostgreSQL did not start in {} ({reason}):\n{log}", state_dir.display())]
    StartFailed {
        /// The state folder of the cluster.
        state_dir: PathBuf,
        /// In which way it did not start.
        reason: &'static str,
        /// The last lines of the server's log.
        log: String,
    },
    /// The server was told to stop and still runs; its supervisor goes on trying.
    #[error("PostgreSQL in {} has not stopped after {waited_seconds} seconds", state_dir.display())]
    StopTimedOut {
        /// The state folder of the cluster.
        state_dir: PathBuf,
        /// How long it was waited for, in seconds.
        waited_seconds: u64,
    },
    /// The system's source of randomness failed, so there is no password.
    #[error("the system's random number generator failed")]
    Randomness,
    /// The operating system refused something.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file, folder or program it was tried on.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
}

impl DevdbError {
    /// For `map_err`: names the action and the path beside the system's own error.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

fn too_old_hint(too_old: &Option<(PathBuf, u32)>) -> String {
    match too_old {
        Some((bin_dir, version)) => {
            format!(" (only version {version}, in {})", bin_dir.display())
        }
        None => String::new(),
    }
}
