//! What breaks in production: the process is killed, PostgreSQL goes away, the service starts
//! first. Nothing acknowledged is lost, nothing is done twice, nobody waits for long.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shouxin::auth::development::DevelopmentKeys;
use shouxin::clock::{Clock, SystemClock};
use shouxin::crypto::MasterKeys;
use shouxin::devdb::{Cluster, ClusterOptions, Durability, Programs};
use shouxin::platform::store::migrations;

use crate::binary::{Binary, Folder, a_free_port};
use crate::support::actors::{Credentials, Identity, SALES};
use crate::support::server::development_keys;
use crate::support::{
    Answer, Client, GOODS, Owner, TestServer, a_customer, a_line, application_body,
    assert_ledger_is_clean, eventually, the_goods,
};

/// A write that was acknowledged: where, what, under which key, and the answer.
struct Acknowledged {
    path: String,
    body: Value,
    key: String,
    answer: Answer,
}

/// Sends a write until somebody answers it for good, over any number of restarts.
fn insist(
    client: &Client,
    path: &str,
    body: &Value,
    key: &str,
    acknowledged: &Mutex<Vec<Acknowledged>>,
) -> Answer {
    let begun = Instant::now();
    loop {
        assert!(
            begun.elapsed() < Duration::from_secs(90),
            "{path} is never answered"
        );
        match client.post(path, body).key(key).try_send() {
            Ok(answer) if answer.status == 503 => {}
            Ok(answer)
                if answer.status == 409 && answer.json()["code"] == "request_in_progress" => {}
            Ok(answer) => {
                let kept = Acknowledged {
                    path: path.to_owned(),
                    body: body.clone(),
                    key: key.to_owned(),
                    answer: answer.clone(),
                };
                acknowledged.lock().unwrap().push(kept);
                return answer;
            }
            Err(_gone) => std::thread::park_timeout(Duration::from_millis(20)),
        }
    }
}

/// A server whose clock is that of the machine, and a customer with lines that are valid today.
fn a_server_of_today() -> (TestServer, String) {
    let server = TestServer::start_with(|settings| settings.start = SystemClock.now());
    let customer = a_customer(&server).id();
    the_goods(&server);
    for product in [Some(GOODS), None] {
        let mut body = application_body(Owner::Customer(&customer), product, "9000000.00");
        body["valid_from"] = json!(server.db().today());
        body["valid_until"] = json!(server.db().today() + chrono::TimeDelta::days(300));
        a_line(&server, &body);
    }
    (server, customer)
}

#[test]
fn a_service_that_is_killed_loses_and_repeats_nothing() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 25;
    let (server, customer) = a_server_of_today();
    let folder = Folder::new("killed");
    let port = a_free_port();
    let binary = Mutex::new(Binary::dev(&folder, port, server.database_url()));
    let client = binary.lock().unwrap().as_tier(&folder, "integration");
    let today = server.db().today().to_string();
    let acknowledged = Mutex::new(Vec::new());
    let running = AtomicUsize::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (client, customer, today, acknowledged, running) =
                (&client, &customer, &today, &acknowledged, &running);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let name = format!("{thread}-{round}");
                    let reserve = json!({
                        "customer_id": customer, "product": GOODS, "amount": "30.00", "currency": "CNY", "reference": name,
                    });
                    let reserved = insist(client, "/v1/reservations", &reserve, &format!("r{name}"), acknowledged).expect(201);
                    let capture = json!({"amount": "20.00", "receivable": {"number": format!("INV-{name}"), "issued_on": today}});
                    let path = format!("/v1/reservations/{}/capture", reserved.id());
                    let captured = insist(client, &path, &capture, &format!("c{name}"), acknowledged).expect(200).json();
                    let pay = json!({
                        "customer_id": customer, "amount": "5.00", "currency": "CNY", "received_on": today, "reference": name,
                        "allocations": [{"receivable_id": captured["captures"][0]["receivable_id"], "amount": "5.00"}],
                    });
                    insist(client, "/v1/payments", &pay, &format!("p{name}"), acknowledged).expect(201);
                }
                running.fetch_sub(1, Ordering::SeqCst);
            });
        }
        for after in [60, 200, 400] {
            eventually("enough writes are acknowledged", || {
                acknowledged.lock().unwrap().len() >= after || running.load(Ordering::SeqCst) == 0
            });
            let mut binary = binary.lock().unwrap();
            binary.kill();
            *binary = Binary::dev(&folder, port, server.database_url());
        }
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert_eq!(acknowledged.len(), THREADS * ROUNDS * 3);
    for one in &acknowledged {
        let again = client.post(&one.path, &one.body).key(&one.key).send();
        assert_eq!(
            again.header("idempotent-replayed"),
            Some("true"),
            "{} {}",
            one.path,
            one.key
        );
        assert_eq!(
            (again.status, &again.body),
            (one.answer.status, &one.answer.body)
        );
    }
    let each = i64::try_from(THREADS * ROUNDS).unwrap();
    for table in [
        "reservations",
        "receivables",
        "payments",
        "payment_allocations",
    ] {
        assert_eq!(
            server.number(&format!("SELECT count(*) FROM {table}")),
            each,
            "{table}"
        );
    }
    assert_eq!(
        server.number("SELECT sum(held_minor) FROM credit_lines"),
        each * 2 * 1_000
    );
    assert_eq!(
        server.number("SELECT sum(drawn_minor) FROM credit_lines"),
        each * 2 * 1_500
    );
    assert_ledger_is_clean(&server);
    assert_eq!(
        binary.lock().unwrap().terminate(),
        Some(0),
        "SIGTERM ends it in order"
    );
}

