//! Many threads at once: limits hold at every level whatever the order, and the ledger adds up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::support::applications::decided;
use crate::support::{
    Answer, Client, Owner, TestServer, a_customer, a_customer_with_credit, a_group_line,
    a_group_of, a_line, a_member, a_product_line, a_rate, a_reservation, a_submitted,
    a_unified_line, actors::SALES, allocations, an_approver, application_body,
    assert_ledger_is_clean, capture_body, eventually, in_currency, payment_body, product_body,
    rate_body, receivable_body, reservation_body, the_goods,
};

const THREADS: usize = 64;
const RESERVATIONS: usize = 1_000;

/// A product whose deposits count.
const SECURED: &str = "secured_goods";

/// Sends a request until it is answered by the business: 503 and 409 of a request in progress
/// mean "again, with the same key".
fn until_decided(call: &dyn Fn() -> Answer) -> Answer {
    loop {
        let answer = call();
        let busy = answer.status == 503
            || (answer.status == 409 && answer.json()["code"] == "request_in_progress");
        if !busy {
            return answer;
        }
    }
}

/// 1,000 reservations of 10.00 by 64 threads, each for one of `customers` in turn; says how many
/// succeeded. Every other answer is a refusal for lack of room at `level`.
fn race(server: &TestServer, customers: &[String], level: &str) -> usize {
    let client = server.as_tier("integration");
    let next = AtomicUsize::new(0);
    let succeeded = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= RESERVATIONS {
                        break;
                    }
                    let body = reservation_body(&customers[number % customers.len()], "10.00");
                    let key = format!("race-{number}");
                    let answer =
                        until_decided(&|| client.post("/v1/reservations", &body).key(&key).send());
                    if answer.status == 201 {
                        succeeded.fetch_add(1, Ordering::Relaxed);
                    } else {
                        let refusal = answer.expect_problem("limit_exceeded").json();
                        let levels: Vec<&Value> = refusal["reasons"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(|reason| &reason["level"])
                            .collect();
                        assert!(levels.contains(&&json!(level)), "{refusal}");
                    }
                }
            });
        }
    });
    succeeded.into_inner()
}

fn assert_full(server: &TestServer, line: &Answer) {
    let line = server
        .with_everything()
        .get(&format!("/v1/credit-lines/{}", line.id()))
        .expect(200)
        .json();
    assert_eq!(
        (&line["held"], &line["available"]),
        (&json!("1000.00"), &json!("0.00"))
    );
}

fn a_busy_server() -> TestServer {
    TestServer::start_with(|settings| settings.workers = 2)
}

#[test]
fn a_product_limit_for_exactly_100_of_1000_reservations_lets_exactly_100_through() {
    let server = a_busy_server();
    let customer = a_customer(&server).id();
    let line = a_product_line(&server, &customer, "1000.00");
    a_unified_line(&server, &customer, "100000.00");
    assert_eq!(race(&server, &[customer], "product"), 100);
    assert_full(&server, &line);
    assert_ledger_is_clean(&server);
}

#[test]
fn a_unified_limit_for_exactly_100_of_1000_reservations_lets_exactly_100_through() {
    let server = a_busy_server();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "100000.00");
    let line = a_unified_line(&server, &customer, "1000.00");
    assert_eq!(race(&server, &[customer], "customer"), 100);
    assert_full(&server, &line);
    assert_ledger_is_clean(&server);
}

#[test]
fn a_group_ceiling_for_exactly_100_of_1000_reservations_lets_exactly_100_through() {
    let server = a_busy_server();
    let group = a_group_of(&server, SALES).id();
    let line = a_group_line(&server, &group, "1000.00");
    let customers: Vec<String> = (0..7)
        .map(|_| {
            let customer = a_customer(&server).id();
            a_product_line(&server, &customer, "100000.00");
            a_unified_line(&server, &customer, "100000.00");
            a_member(&server, &group, &customer);
            customer
        })
        .collect();
    assert_eq!(race(&server, &customers, "group"), 100);
    assert_full(&server, &line);
    assert_ledger_is_clean(&server);
}

/// A small generator with a seed that is printed, so that a failure can be run again.
struct Dice(u64);

