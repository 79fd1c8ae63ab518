//! What every connection is told: how to notice that the server is gone, as whom to work, and
//! after how long to give up.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, ManageConnection};

/// Limits of the way to the database.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// libpq connection string or URL; several hosts are allowed.
    pub url: String,
    /// The same for a replica that serves reads that may lag; `None` for none.
    pub replica_url: Option<String>,
    /// Connections at most, and statements running at once.
    pub pool_size: u32,
    /// Connections besides, for what is served together.
    pub together: u32,
    /// Requests that may wait for a connection at once; one more is answered 503.
    pub queue_max: usize,
    /// How long a request waits for its turn.
    pub queue_wait: Duration,
    /// How long it then waits for a connection to be opened.
    pub connection_wait: Duration,
    /// How long one unit of work may take before its caller is answered 503.
    pub deadline: Duration,
    /// Server-side limit of one statement.
    pub statement_timeout: Duration,
    /// Server-side limit of waiting for one lock.
    pub lock_timeout: Duration,
}

/// How long after its use a connection is taken to be alive without asking.
const FRESH: Duration = Duration::from_millis(500);

/// Opens connections, and asks whether one is still alive only when it was not in use a moment
/// ago: under load the question would cost one round trip of every ten.
pub(crate) struct Sessions(ConnectionManager<PgConnection>);

/// A connection that knows when it was last used.
pub(crate) struct Session {
    connection: PgConnection,
    used_at: Instant,
}

impl Sessions {
    pub(crate) fn to(url: String) -> Self {
        Self(ConnectionManager::new(url))
    }
}

impl ManageConnection for Sessions {
    type Connection = Session;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Session, Self::Error> {
        let connection = self.0.connect()?;
        let used_at = Instant::now();
        Ok(Session {
            connection,
            used_at,
        })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), Self::Error> {
        if session.used_at.elapsed() < FRESH {
            return Ok(());
        }
        self.0.is_valid(&mut session.connection)
    }

    /// Asked whenever a connection is given back.
    fn has_broken(&self, session: &mut Session) -> bool {
        session.used_at = Instant::now();
        self.0.has_broken(&mut session.connection)
    }
}

impl Deref for Session {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// Connections that cannot be opened are logged; whoever waits for one is told by the pool.
#[derive(Debug)]
pub(crate) struct LogConnectionErrors {
    /// Where they belong in the log: they happen on threads of the pool.
    pub(crate) span: tracing::Span,
}

impl diesel::r2d2::HandleError<diesel::r2d2::Error> for LogConnectionErrors {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        self.span
            .in_scope(|| tracing::warn!(%error, "cannot connect to the database"));
    }
}

/// What every connection is told once: the role without rights on append-only tables, and limits
/// after which the server gives up by itself.
pub(crate) fn session_statements(options: &DbOptions) -> String {
    format!(
        "SET ROLE shouxin_service; \
         SET statement_timeout = {}; \
         SET lock_timeout = {}; \
         SET idle_in_transaction_session_timeout = 5000; \
         SET TimeZone = 'UTC'; \
         SET search_path = public",
        options.statement_timeout.as_millis(),
        options.lock_timeout.as_millis(),
    )
}

/// Tells a connection its settings, and remembers when the role it works as does not exist.
#[derive(Debug)]
pub(crate) struct SessionSettings {
    pub(crate) statements: String,
    pub(crate) role_missing: Arc<AtomicBool>,
}

impl CustomizeConnection<Session, diesel::r2d2::Error> for SessionSettings {
    /// A connection that could not take the role is not used. Why it could not is looked up, so
    /// that readiness can tell a database without migrations from one that is down.
    fn on_acquire(&self, connection: &mut Session) -> Result<(), diesel::r2d2::Error> {
        let result = connection.batch_execute(&self.statements);
        let missing = result.is_err() && super::migrations::is_role_missing(connection);
        self.role_missing.store(missing, Ordering::Relaxed);
        result.map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Adds what must be on every connection unless the operator said otherwise: a dead server is
/// noticed by keepalives and `tcp_user_timeout` instead of hanging a request for ever, and among
/// several hosts the writable one is chosen.
pub fn connection_string(url: &str) -> String {
    with_defaults(url, "read-write")
}

/// The same for a replica, which cannot be written to.
pub fn replica_string(url: &str) -> String {
    with_defaults(url, "any")
}

fn with_defaults(url: &str, session_attributes: &str) -> String {
    const DEFAULTS: &[(&str, &str)] = &[
        ("connect_timeout", "2"),
        ("keepalives", "1"),
        ("keepalives_idle", "5"),
        ("keepalives_interval", "2"),
        ("keepalives_count", "2"),
        ("tcp_user_timeout", "3000"),
        ("application_name", "shouxin"),
    ];
    let is_uri = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let mut text = url.trim().to_owned();
    let last = [("target_session_attrs", session_attributes)];
    for (name, value) in DEFAULTS.iter().chain(&last) {
        if !text.contains(&format!("{name}=")) {
            let separator = match (is_uri, text.contains('?')) {
                (true, true) => "&",
                (true, false) => "?",
                (false, _) => " ",
            };
            text.push_str(&format!("{separator}{name}={value}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_get_keepalives_but_keep_what_the_operator_said() {
        let url = connection_string("postgres://a:b@h1:1,h2:2/db?connect_timeout=9");
        assert!(url.starts_with("postgres://a:b@h1:1,h2:2/db?connect_timeout=9&keepalives=1&"));
        assert!(url.contains("&tcp_user_timeout=3000&"));
        assert!(url.ends_with("&target_session_attrs=read-write"));
        let replica = replica_string("postgres://a:b@h1/db");
        assert!(replica.ends_with("&target_session_attrs=any"));
        let plain = connection_string("host=h1,h2 dbname=db");
        assert!(plain.starts_with("host=h1,h2 dbname=db connect_timeout=2 keepalives=1 "));
    }
}