/// A PostgreSQL of its own that can be stopped, migrated.
#[expect(
    clippy::disallowed_methods,
    reason = "the programs are found where the tests' own cluster finds them"
)]
fn a_cluster(folder: &Folder) -> Cluster {
    let path = std::env::var_os("PATH");
    let programs = Programs::find(path.as_deref()).unwrap();
    let options = ClusterOptions {
        state_dir: folder.path().join("postgres"),
        // What is stopped like by a power cut has to have its writes on disk.
        durability: Durability::Safe,
        settings: Vec::new(),
        remove_on_stop: true,
    };
    let cluster = Cluster::start(&programs, options).unwrap();
    migrations::apply(&cluster.url("postgres")).unwrap();
    cluster
}

/// An issuer that says which keys are its own, for as long as the process lives.
fn an_issuer() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _whatever_was_asked = stream.read(&mut [0; 4096]);
            let body = development_keys().jwks_json();
            let _it_may_have_gone = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    format!("http://{address}/jwks")
}

/// `shouxin serve` with a real issuer.
fn serve(port: u16, database_url: String) -> Binary {
    let variables = BTreeMap::from([
        ("DATABASE_URL", database_url),
        ("SHOUXIN_LISTEN", format!("127.0.0.1:{port}")),
        ("SHOUXIN_MASTER_KEYS", MasterKeys::generate().unwrap()),
        ("SHOUXIN_ISSUER", DevelopmentKeys::issuer().to_owned()),
        ("SHOUXIN_JWKS_URI", an_issuer()),
        ("SHOUXIN_AUDIENCE", DevelopmentKeys::audience().to_owned()),
        ("SHOUXIN_ALLOW_HTTP_JWKS_ON_LOOPBACK", "true".to_owned()),
        ("SHOUXIN_SHUTDOWN_DELAY_MS", "0".to_owned()),
    ]);
    Binary::spawn(&["serve"], &variables, format!("http://127.0.0.1:{port}"))
}

fn a_manager(url: &str) -> Client {
    let identity = Identity {
        subject: "manager".to_owned(),
        client_id: "tests".to_owned(),
        scopes: vec!["customers:write".to_owned(), "customers:read".to_owned()],
        org_path: SALES.to_owned(),
        customer_id: None,
    };
    Client::new(
        url.to_owned(),
        Credentials::Token(identity.token(SystemClock.now())),
    )
}

fn is_ready(client: &Client) -> bool {
    client
        .get("/readyz")
        .try_send()
        .is_ok_and(|answer| answer.status == 200)
}

