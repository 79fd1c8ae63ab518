//! The service, in this process, on a database and under a clock of its own.

use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::web;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use jsonwebtoken::Algorithm;
use shouxin::auth::development::DevelopmentKeys;
use shouxin::auth::jwks::KeySet;
use shouxin::auth::key_holder::KeyHolder;
use shouxin::auth::token::{TokenLimits, TokenVerifier, TrustedIssuer};
use shouxin::clock::{Clock, SetClock};
use shouxin::crypto::{CursorSeal, MasterKeys};
use shouxin::exposure::http::together::{self, Together, TogetherOptions};
use shouxin::platform::http::server::{self, Bound, ServerOptions};
use shouxin::platform::http::state::{Parts, RequestLimits, State};
use shouxin::platform::store::db::{Db, DbOptions};
use shouxin::platform::store::tx::RateBounds;
use shouxin::routes;
use tracing::Instrument;

use super::cluster::TestDatabase;
use super::log::ServiceLog;
use super::{PATIENCE, watch};

/// When every test begins: a Monday, 10 o'clock in Shanghai.
pub const START: &str = "2026-03-02T02:00:00Z";

/// What a test may want otherwise.
pub struct Settings {
    pub start: DateTime<Utc>,
    pub workers: usize,
    pub quota_per_minute: u32,
    pub limits: RequestLimits,
    pub allowed_origins: Vec<String>,
    pub pool_size: u32,
    pub together: TogetherOptions,
    pub replica_url: Option<String>,
    pub queue_max: usize,
    pub queue_wait: Duration,
    pub connection_wait: Duration,
    pub deadline: Duration,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
    pub request_timeout: Duration,
    pub rate_age_days_max: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            start: START.parse().unwrap(),
            workers: 1,
            quota_per_minute: 0,
            limits: RequestLimits {
                body_bytes: 64 * 1024,
                json_depth: 32,
                uri_bytes: 4096,
                header_bytes: 8192,
            },
            allowed_origins: Vec::new(),
            pool_size: 8,
            together: TogetherOptions::default(),
            replica_url: None,
            queue_max: 256,
            queue_wait: PATIENCE,
            connection_wait: PATIENCE,
            deadline: PATIENCE,
            statement_timeout: PATIENCE,
            lock_timeout: PATIENCE,
            request_timeout: PATIENCE,
            rate_age_days_max: 7,
        }
    }
}

/// A running server. It stops, and its database goes, when this is dropped.
pub struct TestServer {
    /// The clock of the service; it stands still until a test moves it.
    pub clock: Arc<SetClock>,
    /// The state the handlers share, for jobs and direct use of the database.
    pub state: web::Data<State>,
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    // Last, so that they are dropped after the server has stopped.
    log: ServiceLog,
    database: Arc<TestDatabase>,
}

impl TestServer {
    /// A server with the usual settings.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The one server of all tests that ask and change nothing: what they make is their own, they
    /// count nothing that others make too, and they leave the clock alone.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<TestServer> = LazyLock::new(TestServer::start);
        watch::begin();
        &SHARED
    }

    /// A server with other settings.
    pub fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        let clock = Arc::new(SetClock::at(settings.start));
        Self::run(&settings, Arc::new(TestDatabase::create()), clock)
    }

    /// Another instance with the same database, clock and keys, and the usual settings.
    pub fn beside(&self) -> Self {
        let settings = Settings::default();
        Self::run(&settings, self.database.clone(), self.clock.clone())
    }

    fn run(settings: &Settings, database: Arc<TestDatabase>, clock: Arc<SetClock>) -> Self {
        let log = ServiceLog::begin();
        let span = log.span();
        let (state, together) = span.in_scope(|| parts(settings, &database, clock.clone()));
        // The first request of a test should not wait for a connection to a database that was made
        // a moment ago.
        span.in_scope(|| state.database().warm_blocking(1))
            .expect("the database of the test answers");
        let options = ServerOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: settings.workers,
            connections_max: 1000,
            request_timeout: settings.request_timeout,
            shutdown_timeout: Duration::from_secs(0),
        };
        let (sender, receiver) = channel();
        let shared = state.clone();
        let areas = together::provide(together);
        let thread = std::thread::spawn(move || {
            let serving = async move {
                let Bound {
                    address,
                    server,
                    handle,
                } = server::bind(&options, shared, routes::operations(), areas)
                    .expect("a free port");
                sender.send((address, handle)).expect("the test waits");
                server.await.expect("the server runs");
            };
            System::new().block_on(serving.instrument(span));
        });
        let (address, handle) = receiver.recv().expect("the server starts");
        Self {
            clock,
            state,
            address,
            handle,
            thread: Some(thread),
            log,
            database,
        }
    }

    /// Address of the server, such as `http://127.0.0.1:40000`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Socket address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL of the database, for its owner.
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// The database as the service sees it.
    pub fn db(&self) -> &Db {
        self.state.database()
    }

    /// What the service has logged.
    pub fn log(&self) -> &ServiceLog {
        &self.log
    }

    /// What time it is for the service.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// A connection as the owner of the database.
    pub fn owner(&self) -> PgConnection {
        PgConnection::establish(self.database.url()).expect("a connection")
    }

    /// A connection with the rights the service has.
    pub fn service_role(&self) -> PgConnection {
        let mut connection = self.owner();
        connection
            .batch_execute("SET ROLE shouxin_service")
            .expect("the role of the service");
        connection
    }

    /// Runs statements as the owner of the database.
    pub fn sql(&self, statements: &str) {
        if let Err(error) = self.owner().batch_execute(statements) {
            panic!("{error} in {statements}");
        }
    }

    /// The one number that a query gives.
    pub fn number(&self, query: &str) -> i64 {
        numbers(&mut self.owner(), query)[0]
    }

    /// How many wait for a lock of the database: of this one, for the cluster is that of every test.
    pub fn waiting_for_locks(&self) -> i64 {
        self.number(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
    }

    /// The one column of text that a query gives; null is an empty text.
    pub fn texts(&self, query: &str) -> Vec<String> {
        texts(&mut self.owner(), query)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Whether the answer of `stop` is awaited does not matter: the thread ends with it.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the server panicked"
            );
        }
    }
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// The one column of text that a query gives; null is an empty text.
pub fn texts(connection: &mut PgConnection, query: &str) -> Vec<String> {
    diesel::sql_query(format!(
        "SELECT value::text AS value FROM ({query}) AS asked (value)"
    ))
    .load::<TextRow>(connection)
    .unwrap_or_else(|error| panic!("{error} in {query}"))
    .into_iter()
    .map(|row| row.value.unwrap_or_default())
    .collect()
}

