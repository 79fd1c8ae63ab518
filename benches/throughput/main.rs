//! The service beside pgbench, in one run, on one private PostgreSQL with fsync on.
//!
//! Rounds alternate between the service and pgbench, so that a machine whose speed drifts drifts
//! for both; medians of the rounds and their ratios are reported. pgbench reads the same row, and
//! writes the same rows under the same locks in one transaction. Run with `cargo bench`;
//! `cargo bench -- --quick` makes one short round, to see that it works.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a measurement: it prints, divides, and ends where something is unexpected"
)]

mod company;
mod load;
mod pgbench;

use std::time::Duration;

use company::{CUSTOMERS, CUSTOMERS_OF_A_GROUP};
use load::{CONNECTIONS, Load, Service, load};
use shouxin::devdb::{Cluster, ClusterOptions, Durability, Programs};
use shouxin::store::migrations;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, seconds) = if quick { (1, 1) } else { (5, 5) };
    let folder = std::env::temp_dir().join(format!("shouxin-bench-{}", std::process::id()));
    let programs =
        Programs::find(std::env::var_os("PATH").as_deref()).expect("PostgreSQL's programs");
    let cluster = Cluster::start(
        &programs,
        ClusterOptions {
            state_dir: folder.join("postgres"),
            durability: Durability::Safe,
            settings: vec![
                ("max_connections".to_owned(), "200".to_owned()),
                ("shared_buffers".to_owned(), "512MB".to_owned()),
            ],
            remove_on_stop: true,
        },
    )
    .expect("a private PostgreSQL");
    let url = cluster.url("postgres");
    migrations::apply(&url).expect("migrations");
    let seeded = company::seed(&url);
    println!(
        "{CUSTOMERS} customers in {} groups, lines at three levels",
        CUSTOMERS / CUSTOMERS_OF_A_GROUP
    );

    let service = Service::start(&folder, &url);
    println!(
        "resident memory after start: {} MiB",
        service.resident_mib()
    );
    let reads: Vec<Vec<u8>> = seeded
        .iter()
        .map(|one| service.read_request(one.lines[2]))
        .collect();
    let served = load(
        &service,
        Duration::from_secs(600),
        Some(10_000),
        &|number| reads[number as usize % reads.len()].clone(),
    );
    println!(
        "resident memory after {} requests: {} MiB",
        served.answers,
        service.resident_mib()
    );

    let read_script = folder.join("read.sql");
    let write_script = folder.join("write.sql");
    pgbench::number_the_rows(&url, &seeded);
    std::fs::write(&read_script, pgbench::read(&seeded)).unwrap();
    std::fs::write(&write_script, pgbench::write(&seeded)).unwrap();
    let window = Duration::from_secs(seconds);
    let mut results = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    let mut waits = [Vec::new(), Vec::new()];
    for round in 1..=rounds {
        let read = load(&service, window, None, &|number| {
            reads[number as usize % reads.len()].clone()
        });
        let pg_read = pgbench::measure(&programs, &url, &read_script, seconds);
        let write = load(&service, window, None, &|number| {
            service.reserve_request(&seeded[number as usize % seeded.len()], round, number)
        });
        let pg_write = pgbench::measure(&programs, &url, &write_script, seconds);
        println!(
            "round {round}: read {:.0}/s, pgbench {pg_read:.0}/s; reserve {:.0}/s, pgbench {pg_write:.0}/s",
            read.per_second, write.per_second
        );
        for (list, value) in
            results
                .iter_mut()
                .zip([read.per_second, pg_read, write.per_second, pg_write])
        {
            list.push(value);
        }
        waits[0].push(read);
        waits[1].push(write);
    }
    let [read, pg_read, write, pg_write] = results.map(median);
    println!(
        "GET /v1/credit-lines/{{line_id}}: {read:.0}/s, {:.2} x pgbench ({pg_read:.0}/s), {}",
        read / pg_read,
        latency(&waits[0])
    );
    println!(
        "POST /v1/reservations: {write:.0}/s, {:.2} x pgbench ({pg_write:.0}/s), {}",
        write / pg_write,
        latency(&waits[1])
    );
    println!("resident memory at the end: {} MiB", service.resident_mib());
    drop(service);
    cluster.stop().expect("PostgreSQL stops");
    let _ = std::fs::remove_dir_all(&folder);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn latency(rounds: &[Load]) -> String {
    let mut all: Vec<u32> = rounds
        .iter()
        .flat_map(|round| round.micros.iter().copied())
        .collect();
    all.sort_unstable();
    let at = |share: f64| f64::from(all[((all.len() - 1) as f64 * share) as usize]) / 1000.0;
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms at {CONNECTIONS} connections",
        at(0.5),
        at(0.99),
        at(0.999)
    )
}
