//! Business things to test with: each builder makes one over HTTP, as somebody allowed to.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use shouxin::customers::domain::social_credit_code::SocialCreditCode;

use super::actors::SALES;
use super::{Answer, Client, TestServer};

/// The product of most tests.
pub const GOODS: &str = "goods_on_credit";

/// A social credit code that nobody else in the run has.
pub fn a_social_credit_code() -> String {
    let body = format!("MA{:06}", next());
    SocialCreditCode::from_parts("91", "310115", &body)
        .unwrap()
        .as_str()
        .to_owned()
}

/// A name that nobody else in the run has.
pub fn a_company_name() -> String {
    format!("测试第{}贸易有限公司", next())
}

/// The body of a request for a new customer of `org_path`.
pub fn customer_body(org_path: &str) -> Value {
    json!({
        "name": a_company_name(),
        "kind": "company",
        "unified_social_credit_code": a_social_credit_code(),
        "org_path": org_path,
        "roles": ["buyer"],
    })
}

/// A customer of the sales department.
pub fn a_customer(server: &TestServer) -> Answer {
    a_customer_of(server, SALES)
}

/// A customer of any organisation.
pub fn a_customer_of(server: &TestServer, org_path: &str) -> Answer {
    server
        .with_everything()
        .post("/v1/customers", &customer_body(org_path))
        .expect(201)
}

/// The body of a request for a new product.
pub fn product_body(code: &str) -> Value {
    json!({
        "code": code,
        "name_en": "Goods on credit",
        "name_zh": "赊销",
        "kind": "receivable",
        "exposure_treatment": "gross",
        "default_payment_term_days": 30,
    })
}

/// The body of a request that records a net capital in CNY.
pub fn figure_body(as_of: &str, amount: &str) -> Value {
    json!({
        "figure": "net_capital", "as_of": as_of, "amount": amount, "currency": "CNY",
        "source": "年度审计报告",
    })
}

/// A product code that nobody else in the run has.
pub fn a_product_code() -> String {
    format!("product_{}", next())
}

/// A product of the catalogue.
pub fn a_product(server: &TestServer, code: &str) -> Answer {
    server
        .with_everything()
        .post("/v1/products", &product_body(code))
        .expect(201)
}

/// A credit group of any organisation.
pub fn a_group_of(server: &TestServer, org_path: &str) -> Answer {
    let body = json!({"name": "测试集团", "basis": "control", "org_path": org_path});
    server
        .with_everything()
        .post("/v1/credit-groups", &body)
        .expect(201)
}

/// The membership of a new customer of the sales department in a new group, from a day on.
pub fn a_membership(server: &TestServer, from: &str) -> Answer {
    let group = a_group_of(server, SALES).id();
    let body = json!({"customer_id": a_customer(server).id(), "from": from});
    server
        .with_everything()
        .post(&format!("/v1/credit-groups/{group}/members"), &body)
        .expect(201)
}

