//! What each command does: parts put together in the right order, started, and stopped again.
//!
//! Nothing in here decides anything about the business or reads the environment. `main` turns
//! arguments into calls of these functions and errors into one message and an exit code.

mod database_server;
mod dev;
mod error;
mod private_file;
pub mod probe;
mod say;
mod service;
mod state_folder;
mod stop;
mod tokens;
mod verify;

use std::sync::Arc;
use std::time::Duration;

pub use self::dev::{DevOptions, dev};
pub use self::error::RunError;
pub use self::say::Say;
pub use self::tokens::{Holder, TokenOptions, token};
pub use self::verify::{VerifyOptions, verify_ledger};

use crate::clock::SystemClock;
use crate::config::Settings;
use crate::crypto::MasterKeys;
use crate::error::OrInternal;
use crate::jobs;
use crate::platform::store::migrations;

/// Answers requests until it is told to stop. The database may be down meanwhile; keys and
/// issuers may not be missing, and the settings have been checked for that.
///
/// # Errors
/// When the address is taken or the parts do not fit together.
pub fn serve(settings: &Settings) -> Result<(), RunError> {
    let clock = Arc::new(SystemClock);
    let database = service::Database::of(settings, clock.clone())?;
    let trust = service::Trust::in_issuers(settings, clock)?;
    let remedy = "set SHOUXIN_LISTEN to another one";
    service::run(settings, &database, trust, remedy, None)
}

/// Runs the jobs, without answering requests, until it is told to stop.
///
/// # Errors
/// When the parts do not fit together.
pub fn worker(settings: &Settings) -> Result<(), RunError> {
    let database = service::Database::of(settings, Arc::new(SystemClock))?;
    let runner = jobs::Runner::start(database.for_jobs(), jobs::ALL)?;
    tracing::info!("running jobs");
    stop::wait()?;
    tracing::info!("stopping");
    runner.stop();
    Ok(())
}

/// Applies the migrations that the database does not have yet.
///
/// # Errors
/// When the database is down or a migration fails.
pub fn migrate(settings: &Settings, say: Say) -> Result<(), RunError> {
    let url = settings
        .migration_database_url
        .as_ref()
        .or(settings.database_url.as_ref())
        .ok_or_else(|| RunError::Refused("there is no database to migrate".to_owned()))?;
    let applied = migrations::apply(url.expose())?;
    for version in &applied {
        say(&format!("applied {version}"));
    }
    say(&match applied.len() {
        0 => "the database is up to date".to_owned(),
        count => format!("{count} migrations applied"),
    });
    Ok(())
}

/// Makes new keys, in the form that the setting `master_keys` takes. The line is a secret.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn keys(say: Say) -> Result<(), RunError> {
    let text = MasterKeys::generate().or_internal()?;
    say(&text);
    Ok(())
}

/// Asks the service on this machine whether it is alive, for container images without `curl`.
///
/// # Errors
/// When it does not answer 200 in time.
pub fn healthcheck(settings: &Settings, path: &str) -> Result<(), RunError> {
    let address = probe::reachable(settings.listen);
    let unhealthy = |why: String| RunError::Refused(format!("http://{address}{path}: {why}"));
    match probe::status(address, path, Duration::from_secs(3)) {
        Ok(200) => Ok(()),
        Ok(status) => Err(unhealthy(format!("status {status}"))),
        Err(error) => Err(unhealthy(error.to_string())),
    }
}
