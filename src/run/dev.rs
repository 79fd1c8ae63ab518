//! `shouxin dev`: everything that trying out takes, in one command.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::database_server::{Server, tell};
use super::error::RunError;
use super::say::Say;
use super::service::{self, Database, Trust};
use super::state_folder::StateFolder;
use super::tokens;
use crate::auth::development::DevelopmentKeys;
use crate::clock::{Clock, SystemClock};
use crate::config::{Environment, Settings};
use crate::error::Error;
use crate::platform::store::db::Db;
use crate::platform::store::migrations;
use crate::sample::{self, SampleSummary};

const REMEDY: &str = "choose another port with --port";

/// What `shouxin dev` is asked for.
#[derive(Debug, Clone, Default)]
pub struct DevOptions {
    /// Port on 127.0.0.1; 0 picks a free one.
    pub port: u16,
    /// Where the tokens go; without it, into the state folder.
    pub tokens_file: Option<PathBuf>,
    /// Whether everything in the state folder is thrown away first.
    pub reset: bool,
    /// Whether the sample company is left out.
    pub no_sample: bool,
    /// The state folder; without it, the usual one.
    pub state_dir: Option<PathBuf>,
}

/// Runs a service to try out: a private PostgreSQL (unless the settings name a database), keys of
/// its own, the sample company, and a token for each tier.
///
/// # Errors
/// When there is no PostgreSQL, the port is taken, or a real issuer is configured.
pub fn dev(
    mut settings: Settings,
    environment: &Environment,
    options: &DevOptions,
    say: Say,
) -> Result<(), RunError> {
    tokens::refuse_beside_an_issuer(&settings, "dev")?;
    settings.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    // No balancer looks at this service, so there is nobody to give notice to.
    settings.shutdown_delay_ms = Duration::ZERO;
    refuse_taken(settings.listen)?;
    let folder = StateFolder::choose(options.state_dir.as_deref(), environment)?;
    if options.reset {
        reset(&settings, &folder)?;
    }
    folder.create()?;

    let server = Server::start(&settings, environment, &folder)?;
    migrate(&settings, &server)?;
    let keys = match &settings.master_keys {
        Some(keys) => keys.clone(),
        None => folder.keys()?,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = Database::at(&settings, server.url(), keys, clock.clone());
    let sample = match options.no_sample {
        true => SampleSummary::default(),
        false => load_sample(&database.for_requests())?,
    };

    let development = DevelopmentKeys::load_or_create(folder.path())?;
    let tokens_file = match &options.tokens_file {
        Some(path) => std::path::absolute(path).map_err(RunError::file("resolve", path))?,
        None => folder.tokens(),
    };
    let customer = sample.self_service_customer;
    tokens::write_all(&tokens_file, &development, clock.now(), customer)?;

    let trust = Trust::in_development(&development)?;
    let when_ready = Box::new(move |address| welcome(address, &tokens_file, &sample, say));
    service::run(&settings, &database, trust, REMEDY, Some(when_ready))?;
    server.stop()
}

/// Looks before the long preparations whether they would be for nothing. Somebody may still take
/// the port in between; binding it then says the same.
fn refuse_taken(address: SocketAddr) -> Result<(), RunError> {
    TcpListener::bind(address)
        .map(drop)
        .map_err(|error| RunError::listening(address, REMEDY, Error::Internal(Box::new(error))))
}

fn reset(settings: &Settings, folder: &StateFolder) -> Result<(), RunError> {
    if settings.database_url.is_some() {
        return Err(RunError::Usage(
            "--reset throws away the private PostgreSQL only; DATABASE_URL names another \
             database, which you can empty yourself"
                .to_owned(),
        ));
    }
    folder.reset()
}

fn migrate(settings: &Settings, server: &Server) -> Result<(), RunError> {
    let url = match (server, &settings.migration_database_url) {
        (Server::Given(_), Some(owner)) => owner.expose(),
        (server, _) => server.url(),
    };
    let applied = migrations::apply(url)?;
    if !applied.is_empty() {
        tell(&format!("applied {} migrations", applied.len()));
    }
    Ok(())
}

/// Loads the sample company and shows how far it is: a line for each month of its year.
fn load_sample(db: &Db) -> Result<SampleSummary, Error> {
    sample::load(db, &|month| {
        tell(&format!(
            "loading the sample company: {}",
            month.format("%Y-%m")
        ));
    })
}

/// What there is to see, and how; the last line says that requests are answered.
fn welcome(address: SocketAddr, tokens_file: &Path, sample: &SampleSummary, say: Say) {
    let base = format!("http://{address}");
    let file = shell_quoted(&tokens_file.display().to_string());
    let token = |tier: &str| format!(r#"$(sed -n 's/.*"{tier}": "\(.*\)".*/\1/p' {file})"#);
    say(&format!("service    {base}"));
    say(&format!("docs       {base}/docs/"));
    say(&format!("tokens     {}", tokens_file.display()));
    if sample.self_service_customer.is_none() {
        say("           without one for `customer`: the sample company is not in this database");
    }
    if let Some(counts) = &sample.counts {
        say(&format!("sample     {counts}"));
    }
    say("try");
    say(&format!("  curl -s {base}/readyz"));
    say(&format!(
        r#"  curl -s -H "Authorization: Bearer {}" {base}/v1/customers"#,
        token("auditor")
    ));
    if let Some(check) = &sample.credit_check {
        say(&format!(
            r#"  curl -s -H "Authorization: Bearer {}" -H 'Content-Type: application/json' -d {} {base}/v1/credit-checks"#,
            token("integration"),
            shell_quoted(&check.to_string())
        ));
    }
    say(&format!("READY {base}"));
}

/// A word of a POSIX shell.
fn shell_quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

    fn remember(line: &str) {
        SAID.lock().unwrap().push(line.to_owned());
    }

    #[test]
    fn the_welcome_ends_with_ready_on_its_own_line() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        let file = Path::new("/tmp/my tokens.json");
        welcome(address, file, &SampleSummary::default(), remember);
        let said = SAID.lock().unwrap();
        assert_eq!(said.last().unwrap(), "READY http://127.0.0.1:8080");
        assert!(
            said.iter()
                .any(|line| line.contains("http://127.0.0.1:8080/docs/"))
        );
        assert!(
            said.iter()
                .any(|line| line.contains("'/tmp/my tokens.json'"))
        );
    }

    #[test]
    fn words_for_the_shell_are_quoted_where_they_have_to_be() {
        assert_eq!(shell_quoted("/var/lib/tokens.json"), "/var/lib/tokens.json");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
        assert_eq!(shell_quoted(""), "''");
    }

    #[test]
    fn a_taken_port_is_an_error_before_anything_else_happens() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let message = refuse_taken(address).unwrap_err().to_string();
        assert!(message.contains(&address.to_string()), "{message}");
        assert!(message.contains("--port"), "{message}");
    }
}
