//! The main story, as an integrator meets it: the program itself, over HTTP, on an empty database.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use shouxin::clock::{Clock, SystemClock, business_date};

use crate::binary::{Binary, Folder, ask};
use crate::support::cluster::TestDatabase;
use crate::support::{Answer, Client, a_number, a_social_credit_code, eventually, fresh_key};

const ORGANISATION: &str = "head-office/east/shanghai/sales-1";

/// Who takes part, each with a token of the tokens file.
struct People {
    manager: Client,
    officer: Client,
    orders: Client,
    administrator: Client,
    auditor: Client,
}

/// The service, and the people who use it.
struct Story {
    people: People,
    today: NaiveDate,
    product: String,
}

impl Story {
    fn begin(service: &Binary, folder: &Folder) -> Self {
        let tier = |name: &str| service.as_tier(folder, name);
        let now = SystemClock.now();
        Self {
            people: People {
                manager: tier("account_manager"),
                // Without a score, a branch decides no more than 200,000.
                officer: tier("credit_officer_head_office"),
                orders: tier("integration"),
                administrator: tier("administrator"),
                auditor: tier("auditor"),
            },
            today: business_date(now, chrono_tz::Asia::Shanghai),
            product: "steel_on_credit".to_owned(),
        }
    }

    /// Applied for by the manager, approved by the officer: a line.
    fn a_line(&self, owner: (&str, &str), product: Option<&str>, amount: &str) -> String {
        let mut body = json!({
            "action": "open", "product": product, "amount": amount, "currency": "CNY",
            "valid_from": self.today, "valid_until": self.today + TimeDelta::days(365),
            "payment_term_days": 30, "revolving": true,
        });
        body[owner.0] = json!(owner.1);
        let People {
            manager, officer, ..
        } = &self.people;
        let drawn_up = manager.post("/v1/credit-applications", &body).expect(201);
        let path = format!("/v1/credit-applications/{}", drawn_up.id());
        let submit = manager.post(&format!("{path}/submit"), &json!({}));
        assert_eq!(submit.expect(200).field("status"), "submitted");
        let comment = json!({"comment": "同意"});
        let decided = officer.post(&format!("{path}/approve"), &comment);
        let decided = decided.expect(200);
        assert_eq!(manager.get(&path).expect(200).json(), decided.json());
        decided.field("credit_line_id")
    }

    fn line(&self, id: &str) -> Value {
        let path = format!("/v1/credit-lines/{id}");
        self.people.orders.get(&path).expect(200).json()
    }

    /// Held, drawn and available.
    fn balance(&self, id: &str) -> [String; 3] {
        let line = self.line(id);
        ["held", "drawn", "available"].map(|name| line[name].as_str().unwrap().to_owned())
    }

    fn receivable(&self, id: &Value) -> Value {
        let path = format!("/v1/receivables/{}", id.as_str().unwrap());
        self.people.orders.get(&path).expect(200).json()
    }

    /// Types and subjects of all events, page by page, in the order of the feed.
    fn events(&self) -> Vec<(String, String)> {
        let mut seen = Vec::new();
        let mut path = "/v1/events?limit=7".to_owned();
        loop {
            let page = self.people.auditor.get(&path).expect(200);
            let items = page.items();
            if items.is_empty() {
                return seen;
            }
            for item in items {
                for name in ["id", "time", "data"] {
                    assert!(!item[name].is_null(), "{item}");
                }
                let text = |name: &str| item[name].as_str().unwrap().to_owned();
                seen.push((text("type"), text("subject")));
            }
            path = format!("/v1/events?limit=7&after={}", page.field("next_cursor"));
        }
    }
}

