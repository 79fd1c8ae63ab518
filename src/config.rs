//! Settings, and the only reader of the environment.
//!
//! One [`table`] says what there is. A value comes from an environment variable, else from the
//! settings file, else it is the default. Everything that is wrong is reported at once, with
//! where it came from and what was expected there.

mod given;
pub mod table;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::given::Given;
pub use self::given::Wrong;
pub use self::table::{SETTINGS, Setting, Settings};
pub use self::values::{IssuerSettings, LogFormat, Secret};

use crate::crypto::MasterKeys;

/// The variable that names the settings file.
pub const FILE_VARIABLE: &str = "SHOUXIN_CONFIG";

/// What all variables of the service begin with.
const PREFIX: &str = "SHOUXIN_";

/// The environment of the process, read once.
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The environment that the process was started in.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of the environment"
    )]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// An environment of these variables only.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| (name.into(), value.into());
        Self(variables.iter().map(owned).collect())
    }

    /// The value of a variable. An empty one counts as not set, as the basedir specification and
    /// most deployment tools have it.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }
}

/// Which settings a command cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Answering requests: database, keys and issuers.
    Serve,
    /// Running jobs: database and keys.
    Work,
    /// Applying migrations: database.
    Migrate,
    /// Commands that bring what they need, such as `dev`.
    Anything,
}

/// All settings that are wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct WrongSettings(pub Vec<Wrong>);

impl fmt::Display for WrongSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the settings cannot be used")?;
        for Wrong { name, from, why } in &self.0 {
            write!(formatter, "\n  {name} ({from}): {why}")?;
        }
        Ok(())
    }
}

impl Settings {
    /// Reads the settings for a purpose. The file is the one named here, else the one that
    /// [`FILE_VARIABLE`] names, else none.
    ///
    /// # Errors
    /// Every setting that is wrong, unknown or missing.
    pub fn load(
        file: Option<&Path>,
        environment: &Environment,
        purpose: Purpose,
    ) -> Result<Self, WrongSettings> {
        let mut wrong = Vec::new();
        let mut given = Given::default();
        let named = environment.get(FILE_VARIABLE).map(PathBuf::from);
        if let Some(path) = file.map(Path::to_owned).or(named) {
            given.take_file(&path, &mut wrong);
        }
        given.take_environment(environment, &mut wrong);
        let settings = Self::read(&given, &mut wrong).map(|mut settings| {
            settings.combine(&given, &mut wrong);
            settings.require(purpose, &mut wrong);
            settings
        });
        match settings {
            Some(settings) if wrong.is_empty() => Ok(settings),
            _ => Err(WrongSettings(wrong)),
        }
    }

    /// Brings settings that can be given in two ways together.
    fn combine(&mut self, given: &Given, wrong: &mut Vec<Wrong>) {
        if let Some(path) = &self.master_keys_file {
            let read = if self.master_keys.is_some() {
                Err("give master_keys or master_keys_file, not both".to_owned())
            } else {
                std::fs::read_to_string(path)
                    .map_err(|error| format!("the file cannot be read: {error}"))
                    .and_then(|text| {
                        MasterKeys::parse(&text).map_err(|error| format!("in the file, {error}"))
                    })
            };
            match read {
                Ok(keys) => self.master_keys = Some(Arc::new(keys)),
                Err(why) => wrong.push(given.wrong("master_keys_file", why)),
            }
        }
        match (&self.issuer, &self.jwks_uri, &self.audience) {
            (None, None, None) => {}
            _ if !self.issuers.is_empty() => wrong.push(given.wrong(
                "issuers",
                "give issuers, or issuer with jwks_uri and audience, not both".to_owned(),
            )),
            (Some(issuer), Some(jwks_uri), Some(audience)) => self
                .issuers
                .push(IssuerSettings::single(issuer, jwks_uri, audience)),
            _ => wrong.push(given.wrong(
                "issuer",
                "issuer, jwks_uri and audience belong together; one is not set".to_owned(),
            )),
        }
        for issuer in &self.issuers {
            if !issuer.may_be_fetched(self.allow_http_jwks_on_loopback) {
                let why = format!(
                    "the jwks_uri of {} must be an https address{}",
                    issuer.issuer,
                    if self.allow_http_jwks_on_loopback {
                        ", or an http address on this machine"
                    } else {
                        ""
                    }
                );
                wrong.push(given.wrong("issuers", why));
            }
        }
    }

