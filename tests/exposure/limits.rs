//! What a limit allows on a day: temporary increases, decreases, kinds of limits, grace, tolerance.

use std::sync::Barrier;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{
    a_policy, a_policy_from, about_line, approve, carried_out, check, decided, draw_up, reasons,
    reserve, submit, summary,
};
use crate::support::ledger::{balance, line};
use crate::support::{
    Answer, GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_draft, a_group_line,
    a_group_of, a_line, a_member, a_payment, a_product_line, a_receivable, a_reservation,
    a_submitted, a_unified_line, application_body, assert_ledger_is_clean, capture_body,
    reservation_body, terms_between, the_goods,
};

fn temporary(amount: &str, mode: &str, [from, until]: [&str; 2]) -> Value {
    json!({"amount": amount, "temporary_mode": mode, "valid_from": from, "valid_until": until})
}

/// The limit of the day as the line, the summary and a check tell it.
fn told(server: &TestServer, customer: &str, id: &str) -> [String; 3] {
    let line = line(server, id);
    let summary = summary(server, customer);
    let lines = summary["lines"].as_array().unwrap();
    let of_summary = lines.iter().find(|one| one["id"] == id).unwrap();
    let check = check(server, customer, "1.00");
    [
        &line["effective_limit"],
        &of_summary["effective_limit"],
        &check["levels"][0]["limit"],
    ]
    .map(|value| value.as_str().unwrap().to_owned())
}

#[test]
fn a_temporary_increase_ends_by_its_date_without_a_job() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let id = server.texts("SELECT id FROM credit_lines").remove(0);
    let days = ["2026-03-03", "2026-03-04"];
    carried_out(
        &server,
        &id,
        "temporary_increase",
        &temporary("250.00", "add", days),
    );
    let next = about_line(
        &id,
        "temporary_increase",
        &temporary("1.00", "add", ["2026-04-01", "2026-04-02"]),
    );
    assert_eq!(told(&server, &customer, &id), ["1000.00"; 3]);
    reserve(&server, &customer, "1000.01").expect_problem("limit_exceeded");
    server.advance(TimeDelta::days(1));
    assert_eq!(told(&server, &customer, &id), ["1250.00"; 3]);
    // One at a time: the next can be asked for when this one has ended.
    draw_up(&server, &next).expect_problem("line_overlaps");
    server.advance(TimeDelta::days(1));
    assert_eq!(told(&server, &customer, &id), ["1250.00"; 3]);
    // What is to be held for longer than the increase lasts has no room; what leaves that open is held
    // as long as it lasts.
    let mut longer = reservation_body(&customer, "1250.00");
    longer["expires_at"] = json!((server.now() + TimeDelta::days(2)).to_rfc3339());
    let client = server.with_everything();
    let refused = client
        .post("/v1/reservations", &longer)
        .expect_problem("limit_exceeded");
    assert_eq!(refused.json()["reasons"][0]["on"], "2026-03-06");
    let held = a_reservation(&server, &customer, "1250.00").id();
    assert_eq!(check(&server, &customer, "0.01")["available"], "0.00");
    let body = capture_body(&server, Some("1200.00"), false);
    client
        .post(&format!("/v1/reservations/{held}/capture"), &body)
        .expect(200);
    server.advance(TimeDelta::days(1));
    assert_eq!(told(&server, &customer, &id), ["1000.00"; 3]);
    // What is owed stays, and can be given back.
    assert_eq!(balance(&server, &id), "0.00 1200.00 -200.00");
    carried_out(
        &server,
        &id,
        "temporary_increase",
        &temporary("1300.00", "replace", ["2026-03-05", "2026-03-05"]),
    );
    assert_eq!(told(&server, &customer, &id), ["1300.00"; 3]);
    a_reservation(&server, &customer, "100.00");
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    server.advance(TimeDelta::days(1));
    assert_eq!(balance(&server, &id), "0.00 1200.00 -200.00");
    assert_ledger_is_clean(&server);
}

#[test]
fn a_temporary_increase_never_lowers_a_limit_that_was_raised_meanwhile() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let id = server.texts("SELECT id FROM credit_lines").remove(0);
    let days = ["2026-03-02", "2026-03-31"];
    carried_out(
        &server,
        &id,
        "temporary_increase",
        &temporary("1500.00", "replace", days),
    );
    assert_eq!(told(&server, &customer, &id), ["1500.00"; 3]);
    carried_out(&server, &id, "increase", &json!({"amount": "2000.00"}));
    assert_eq!(told(&server, &customer, &id), ["2000.00"; 3]);
    a_reservation(&server, &customer, "2000.00");
    let report = server
        .with_everything()
        .get("/v1/reports/portfolio?by=customer")
        .expect(200)
        .json();
    assert_eq!(report["rows"][0]["limit"], "2000.00");
    assert_ledger_is_clean(&server);
}

