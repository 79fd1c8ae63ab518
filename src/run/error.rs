//! Why a command did not do what it was asked, in words for the person at the terminal.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::auth::development::{DevelopmentKeyError, MintError};
use crate::auth::refresh::StartError;
use crate::auth::token::TrustError;
use crate::config::WrongSettings;
use crate::devdb::DevdbError;
use crate::error::Error;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] WrongSettings),
    /// The arguments do not go together.
    #[error("{0}")]
    Usage(String),
    /// The command must not be done here.
    #[error("{0}")]
    Refused(String),
    /// A verification found differences, which have been printed.
    #[error("{0} differences; see above")]
    Differences(usize),
    /// Another program listens on the address.
    #[error("the address {address} is already in use; stop the other program, or {remedy}")]
    AddressInUse {
        /// The address.
        address: SocketAddr,
        /// How to choose another one.
        remedy: &'static str,
    },
    /// The private PostgreSQL.
    #[error(transparent)]
    Devdb(#[from] DevdbError),
    /// A file could not be used.
    #[error("could not {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The development key.
    #[error("{}", with_causes(.0))]
    DevelopmentKey(#[from] DevelopmentKeyError),
    /// A token could not be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The issuers contradict each other.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The keys of the issuers cannot be fetched at all.
    #[error("{}", with_causes(.0))]
    Refresh(#[from] StartError),
    /// Everything else.
    #[error("{}", one_line(&.0.to_string()))]
    Service(#[from] Error),
}

impl RunError {
    /// The exit code of the process: 2 for a call that could never work, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            _ => 1,
        }
    }

    /// For `map_err`: names the action and the path beside the system's own error.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// Tells an address that is taken from whatever else stops a server from starting.
    pub(super) fn listening(address: SocketAddr, remedy: &'static str, error: Error) -> Self {
        match &error {
            Error::Internal(source)
                if source
                    .downcast_ref::<io::Error>()
                    .is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse) =>
            {
                Self::AddressInUse { address, remedy }
            }
            _ => Self::Service(error),
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// PostgreSQL's client library answers in several indented lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_use_names_the_way_out_and_other_errors_stay_what_they_are() {
        let address: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let error = |kind: io::ErrorKind| {
            let error = Error::Internal(Box::new(io::Error::from(kind)));
            RunError::listening(address, "choose another with --port", error).to_string()
        };
        let taken = error(io::ErrorKind::AddrInUse);
        assert!(
            taken.contains("127.0.0.1:80") && taken.contains("--port"),
            "{taken}"
        );
        let denied = error(io::ErrorKind::PermissionDenied);
        assert!(denied.contains("permission denied"), "{denied}");
    }

    #[test]
    fn messages_of_the_database_become_one_line() {
        let error = RunError::from(Error::Unavailable("no\n\tIs it running?\n".to_owned()));
        assert_eq!(error.to_string(), "unavailable: no Is it running?");
    }
}