#[test]
fn while_postgresql_is_away_everybody_is_told_so_at_once_and_all_is_well_when_it_is_back() {
    let folder = Folder::new("outage");
    let mut cluster = a_cluster(&folder);
    let service = serve(a_free_port(), cluster.url("postgres"));
    let client = a_manager(&service.url);
    eventually("the service is ready", || is_ready(&client));
    let stop = AtomicBool::new(false);
    let slowest = Mutex::new(Duration::ZERO);
    let [served, refused, served_again] = [
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    ];
    let back = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (client, stop, slowest, back) = (&client, &stop, &slowest, &back);
            let (served, refused, served_again) = (&served, &refused, &served_again);
            scope.spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let begun = Instant::now();
                    let answer = if thread % 2 == 0 {
                        client.get("/v1/customers?limit=5").send()
                    } else {
                        let body = json!({"name": "断线测试公司", "kind": "company", "org_path": SALES, "roles": ["buyer"]});
                        client.post("/v1/customers", &body).send()
                    };
                    let took = begun.elapsed();
                    let mut slowest = slowest.lock().unwrap();
                    *slowest = took.max(*slowest);
                    drop(slowest);
                    if answer.status == 503 {
                        assert!(answer.header("retry-after").is_some());
                        assert!(["unavailable", "overloaded"].contains(&answer.json()["code"].as_str().unwrap()));
                        refused.fetch_add(1, Ordering::SeqCst);
                    } else {
                        assert!(answer.status < 300, "{}", answer.text());
                        let count = if back.load(Ordering::SeqCst) { served_again } else { served };
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        eventually("there is load", || served.load(Ordering::SeqCst) > 20);
        cluster.halt().unwrap();
        let halted = Instant::now();
        eventually("readiness says no", || !is_ready(&client));
        client.get("/livez").expect(200);
        eventually("five seconds have passed", || {
            halted.elapsed() >= Duration::from_secs(5)
        });
        assert!(refused.load(Ordering::SeqCst) > 0, "nobody was told");
        cluster.resume().unwrap();
        back.store(true, Ordering::SeqCst);
        eventually("it serves again by itself", || {
            served_again.load(Ordering::SeqCst) > 50
        });
        eventually("readiness says yes", || is_ready(&client));
        stop.store(true, Ordering::SeqCst);
    });
    let slowest = slowest.into_inner().unwrap();
    assert!(
        slowest < Duration::from_secs(3),
        "somebody waited {slowest:?}"
    );
}

#[test]
fn a_service_that_starts_before_its_database_serves_when_the_database_comes() {
    let folder = Folder::new("early");
    let mut cluster = a_cluster(&folder);
    cluster.halt().unwrap();
    let mut service = serve(a_free_port(), cluster.url("postgres"));
    let client = a_manager(&service.url);
    eventually("it is alive", || {
        client
            .get("/livez")
            .try_send()
            .is_ok_and(|answer| answer.status == 200)
    });
    let answer = client.get("/readyz").expect_problem("unavailable").json();
    assert_eq!(answer["checks"]["database"], "unreachable");
    eventually("it has the keys of its issuer", || {
        client.get("/v1/customers").send().status == 503
    });
    cluster.resume().unwrap();
    eventually("it is ready", || is_ready(&client));
    client.get("/v1/customers").expect(200);
    assert_eq!(service.terminate(), Some(0));
}

#[test]
fn a_service_that_is_told_to_stop_answers_everything_it_has_done() {
    let (server, customer) = a_server_of_today();
    let mut service = serve(a_free_port(), server.database_url().to_owned());
    let identity = Identity {
        subject: "orders".to_owned(),
        client_id: "tests".to_owned(),
        scopes: vec!["reservations:write".to_owned()],
        org_path: SALES.to_owned(),
        customer_id: None,
    };
    let token = identity.token(SystemClock.now());
    let client = Client::new(service.url.clone(), Credentials::Token(token));
    eventually("the service is ready", || is_ready(&client));
    let acknowledged = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (client, customer, acknowledged) = (&client, &customer, &acknowledged);
            scope.spawn(move || {
                for round in 0.. {
                    let body = json!({
                        "customer_id": customer, "product": GOODS, "amount": "1.00",
                        "currency": "CNY", "reference": format!("{thread}-{round}"),
                    });
                    // Once it has stopped, nobody answers; until then everybody is served.
                    let Ok(answer) = client.post("/v1/reservations", &body).try_send() else {
                        return;
                    };
                    answer.expect(201);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        eventually("there is load", || acknowledged.load(Ordering::SeqCst) > 50);
        assert_eq!(service.terminate(), Some(0));
    });
    let acknowledged = i64::try_from(acknowledged.into_inner()).unwrap();
    assert_eq!(
        server.number("SELECT count(*) FROM reservations"),
        acknowledged,
        "something was done and its answer lost, or answered and not done"
    );
    assert_ledger_is_clean(&server);
}
