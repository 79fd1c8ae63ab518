//! What a lone actor would like to have more of, and how much of it there is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::deeds::Made;
use crate::support::actors::SALES;
use crate::support::applications::a_score;
use crate::support::checks::{a_restriction, a_rule_set, dunned};
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_group_line, a_group_of, a_line, a_member, a_product,
    a_product_line, a_rate, a_unified_line, application_body, in_currency, product_body,
    reservation_body, somebody, the_goods,
};

/// Amounts and other numbers by what they are of; less is stricter.
pub type Measures = BTreeMap<String, i64>;

/// A product that wants a part in advance.
pub const WITH_DEPOSIT: &str = "with_deposit";
/// Somebody to lend one's steps to.
pub const COLLEAGUE: &str = "colleague";
/// A product that nobody has a line of.
pub const SPARE: &str = "spare";

/// Customers, groups and lines of one actor.
pub struct World {
    /// Each for something that bounds it.
    pub customers: Vec<String>,
    /// Every line.
    pub lines: Vec<String>,
    /// The one of them that is suspended.
    pub suspended: String,
    /// A pooled one and one that bounds each member by itself.
    pub groups: [String; 2],
    /// Paths.
    pub memberships: Vec<String>,
    exclusion: String,
    hold: String,
}

/// What all worlds have in common.
pub fn company(server: &TestServer) {
    the_goods(server);
    a_product(server, SPARE);
    let mut body = product_body(WITH_DEPOSIT);
    body["deposit_share_bp"] = json!(2_000);
    let everything = server.with_everything();
    everything.post("/v1/products", &body).expect(201);
    a_rate(server, ["USD", "CNY"], "7.0");
    somebody(server, COLLEAGUE)
        .get("/v1/approvals?limit=1")
        .expect(200);
}

/// Rules by which facts about customers count.
pub fn rules(server: &TestServer) {
    a_rule_set(
        server,
        &json!({
            "dunning": {"level_max": 2, "effect": "decline"},
            "supply_hold": {"effect": "decline"},
            "grade": {"cash_only": ["D"], "effect": "decline"},
            "room": {"effect": "refer"},
        }),
    );
}

impl World {
    /// A world as it was decided by others.
    pub fn new(server: &TestServer) -> Self {
        let customers: Vec<String> = (0..13).map(|_| a_customer(server).id()).collect();
        let of = |place: usize| customers[place].as_str();
        let unlimited = |customer: &str| {
            let mut body = application_body(Owner::Customer(customer), Some(GOODS), "0.00");
            (body["limit_kind"], body["amount"]) = (json!("unlimited"), Value::Null);
            a_line(server, &body).id()
        };
        let goods = |place: usize, amount: &str| a_product_line(server, of(place), amount).id();
        let unified = |place: usize, amount: &str| a_unified_line(server, of(place), amount).id();
        let groups = [(); 2].map(|()| a_group_of(server, SALES).id());
        let [pooled, each] = groups.each_ref().map(String::as_str);
        let everything = server.with_everything();
        let mode = json!({"limit_mode": "per_member_minimum"});
        let path = format!("/v1/credit-groups/{each}");
        everything.patch(&path, "*", &mode).expect(200);
        let mut lines = vec![
            unified(0, "1000.00"),
            goods(0, "5000.00"),
            unified(1, "1000.00"),
            unlimited(of(1)),
            a_group_line(server, pooled, "1000.00").id(),
            goods(2, "5000.00"),
            goods(3, "5000.00"),
            a_group_line(server, each, "1000.00").id(),
            unified(4, "3000.00"),
            goods(4, "3000.00"),
            goods(5, "3000.00"),
        ];
        lines.extend((6..=10).map(|place| goods(place, "1000.00")));
        let with_deposit = application_body(Owner::Customer(of(11)), Some(WITH_DEPOSIT), "1000.00");
        lines.push(a_line(server, &with_deposit).id());
        lines.push(goods(12, "800.00"));
        let memberships = [(pooled, 2), (pooled, 3), (each, 4), (each, 5)]
            .map(|(group, place)| a_member(server, group, of(place)));
        let suspended = lines[11].clone();
        let suspend = format!("/v1/credit-lines/{suspended}/suspend");
        everything.post(&suspend, &json!({})).expect(200);
        let exclusion = a_restriction(server, "credit-exclusions", of(7)).id();
        let hold = a_restriction(server, "supply-holds", of(8)).id();
        dunned(server, of(9), 3);
        a_score(server, of(10), "D", "2026-12-31");
        let related = json!({"related_party": true});
        let path = format!("/v1/customers/{}", of(12));
        somebody(server, "archivist")
            .patch(&path, "*", &related)
            .expect(200);
        Self {
            lines,
            suspended,
            groups,
            memberships: memberships.into(),
            exclusion,
            hold,
            customers,
        }
    }