/// The one column of numbers that a query gives.
pub fn numbers(connection: &mut PgConnection, query: &str) -> Vec<i64> {
    diesel::sql_query(format!(
        "SELECT value::bigint AS value FROM ({query}) AS asked (value)"
    ))
    .load::<NumberRow>(connection)
    .unwrap_or_else(|error| panic!("{error} in {query}"))
    .into_iter()
    .map(|row| row.value)
    .collect()
}

fn parts(
    settings: &Settings,
    database: &TestDatabase,
    clock: Arc<SetClock>,
) -> (web::Data<State>, web::Data<Together>) {
    let master = MasterKeys::parse(master_keys()).expect("generated keys");
    let cursors = CursorSeal::derive(&master).expect("a derived key");
    let jwks = development_keys().jwks_json();
    let keys = KeySet::from_json(jwks.as_bytes(), &[Algorithm::EdDSA]).expect("a key set");
    let keys = Arc::new(KeyHolder::fixed(keys));
    let trusted = TrustedIssuer {
        issuer: DevelopmentKeys::issuer().to_owned(),
        audiences: [DevelopmentKeys::audience().to_owned()].into(),
        algorithms: vec![Algorithm::EdDSA],
        lifetime_max: TimeDelta::hours(24),
        keys: keys.clone(),
        refresh: None,
    };
    let verifier =
        TokenVerifier::new(vec![trusted], TokenLimits::default()).expect("a trusted issuer");
    let time_zone = chrono_tz::Asia::Shanghai;
    let options = DbOptions {
        url: database.url().to_owned(),
        replica_url: settings.replica_url.clone(),
        pool_size: settings.pool_size,
        together: settings.together.threads(),
        queue_max: settings.queue_max,
        queue_wait: settings.queue_wait,
        connection_wait: settings.connection_wait,
        deadline: settings.deadline,
        statement_timeout: settings.statement_timeout,
        lock_timeout: settings.lock_timeout,
    };
    let db = Db::new(
        options,
        clock,
        time_zone,
        RateBounds {
            age_days_max: settings.rate_age_days_max,
            departure_bp: 1_000,
        },
        Arc::new(master),
    );
    let together = Together::start(&db, settings.together).expect("threads");
    let together = web::Data::new(together);
    let state = State::new(Parts {
        db,
        verifier,
        keys: vec![keys],
        cursors,
        quota_per_minute: settings.quota_per_minute,
        limits: settings.limits,
        allowed_origins: settings.allowed_origins.clone(),
        time_zone,
        queues: together.clone().into_inner(),
    });
    (web::Data::new(state), together)
}

fn master_keys() -> &'static str {
    static KEYS: OnceLock<String> = OnceLock::new();
    KEYS.get_or_init(|| MasterKeys::generate().expect("randomness"))
}

/// The signing key of the run: in a folder that is removed once it is read.
pub fn development_keys() -> &'static DevelopmentKeys {
    static KEYS: OnceLock<DevelopmentKeys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let name = format!("shouxin-test-keys-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let keys = DevelopmentKeys::load_or_create(&folder).expect("a signing key");
        let _only_a_leftover = std::fs::remove_dir_all(&folder);
        keys
    })
}