impl Dice {
    /// splitmix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    fn currency(&mut self) -> &'static str {
        ["CNY", "USD"][self.below(2)]
    }

    fn amount(&mut self) -> String {
        format!("{}.{:02}", self.below(60), 1 + self.below(99))
    }
}

/// What the threads of the mixed history share.
struct World {
    customers: Vec<String>,
    group: String,
    lines: Vec<String>,
    reservations: Mutex<Vec<String>>,
    payments: Mutex<Vec<String>>,
    memberships: Mutex<Vec<(String, String)>>,
}

/// One random step. Refusals are part of the game; errors are not.
fn step(server: &TestServer, client: &Client, world: &World, dice: &mut Dice) {
    let customer = world.customers[dice.below(world.customers.len())].clone();
    let pick = |list: &Mutex<Vec<String>>, dice: &mut Dice| {
        let list = list.lock().unwrap();
        (!list.is_empty()).then(|| list[dice.below(list.len())].clone())
    };
    let answer = match dice.below(20) {
        0..=6 => {
            let body = reservation_body(&customer, &dice.amount());
            let mut body = in_currency(body, dice.currency());
            if dice.below(3) == 0 {
                body["product"] = json!(SECURED);
                body["deposit"] = body["amount"].clone();
                body["amount"] = json!(format!("{}.00", 60 + dice.below(30)));
            }
            let answer = client.post("/v1/reservations", &body).send();
            if answer.status == 201 {
                world.reservations.lock().unwrap().push(answer.id());
            }
            answer
        }
        7..=9 => {
            let Some(id) = pick(&world.reservations, dice) else {
                return;
            };
            let body = capture_body(server, Some(&dice.amount()), dice.below(2) == 0);
            client
                .post(&format!("/v1/reservations/{id}/capture"), &body)
                .send()
        }
        10 | 11 => {
            let Some(id) = pick(&world.reservations, dice) else {
                return;
            };
            client
                .post(&format!("/v1/reservations/{id}/release"), &json!({}))
                .send()
        }
        12..=14 => {
            let body = payment_body(server, &customer, &dice.amount());
            let mut body = in_currency(body, dice.currency());
            body["allocate"] = json!("oldest_due_first");
            let answer = client.post("/v1/payments", &body).send();
            if answer.status == 201 {
                world.payments.lock().unwrap().push(answer.id());
            }
            answer
        }
        15 => {
            let Some(id) = pick(&world.payments, dice) else {
                return;
            };
            client
                .post(
                    &format!("/v1/payments/{id}/reverse"),
                    &json!({"reason": "退票"}),
                )
                .send()
        }
        16 => {
            let line = &world.lines[dice.below(world.lines.len())];
            let action = ["suspend", "resume"][dice.below(2)];
            let path = format!("/v1/credit-lines/{line}/{action}");
            decided(server, client.post(&path, &json!({})).send())
        }
        17 => {
            let path = format!("/v1/credit-groups/{}/members", world.group);
            let body = json!({"customer_id": customer, "from": server.db().today().to_string()});
            let answer = client.post(&path, &body).send();
            if answer.status == 201 {
                world
                    .memberships
                    .lock()
                    .unwrap()
                    .push((answer.header("location").unwrap().to_owned(), answer.etag()));
            }
            answer
        }
        18 => {
            let Some((path, etag)) = world.memberships.lock().unwrap().pop() else {
                return;
            };
            let until = server.db().today().to_string();
            let body = json!({"until": until, "evidence": "股权已转让"});
            decided(server, client.patch(&path, &etag, &body).send())
        }
        19 if dice.below(2) == 0 => {
            let rate = format!("0.{:02}", 30 + dice.below(60));
            let body = rate_body(server, ["USD", "CNY"], &rate);
            let asked = client.post("/v1/exchange-rates", &body).send();
            match asked.header("location") {
                Some(change) if asked.status == 202 => {
                    let approve = format!("{change}/approve");
                    an_approver(server).post(&approve, &json!({})).send()
                }
                _ => asked,
            }
        }
        _ => {
            server.advance(chrono::TimeDelta::hours(7));
            return;
        }
    };
    assert!(
        answer.status < 500 || answer.status == 503,
        "{} {}",
        answer.status,
        answer.text()
    );
}