    /// What there is of things that are found in paths.
    pub fn made(&self) -> Made {
        let mut made = Made::default();
        made.add("exclusion_id", &self.exclusion);
        made.add("hold_id", &self.hold);
        made
    }

    fn product_of(place: usize) -> &'static str {
        match place {
            11 => WITH_DEPOSIT,
            _ => GOODS,
        }
    }

    /// What each customer can order now, in cents; nothing where somebody else would have to decide.
    pub fn measures(&self, server: &TestServer) -> Measures {
        let mut found = Measures::new();
        for (place, customer) in self.customers.iter().enumerate() {
            let product = Self::product_of(place);
            let name = format!("customer {place} of {product}");
            found.insert(name, available(server, customer, product));
        }
        // More fits of a currency that is worth less.
        let order = in_currency(reservation_body(&self.customers[12], "1000.00"), "USD");
        let answer = check(server, &order);
        let fits = i64::from(answer["decision"] == "approved");
        found.insert("1,000.00 USD fit".to_owned(), fits * i64::MAX);
        found
    }

    /// What the lines ask of the customers, and what is known of them that decides who decides.
    pub fn terms(&self, server: &TestServer) -> Measures {
        let client = server.with_everything();
        let mut found = Measures::new();
        for (place, id) in self.lines.iter().enumerate() {
            let line = client.get(&format!("/v1/credit-lines/{id}")).expect(200);
            let line = line.json();
            let days = line["payment_term_days"].as_i64().unwrap();
            let share = line["deposit_share_bp"].as_i64().unwrap_or_default();
            // Not to be mistaken for an amount that may have been paid.
            found.insert(format!("term of line {place}"), days * MUCH);
            found.insert(format!("deposit of line {place}"), -share * MUCH);
        }
        for (place, id) in self.customers.iter().enumerate() {
            let customer = client.get(&format!("/v1/customers/{id}")).expect(200);
            let related = customer.json()["related_party"] == true;
            found.insert(format!("distance of {place}"), -i64::from(related) * MUCH);
        }
        let products = [GOODS, WITH_DEPOSIT].map(|code| {
            let product = client.get(&format!("/v1/products/{code}")).expect(200);
            product.json()
        });
        for product in products {
            let code = product["code"].as_str().unwrap();
            let share = product["deposit_share_bp"].as_i64().unwrap();
            let days = product["default_payment_term_days"].as_i64().unwrap();
            found.insert(format!("deposit of {code}"), -share * MUCH);
            found.insert(format!("term of {code}"), days * MUCH);
        }
        found
    }

    /// What two members of a group can order one after the other.
    pub fn together(&self, server: &TestServer) -> Measures {
        let client = server.with_everything();
        let mut found = Measures::new();
        for (name, [one, other]) in [("pooled", [2, 3]), ("each by itself", [4, 5])] {
            let first = available(server, &self.customers[one], GOODS);
            let mut held = None;
            if first > 0 {
                let amount = format!("{}.{:02}", first / 100, first % 100);
                let body = reservation_body(&self.customers[one], &amount);
                held = Some(client.post("/v1/reservations", &body).expect(201).id());
            }
            let both = first + available(server, &self.customers[other], GOODS);
            found.insert(name.to_owned(), both);
            if let Some(held) = held {
                let release = format!("/v1/reservations/{held}/release");
                client.post(&release, &json!({})).expect(200);
            }
        }
        found
    }
}

/// More than anybody pays.
const MUCH: i64 = 1_000_000_000_000;

fn check(server: &TestServer, order: &Value) -> Value {
    let mut order = order.clone();
    order.as_object_mut().unwrap().remove("reference");
    let answer = server.with_everything().post("/v1/credit-checks", &order);
    answer.expect(200).json()
}

/// What can be ordered without anybody else's decision, in cents.
fn available(server: &TestServer, customer: &str, product: &str) -> i64 {
    let mut order = reservation_body(customer, "0.01");
    order["product"] = json!(product);
    let answer = check(server, &order);
    if answer["decision"] != "approved" {
        return 0;
    }
    match answer["available"].as_str() {
        Some(amount) => amount.replace('.', "").parse().unwrap(),
        None => MUCH,
    }
}
