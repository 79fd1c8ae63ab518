//! Whatever happens to lines, in whatever order: limits hold unless an exception is on record, the
//! ledger adds up, and what was so at a moment stays so.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{about_line, check, leave};
use crate::support::ledger::line;
use crate::support::{
    Answer, Client, GOODS, Owner, TestServer, a_customer, a_group_line, a_group_of, a_product_line,
    a_unified_line, application_body, assert_ledger_is_clean, capture_body, payment_body,
    receivable_body, reservation_body, somebody,
};

const STEPS: usize = 70;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % most as u64).unwrap()
    }

    fn amount(&mut self, most: usize) -> String {
        format!("{}.{:02}", 1 + self.below(most), self.below(100))
    }
}

/// What a step may do to the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A decision about new business: it fits everywhere.
    Decision,
    /// Nothing that may take room which is not there.
    Harmless,
    /// An exception that is on record: a limit below use that is meant, a member admitted beyond
    /// the ceiling, an end of a temporary increase, a fact, another mode of the group, a line opened
    /// over what is there.
    Exception,
}

struct World {
    server: TestServer,
    client: Client,
    customers: Vec<String>,
    group: String,
    lines: Vec<String>,
    reservations: Vec<String>,
    payments: Vec<String>,
    memberships: Vec<String>,
    outcomes: BTreeMap<String, usize>,
}

impl World {
    fn new() -> Self {
        let server = TestServer::start();
        let group = a_group_of(&server, SALES).id();
        let mut lines = vec![a_group_line(&server, &group, "150.00").id()];
        let customers: Vec<String> = (0..3).map(|_| a_customer(&server).id()).collect();
        for customer in &customers {
            lines.push(a_product_line(&server, customer, "80.00").id());
        }
        for customer in &customers[..2] {
            lines.push(a_unified_line(&server, customer, "70.00").id());
        }
        let client = server.with_everything();
        Self {
            server,
            client,
            customers,
            group,
            lines,
            reservations: Vec::new(),
            payments: Vec::new(),
            memberships: Vec::new(),
            outcomes: BTreeMap::new(),
        }
    }

    /// Room at every level of every customer.
    fn rooms(&self) -> BTreeMap<(usize, String), i64> {
        let mut rooms = BTreeMap::new();
        for (place, customer) in self.customers.iter().enumerate() {
            let seen = check(&self.server, customer, "0.01");
            for level in seen["levels"].as_array().unwrap() {
                if let Some(available) = level["available"].as_str() {
                    let minor = available.replace('.', "").parse().unwrap();
                    rooms.insert((place, level["level"].as_str().unwrap().to_owned()), minor);
                }
            }
        }
        rooms
    }

    /// What came of something: nothing but an answer of the business is one.
    fn came(&mut self, what: &str, answer: &Answer) -> bool {
        let code = match answer.status {
            200..300 => "done".to_owned(),
            400..500 => answer.field("code"),
            _ => panic!("{what}: {} {}", answer.status, answer.text()),
        };
        *self.outcomes.entry(format!("{what} {code}")).or_default() += 1;
        answer.status < 300
    }

    fn post(&mut self, what: &str, path: &str, body: &Value) -> Option<Answer> {
        let answer = self.client.post(path, body).send();
        self.came(what, &answer).then_some(answer)
    }

    /// Draws up, submits, and approves as often as it takes.
    fn apply(&mut self, body: &Value) -> Option<Answer> {
        let what = body["action"].as_str().unwrap().to_owned();
        let draft = self.post(&what, "/v1/credit-applications", body)?;
        let path = format!("/v1/credit-applications/{}", draft.id());
        self.post(&what, &format!("{path}/submit"), &json!({}))?;
        let approve = format!("{path}/approve");
        let mut last = None;
        for (person, step) in [("approver", 1), ("second approver", 2)] {
            let answer = somebody(&self.server, person)
                .post(&approve, &json!({"step": step}))
                .send();
            if !self.came(&what, &answer) {
                return None;
            }
            let waits = answer.json()["status"] == "submitted";
            last = Some(answer);
            if !waits {
                break;
            }
        }
        last
    }

    /// What was done by hand, or applied for where it has to be.
    fn asked(&mut self, what: &str, answer: &Answer) {
        match answer.json()["apply_with"].clone() {
            Value::Null => drop(self.came(what, answer)),
            body => drop(self.apply(&body)),
        }
    }

