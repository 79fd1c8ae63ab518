//! An expired hold never costs anybody room, also while the line on which it stands is in somebody
//! else's hands: whoever has room because of it is let through once the books can be brought up to
//! date, and whoever has none is told what is so, without waiting.

use std::time::Duration;

use chrono::TimeDelta;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use shouxin::catalogue::domain::products::ProductCode;
use shouxin::error::Error;
use shouxin::exposure::app::checks::Asked;
use shouxin::exposure::app::reservations::{Command, NewReservation, decide_many};
use shouxin::platform::store::db::many::Patience;
use shouxin::platform::store::db::{WriteRequest, Written};
use shouxin::rules::domain::check_rules::OrderTerms;
use shouxin::values::currency::Currency;
use shouxin::values::money::Money;

use crate::support::actors::SALES;
use crate::support::applications::{about_line, approve, check, reasons};
use crate::support::checks::{refer, referral_body, released, reserve_referred, room_is_referred};
use crate::support::ledger::{assert_clean, balance};
use crate::support::{
    Answer, Client, GOODS, TestServer, a_customer, a_customer_with_credit, a_group_line,
    a_group_of, a_member, a_product_line, a_receivable, a_reservation, a_submitted, a_unified_line,
    eventually, receivable_body, reservation_body,
};

/// Two members of a group with a ceiling of 1,000.00. A hold of the other one of 900.00 has expired
/// and is still in the books.
struct Story {
    server: TestServer,
    group: String,
    ceiling: String,
    one: String,
    other: String,
    /// A hold of 50.00 of the first that has not expired.
    open: String,
}

impl Story {
    fn begin(lock_timeout: Duration) -> Self {
        let server = TestServer::start_with(|settings| {
            settings.workers = 2;
            settings.lock_timeout = lock_timeout;
        });
        let group = a_group_of(&server, SALES).id();
        let ceiling = a_group_line(&server, &group, "1000.00").id();
        let [one, other] = ["5000.00", "1000.00"].map(|limit| {
            let customer = a_customer(&server).id();
            a_product_line(&server, &customer, limit);
            a_unified_line(&server, &customer, limit);
            a_member(&server, &group, &customer);
            customer
        });
        let open = a_reservation(&server, &one, "50.00").id();
        let mut hold = reservation_body(&other, "900.00");
        hold["expires_at"] = json!(server.now() + TimeDelta::hours(1));
        server
            .with_everything()
            .post("/v1/reservations", &hold)
            .expect(201);
        server.advance(TimeDelta::hours(2));
        assert_eq!(server.number(DUE), 1, "it is in the books");
        Self {
            server,
            group,
            ceiling,
            one,
            other,
            open,
        }
    }

    /// One in which nobody waits long.
    fn of_the_hasty() -> Self {
        Self::begin(Duration::from_millis(50))
    }

    fn of_the_patient() -> Self {
        Self::begin(Duration::from_secs(10))
    }

    /// Locks the lines of the other member until it is dropped, as any other command on them would.
    fn hold(&self) -> PgConnection {
        self.held_by("SELECT 1 FROM credit_lines WHERE customer_id =")
    }

    fn held_by(&self, select: &str) -> PgConnection {
        let mut connection = self.server.owner();
        let statement = format!("BEGIN; {select} '{}' FOR NO KEY UPDATE", self.other);
        connection.batch_execute(&statement).unwrap();
        connection
    }

    fn reserve(&self, amount: &str) -> Answer {
        let body = reservation_body(&self.one, amount);
        let client = self.server.with_everything();
        client.post("/v1/reservations", &body).send()
    }
}

const DUE: &str =
    "SELECT count(*) FROM reservations WHERE status = 'held' AND amount_minor = 90000";
/// What a request may leave behind: everything but what was there before.
const TRACES: [&str; 5] = [
    "SELECT count(*) FROM idempotency_records",
    "SELECT count(*) FROM audit_entries",
    "SELECT count(*) FROM events",
    "SELECT count(*) FROM credit_movements",
    "SELECT count(*) FROM credit_group_members",
];

/// Sends a request under a key.
type Sending = dyn Fn(&Story, &Client, &str) -> Answer + Send + Sync;

/// A request for which there is room only because the hold has expired, and what it is answered
/// once it is let through.
struct Ask {
    name: &'static str,
    send: Box<Sending>,
    status: u16,
}

fn ask(
    name: &'static str,
    status: u16,
    send: impl Fn(&Story, &Client, &str) -> Answer + Send + Sync + 'static,
) -> Ask {
    let send = Box::new(send);
    Ask { name, send, status }
}

