//! One private PostgreSQL for the whole run, and a fresh database in it for every test.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use shouxin::devdb::{Cluster, ClusterOptions, Durability, Programs};
use shouxin::platform::store::migrations;

/// Where databases for tests come from.
struct Source {
    /// Stops by itself when the process ends: its supervisor notices.
    _cluster: Option<Cluster>,
    /// URL of a database to give orders from.
    admin_url: String,
    template: String,
}

/// Databases that are made while tests run, and a way to be rid of those that are done with.
struct Ahead {
    ready: Mutex<Receiver<String>>,
    used: Sender<String>,
}

/// How many databases wait for their test at most, beside the one that is being made.
const WAITING_MAX: usize = 2;

static SOURCE: OnceLock<Source> = OnceLock::new();
static AHEAD: LazyLock<Ahead> = LazyLock::new(make_ahead);
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database for one test.
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// A copy of the migrated template.
    pub fn create() -> Self {
        super::watch::begin();
        let ready = AHEAD.ready.lock().unwrap_or_else(PoisonError::into_inner);
        Self::called(ready.recv().expect("a database that was made ahead"))
    }

    /// A database without anything in it.
    pub fn create_empty() -> Self {
        super::watch::begin();
        Self::called(make("template0"))
    }

    /// URL for the owner of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn called(name: String) -> Self {
        Self {
            url: with_database(&source().admin_url, &name),
            name,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let _goes_with_the_cluster_otherwise = AHEAD.used.send(self.name.clone());
    }
}

/// Starts the thread that makes databases, and drops used ones: neither is in a test's time.
fn make_ahead() -> Ahead {
    let (waiting, ready) = sync_channel(WAITING_MAX);
    let (used, done_with) = channel();
    std::thread::spawn(move || keep_house(&waiting, &done_with));
    Ahead {
        ready: Mutex::new(ready),
        used,
    }
}

fn keep_house(waiting: &SyncSender<String>, done_with: &Receiver<String>) {
    while waiting.send(make(&source().template)).is_ok() {
        for name in done_with.try_iter() {
            let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            if let Ok(mut connection) = PgConnection::establish(&source().admin_url) {
                let _stays_until_the_cluster_goes = connection.batch_execute(&statement);
            }
        }
    }
}

/// Makes a database and gives its name.
fn make(template: &str) -> String {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("shouxin_test_{}_{number}", std::process::id());
    let statement = format!("CREATE DATABASE {name} TEMPLATE {template}");
    order(&source().admin_url, &statement);
    name
}

/// Folder of the programs of PostgreSQL.
pub fn programs() -> Programs {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test harness finds PostgreSQL as the program does"
    )]
    let path = std::env::var_os("PATH");
    Programs::find(path.as_deref()).expect("PostgreSQL 15 or newer")
}

fn source() -> &'static Source {
    SOURCE.get_or_init(|| {
        let (cluster, admin_url) = match given_url() {
            Some(url) => (None, url),
            None => {
                let cluster = start();
                let url = cluster.url("postgres");
                (Some(cluster), url)
            }
        };
        let template = format!("shouxin_template_{}", std::process::id());
        order(&admin_url, &format!("CREATE DATABASE {template}"));
        migrations::apply(&with_database(&admin_url, &template)).expect("the migrations apply");
        Source {
            _cluster: cluster,
            admin_url,
            template,
        }
    })
}

/// A server to use instead of a private one.
fn given_url() -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test harness has no other way to be told"
    )]
    std::env::var("TEST_DATABASE_URL").ok()
}

fn start() -> Cluster {
    let state_dir = std::env::temp_dir().join(format!("shouxin-tests-{}", std::process::id()));
    let options = ClusterOptions {
        state_dir,
        durability: Durability::Disposable,
        settings: vec![
            ("max_connections".to_owned(), "300".to_owned()),
            ("shared_buffers".to_owned(), "64MB".to_owned()),
            ("max_locks_per_transaction".to_owned(), "128".to_owned()),
            ("autovacuum".to_owned(), "off".to_owned()),
        ],
        remove_on_stop: true,
    };
    Cluster::start(&programs(), options).expect("a private PostgreSQL")
}

fn order(url: &str, statement: &str) {
    PgConnection::establish(url)
        .expect("the cluster accepts connections")
        .batch_execute(statement)
        .expect("the cluster obeys");
}

/// The URL with another database in its path.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url
        .split_once('?')
        .map_or((url, None), |(address, query)| (address, Some(query)));
    let server = address
        .rsplit_once('/')
        .map_or(address, |(server, _)| server);
    match query {
        Some(query) => format!("{server}/{name}?{query}"),
        None => format!("{server}/{name}"),
    }
}