#[test]
fn a_limit_below_what_is_used_has_to_be_meant() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let id = server.texts("SELECT id FROM credit_lines").remove(0);
    let held = a_reservation(&server, &customer, "300.00").id();
    let owed = a_receivable(&server, &customer, "500.00").id();
    let decrease = |amount: &str, meant: bool| {
        about_line(
            &id,
            "decrease",
            &json!({"amount": amount, "allow_overdrawn": meant}),
        )
    };
    let before = line(&server, &id);
    let draft = a_draft(&server, &decrease("799.99", false));
    let refused = submit(&server, &draft)
        .expect_problem("limit_below_use")
        .json();
    assert_eq!(
        (&refused["limit"], &refused["used"]),
        (&json!("799.99"), &json!("800.00"))
    );
    // What fits when it is submitted may not fit any more when it is approved.
    let tight = a_submitted(&server, &decrease("800.00", false));
    a_receivable(&server, &customer, "0.01");
    let refused = approve(&server, &tight)
        .expect_problem("limit_below_use")
        .json();
    assert_eq!(refused["used"], "800.01");
    assert_eq!(line(&server, &id)["version"], before["version"]);
    let meant = a_submitted(&server, &decrease("600.00", true));
    approve(&server, &meant).expect(200);
    assert_eq!(line(&server, &id)["available"], "-200.01");
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    let client = server.with_everything();
    let release = format!("/v1/reservations/{held}/release");
    client
        .post(&release, &json!({"amount": "100.00"}))
        .expect(200);
    let body = capture_body(&server, Some("200.00"), true);
    client
        .post(&format!("/v1/reservations/{held}/capture"), &body)
        .expect(200);
    a_payment(&server, &customer, "200.00", &[(&owed, "200.00")]);
    assert_eq!(balance(&server, &id), "0.00 500.01 99.99");
    a_reservation(&server, &customer, "99.99");
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    assert_ledger_is_clean(&server);
}

#[test]
fn what_has_expired_is_no_use_that_stands_in_the_way_of_a_decrease() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let id = server.texts("SELECT id FROM credit_lines").remove(0);
    a_reservation(&server, &customer, "900.00");
    server.advance(TimeDelta::days(8));
    assert_eq!(balance(&server, &id), "0.00 0.00 1000.00");
    let lower = carried_out(&server, &id, "decrease", &json!({"amount": "100.00"}));
    assert_eq!(lower.field("available"), "100.00");
    a_reservation(&server, &customer, "100.00");
    assert_eq!(balance(&server, &id), "100.00 0.00 0.00");
    assert_ledger_is_clean(&server);
}

#[test]
fn a_decrease_among_reservations_never_leaves_more_used_than_allowed() {
    let server = TestServer::start_with(|settings| settings.workers = 2);
    for _ in 0..3 {
        let customer = a_customer(&server).id();
        let id = a_product_line(&server, &customer, "1000.00").id();
        let terms = json!({"amount": "500.00"});
        let path = a_submitted(&server, &about_line(&id, "decrease", &terms));
        let start = Barrier::new(5);
        let (reserved, decrease) = std::thread::scope(|scope| {
            let running: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        (0..3)
                            .filter(|_| reserve(&server, &customer, "100.00").status == 201)
                            .count()
                    })
                })
                .collect();
            start.wait();
            let decrease = approve(&server, &path);
            let reserved: usize = running
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum();
            (reserved, decrease)
        });
        let after = line(&server, &id);
        assert_eq!(after["held"], format!("{}.00", reserved * 100));
        // Either the decrease came while at most 500.00 was used, and held from then on, or it
        // came too late and changed nothing.
        if decrease.status == 200 {
            assert_eq!((&after["effective_limit"], reserved), (&json!("500.00"), 5));
        } else {
            let refused = decrease.expect_problem("limit_below_use").json();
            assert_eq!(refused["limit"], "500.00");
            assert_eq!(
                (&after["effective_limit"], reserved),
                (&json!("1000.00"), 10)
            );
        }
    }
    assert_ledger_is_clean(&server);
}

