//! Everything that can be tried: each write of the document, on everything that it could be about.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{COLLEAGUE, SPARE, WITH_DEPOSIT, World};
use crate::model::dice::Dice;
use crate::support::actors::SALES;
use crate::support::client::Call;
use crate::support::document::{Documented, guarded};
use crate::support::{
    Answer, Client, GOODS, Owner, TestServer, a_number, application_body, capture_body,
    customer_body, payment_body, product_body, rate_body, receivable_body, reservation_body,
    somebody,
};

/// One thing to try.
pub struct Deed {
    /// The operation.
    pub operation: &'static Documented,
    /// What its path is about; what the actor has made itself is looked up when it is played.
    about: Option<String>,
    /// The body, where it takes one.
    pub body: Option<Value>,
    /// Whether there was nothing yet for it to be about.
    pub is_put_off: bool,
}

/// Identifiers by the name that paths have for them.
#[derive(Default)]
pub struct Made(BTreeMap<String, Vec<String>>);

impl Made {
    pub fn add(&mut self, parameter: &str, id: &str) {
        self.0
            .entry(parameter.to_owned())
            .or_default()
            .push(id.to_owned());
    }

    /// What an accepted write has made, or left to be decided.
    pub fn take_note(&mut self, operation: &str, answer: &Answer) {
        if answer.status == 202 {
            let path = answer.header("location").unwrap();
            self.add("change_id", path.rsplit('/').next().unwrap());
            return;
        }
        let parameter = match operation {
            "createCreditApplication" => "application_id",
            "createApprovalDelegation" => "delegation_id",
            "requestReferral" => "referral_id",
            "createReservation" => "reservation_id",
            "receivePayment" => "payment_id",
            "recordCreditExclusion" => "exclusion_id",
            "recordSupplyHold" => "hold_id",
            _ => return,
        };
        self.add(parameter, &answer.id());
    }
}

impl Deed {
    /// The path, where there is something for it to be about.
    pub fn path(&self, made: &Made, dice: &mut Dice) -> Option<String> {
        if let Some(path) = &self.about {
            return Some(path.clone());
        }
        let Some(parameter) = self.operation.path.split(['{', '}']).nth(1) else {
            return Some(self.operation.path.clone());
        };
        let ids = made.0.get(parameter)?;
        Some(self.operation.path_with(&ids[dice.below(ids.len())]))
    }

    /// The request.
    pub fn call(&self, client: &Client, path: &str) -> Call {
        match (self.operation.method.as_str(), &self.body) {
            ("PATCH", Some(body)) => client.patch(path, "*", body),
            (_, Some(body)) => client.post(path, body),
            (method, None) => client.call(method, path),
        }
    }

    /// What a customer has paid by it.
    pub fn paid_minor(&self) -> i64 {
        match (self.operation.id.as_str(), &self.body) {
            ("receivePayment", Some(body)) => {
                let amount = body["amount"].as_str().unwrap();
                amount.replace('.', "").parse().unwrap()
            }
            _ => 0,
        }
    }
}

/// What is played of each that is about nothing in particular.
const OFTEN: usize = 5;

/// One card for everything there is to try. Of what only takes away a quarter is tried: whoever has
/// nothing left shows no more.
pub fn deck(server: &TestServer, world: &World, dice: &mut Dice) -> Vec<Deed> {
    let mut cards = Vec::new();
    let writes = guarded().filter(|operation| operation.is_write());
    for operation in writes {
        let mut add = |about: Option<String>, body: Value| {
            cards.push(Deed {
                operation,
                about,
                body: operation.body().map(|_| body),
                is_put_off: false,
            });
        };
        let id = operation.id.as_str();
        let takes_away = TAKES_AWAY.contains(&id);
        let mut abouts = abouts(operation, world);
        if STOPS.contains(&id) {
            let stopped = operation.path_with(&world.suspended);
            abouts.retain(|about| about.as_ref() != Some(&stopped));
        }
        if takes_away {
            let kept = abouts.len().div_ceil(4);
            while abouts.len() > kept {
                abouts.swap_remove(dice.below(abouts.len()));
            }
        }
        for about in abouts {
            for body in bodies(server, operation, world, dice) {
                add(about.clone(), body);
            }
        }
    }
    cards
}

/// What only takes away.
const TAKES_AWAY: &[&str] = &[
    "recordCreditExclusion",
    "recordSupplyHold",
    "suspendCreditLine",
];

/// What would hide that a line that is suspended was resumed: it is left as it is.
const STOPS: &[&str] = &["suspendCreditLine", "closeCreditLine"];

/// Paths that an operation could be about; none of them where it has to be made first.
fn abouts(operation: &'static Documented, world: &World) -> Vec<Option<String>> {
    let parameter = operation.path.split(['{', '}']).nth(1);
    let with = |ids: &[String]| ids.iter().map(|id| Some(operation.path_with(id))).collect();
    match parameter {
        Some("line_id") => with(&world.lines),
        Some("customer_id") => with(&world.customers),
        Some("group_id") if operation.path.contains("member_id") => {
            world.memberships.iter().cloned().map(Some).collect()
        }
        Some("group_id") => with(&world.groups),
        Some("code") => with(&[GOODS, WITH_DEPOSIT, SPARE].map(str::to_owned)),
        Some(_) | None => vec![None; OFTEN],
    }
}