/// Every kind of request that is decided within a limit.
fn asks(story: &Story) -> Vec<Ask> {
    let orders = |amounts: &[&str]| -> Vec<Value> {
        let order = |amount: &&str| reservation_body(&story.one, amount);
        amounts.iter().map(order).collect()
    };
    let batch = |atomic: bool, reservations: Vec<Value>| {
        let body = json!({"atomic": atomic, "reservations": reservations});
        move |_: &Story, client: &Client, key: &str| {
            client
                .post("/v1/reservation-batches", &body)
                .key(key)
                .send()
        }
    };
    let newcomer = a_customer_with_credit(&story.server, SALES);
    a_reservation(&story.server, &newcomer, "700.00");
    a_receivable(&story.server, &newcomer, "100.00");
    let order = reservation_body(&story.one, "800.00");
    vec![
        ask("reserve", 201, move |_, client, key| {
            client.post("/v1/reservations", &order).key(key).send()
        }),
        ask("amend", 200, |story, client, key| {
            let path = format!("/v1/reservations/{}/amend", story.open);
            client
                .post(&path, &json!({"amount": "850.00"}))
                .key(key)
                .send()
        }),
        ask("a batch", 200, batch(false, orders(&["40.00", "760.00"]))),
        ask(
            "an atomic batch",
            200,
            batch(true, orders(&["40.00", "760.00"])),
        ),
        ask("join", 201, move |story, client, key| {
            let path = format!("/v1/credit-groups/{}/members", story.group);
            let from = story.server.db().today().to_string();
            let body = json!({"customer_id": newcomer, "from": from});
            client.post(&path, &body).key(key).send()
        }),
    ]
}

fn waits_for_a_lock(server: &TestServer) {
    eventually("a request waits for a lock", || {
        server.waiting_for_locks() > 0
    });
}

#[test]
fn who_has_room_waits_for_the_line_of_the_hold_and_is_let_through() {
    for place in 0..5 {
        let story = Story::of_the_patient();
        let ask = asks(&story).swap_remove(place);
        let client = story.server.with_everything();
        let held = story.hold();
        let answer = std::thread::scope(|scope| {
            let asking = scope.spawn(|| (ask.send)(&story, &client, "waiting"));
            waits_for_a_lock(&story.server);
            drop(held);
            asking.join().unwrap()
        });
        let body = answer.expect(ask.status).json();
        let refused = body.get("refused").unwrap_or(&json!(0)).clone();
        assert_eq!(refused, 0, "{}: {body}", ask.name);
        assert_eq!(
            story.server.number(DUE),
            0,
            "{}: it is given back",
            ask.name
        );
        assert_eq!(
            balance(&story.server, &story.ceiling).rsplit(' ').next(),
            Some("150.00"),
            "{}",
            ask.name
        );
        assert_clean(&story.server);
    }
}

#[test]
fn at_the_end_of_patience_nothing_was_decided_and_nothing_is_kept() {
    for place in 0..5 {
        let story = Story::of_the_hasty();
        let ask = asks(&story).swap_remove(place);
        let client = story.server.with_everything();
        let traces = || TRACES.map(|query| story.server.number(query));
        let before = traces();
        let held = story.hold();
        let answer = (ask.send)(&story, &client, "again");
        assert_eq!(answer.status, 503, "{}: {}", ask.name, answer.text());
        let answer = answer.expect_problem("overloaded");
        assert_eq!(answer.header("retry-after"), Some("1"), "{}", ask.name);
        assert_eq!(traces(), before, "{}", ask.name);
        drop(held);
        let done = (ask.send)(&story, &client, "again").expect(ask.status);
        assert_eq!(done.header("idempotent-replayed"), None, "{}", ask.name);
        assert_clean(&story.server);
    }
}