#[test]
fn an_expired_line_may_be_used_in_its_days_of_grace_until_another_follows() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let owner = Owner::Customer(&customer);
    let body = terms_between(owner, Some(GOODS), "100.00", ["2026-01-01", "2026-03-02"]);
    let old = a_line(&server, &body).id();
    a_policy(&server, &json!({"grace_days": 2}));
    server.advance(TimeDelta::days(2));
    a_reservation(&server, &customer, "10.00");
    assert_eq!(check(&server, &customer, "1.00")["decision"], "approved");
    server.advance(TimeDelta::days(1));
    let refused = reserve(&server, &customer, "1.00")
        .expect_problem("line_expired")
        .json();
    assert_eq!(refused["reasons"][0]["valid_until"], "2026-03-02");
    // The line that follows wins over one in its days of grace, and takes along what is open.
    let other = a_customer(&server).id();
    let owner = Owner::Customer(&other);
    let first = a_line(
        &server,
        &terms_between(owner, Some(GOODS), "100.00", ["2026-01-01", "2026-03-05"]),
    )
    .id();
    let second = a_line(
        &server,
        &terms_between(owner, Some(GOODS), "50.00", ["2026-03-06", "2026-12-31"]),
    )
    .id();
    a_reservation(&server, &other, "30.00");
    server.advance(TimeDelta::days(1));
    let seen = check(&server, &other, "20.00");
    assert_eq!(
        (&seen["levels"][0]["credit_line_id"], &seen["available"]),
        (&json!(second), &json!("20.00"))
    );
    reserve(&server, &other, "20.01").expect_problem("limit_exceeded");
    a_reservation(&server, &other, "20.00");
    assert_eq!(
        [balance(&server, &first), balance(&server, &second)],
        ["30.00 0.00 50.00", "20.00 0.00 0.00"]
    );
    // What was held on the line in its days of grace was held no longer than those.
    assert_eq!(line(&server, &old)["held"], "0.00");
    assert_ledger_is_clean(&server);
}

#[test]
fn tolerance_is_exact_to_the_fen_and_off_unless_a_policy_in_force_says_so() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    // 1.5 percent of 333.33 is 4.99995: what is tolerated is never rounded up.
    let id = a_product_line(&server, &customer, "333.33").id();
    reserve(&server, &customer, "333.34").expect_problem("limit_exceeded");
    a_policy_from(&server, "2026-03-03", &json!({"tolerance_bp": 150}));
    reserve(&server, &customer, "333.34").expect_problem("limit_exceeded");
    let current = server
        .with_everything()
        .get("/v1/credit-policies/current")
        .expect(200)
        .json();
    assert_eq!(current["version"], 0);
    server.advance(TimeDelta::days(1));
    assert_eq!(check(&server, &customer, "1.00")["available"], "338.32");
    reserve(&server, &customer, "338.33").expect_problem("limit_exceeded");
    a_reservation(&server, &customer, "338.32");
    assert_eq!(balance(&server, &id), "338.32 0.00 -4.99");
    // A member that fits into a ceiling only because something is tolerated joins too.
    let group = a_group_of(&server, SALES).id();
    let ceiling = a_group_line(&server, &group, "333.33").id();
    a_member(&server, &group, &customer);
    assert_eq!(balance(&server, &ceiling), "338.32 0.00 -4.99");
    let newcomer = a_customer_with_credit(&server, SALES);
    a_reservation(&server, &newcomer, "0.01");
    let body = json!({"customer_id": newcomer, "from": "2026-03-03"});
    let members = format!("/v1/credit-groups/{group}/members");
    server
        .with_everything()
        .post(&members, &body)
        .expect_problem("limit_exceeded");
    assert_ledger_is_clean(&server);
}

/// A line of this kind of limit.
fn of_kind(owner: Owner<'_>, product: Option<&str>, kind: &str) -> Value {
    let mut body = application_body(owner, product, "0");
    body["limit_kind"] = json!(kind);
    body["amount"] = Value::Null;
    body
}

