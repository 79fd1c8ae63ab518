//! Where the run takes place: one private PostgreSQL with fsync on, and databases in it that are
//! copies of the same company.

use std::path::PathBuf;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use shouxin::devdb::{Cluster, ClusterOptions, Durability, Programs};
use shouxin::platform::store::migrations;
use uuid::Uuid;

use super::arguments::Arguments;
use super::company::{self, CUSTOMERS_OF_A_GROUP, connect};
use super::open_business;
use super::requests::Requests;
use super::service::Service;

/// The company before anybody has bought anything.
const FOUNDED: &str = "founded";
/// The company that has been at work for a while: what most measurements take place in.
const YOUNG: &str = "young";
/// Open reservations, and as many receivables, that each of its customers has.
const OPEN_EACH_WHEN_YOUNG: usize = 1;
/// The company that has been at work for long.
const GROWN: &str = "grown";

/// Where the run takes place.
pub struct Ground {
    pub arguments: Arguments,
    pub programs: Programs,
    pub folder: PathBuf,
    /// The customers, in the order of their numbers.
    pub customers: Vec<Uuid>,
    cluster: Cluster,
}

impl Ground {
    /// Starts PostgreSQL and founds the company.
    pub fn prepare(arguments: Arguments) -> Self {
        let folder = std::env::temp_dir().join(format!("shouxin-bench-{}", std::process::id()));
        let programs =
            Programs::find(std::env::var_os("PATH").as_deref()).expect("PostgreSQL's programs");
        let options = ClusterOptions {
            state_dir: folder.join("postgres"),
            durability: Durability::Safe,
            settings: [
                ("max_connections", "200"),
                ("shared_buffers", "1GB"),
                // Checkpoints by time and not in the middle of one side's turn.
                ("max_wal_size", "16GB"),
                ("checkpoint_timeout", "30min"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            remove_on_stop: true,
        };
        let cluster = Cluster::start(&programs, options).expect("a private PostgreSQL");
        let mut ground = Self {
            arguments,
            programs,
            folder,
            customers: Vec::new(),
            cluster,
        };
        let begun = Instant::now();
        ground.order(&format!("CREATE DATABASE {FOUNDED}"));
        let url = ground.url(FOUNDED);
        migrations::apply(&url).expect("migrations");
        company::found(&url, ground.arguments.groups());
        ground.customers = company::customers(&url);
        ground.fill(YOUNG, OPEN_EACH_WHEN_YOUNG);
        println!(
            "{} customers in {} groups, lines at three levels, {} open reservations and receivables: {:.1} s",
            ground.customers.len(),
            ground.customers.len() / CUSTOMERS_OF_A_GROUP,
            OPEN_EACH_WHEN_YOUNG * ground.customers.len(),
            begun.elapsed().as_secs_f64()
        );
        ground
    }

    /// A fresh copy of the young company; gives its URL.
    pub fn young(&self, name: &str) -> String {
        self.copy(YOUNG, name);
        self.url(name)
    }

    /// The company that has been at work for long; gives its URL.
    pub fn grown(&self) -> String {
        let begun = Instant::now();
        let each = self.arguments.open_each;
        self.fill(GROWN, each);
        println!(
            "{} open reservations and receivables: {:.1} s",
            each * self.customers.len(),
            begun.elapsed().as_secs_f64()
        );
        self.url(GROWN)
    }

    /// The service on a database, and requests to it.
    pub fn serve(&self, url: &str) -> (Service, Requests) {
        let name = url.rsplit('/').next().unwrap_or_default();
        let folder = self.folder.join(name.split('?').next().unwrap_or_default());
        let service = Service::start(&folder, url);
        let requests = Requests::new(&service, &self.customers);
        (service, requests)
    }

    /// Removes a database that nobody needs any more.
    pub fn remove(&self, name: &str) {
        self.order(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }

    /// Stops PostgreSQL and leaves nothing behind.
    pub fn clear(self) {
        self.cluster.stop().expect("PostgreSQL stops");
        let _only_a_leftover = std::fs::remove_dir_all(&self.folder);
    }

    fn fill(&self, name: &str, each: usize) {
        self.copy(FOUNDED, name);
        open_business::load(&self.url(name), each);
    }

    fn copy(&self, of: &str, name: &str) {
        self.remove(name);
        self.order(&format!(
            "CREATE DATABASE {name} TEMPLATE {of} STRATEGY FILE_COPY"
        ));
    }

    fn url(&self, name: &str) -> String {
        self.cluster.url(name)
    }

    fn order(&self, statement: &str) {
        connect(&self.url("postgres"))
            .batch_execute(statement)
            .expect(statement);
    }
}