#[test]
fn from_a_new_customer_to_a_paid_receivable() {
    let database = TestDatabase::create_empty();
    let folder = Folder::new("main-story");
    let mut service = Binary::dev(&folder, 0, database.url());
    let story = Story::begin(&service, &folder);
    let People {
        manager,
        orders,
        administrator,
        ..
    } = &story.people;

    // A customer, its group, and a product to sell.
    let code = a_social_credit_code();
    let body = json!({
        "name": "上海示例钢铁贸易有限公司", "kind": "company", "unified_social_credit_code": code,
        "org_path": ORGANISATION, "roles": ["buyer"],
    });
    let customer = manager.post("/v1/customers", &body).expect(201).id();
    let body = json!({"name": "示例钢铁集团", "basis": "control"});
    let group = manager.post("/v1/credit-groups", &body).expect(201).id();
    let body = json!({"customer_id": customer, "from": story.today});
    let members = format!("/v1/credit-groups/{group}/members");
    let member = manager.post(&members, &body).expect(201).id();
    let body = json!({
        "code": story.product, "name_en": "Steel on credit", "name_zh": "钢材赊销",
        "kind": "receivable", "exposure_treatment": "gross", "default_payment_term_days": 45,
    });
    administrator.post("/v1/products", &body).expect(201);

    // A line at each level.
    let product = story.a_line(
        ("customer_id", &customer),
        Some(&story.product),
        "500000.00",
    );
    let unified = story.a_line(("customer_id", &customer), None, "800000.00");
    let ceiling = story.a_line(("group_id", &group), None, "1000000.00");
    let opened = story.line(&product);
    assert_eq!(opened["customer_id"], customer);
    assert_eq!(opened["group_id"], Value::Null);
    assert_eq!(opened["product"], story.product);
    let limit = json!({"kind": "amount", "amount": "500000.00"});
    assert_eq!(opened["limit"], limit);
    assert_eq!(opened["status"], "active");
    assert_eq!(opened["valid_from"], json!(story.today));
    assert_eq!(opened["version"], 1);
    assert_eq!(story.line(&ceiling)["group_id"], group);

    // May it have 120,000 on credit? It may; and the order sets them aside.
    let wanted = json!({
        "customer_id": customer, "product": story.product, "amount": "120000.00", "currency": "CNY",
    });
    let check = orders.post("/v1/credit-checks", &wanted).expect(200).json();
    assert_eq!(check["decision"], "approved");
    assert_eq!(check["available"], "500000.00");
    assert_eq!(check["levels"].as_array().unwrap().len(), 3);
    let rules = check["rules"].as_array().unwrap();
    // Nobody has published a rule set, which is said; everything else passes.
    let (set, others): (Vec<&Value>, Vec<&Value>) =
        rules.iter().partition(|rule| rule["rule"] == "rule_set");
    assert_eq!(set[0]["result"], "not_configured");
    assert!(!others.is_empty() && others.iter().all(|rule| rule["result"] == "pass"));
    let mut order = wanted.clone();
    order["reference"] = json!("SO-2026-0001");
    order["expires_at"] = json!(SystemClock.now() + TimeDelta::days(3));
    let key = fresh_key();
    let reserved = orders
        .post("/v1/reservations", &order)
        .key(&key)
        .expect(201);
    let again = orders
        .post("/v1/reservations", &order)
        .key(&key)
        .expect(201);
    assert_eq!(reserved.body, again.body);
    let held = reserved.id();
    assert_eq!(reserved.field("status"), "held");
    for (line, available) in [
        (&product, "380000.00"),
        (&unified, "680000.00"),
        (&ceiling, "880000.00"),
    ] {
        assert_eq!(story.balance(line), ["120000.00", "0.00", available]);
    }
    let mut too_much = order.clone();
    too_much["amount"] = json!("380000.01");
    let refused = orders.post("/v1/reservations", &too_much);
    let refused = refused.expect_problem("limit_exceeded").json();
    assert_eq!(refused["reasons"][0]["level"], "product");
    assert_eq!(refused["reasons"][0]["available"], "380000.00");

    // Two deliveries; the rest of the order is called off.
    let captured = |amount: &str, issued_on: NaiveDate| -> Answer {
        let body = json!({
            "amount": amount,
            "receivable": {"number": a_number(), "issued_on": issued_on, "payment_term_days": 30},
        });
        let path = format!("/v1/reservations/{held}/capture");
        orders.post(&path, &body).expect(200)
    };
    captured("40000.00", story.today);
    let both = captured("50000.00", story.today - TimeDelta::days(10)).json();
    assert_eq!(
        (&both["status"], &both["captured"]),
        (&json!("held"), &json!("90000.00"))
    );
    let path = format!("/v1/reservations/{held}/release");
    let released = orders
        .post(&path, &json!({"amount": null}))
        .expect(200)
        .json();
    assert_eq!(released["status"], "released");
    assert_eq!(released["released"], "30000.00");
    assert_eq!(story.balance(&product), ["0.00", "90000.00", "410000.00"]);
    let owed = |amount: &str| -> Value {
        let captures = both["captures"].as_array().unwrap();
        let found = captures.iter().find(|one| one["amount"] == amount);
        found.unwrap()["receivable_id"].clone()
    };
    let (younger, older) = (owed("40000.00"), owed("50000.00"));
    let shown = story.receivable(&older);
    assert_eq!(shown["customer_id"], customer);
    assert_eq!(shown["outstanding"], "50000.00");
    assert_eq!(shown["currency"], "CNY");
    assert_eq!(shown["due_on"], json!(story.today + TimeDelta::days(20)));
    assert_eq!(shown["status"], "open");

    // 60,000 arrive, for the oldest due first: all of one, a part of the other.
    let body = json!({
        "customer_id": customer, "amount": "60000.00", "currency": "CNY", "received_on": story.today,
        "reference": "BANK-1", "allocate": "oldest_due_first",
    });
    let payment = orders.post("/v1/payments", &body).expect(201);
    assert_eq!(payment.field("unapplied"), "0.00");
    assert_eq!(story.receivable(&older)["status"], "paid");
    assert_eq!(story.receivable(&younger)["status"], "partly_paid");
    assert_eq!(story.receivable(&younger)["outstanding"], "30000.00");
    for (line, available) in [
        (&product, "470000.00"),
        (&unified, "770000.00"),
        (&ceiling, "970000.00"),
    ] {
        assert_eq!(story.balance(line), ["0.00", "30000.00", available]);
    }

    // All of it is in the feed, in the order in which it happened.
    let application = [
        "credit_application.drawn_up",
        "approval.requested",
        "credit_application.submitted",
        "approval.decided",
        "credit_line.opened",
        "credit_application.approved",
    ];
    let mut expected = vec![
        "customer.created",
        "credit_group.created",
        "credit_group.member_joined",
        "product.created",
    ];
    for _ in 0..3 {
        expected.extend(application);
    }
    expected.extend([
        "reservation.created",
        "receivable.posted",
        "reservation.captured",
        "receivable.posted",
        "reservation.captured",
        "reservation.released",
        "payment.received",
    ]);
    // What is written elsewhere on the same PostgreSQL holds the feed back for a moment.
    let mut events = Vec::new();
    eventually("the feed has caught up", || {
        events = story.events();
        events.len() >= expected.len()
    });
    let types: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(types, expected);
    assert_eq!(events[0].1, format!("customer/{customer}"));
    assert_eq!(events[2].1, format!("credit_group_member/{member}"));
    let last = events.last().unwrap();
    assert_eq!(last.1, format!("payment/{}", payment.id()));

    // The books agree, beside the running service and after it has ended.
    let proof = ask(&["verify", "ledger"], database.url());
    let failure = String::from_utf8_lossy(&proof.stderr).into_owned();
    assert!(proof.status.success(), "{failure}");
    let proof = String::from_utf8(proof.stdout).unwrap();
    assert!(
        proof.contains("every balance equals its movements"),
        "{proof}"
    );
    assert_eq!(service.terminate(), Some(0), "SIGTERM ends it in order");
    assert!(ask(&["verify", "ledger"], database.url()).status.success());
}