    fn require(&self, purpose: Purpose, wrong: &mut Vec<Wrong>) {
        let (database, keys, issuers) = match purpose {
            Purpose::Serve => (true, true, true),
            Purpose::Work => (true, true, false),
            Purpose::Migrate => (true, false, false),
            Purpose::Anything => (false, false, false),
        };
        // A setting that is wrong already is not reported as missing as well.
        let mut missing = |name: &str, needed: bool, is_set: bool, why: &str| {
            if needed && !is_set && wrong.iter().all(|known| known.name != name) {
                wrong.push(Wrong {
                    name: name.to_owned(),
                    from: "not set".to_owned(),
                    why: why.to_owned(),
                });
            }
        };
        let migrates = purpose == Purpose::Migrate && self.migration_database_url.is_some();
        missing(
            "database_url",
            database,
            self.database_url.is_some() || migrates,
            "set DATABASE_URL to a PostgreSQL URL",
        );
        let keys_are_wrong = self.master_keys_file.is_some();
        missing(
            "master_keys",
            keys,
            self.master_keys.is_some() || keys_are_wrong,
            "there is no mode without encryption; set SHOUXIN_MASTER_KEYS or \
             SHOUXIN_MASTER_KEYS_FILE (`shouxin keys` makes new ones)",
        );
        let single_is_wrong = self.issuer.is_some() || self.jwks_uri.is_some();
        missing(
            "issuers",
            issuers,
            !self.issuers.is_empty() || single_is_wrong,
            "without an issuer no token could be accepted; set SHOUXIN_ISSUER, \
             SHOUXIN_JWKS_URI and SHOUXIN_AUDIENCE, or SHOUXIN_ISSUERS",
        );
    }
}

impl Given {
    fn take_file(&mut self, path: &Path, wrong: &mut Vec<Wrong>) {
        let from = path.display().to_string();
        let mut complain = |name: &str, why: String| {
            wrong.push(Wrong {
                name: name.to_owned(),
                from: from.clone(),
                why,
            });
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return complain("settings file", format!("cannot be read: {error}")),
        };
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            // The message only: the whole error quotes the line, which may hold a secret.
            Err(error) => {
                let line = error
                    .span()
                    .map_or(1, |span| text[..span.start].lines().count().max(1));
                let why = format!("is not TOML (line {line}): {}", error.message());
                return complain("settings file", why);
            }
        };
        for (name, value) in table {
            match SETTINGS.iter().find(|setting| setting.name == name) {
                None => complain(&name, "there is no such setting".to_owned()),
                Some(setting) => match values::text_of(&value) {
                    Some(text) => drop(self.0.insert(setting.name, (text, from.clone()))),
                    None => complain(
                        &name,
                        "expected a text, a number, true or false, or a list".to_owned(),
                    ),
                },
            }
        }
    }

    fn take_environment(&mut self, environment: &Environment, wrong: &mut Vec<Wrong>) {
        for (name, value) in &environment.0 {
            let Some(name) = name.to_str() else { continue };
            let setting = SETTINGS.iter().find(|setting| setting.variable == name);
            let complaint = match (setting, value.to_str()) {
                (Some(_), Some("")) => continue,
                (Some(setting), Some(value)) => {
                    let given = (value.to_owned(), name.to_owned());
                    self.0.insert(setting.name, given);
                    continue;
                }
                (Some(_), None) => "is not UTF-8",
                (None, _) if name.starts_with(PREFIX) && !is_known_otherwise(name) => {
                    "there is no such variable"
                }
                (None, _) => continue,
            };
            wrong.push(Wrong {
                name: name.to_owned(),
                from: "environment".to_owned(),
                why: complaint.to_owned(),
            });
        }
    }
}

/// Variables with our prefix that are no settings: the name of the file, and what Kubernetes
/// puts into every container when a Service is called `shouxin` (`SHOUXIN_SERVICE_HOST`,
/// `SHOUXIN_PORT`, `SHOUXIN_PORT_8080_TCP_ADDR`, …). A typing error must stop the process; a
/// Service of the same name must not.
fn is_known_otherwise(name: &str) -> bool {
    let rest = name.trim_start_matches(PREFIX);
    name == FILE_VARIABLE
        || rest == "PORT"
        || rest == "SERVICE_HOST"
        || rest.starts_with("SERVICE_PORT")
        || rest
            .strip_prefix("PORT_")
            .is_some_and(|port| port.starts_with(|first: char| first.is_ascii_digit()))
}
