//! The service under load, beside pgbench, on one private PostgreSQL with fsync on.
//!
//! | measurement | is | aimed at |
//! |---|---|---|
//! | `spread` | reservations for any customer | 2 x pgbench |
//! | `hot` | reservations for the customers of one group, which meet on its line | 8 x pgbench |
//! | `checks` | credit checks for any customer | 0.6 x pgbench |
//! | `mixed` | checks, reservations, captures and releases | p99 below 25 ms at 70 % of its peak |
//! | `growth` | the above with 10,000 and with 1,000,000 open reservations and receivables | less than 25 % slower |
//! | `batch` | batches of 1,000 reservations, half a million in all | memory stays flat |
//!
//! pgbench does each request as one transaction of prepared statements, with as many clients as
//! are best for it, and [`scripts`] says what it reads and writes; on the hot line the service too
//! has as many connections as are best. Rounds alternate between both; the median of the rounds
//! counts, and stands with the least and the most of them. Response times are taken in every round
//! at 70 % of that round's own peak, a fixed rate, from when a request was due.
//!
//! Everything takes less than ten minutes on two cores, and less than one with `--quick`, which is
//! to see that all work: short rounds, a small company. `cargo bench -- --only hot --seconds 10`
//! makes one of them, with periods of ten seconds; `--rounds`, `--open-each` (of each of 10,000
//! customers once grown) and `--batches` choose the rest.
//!
//! What is missed is printed, not failed; an answer that is not the expected one ends the run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a measurement: it prints, divides, and ends where something is unexpected"
)]
#![expect(
    clippy::too_many_lines,
    reason = "the loop of the load and the tables of the company are each one piece"
)]

mod arguments;
mod company;
mod connection;
mod ground;
mod load;
mod measurements;
mod open_business;
mod pgbench;
mod report;
mod requests;
mod scripts;
mod service;

use arguments::Arguments;
use ground::Ground;
use measurements::{batch, growth, mixed, rivalry};
use report::Line;
use service::verify_ledger;

fn main() {
    let ground = Ground::prepare(Arguments::read());
    let mut lines = Vec::new();
    let steady = ["spread", "hot", "checks", "mixed"];
    if steady.iter().any(|name| ground.arguments.wants(name)) {
        lines.extend(at_work(&ground));
    }
    if ground.arguments.wants("growth") {
        lines.extend(growth::measure(&ground));
    }
    if ground.arguments.wants("batch") {
        lines.extend(batch::measure(&ground));
    }
    report::print(&lines);
    ground.clear();
}

/// The measurements that take place in one company, on one instance of the service.
fn at_work(ground: &Ground) -> Vec<Line> {
    let url = ground.young("at_work");
    let (service, mut requests) = ground.serve(&url);
    let mut lines = Vec::new();
    for rivalry in &rivalry::ALL {
        if ground.arguments.wants(rivalry.name) {
            lines.extend(rivalry.measure(ground, &url, &service, &mut requests));
        }
    }
    if ground.arguments.wants("mixed") {
        lines.extend(mixed::measure(ground, &service, &mut requests));
    }
    lines.push(Line::told(
        "resident memory",
        format!(
            "{} MiB after start, {} MiB at the end",
            service.resident_at_start_mib,
            service.resident_mib()
        ),
    ));
    drop(service);
    // pgbench wrote there too: what it compares itself with is what it did.
    verify_ledger(&url);
    lines
}