#[expect(clippy::print_stdout, reason = "a failure is run again from its seed")]
fn mixed_history(seed: u64) {
    println!("seed {seed}");
    let server = TestServer::start_with(|settings| {
        settings.workers = 2;
        // Time passes in leaps; a rate is there whenever somebody asks.
        settings.rate_age_days_max = 3650;
    });
    a_rate(&server, ["USD", "CNY"], "0.7123456789");
    let mut secured = product_body(SECURED);
    secured["exposure_treatment"] = json!("net_of_deposit");
    let everybody = server.with_everything();
    everybody.post("/v1/products", &secured).expect(201);
    let group = a_group_of(&server, SALES).id();
    let mut lines = vec![a_group_line(&server, &group, "400.00").id()];
    let customers: Vec<String> = (0..4)
        .map(|_| {
            let customer = a_customer(&server).id();
            lines.push(a_product_line(&server, &customer, "150.00").id());
            let owner = Owner::Customer(&customer);
            let terms = application_body(owner, Some(SECURED), "90.00");
            lines.push(a_line(&server, &in_currency(terms, "USD")).id());
            lines.push(a_unified_line(&server, &customer, "130.00").id());
            customer
        })
        .collect();
    let world = World {
        customers,
        group,
        lines,
        reservations: Mutex::default(),
        payments: Mutex::default(),
        memberships: Mutex::default(),
    };
    let client = server.with_everything();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let (server, client, world) = (&server, &client, &world);
            scope.spawn(move || {
                let mut dice = Dice(seed.wrapping_mul(1_000).wrapping_add(thread));
                for _ in 0..40 {
                    step(server, client, world, &mut dice);
                }
            });
        }
    });
    assert_ledger_is_clean(&server);
    let over = server.number(
        "SELECT count(*) FROM credit_lines WHERE held_minor > 0 AND held_minor + drawn_minor + consumed_minor > limit_minor \
         AND NOT EXISTS (SELECT 1 FROM credit_movements m WHERE m.line_id = credit_lines.id AND (m.covered_minor > 0 OR NOT m.within_limit AND m.drawn_delta_minor > 0 AND m.kind <> 'capture'))",
    );
    assert_eq!(
        over, 0,
        "a line is over its limit, and neither a fact nor money explains it"
    );
    assert_exposure_counts_where_its_customer_belongs(&server);
}

/// Whatever is held or owed stands on the line of the group that its customer belongs to now, and
/// on none where it belongs to none. The tests have groups of one line.
fn assert_exposure_counts_where_its_customer_belongs(server: &TestServer) {
    let astray = server.number(
        "SELECT count(*) FROM (SELECT customer_id, group_line_id FROM reservations WHERE status = 'held' \
         UNION ALL SELECT customer_id, group_line_id FROM receivables WHERE outstanding_minor > 0) x \
         WHERE group_line_id IS DISTINCT FROM (SELECT l.id FROM credit_group_members m JOIN credit_lines l \
         ON l.group_id = m.group_id WHERE m.customer_id = x.customer_id AND m.member_until IS NULL)",
    );
    assert_eq!(astray, 0, "exposure counts in the wrong group or in none");
}

#[test]
fn a_ceiling_that_is_opened_while_customers_join_and_post_counts_all_of_them() {
    let server = a_busy_server();
    the_goods(&server);
    let client = server.with_everything();
    for _ in 0..8 {
        let group = a_group_of(&server, SALES).id();
        let terms = application_body(Owner::Group(&group), None, "1000.00");
        let approve = format!("{}/approve", a_submitted(&server, &terms));
        let members = format!("/v1/credit-groups/{group}/members");
        // One has a line of its own and joins; the other is a member without a line and posts.
        let newcomer = a_customer(&server).id();
        a_product_line(&server, &newcomer, "100.00");
        a_reservation(&server, &newcomer, "10.00");
        let member = a_customer(&server).id();
        a_member(&server, &group, &member);
        let joining = json!({"customer_id": newcomer, "from": server.db().today().to_string()});
        let receivable = receivable_body(&server, &member, "5.00");
        let barrier = Barrier::new(3);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                let approver = an_approver(&server);
                approver.post(&approve, &json!({})).expect(200);
            });
            scope.spawn(|| {
                barrier.wait();
                client.post(&members, &joining).expect(201);
            });
            scope.spawn(|| {
                barrier.wait();
                client.post("/v1/receivables", &receivable).expect(201);
            });
        });
    }
    assert_exposure_counts_where_its_customer_belongs(&server);
    assert_ledger_is_clean(&server);
}