#[test]
fn who_has_no_room_is_told_what_is_so_without_waiting() {
    let story = Story::of_the_patient();
    let client = story.server.with_everything();
    let held = story.hold();
    let refusal = |answer: Answer| {
        let problem = answer.expect_problem("limit_exceeded").json();
        assert_eq!(reasons(&problem), ["limit_exceeded group"]);
        let reason = &problem["reasons"][0];
        [&reason["held"], &reason["available"]].map(|amount| amount.as_str().unwrap().to_owned())
    };
    let seen = ["50.00", "950.00"].map(str::to_owned);
    assert_eq!(refusal(story.reserve("950.01")), seen);
    let path = format!("/v1/reservations/{}/amend", story.open);
    let more = json!({"amount": "1000.01"});
    assert_eq!(refusal(client.post(&path, &more).send()), seen);
    let orders = [reservation_body(&story.one, "950.01")];
    let body = json!({"atomic": false, "reservations": orders});
    let batch = client.post("/v1/reservation-batches", &body).expect(200);
    let problem = &batch.json()["items"][0]["problem"];
    assert_eq!(problem["reasons"][0]["available"], "950.00");
    // Whoever brings too much along does not join.
    let newcomer = a_customer_with_credit(&story.server, SALES);
    a_reservation(&story.server, &newcomer, "950.01");
    let members = format!("/v1/credit-groups/{}/members", story.group);
    let from = story.server.db().today().to_string();
    let body = json!({"customer_id": newcomer, "from": from});
    let refused = client
        .post(&members, &body)
        .expect_problem("limit_exceeded");
    assert!(refused.text().contains("(950.00)"), "{}", refused.text());
    assert_eq!(story.server.number(DUE), 1, "nobody gave it back");
    drop(held);
    assert_clean(&story.server);
}

#[test]
fn a_receivable_that_fits_is_not_marked_and_lands_without_waiting() {
    let story = Story::of_the_patient();
    let held = story.hold();
    let fits = a_receivable(&story.server, &story.one, "800.00");
    assert_eq!(fits.json()["over_limit"], false);
    let fits = a_receivable(&story.server, &story.one, "150.00");
    assert_eq!(fits.json()["over_limit"], false);
    let beyond = a_receivable(&story.server, &story.one, "0.01");
    assert_eq!(beyond.json()["over_limit"], true);
    let events = "SELECT count(*) FROM events WHERE kind = 'receivable.over_limit'";
    assert_eq!(story.server.number(events), 1);
    assert_eq!(
        balance(&story.server, &story.ceiling),
        "50.00 950.01 -0.01",
        "as it reads"
    );
    drop(held);
    assert_clean(&story.server);
}

#[test]
fn checks_and_reservations_and_referrals_say_the_same() {
    let story = Story::of_the_hasty();
    room_is_referred(&story.server);
    let held = story.hold();
    assert_eq!(
        check(&story.server, &story.one, "800.00")["decision"],
        "approved"
    );
    refer(&story.server, &referral_body(&story.one, "800.00"))
        .expect_problem("referral_not_needed");
    let beyond = check(&story.server, &story.one, "950.01");
    assert_eq!(beyond["decision"], "referred");
    let referral = refer(&story.server, &referral_body(&story.one, "950.01")).expect(201);
    let facts = &referral.json()["reasons"][0]["facts"];
    for (place, name) in [(1, "held"), (3, "available")] {
        let fact = json!({"name": name, "value": beyond["reasons"][0][name]});
        assert_eq!(facts[place], fact);
    }
    drop(held);
}

#[test]
fn a_release_is_not_used_up_for_want_of_room_that_is_there() {
    let story = Story::of_the_patient();
    room_is_referred(&story.server);
    let order = referral_body(&story.one, "960.00");
    released(&story.server, &order);
    let held = story.hold();
    // Beyond the limit no room has to be made: it passes as it was released.
    reserve_referred(&story.server, &order, None).expect(201);
    assert_eq!(story.server.number(DUE), 1);
    // What fits by now does not need its release.
    let path = format!("/v1/reservations/{}/amend", story.open);
    let client = story.server.with_everything();
    let other = referral_body(&story.one, "1200.00");
    released(&story.server, &other);
    let used = "SELECT count(*) FROM referrals WHERE status = 'used'";
    assert_eq!(story.server.number(used), 1);
    drop(held);
    let reserved = story
        .server
        .texts("SELECT id FROM reservations WHERE amount_minor = 96000");
    let release = format!("/v1/reservations/{}/release", reserved[0]);
    client.post(&release, &json!({})).expect(200);
    client.post(&path, &json!({"amount": "10.00"})).expect(200);
    let held = story.hold();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| reserve_referred(&story.server, &other, Some("990.00")));
        waits_for_a_lock(&story.server);
        drop(held);
        asking.join().unwrap().expect(201);
    });
    assert_eq!(story.server.number(used), 1, "it passed by itself");
    assert_clean(&story.server);
}

#[test]
fn a_ceiling_is_lowered_to_what_is_used_now() {
    let story = Story::of_the_hasty();
    let held = story.hold();
    let lower = |amount: &str| about_line(&story.ceiling, "decrease", &json!({"amount": amount}));
    let path = a_submitted(&story.server, &lower("50.00"));
    approve(&story.server, &path).expect(200);
    drop(held);
    assert_eq!(story.reserve("0.01").status, 422);
    assert_clean(&story.server);
}

