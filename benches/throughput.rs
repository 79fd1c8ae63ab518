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

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shouxin::app::credit_applications::{self, Decided, NewApplication, Owner};
use shouxin::app::{credit_groups, customers, products};
use shouxin::clock::{Clock, SystemClock};
use shouxin::crypto::MasterKeys;
use shouxin::devdb::{Cluster, ClusterOptions, Durability, Programs};
use shouxin::domain::actor::Actor;
use shouxin::domain::credit_applications::ApplicationAction;
use shouxin::domain::credit_groups::GroupBasis;
use shouxin::domain::currency::Currency;
use shouxin::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, MarketWeight, TimeClass, TradingClass,
};
use shouxin::domain::ids::{CustomerId, GroupId, LineId};
use shouxin::domain::money::Money;
use shouxin::domain::organisation::OrgPath;
use shouxin::domain::products::{ExposureTreatment, ProductCode, ProductKind};
use shouxin::store::db::{Db, DbOptions};
use shouxin::store::migrations;
use shouxin::store::tx::Tx;

const CUSTOMERS: usize = 1_000;
const CUSTOMERS_OF_A_GROUP: usize = 10;
const CONNECTIONS: usize = 16;
const PRODUCT: &str = "goods_on_credit";

/// A customer with lines at three levels.
struct Seeded {
    customer: CustomerId,
    lines: [LineId; 3],
}

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
    let seeded = seed(&url);
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
    number_the_rows(&url, &seeded);
    std::fs::write(&read_script, pgbench_read(&seeded)).unwrap();
    std::fs::write(&write_script, pgbench_write(&seeded)).unwrap();
    let window = Duration::from_secs(seconds);
    let mut results = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    let mut waits = [Vec::new(), Vec::new()];
    for round in 1..=rounds {
        let read = load(&service, window, None, &|number| {
            reads[number as usize % reads.len()].clone()
        });
        let pg_read = pgbench(&programs, &url, &read_script, seconds);
        let write = load(&service, window, None, &|number| {
            service.reserve_request(&seeded[number as usize % seeded.len()], round, number)
        });
        let pg_write = pgbench(&programs, &url, &write_script, seconds);
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

/// A year's limit that nothing in the run uses up.
fn seed(url: &str) -> Vec<Seeded> {
    let keys = MasterKeys::parse(&MasterKeys::generate().unwrap()).unwrap();
    let options = DbOptions {
        url: url.to_owned(),
        pool_size: 2,
        queue_max: 1,
        queue_wait: Duration::from_secs(1),
        deadline: Duration::from_secs(600),
        statement_timeout: Duration::from_secs(600),
        lock_timeout: Duration::from_secs(600),
    };
    let db = Db::new(
        options,
        Arc::new(SystemClock),
        chrono_tz::Asia::Shanghai,
        Arc::new(keys),
    );
    let (manager, officer) = (actor("manager"), actor("officer"));
    db.write_blocking(&manager, "bench.seed", &|tx| {
        products::create(
            tx,
            &products::NewProduct {
                code: ProductCode::parse(PRODUCT).unwrap(),
                name_en: "Goods on credit".to_owned(),
                name_zh: "赊销".to_owned(),
                kind: ProductKind::Receivable,
                exposure_treatment: ExposureTreatment::Gross,
                default_payment_term_days: 30,
                active: true,
            },
        )
    })
    .unwrap();
    let mut seeded = Vec::with_capacity(CUSTOMERS);
    for number in 0..CUSTOMERS / CUSTOMERS_OF_A_GROUP {
        let drawn_up = db
            .write_blocking(&manager, "bench.seed", &|tx| draw_up_group(tx, number))
            .unwrap();
        let (group, members) = drawn_up;
        let opened = db
            .write_blocking(&officer, "bench.seed", &|tx| {
                let group_line = approve(tx, group)?;
                members
                    .iter()
                    .map(|(customer, unified, product)| {
                        Ok(Seeded {
                            customer: *customer,
                            lines: [group_line, approve(tx, *unified)?, approve(tx, *product)?],
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .unwrap();
        seeded.extend(opened);
    }
    seeded
}

type ApplicationId = shouxin::domain::ids::ApplicationId;
type Members = Vec<(CustomerId, ApplicationId, ApplicationId)>;

fn draw_up_group(
    tx: &mut Tx<'_>,
    number: usize,
) -> Result<(ApplicationId, Members), shouxin::error::Error> {
    let new = credit_groups::NewGroup {
        name: format!("Group {number}"),
        basis: GroupBasis::Control,
        org_path: None,
    };
    let group: GroupId = credit_groups::create(tx, &new)?.id;
    let mut members = Vec::new();
    for member in 0..CUSTOMERS_OF_A_GROUP {
        let customer = customers::create(
            tx,
            &customers::NewCustomer {
                name: format!("Customer {number}-{member}"),
                kind: CustomerKind::Company,
                unified_social_credit_code: None,
                org_path: OrgPath::root(),
                roles: vec![CustomerRole::Buyer],
                time_class: TimeClass::Existing,
                trading_class: TradingClass::Current,
                nature: CustomerNature::Ordinary,
                market_weight: MarketWeight::Regular,
                value_class: None,
                service_tier: None,
                industry: None,
                legal_representative: None,
                contacts: Vec::new(),
                details: serde_json::Map::new(),
            },
        )?
        .id;
        let joining = credit_groups::NewMember {
            customer_id: customer,
            from: tx.today,
            evidence: None,
        };
        credit_groups::join(tx, group, &joining)?;
        let unified = apply(tx, Owner::Customer(customer), None)?;
        let product = apply(tx, Owner::Customer(customer), Some(PRODUCT))?;
        members.push((customer, unified, product));
    }
    Ok((apply(tx, Owner::Group(group), None)?, members))
}

fn apply(
    tx: &mut Tx<'_>,
    owner: Owner,
    product: Option<&str>,
) -> Result<ApplicationId, shouxin::error::Error> {
    let new = NewApplication {
        owner,
        action: ApplicationAction::Open,
        product: product.map(str::to_owned),
        amount: Money::new(900_000_000_000_000, Currency::CNY).unwrap(),
        valid_from: tx.today,
        valid_until: tx.today + chrono::TimeDelta::days(365),
        payment_term_days: Some(30),
        revolving: true,
        purpose: None,
    };
    let id = credit_applications::draw_up(tx, &new)?.id;
    credit_applications::submit(tx, id)?;
    Ok(id)
}

fn approve(tx: &mut Tx<'_>, id: ApplicationId) -> Result<LineId, shouxin::error::Error> {
    match credit_applications::approve(tx, id, "")? {
        Decided::Opened(line) => Ok(line.id),
        Decided::Pending(_) => Err(shouxin::error::Error::internal("one step opens the line")),
    }
}

fn actor(name: &str) -> Actor {
    Actor {
        principal: format!("bench|{name}"),
        client_id: "bench".to_owned(),
        scopes: shouxin::auth::scopes::ALL
            .iter()
            .map(|scope| scope.name.to_owned())
            .collect::<BTreeSet<_>>(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    }
}

/// The binary under load.
struct Service {
    process: Child,
    port: u16,
    token: String,
    expires_at: String,
}

impl Service {
    fn start(folder: &Path, url: &str) -> Self {
        let tokens: PathBuf = folder.join("tokens.json");
        let mut process = Command::new(env!("CARGO_BIN_EXE_shouxin"))
            .args(["dev", "--port", "0", "--state-dir"])
            .arg(folder.join("state"))
            .arg("--tokens-file")
            .arg(&tokens)
            .env("DATABASE_URL", url)
            .env("SHOUXIN_LOG_FILTER", "warn")
            .env("SHOUXIN_REQUESTS_PER_MINUTE", "0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                line.strip_prefix("READY http://127.0.0.1:")?
                    .trim()
                    .parse()
                    .ok()
            })
            .expect("the service gets ready");
        let tokens: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&tokens).unwrap()).unwrap();
        let expires_at = (SystemClock.now() + chrono::TimeDelta::days(7))
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string();
        Self {
            process,
            port,
            token: tokens["integration"].as_str().unwrap().to_owned(),
            expires_at,
        }
    }

    fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .unwrap_or_default();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap_or("0");
        line.split_whitespace()
            .nth(1)
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
            / 1024
    }

    fn head(&self, method: &str, path: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n",
            self.token
        )
    }

    fn read_request(&self, line: LineId) -> Vec<u8> {
        format!(
            "{}\r\n",
            self.head("GET", &format!("/v1/credit-lines/{line}"))
        )
        .into_bytes()
    }

    fn reserve_request(&self, seeded: &Seeded, round: u64, number: u64) -> Vec<u8> {
        let body = format!(
            r#"{{"customer_id":"{}","product":"{PRODUCT}","amount":"1.00","currency":"CNY","reference":"{round}-{number}","expires_at":"{}"}}"#,
            seeded.customer, self.expires_at
        );
        let mut text = self.head("POST", "/v1/reservations");
        let _ = write!(
            text,
            "Content-Type: application/json\r\nIdempotency-Key: {round}-{number}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        text.into_bytes()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a period of load came to.
struct Load {
    answers: u64,
    per_second: f64,
    micros: Vec<u32>,
}

/// Keeps `CONNECTIONS` connections busy for a while, or until `requests` are answered.
fn load(
    service: &Service,
    window: Duration,
    requests: Option<u64>,
    request: &(dyn Fn(u64) -> Vec<u8> + Sync),
) -> Load {
    let next = AtomicU64::new(0);
    let started = Instant::now();
    let micros: Vec<u32> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(service.port);
                    let mut micros = Vec::new();
                    while started.elapsed() < window {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if requests.is_some_and(|most| number >= most) {
                            break;
                        }
                        let asked = Instant::now();
                        let status = connection.exchange(&request(number));
                        assert!((200..300).contains(&status), "answered {status}");
                        micros.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
                    }
                    micros
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    let answers = micros.len() as u64;
    Load {
        answers,
        per_second: answers as f64 / started.elapsed().as_secs_f64(),
        micros,
    }
}

/// A kept-alive HTTP/1.1 connection that knows as much HTTP as the service answers with.
struct Connection {
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Connection {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
            body: Vec::new(),
        }
    }

    fn exchange(&mut self, request: &[u8]) -> u16 {
        self.stream.get_mut().write_all(request).unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).unwrap();
        status
    }
}

/// The best of several client counts, in transactions a second.
fn pgbench(programs: &Programs, url: &str, script: &Path, seconds: u64) -> f64 {
    [4, CONNECTIONS]
        .map(|clients| {
            let output = Command::new(programs.bin_dir.join("pgbench"))
                .args([
                    "-n",
                    "-M",
                    "prepared",
                    "-j",
                    "2",
                    "-c",
                    &clients.to_string(),
                    "-T",
                    &seconds.to_string(),
                    "-f",
                ])
                .arg(script)
                .arg(url)
                .output()
                .expect("pgbench");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines()
                .find_map(|line| {
                    line.strip_prefix("tps = ")?
                        .split(' ')
                        .next()?
                        .parse::<f64>()
                        .ok()
                })
                .unwrap_or_else(|| panic_with(&text, &output.stderr))
        })
        .into_iter()
        .fold(0.0, f64::max)
}

#[expect(
    clippy::panic,
    reason = "a measurement without its counterpart is none"
)]
fn panic_with(stdout: &str, stderr: &[u8]) -> f64 {
    panic!(
        "pgbench failed: {stdout}{}",
        String::from_utf8_lossy(stderr)
    )
}

/// pgbench has no arrays: a table maps its random number to the rows, as the address does for the
/// service.
fn number_the_rows(url: &str, seeded: &[Seeded]) {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection};
    let mut connection = PgConnection::establish(url).unwrap();
    let mut sql = String::from(
        "CREATE TABLE bench_rows (n integer PRIMARY KEY, bucket smallint, customer_id uuid, product_line uuid, \
         customer_line uuid, group_bucket smallint, group_line uuid); INSERT INTO bench_rows VALUES ",
    );
    for (number, one) in (1..).zip(seeded) {
        let [group, unified, product] = one.lines;
        let comma = if number == 1 { "" } else { "," };
        let _ = write!(
            sql,
            "{comma}({number},{},'{}','{product}','{unified}',{},'{group}')",
            one.customer.key().0,
            one.customer,
            group.key().0
        );
    }
    connection.batch_execute(&sql).unwrap();
    connection.batch_execute("VACUUM ANALYZE").unwrap();
}

fn pgbench_read(seeded: &[Seeded]) -> String {
    format!(
        "\\set n random(1, {})\n\
         SELECT l.* FROM bench_rows b JOIN credit_lines l ON l.bucket = b.bucket AND l.id = b.product_line WHERE b.n = :n;\n",
        seeded.len()
    )
}

/// One reservation as one transaction: the same locks, the same rows.
fn pgbench_write(seeded: &[Seeded]) -> String {
    let movement = |bucket: &str, line: &str| {
        format!(
            "INSERT INTO credit_movements SELECT bucket, id, movement_count, 'reserve', 100, 0, 0, held_minor, drawn_minor, consumed_minor, \
             limit_minor, true, :customer::uuid, :reservation::uuid, NULL, NULL, current_date, now(), 'bench|pgbench' \
             FROM credit_lines WHERE bucket = :{bucket} AND id = :{line}::uuid;\n"
        )
    };
    let update = |bucket: &str, line: &str| {
        format!(
            "UPDATE credit_lines SET held_minor = held_minor + 100, movement_count = movement_count + 1, moved_at = now() \
             WHERE bucket = :{bucket} AND id = :{line}::uuid AND held_minor + drawn_minor + consumed_minor + 100 <= limit_minor;\n"
        )
    };
    let mut script = format!(
        "\\set n random(1, {})\n\
         BEGIN;\n\
         SELECT bucket, customer_id AS customer, product_line, customer_line, group_bucket, group_line, \
                gen_random_uuid() AS reservation, gen_random_uuid() AS audit, gen_random_uuid() AS event \
         FROM bench_rows WHERE n = :n \\gset\n",
        seeded.len()
    );
    for (bucket, line) in [
        ("group_bucket", "group_line"),
        ("bucket", "customer_line"),
        ("bucket", "product_line"),
    ] {
        script.push_str(&update(bucket, line));
    }
    script.push_str(
        "INSERT INTO reservations VALUES (:bucket, :reservation::uuid, :customer::uuid, 'head-office', 'goods_on_credit', \
         'pgbench', 100, 'CNY', 0, 0, 0, 'held', now() + interval '7 days', :product_line::uuid, :customer_line::uuid, \
         :group_line::uuid, 1, now(), now());\n",
    );
    for (bucket, line) in [
        ("group_bucket", "group_line"),
        ("bucket", "customer_line"),
        ("bucket", "product_line"),
    ] {
        script.push_str(&movement(bucket, line));
    }
    script.push_str(
        "INSERT INTO audit_entries (id, recorded_at, principal, client_id, org_path, action, subject, outcome, request_id, details) \
         VALUES (:audit::uuid, now(), 'bench|pgbench', 'bench', 'head-office', 'reservation.create', 'reservation', 'done', :audit::uuid, '{\"amount_minor\": 100}');\n\
         INSERT INTO events (id, kind, subject, org_path, customer_id, data, occurred_at) \
         VALUES (:event::uuid, 'reservation.created', 'reservation', 'head-office', :customer::uuid, '{\"amount_minor\": 100}', now());\n\
         INSERT INTO idempotency_records VALUES ('bench|pgbench', 'POST', '/v1/reservations', :event, '\\x00'::bytea, 201, '[]', \
         decode(repeat('00', 700), 'hex'), now(), now() + interval '1 day');\n\
         COMMIT;\n",
    );
    script
}
