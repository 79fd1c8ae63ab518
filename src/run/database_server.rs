//! The PostgreSQL behind `dev`, and the way to it for the commands that look after its data.

use std::io::Write;

use super::error::RunError;
use super::state_folder::StateFolder;
use crate::config::{Environment, Settings};
use crate::devdb::{self, Cluster, ClusterOptions, Durability, Programs};
use crate::platform::store::migrations;

/// Name of the database in the private PostgreSQL.
const DATABASE: &str = "shouxin";

/// The PostgreSQL behind the service.
pub(super) enum Server {
    /// Ours; it ends with this process.
    Private(Box<Cluster>, String),
    /// Somebody else's.
    Given(String),
}

impl Server {
    /// The database of the settings, else a private one in the folder.
    ///
    /// # Errors
    /// When there is no PostgreSQL, or another process runs the private one.
    pub(super) fn start(
        settings: &Settings,
        environment: &Environment,
        folder: &StateFolder,
    ) -> Result<Self, RunError> {
        match &settings.database_url {
            Some(url) => Ok(Self::Given(url.expose().to_owned())),
            None => Self::start_private(environment, folder),
        }
    }

    /// The database that was made in the folder: the running one of a `dev` beside us, else
    /// started for as long as it is needed.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn find_private(
        environment: &Environment,
        folder: &StateFolder,
    ) -> Result<Self, RunError> {
        let postgres = folder.postgres();
        if let Some(url) = devdb::url_of_running(&postgres, DATABASE)? {
            return Ok(Self::Given(url));
        }
        if !devdb::is_made(&postgres) {
            return Err(RunError::Refused(format!(
                "there is no database in {}; set DATABASE_URL, or name the state folder of \
                 `shouxin dev` with --state-dir",
                folder.path().display()
            )));
        }
        Self::start_private(environment, folder)
    }

    fn start_private(environment: &Environment, folder: &StateFolder) -> Result<Self, RunError> {
        let programs = Programs::find(environment.get("PATH"))?;
        tell(&format!(
            "starting PostgreSQL {} in {}",
            programs.version_major,
            folder.postgres().display()
        ));
        let cluster = Cluster::start(
            &programs,
            ClusterOptions {
                state_dir: folder.postgres(),
                durability: Durability::Safe,
                settings: Vec::new(),
                remove_on_stop: false,
            },
        )?;
        migrations::ensure_database(&cluster.url("postgres"), DATABASE)?;
        let url = cluster.url(DATABASE);
        Ok(Self::Private(Box::new(cluster), url))
    }

    /// Where to connect to; carries a password.
    pub(super) fn url(&self) -> &str {
        match self {
            Self::Private(_, url) | Self::Given(url) => url,
        }
    }

    /// Stops it if it is ours.
    ///
    /// # Errors
    /// When it does not stop.
    pub(super) fn stop(self) -> Result<(), RunError> {
        match self {
            Self::Private(cluster, _) => Ok(cluster.stop()?),
            Self::Given(_) => Ok(()),
        }
    }
}

/// A line about the preparations. When standard error is closed there is nobody to tell.
pub(super) fn tell(line: &str) {
    let _nobody_listens = writeln!(std::io::stderr(), "{line}");
}