#[test]
fn any_mix_of_business_by_16_threads_keeps_the_ledger_whole() {
    for seed in [1, 2, 3] {
        mixed_history(seed);
    }
}

#[test]
fn payments_from_20_threads_never_settle_a_receivable_twice() {
    let server = a_busy_server();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "1000.00");
    let receivable = crate::support::a_receivable(&server, &customer, "100.00").id();
    let client = server.with_everything();
    let settled = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut body = payment_body(&server, &customer, "10.00");
                body["allocations"] = allocations(&[(&receivable, "10.00")]);
                let answer = until_decided(&|| client.post("/v1/payments", &body).send());
                if answer.status == 201 {
                    settled.fetch_add(1, Ordering::Relaxed);
                } else {
                    answer.expect_problem("allocation_exceeds_outstanding");
                }
            });
        }
    });
    assert_eq!(settled.into_inner(), 10);
    let receivable = client
        .get(&format!("/v1/receivables/{receivable}"))
        .expect(200);
    assert_eq!(receivable.field("status"), "paid");
    assert_ledger_is_clean(&server);
}

#[test]
fn two_approvers_at_once_open_one_line() {
    let server = a_busy_server();
    let customer = a_customer(&server).id();
    crate::support::the_goods(&server);
    for round in 0..5 {
        let owner = Owner::Customer(&customer);
        let mut body = application_body(owner, None, "100.00");
        body["valid_from"] = json!(format!("20{}-01-01", 30 + round));
        body["valid_until"] = json!(format!("20{}-12-31", 30 + round));
        let path = format!("{}/approve", crate::support::a_submitted(&server, &body));
        let approvers: Vec<Client> = ["first", "second", "third"]
            .iter()
            .map(|name| crate::support::somebody(&server, name))
            .collect();
        let opened = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for approver in &approvers {
                scope.spawn(|| {
                    let answer = approver.post(&path, &json!({})).send();
                    if answer.status == 200 {
                        opened.fetch_add(1, Ordering::Relaxed);
                    } else {
                        answer.expect_problem("invalid_transition");
                    }
                });
            }
        });
        assert_eq!(opened.into_inner(), 1);
    }
    assert_eq!(server.number("SELECT count(*) FROM credit_lines"), 5);
    a_line(
        &server,
        &application_body(Owner::Customer(&customer), None, "1.00"),
    );
}

#[test]
fn a_line_that_is_opened_while_a_reservation_waits_bounds_it() {
    let server = a_busy_server();
    let customer = a_customer_with_credit(&server, SALES);
    let client = server.with_everything();
    // Another transaction holds the line of the product and opens a unified line meanwhile.
    let mut other = server.owner();
    other
        .batch_execute(&format!(
            "BEGIN; \
             CREATE TEMP TABLE opened ON COMMIT DROP AS \
                SELECT * FROM credit_lines WHERE customer_id = '{customer}' FOR UPDATE; \
             UPDATE opened SET product = NULL, limit_minor = 5000, \
                id = (left(id::text, -4) || \
                    translate(right(id::text, 4), '0123456789abcdef', '123456789abcdef0'))::uuid; \
             INSERT INTO credit_lines SELECT * FROM opened"
        ))
        .unwrap();
    let [beyond, within] = std::thread::scope(|scope| {
        let reserving = ["50.01", "50.00"].map(|amount| {
            let body = reservation_body(&customer, amount);
            let client = &client;
            scope.spawn(move || until_decided(&|| client.post("/v1/reservations", &body).send()))
        });
        eventually("a reservation waits for the line", || {
            server.waiting_for_locks() > 0
        });
        other.batch_execute("COMMIT").unwrap();
        reserving.map(|thread| thread.join().unwrap())
    });
    beyond.expect_problem("limit_exceeded");
    within.expect(201);
    let counted = server.number("SELECT count(*) FROM credit_lines WHERE held_minor = 5000");
    assert_eq!(counted, 2, "it counts on both lines");
}