    fn change(&mut self, dice: &mut Dice) -> Step {
        let id = self.lines[dice.below(self.lines.len())].clone();
        let today = self.server.db().today();
        let day = |days: i64| (today + TimeDelta::days(days)).to_string();
        let actions = [
            "increase",
            "decrease",
            "temporary_increase",
            "renew",
            "change_terms",
            "suspend",
            "resume",
            "increase",
            "decrease",
            "temporary_increase",
            "resume",
        ];
        let action = actions[dice.below(actions.len())];
        let meant = dice.below(3) == 0;
        let mode = ["add", "replace"][dice.below(2)];
        let terms = match action {
            "increase" => json!({"amount": format!("{}.00", 60 + dice.below(120))}),
            "decrease" => json!({"amount": dice.amount(120), "allow_overdrawn": meant}),
            "temporary_increase" => json!({
                "amount": dice.amount(90), "temporary_mode": mode,
                "valid_from": day(0), "valid_until": day(i64::try_from(dice.below(3)).unwrap()),
            }),
            "renew" => json!({"valid_until": day(400 + i64::try_from(dice.below(90)).unwrap())}),
            "change_terms" => json!({
                "payment_term_days": dice.below(90), "deposit_share_bp": dice.below(3_000),
                "conditions": format!("条件 {}", dice.below(1_000)),
            }),
            _ => json!({}),
        };
        self.apply(&about_line(&id, action, &terms));
        match (action, meant) {
            ("decrease", true) => Step::Exception,
            _ => Step::Harmless,
        }
    }

    /// A line closed, or opened where there is none.
    fn open_or_close(&mut self, dice: &mut Dice) -> Step {
        if dice.below(3) == 0 {
            let place = dice.below(self.lines.len());
            let id = self.lines[place].clone();
            self.apply(&about_line(&id, "close", &json!({})));
        } else {
            let customer = self.customers[dice.below(self.customers.len())].clone();
            let product = [None, Some(GOODS)][dice.below(2)];
            let body = application_body(Owner::Customer(&customer), product, &dice.amount(120));
            if let Some(opened) = self.apply(&body) {
                self.lines.push(opened.field("credit_line_id"));
            }
        }
        Step::Exception
    }

    fn step(&mut self, dice: &mut Dice) -> Step {
        let customer = self.customers[dice.below(self.customers.len())].clone();
        match dice.below(22) {
            0..=4 => {
                let body = reservation_body(&customer, &dice.amount(60));
                match self.post("reserve", "/v1/reservations", &body) {
                    Some(made) => {
                        self.reservations.push(made.id());
                        Step::Decision
                    }
                    None => Step::Harmless,
                }
            }
            5 | 6 if !self.reservations.is_empty() => {
                let id = &self.reservations[dice.below(self.reservations.len())];
                let path = format!("/v1/reservations/{id}/capture");
                let body = capture_body(&self.server, Some(&dice.amount(20)), dice.below(2) == 0);
                self.post("capture", &path, &body);
                Step::Harmless
            }
            7 if !self.reservations.is_empty() => {
                let id = &self.reservations[dice.below(self.reservations.len())];
                let path = format!("/v1/reservations/{id}/release");
                self.post("release", &path, &json!({}));
                Step::Harmless
            }
            8 | 9 => {
                let mut body = payment_body(&self.server, &customer, &dice.amount(40));
                body["allocate"] = json!("oldest_due_first");
                if let Some(paid) = self.post("pay", "/v1/payments", &body) {
                    self.payments.push(paid.id());
                }
                Step::Harmless
            }
            10 if !self.payments.is_empty() => {
                let id = self.payments.swap_remove(dice.below(self.payments.len()));
                let path = format!("/v1/payments/{id}/reverse");
                self.post("reverse", &path, &json!({"reason": "退票"}));
                Step::Exception
            }
            11 => {
                let body = receivable_body(&self.server, &customer, &dice.amount(15));
                self.post("fact", "/v1/receivables", &body);
                Step::Exception
            }
            12 | 13 => {
                let path = format!("/v1/credit-groups/{}/members", self.group);
                let today = self.server.db().today().to_string();
                let body = json!({"customer_id": customer, "from": today});
                if let Some(joined) = self.post("join", &path, &body) {
                    self.memberships
                        .push(joined.header("location").unwrap().to_owned());
                }
                Step::Harmless
            }
            14 if !self.memberships.is_empty() => {
                let path = self
                    .memberships
                    .swap_remove(dice.below(self.memberships.len()));
                let answer = leave(&self.server, &path);
                self.asked("leave", &answer);
                Step::Harmless
            }
            15 => {
                let body = json!({"action": "admit_member", "group_id": self.group, "member_customer_id": customer});
                if self.apply(&body).is_some() {
                    let path = format!(
                        "/v1/credit-groups/{}/members?on={}",
                        self.group,
                        self.server.db().today()
                    );
                    let members = self.client.get(&path).expect(200).items();
                    let own = members
                        .iter()
                        .find(|one| one["customer_id"] == customer && one["until"].is_null())
                        .unwrap();
                    let id = own["id"].as_str().unwrap();
                    self.memberships
                        .push(format!("/v1/credit-groups/{}/members/{id}", self.group));
                }
                Step::Exception
            }
            16 => {
                let mode = ["pooled", "per_member_minimum", "fallback"][dice.below(3)];
                let path = format!("/v1/credit-groups/{}", self.group);
                let answer = self
                    .client
                    .patch(&path, "*", &json!({"limit_mode": mode}))
                    .send();
                self.asked(mode, &answer);
                Step::Exception
            }
            17 => {
                self.server.advance(TimeDelta::hours(20));
                Step::Exception
            }
            18 => self.open_or_close(dice),
            _ => self.change(dice),
        }
    }
}