/// What could be asked by it.
fn bodies(
    server: &TestServer,
    operation: &'static Documented,
    world: &World,
    dice: &mut Dice,
) -> Vec<Value> {
    let today = server.db().today().to_string();
    let mut any = || world.customers[dice.below(world.customers.len())].clone();
    match operation.id.as_str() {
        "createCreditApplication" => applications(world, dice),
        "patchCreditApplication" => vec![json!({"amount": "990000.00"})],
        "createCreditGroup" => vec![json!({"name": "集团", "basis": "control", "org_path": SALES})],
        "patchCreditGroup" => ["pooled", "per_member_minimum", "fallback"]
            .map(|mode| json!({"limit_mode": mode}))
            .into(),
        "joinCreditGroup" => vec![json!({"customer_id": any(), "from": today})],
        "patchCreditGroupMember" => vec![
            json!({"until": today, "evidence": "股权已转让"}),
            json!({"until": "2026-03-01", "evidence": "股权已转让"}),
        ],
        "recordCreditContract" => [7, 3_650]
            .map(|days| {
                json!({"number": a_number(), "signed_on": today, "payment_method": "电汇",
                    "payment_term_days": days})
            })
            .into(),
        "recordCreditReview" => {
            vec![json!({"outcome": "keep", "comment": "付款及时", "next_review_on": "2036-01-01"})]
        }
        "publishCreditPolicy" => {
            vec![json!({"effective_from": today, "policy": {"tolerance_bp": 5_000}})]
        }
        "publishCheckRuleSet" => vec![json!({"effective_from": today, "rules": {}})],
        "publishAuthorityRules" => {
            let (_, example) = operation.body().unwrap();
            let mut body = example.clone();
            body["effective_from"] = json!(today);
            vec![body]
        }
        "recordCompanyFigure" => vec![json!({
            "figure": "net_capital", "as_of": today, "amount": "9000000000.00", "currency": "CNY",
            "source": "审计报告",
        })],
        "patchCustomer" => vec![
            json!({"related_party": false}),
            json!({"status": "active"}),
            json!({"industry": "steel"}),
        ],
        "createCustomer" => vec![customer_body(SALES)],
        "recordCustomerScore" => vec![json!({
            "grade": "A", "scored_on": today, "valid_until": "2027-12-31", "source": "我",
        })],
        "recordDunningLevel" => vec![json!({"level": 0, "as_of": today})],
        "recordExpectedSales" => {
            vec![json!({"amount": "90000000.00", "as_of": today, "evidence": "口头"})]
        }
        "recordCreditExclusion" | "recordSupplyHold" => {
            vec![json!({"customer_id": any(), "reason": "法院执行", "from": today, "until": null})]
        }
        "createProduct" => vec![product_body(&format!(
            "product_{}",
            a_number().to_lowercase().replace('-', "_")
        ))],
        "patchProduct" => vec![
            json!({"deposit_share_bp": 0}),
            json!({"default_payment_term_days": 3_650}),
            json!({"default_payment_term_days": 20}),
        ],
        "publishExchangeRate" => ["0.0001", "6.8", "7.3"]
            .map(|rate| rate_body(server, ["USD", "CNY"], rate))
            .into(),
        "importExchangeRates" => {
            vec![json!({"rates": [rate_body(server, ["USD", "CNY"], "0.0001")]})]
        }
        "receivePayment" => vec![payment_body(server, &any(), "1.00")],
        "allocatePayment" => vec![json!({"allocate": "oldest_due_first"})],
        "postReceivable" => vec![receivable_body(server, &any(), "2.00")],
        "createReservation" => vec![reservation_body(&any(), "5.00")],
        "createReservationBatch" => {
            vec![json!({"atomic": false, "reservations": [reservation_body(&any(), "5.00")]})]
        }
        "amendReservation" => vec![json!({"amount": "900.00"}), json!({"amount": "1.00"})],
        "captureReservation" => vec![capture_body(server, Some("1.00"), false)],
        "releaseReservation" => vec![json!({"amount": "1.00"})],
        "requestReferral" => {
            let mut body = reservation_body(&any(), "2000.00");
            body["reason"] = json!("客户承诺付款");
            vec![body]
        }
        "createApprovalDelegation" => vec![json!({
            "delegate": somebody(server, COLLEAGUE).identity().principal(), "from": today, "until": today,
            "reason": "休假",
        })],
        _ if operation.path.ends_with("/approve") => vec![json!({"comment": "同意"})],
        _ if operation.body().is_some() => {
            vec![
                operation
                    .body()
                    .map_or(Value::Null, |(_, example)| example.clone()),
            ]
        }
        _ => vec![Value::Null],
    }
}

/// What could be applied for: more of everything.
fn applications(world: &World, dice: &mut Dice) -> Vec<Value> {
    let mut any = |ids: &[String]| ids[dice.below(ids.len())].clone();
    let customer = any(&world.customers);
    let line = |action: &str, id: String| json!({"credit_line_id": id, "action": action});
    let mut more = line("increase", any(&world.lines));
    more["amount"] = json!("900000.00");
    let mut longer = line("change_terms", any(&world.lines));
    longer["payment_term_days"] = json!(365);
    vec![
        application_body(Owner::Customer(&customer), Some(GOODS), "100000.00"),
        line("close", any(&world.lines)),
        line("resume", any(&world.lines)),
        json!({"action": "change_mode", "group_id": any(&world.groups), "limit_mode": "fallback"}),
        more,
        longer,
    ]
}
