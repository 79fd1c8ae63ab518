//! One private PostgreSQL for the whole run, and a fresh database in it for every test.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use shouxin::devdb::{Cluster, ClusterOptions, Durability, Programs};
use shouxin::store::migrations;

/// Where databases for tests come from.
struct Source {
    /// Stops by itself when the process ends: its supervisor notices.
    _cluster: Option<Cluster>,
    /// URL of a database to give orders from.
    admin_url: String,
    template: String,
}

static SOURCE: OnceLock<Source> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database for one test; dropped with this value.
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// A copy of the migrated template.
    pub fn create() -> Self {
        Self::from_template(&source().template)
    }

    /// A database without anything in it.
    pub fn create_empty() -> Self {
        Self::from_template("template0")
    }

    /// URL for the owner of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn from_template(template: &str) -> Self {
        let source = source();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("shouxin_test_{}_{number}", std::process::id());
        order(
            &source.admin_url,
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        );
        Self {
            url: with_database(&source.admin_url, &name),
            name,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Ok(mut connection) = PgConnection::establish(&source().admin_url) {
            let _stays_until_the_cluster_goes = connection.batch_execute(&statement);
        }
    }
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