#[test]
fn a_hold_that_is_worked_on_itself_is_waited_for_as_well() {
    let story = Story::of_the_hasty();
    let held = story.held_by("SELECT 1 FROM reservations WHERE customer_id =");
    let refused = story.reserve("800.00").expect_problem("overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    drop(held);
    story.reserve("800.00").expect(201);
    assert_clean(&story.server);
}

#[test]
fn who_waits_for_a_hold_keeps_nobody_else_of_a_batch_waiting() {
    let story = Story::of_the_patient();
    let stranger = a_customer_with_credit(&story.server, SALES);
    let reserve = |customer: &str, minor: i64, reference: &str| {
        let amount = Money::new(minor, Currency::COMPANY).unwrap();
        Command::Reserve(NewReservation {
            customer_id: customer.parse().unwrap(),
            product: ProductCode::parse(GOODS).unwrap(),
            asked: Asked::unsecured(amount),
            reference: reference.to_owned(),
            expires_at: None,
            order: OrderTerms::default(),
        })
    };
    let commands = [
        reserve(&stranger, 100, "before"),
        reserve(&story.one, 80_000, "waiting"),
        reserve(&story.one, 400, "fits as well"),
    ];
    let requests = commands.each_ref().map(|_| WriteRequest {
        actor: shouxin::jobs::actor(),
        action: "reservation.create",
        subject: String::new(),
        idempotency: None,
    });
    let held = story.hold();
    let results = story.server.db().write_many_blocking(
        Patience::Short,
        &requests.each_ref(),
        &|many, fresh| {
            let commands: Vec<&Command> = fresh.iter().map(|place| &commands[*place]).collect();
            decide_many(many, &commands)
        },
        &|_, _| None,
    );
    let results = results.unwrap();
    assert!(
        matches!(
            results.as_slice(),
            [
                Ok(Written::Done(_)),
                Err(Error::Awaits(_)),
                Ok(Written::Done(_))
            ]
        ),
        "{results:?}"
    );
    drop(held);
    let references =
        "SELECT reference FROM reservations WHERE amount_minor < 5000 ORDER BY reference";
    assert_eq!(story.server.texts(references), ["before", "fits as well"]);
    let refused = "SELECT count(*) FROM audit_entries \
         WHERE action = 'reservation.create' AND outcome = 'refused'";
    assert_eq!(story.server.number(refused), 0);
    assert_clean(&story.server);
}

#[test]
fn a_posted_receivable_beside_a_reservation_leaves_the_room_there_is() {
    let story = Story::of_the_hasty();
    let client = story.server.with_everything();
    let held = story.hold();
    let body = receivable_body(&story.server, &story.one, "100.00");
    client.post("/v1/receivables", &body).expect(201);
    assert_eq!(story.reserve("850.00").status, 503);
    drop(held);
    story.reserve("850.01").expect_problem("limit_exceeded");
    story.reserve("850.00").expect(201);
    assert_clean(&story.server);
}

#[test]
fn what_expired_is_no_use_of_a_member_that_could_be_given_back_twice() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES).id();
    let path = format!("/v1/credit-groups/{group}");
    let mode = json!({"limit_mode": "per_member_minimum"});
    let client = server.with_everything();
    // A group without a ceiling has nothing to bound.
    client.patch(&path, "*", &mode).expect(200);
    a_group_line(&server, &group, "100.00");
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "130.00");
    a_member(&server, &group, &customer);
    let mut hold = reservation_body(&customer, "80.00");
    hold["expires_at"] = json!(server.now() + TimeDelta::hours(1));
    client.post("/v1/reservations", &hold).expect(201);
    server.advance(TimeDelta::hours(2));
    let orders = ["60.00", "60.00", "40.00"].map(|amount| reservation_body(&customer, amount));
    let body = json!({"atomic": false, "reservations": orders});
    let batch = client.post("/v1/reservation-batches", &body).expect(200);
    let items = batch.json()["items"].clone();
    assert_eq!(items[0]["reservation"]["held"], "60.00");
    let problem = &items[1]["problem"];
    assert_eq!(reasons(problem), ["limit_exceeded group"]);
    assert_eq!(problem["reasons"][0]["available"], "40.00");
    assert_eq!(items[2]["reservation"]["held"], "40.00");
    assert_clean(&server);
}