#[test]
fn limits_can_be_absent_inherited_or_nothing() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let owner = Owner::Customer(&customer);
    let product = a_line(&server, &of_kind(owner, Some(GOODS), "inherit")).id();
    let orphan = check(&server, &customer, "1.00");
    assert_eq!(
        (&orphan["decision"], &orphan["available"]),
        (&json!("declined"), &json!("0.00"))
    );
    let refused = reserve(&server, &customer, "0.01")
        .expect_problem("limit_exceeded")
        .json();
    assert_eq!(reasons(&refused), ["limit_exceeded product"]);
    assert_eq!(refused["reasons"][0]["credit_line_id"], product);
    assert!(
        refused["detail"].as_str().unwrap().contains("inherits"),
        "{refused}"
    );
    // With a parent it takes what the parent has; another that inherits is no parent.
    a_line(&server, &of_kind(owner, None, "inherit"));
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    let group = a_group_of(&server, SALES).id();
    let ceiling = a_group_line(&server, &group, "50.00").id();
    // What it inherits is more than it had, and so applied for.
    let joining = json!({"customer_id": customer, "from": server.db().today().to_string()});
    let members = format!("/v1/credit-groups/{group}/members");
    let joined = server.with_everything().post(&members, &joining).send();
    decided(&server, joined).expect(200);
    let seen = check(&server, &customer, "50.00");
    assert_eq!(
        (&seen["available"], &seen["binding_level"]),
        (&json!("50.00"), &json!("group"))
    );
    a_reservation(&server, &customer, "50.00");
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    assert_eq!(balance_of_unlimited(&server, &product), "50.00 0.00");
    assert_eq!(balance(&server, &ceiling), "50.00 0.00 0.00");
    let free = a_customer(&server).id();
    let owner = Owner::Customer(&free);
    let open = a_line(&server, &of_kind(owner, Some(GOODS), "unlimited")).id();
    assert_eq!(check(&server, &free, "1.00")["available"], Value::Null);
    a_reservation(&server, &free, "10000000000000.00");
    assert_eq!(
        balance_of_unlimited(&server, &open),
        "10000000000000.00 0.00"
    );
    let blocked = a_customer(&server).id();
    a_product_line(&server, &blocked, "0.00");
    let refused = reserve(&server, &blocked, "0.01").expect_problem("limit_exceeded");
    assert_eq!(reasons(&refused.json()), ["limit_exceeded product"]);
    assert_eq!(check(&server, &blocked, "0.01")["available"], "0.00");
    assert_ledger_is_clean(&server);
}

fn balance_of_unlimited(server: &TestServer, id: &str) -> String {
    let line = line(server, id);
    assert_eq!(
        (&line["available"], &line["effective_limit"]),
        (&Value::Null, &Value::Null)
    );
    format!(
        "{} {}",
        line["held"].as_str().unwrap(),
        line["drawn"].as_str().unwrap()
    )
}

#[test]
fn a_unified_limit_that_falls_bounds_every_product_below_it() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let product = a_product_line(&server, &customer, "500.00").id();
    let unified = a_unified_line(&server, &customer, "400.00").id();
    a_reservation(&server, &customer, "100.00");
    carried_out(&server, &unified, "decrease", &json!({"amount": "150.00"}));
    assert_eq!(
        check(&server, &customer, "50.00")["binding_level"],
        "customer"
    );
    reserve(&server, &customer, "50.01").expect_problem("limit_exceeded");
    a_reservation(&server, &customer, "50.00");
    assert_eq!(balance(&server, &product), "150.00 0.00 350.00");
}

#[test]
fn a_line_says_which_level_binds_it_and_what_can_be_used() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer(&server).id();
    let product = a_product_line(&server, &customer, "1000.00");
    let seen = |line: &Answer| {
        let line = client.get(&format!("/v1/credit-lines/{}", line.id()));
        let line = line.expect(200).json();
        (line["binding_level"].clone(), line["usable"].clone())
    };
    assert_eq!(seen(&product), (json!("product"), json!("1000.00")));
    let unified = a_unified_line(&server, &customer, "600.00");
    assert_eq!(seen(&product), (json!("customer"), json!("600.00")));
    let group = a_group_of(&server, SALES).id();
    a_member(&server, &group, &customer);
    let ceiling = a_group_line(&server, &group, "500.00");
    assert_eq!(seen(&product), (json!("group"), json!("500.00")));
    assert_eq!(seen(&unified), (json!("group"), json!("500.00")));
    assert_eq!(seen(&ceiling), (json!("group"), json!("500.00")));
    // What another member takes of the ceiling can be used no more.
    let other = a_customer_with_credit(&server, SALES);
    a_member(&server, &group, &other);
    a_reservation(&server, &other, "450.00");
    assert_eq!(seen(&product), (json!("group"), json!("50.00")));
    let page = client.get("/v1/credit-lines").expect(200).items();
    let listed = page.iter().find(|line| line["id"] == product.id()).unwrap();
    assert_eq!(listed["usable"], "50.00");
    // A customer knows nothing of its group.
    let own = server.as_customer(&customer);
    let line = own
        .get(&format!("/v1/credit-lines/{}", product.id()))
        .send();
    assert!(line.status == 403 || line.json()["binding_level"].is_null());
}