fn spelt(server: &TestServer) -> String {
    server.now().to_rfc3339().replace("+00:00", "Z")
}

#[expect(clippy::print_stdout, reason = "a failure is run again from its seed")]
fn history(seed: u64) -> BTreeMap<String, usize> {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut world = World::new();
    let mut told: Vec<(String, String)> = Vec::new();
    for number in 0..STEPS {
        world.server.advance(TimeDelta::seconds(1));
        let before = world.rooms();
        let step = world.step(&mut dice);
        let after = world.rooms();
        for (place, room) in &after {
            let least = match (step, before.get(place)) {
                (Step::Decision, Some(before)) if before == room => *room,
                (Step::Decision, _) => 0,
                // A level that was not there before bounds from now on.
                (Step::Harmless, Some(before)) => (*before).min(0),
                (Step::Harmless, None) | (Step::Exception, _) => i64::MIN,
            };
            assert!(
                *room >= least,
                "step {number} of seed {seed} ({step:?}) leaves {room} at {place:?}: {:?}",
                world.outcomes
            );
        }
        assert_ledger_is_clean(&world.server);
        let id = &world.lines[dice.below(world.lines.len())];
        let path = format!("/v1/credit-lines/{id}?as_of={}", spelt(&world.server));
        told.push((path.clone(), world.client.get(&path).expect(200).text()));
    }
    world.server.advance(TimeDelta::days(1));
    for (path, answer) in &told {
        assert_eq!(
            world.client.get(path).expect(200).text(),
            *answer,
            "{path} of seed {seed}"
        );
    }
    for id in &world.lines {
        let now = line(&world.server, id);
        let versions = world
            .client
            .get(&format!("/v1/credit-lines/{id}/history?limit=100"));
        let numbers: Vec<Value> = versions
            .expect(200)
            .items()
            .iter()
            .map(|one| one["version"].clone())
            .collect();
        let expected: Vec<i64> = (1..=now["version"].as_i64().unwrap()).rev().collect();
        assert_eq!(json!(numbers), json!(expected));
    }
    world.outcomes
}

#[test]
#[expect(clippy::print_stdout, reason = "shows what the histories were made of")]
fn limits_hold_and_the_past_stays_whatever_is_applied_for() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in [3, 11, 2026] {
        for (outcome, count) in history(seed) {
            *seen.entry(outcome).or_default() += count;
        }
    }
    println!("{seen:#?}");
    // The histories are about something: each of these came to pass.
    for outcome in [
        "reserve done",
        "reserve limit_exceeded",
        "capture done",
        "pay done",
        "join done",
        "leave done",
        "increase done",
        "decrease done",
        "temporary_increase done",
        "change_terms done",
        "renew done",
        "suspend done",
        "resume done",
        "open done",
        "close done",
        "admit_member done",
    ] {
        assert!(seen.contains_key(outcome), "never: {outcome}");
    }
}