/// Whose line it is to be, as an application names it.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'a> {
    Customer(&'a str),
    Group(&'a str),
}

/// The body of an application in CNY for the year 2026, revolving, 30 days; the product is null
/// for a unified limit.
pub fn application_body(owner: Owner<'_>, product: Option<&str>, amount: &str) -> Value {
    let (customer, group) = match owner {
        Owner::Customer(id) => (Some(id), None),
        Owner::Group(id) => (None, Some(id)),
    };
    json!({
        "customer_id": customer, "group_id": group, "action": "open", "product": product,
        "amount": amount, "currency": "CNY", "valid_from": "2026-01-01",
        "valid_until": "2026-12-31", "payment_term_days": 30, "revolving": true,
    })
}

/// The same between two days.
pub fn terms_between(
    owner: Owner<'_>,
    product: Option<&str>,
    amount: &str,
    [from, until]: [&str; 2],
) -> Value {
    let mut body = application_body(owner, product, amount);
    body["valid_from"] = json!(from);
    body["valid_until"] = json!(until);
    body
}

/// The person who approves what [`TestServer::with_everything`] has asked for.
pub fn an_approver(server: &TestServer) -> Client {
    somebody(server, "approver")
}

/// What came of a write that may have to wait for a second person: the answer itself, or, once the
/// approver has confirmed the change, what is read where it was made.
pub fn confirmed(server: &TestServer, answer: Answer) -> Answer {
    if answer.status != 202 {
        return answer;
    }
    let change = carried_out_change(server, &answer);
    let made = change.field("result");
    let (noun, id) = made.split_once('/').unwrap();
    let of_customer = |collection: &str| {
        let customer = change.field("customer_id");
        format!("/v1/customers/{customer}/{collection}/{id}")
    };
    let path = match noun {
        "authority_rules" => format!("/v1/authority-rules/{id}"),
        "credit_policies" => format!("/v1/credit-policies/{id}"),
        "check_rule_sets" => format!("/v1/check-rule-sets/{id}"),
        "company_figure" => {
            let (figure, as_of) = id.split_once(':').unwrap();
            format!("/v1/company-figures/{figure}?as_of={as_of}")
        }
        "exchange_rate" => format!("/v1/exchange-rates/{id}"),
        "product" => format!("/v1/products/{id}"),
        "customer" => format!("/v1/customers/{id}"),
        "customer_score" => of_customer("scores"),
        "adverse_event" => of_customer("adverse-events"),
        "expected_sales" => of_customer("expected-sales"),
        "dunning_level" => of_customer("dunning-levels"),
        "credit_exclusion" => format!("/v1/credit-exclusions/{id}"),
        "supply_hold" => format!("/v1/supply-holds/{id}"),
        other => panic!("where is {other} read?"),
    };
    server.with_everything().get(&path).expect(200)
}

/// Confirms a change that waits, as the approver; gives it as it is then.
pub fn carried_out_change(server: &TestServer, answer: &Answer) -> Answer {
    let path = answer.header("location").unwrap();
    let approve = format!("{path}/approve");
    let done = an_approver(server).post(&approve, &json!({"comment": "已核实"}));
    let done = done.expect(200);
    assert_eq!(done.field("status"), "carried_out");
    done
}

/// Somebody else who may do everything.
pub fn somebody(server: &TestServer, subject: &str) -> Client {
    let mut identity = server.with_everything().identity().clone();
    identity.subject = subject.to_owned();
    server.client_of(identity)
}

/// A draft of an application.
pub fn a_draft(server: &TestServer, body: &Value) -> Answer {
    server
        .with_everything()
        .post("/v1/credit-applications", body)
        .expect(201)
}

/// A submitted application; gives its path.
pub fn a_submitted(server: &TestServer, body: &Value) -> String {
    let path = format!("/v1/credit-applications/{}", a_draft(server, body).id());
    let submit = format!("{path}/submit");
    let client = server.with_everything();
    client.post(&submit, &json!({})).expect(200);
    path
}

/// A line: applied for, submitted, and approved by as many other people as it takes.
pub fn a_line(server: &TestServer, body: &Value) -> Answer {
    approved(server, &a_submitted(server, body))
}

/// Approves every step of the application at a path, each as somebody else who may decide all of
/// them; gives the line, where it leaves one.
pub fn approved(server: &TestServer, path: &str) -> Answer {
    let approve = format!("{path}/approve");
    let comment = |step: i16| json!({"comment": "在授权范围内", "step": step});
    let mut answer = an_approver(server).post(&approve, &comment(1)).expect(200);
    if answer.json()["status"] == "submitted" {
        let second = somebody(server, "second approver");
        answer = second.post(&approve, &comment(2)).expect(200);
    }
    match answer.json()["credit_line_id"].as_str() {
        None => answer,
        Some(line) => server
            .with_everything()
            .get(&format!("/v1/credit-lines/{line}"))
            .expect(200),
    }
}

/// A line of a customer for [`GOODS`].
pub fn a_product_line(server: &TestServer, customer: &str, amount: &str) -> Answer {
    the_goods(server);
    let owner = Owner::Customer(customer);
    a_line(server, &application_body(owner, Some(GOODS), amount))
}

/// The unified limit of a customer.
pub fn a_unified_line(server: &TestServer, customer: &str, amount: &str) -> Answer {
    let owner = Owner::Customer(customer);
    a_line(server, &application_body(owner, None, amount))
}

/// The ceiling of a group.
pub fn a_group_line(server: &TestServer, group: &str, amount: &str) -> Answer {
    a_line(server, &application_body(Owner::Group(group), None, amount))
}

/// Puts [`GOODS`] into the catalogue, where it is not there yet.
pub fn the_goods(server: &TestServer) {
    let answer = server
        .with_everything()
        .post("/v1/products", &product_body(GOODS))
        .send();
    if answer.status != 201 {
        answer.expect_problem("duplicate_product_code");
    }
}

/// A customer of any organisation with a line of 1,000.00 for [`GOODS`]; gives its identifier.
pub fn a_customer_with_credit(server: &TestServer, org_path: &str) -> String {
    let customer = a_customer_of(server, org_path).id();
    a_product_line(server, &customer, "1000.00");
    customer
}

/// Takes a customer into a group today; gives the path of the membership.
pub fn a_member(server: &TestServer, group: &str, customer: &str) -> String {
    let path = format!("/v1/credit-groups/{group}/members");
    let body = json!({"customer_id": customer, "from": server.db().today().to_string()});
    let joined = server.with_everything().post(&path, &body).expect(201);
    joined.header("location").unwrap().to_owned()
}

/// The body of a request for a reservation of [`GOODS`].
pub fn reservation_body(customer: &str, amount: &str) -> Value {
    json!({
        "customer_id": customer, "product": GOODS, "amount": amount, "currency": "CNY",
        "reference": format!("SO-{}", next()),
    })
}

/// A reservation of [`GOODS`].
pub fn a_reservation(server: &TestServer, customer: &str, amount: &str) -> Answer {
    server
        .with_everything()
        .post("/v1/reservations", &reservation_body(customer, amount))
        .expect(201)
}

/// The body of a capture into a receivable of today with a number of its own.
pub fn capture_body(server: &TestServer, amount: Option<&str>, is_final: bool) -> Value {
    json!({
        "amount": amount, "final": is_final,
        "receivable": {"number": a_number(), "issued_on": server.db().today().to_string()},
    })
}

/// The number of a receivable that nothing else in the run has.
pub fn a_number() -> String {
    format!("INV-{}", next())
}

/// The body of a request for a receivable of [`GOODS`] that begins today.
pub fn receivable_body(server: &TestServer, customer: &str, amount: &str) -> Value {
    json!({
        "customer_id": customer, "product": GOODS, "number": a_number(), "amount": amount,
        "currency": "CNY", "issued_on": server.db().today().to_string(),
    })
}

/// A receivable of [`GOODS`] that begins today.
pub fn a_receivable(server: &TestServer, customer: &str, amount: &str) -> Answer {
    let body = receivable_body(server, customer, amount);
    server
        .with_everything()
        .post("/v1/receivables", &body)
        .expect(201)
}

/// The body of a payment of today that is not allocated.
pub fn payment_body(server: &TestServer, customer: &str, amount: &str) -> Value {
    json!({
        "customer_id": customer, "amount": amount, "currency": "CNY",
        "received_on": server.db().today().to_string(), "reference": format!("BANK-{}", next()),
    })
}

/// A payment that settles these receivables.
pub fn a_payment(
    server: &TestServer,
    customer: &str,
    amount: &str,
    settles: &[(&str, &str)],
) -> Answer {
    let mut body = payment_body(server, customer, amount);
    body["allocations"] = allocations(settles);
    server
        .with_everything()
        .post("/v1/payments", &body)
        .expect(201)
}

/// Allocations: receivable and amount.
pub fn allocations(settles: &[(&str, &str)]) -> Value {
    settles
        .iter()
        .map(|(id, amount)| json!({"receivable_id": id, "amount": amount}))
        .collect()
}

/// A body about another currency.
pub fn in_currency(mut body: Value, currency: &str) -> Value {
    body["currency"] = json!(currency);
    body
}

/// The body of a request for an exchange rate of today.
pub fn rate_body(server: &TestServer, [from, to]: [&str; 2], rate: &str) -> Value {
    json!({
        "from_currency": from, "to_currency": to, "rate_date": server.db().today().to_string(),
        "rate": rate, "source": "测试汇率",
    })
}

/// An exchange rate of today.
pub fn a_rate(server: &TestServer, pair: [&str; 2], rate: &str) -> Answer {
    let client = server.with_everything();
    let body = rate_body(server, pair, rate);
    confirmed(server, client.post("/v1/exchange-rates", &body).send())
}

fn next() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
