//! Every field of an answer is for somebody, and nobody else gets it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};
use shouxin::auth::scopes;

use super::document::assert_checked_in;
use crate::support::actors::SALES;
use crate::support::document::{Documented, document, operations};
use crate::support::{
    Answer, Client, GOODS, TestServer, a_payment, a_product_line, a_receivable, a_reservation,
    a_unified_line, capture_body, customer_body, fresh_key, receivable_body,
};

/// From the least to the most.
const AUDIENCES: &[&str] = &["own", "staff", "officers"];

fn rank(audience: &str) -> usize {
    let found = AUDIENCES.iter().position(|one| *one == audience);
    found.unwrap_or_else(|| panic!("there is no audience {audience}"))
}

/// Operations that a customer itself may use.
fn of_customers() -> impl Iterator<Item = &'static Documented> {
    let tier = scopes::tier("customer").unwrap();
    let open = |operation: &&Documented| {
        let scope = operation.scope.as_deref();
        scope.is_some_and(|scope| tier.holds(scope))
    };
    operations().iter().filter(open)
}

/// The schema of the answer of an operation.
fn answer_of(operation: &Documented) -> &Value {
    &operation.object["responses"]["200"]["content"]["application/json"]["schema"]
}

/// Names of the schemas that a schema leads to.
fn reached(schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = name_of(schema)
        && found.insert(name.to_owned())
    {
        reached(schema_named(name), found);
    }
    let parts = schema.as_object().map(|object| object.values());
    let items = schema.as_array().map(|items| items.iter());
    parts
        .into_iter()
        .flatten()
        .for_each(|part| reached(part, found));
    items
        .into_iter()
        .flatten()
        .for_each(|part| reached(part, found));
}

fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"]
        .as_str()?
        .strip_prefix("#/components/schemas/")
}

fn schema_named(name: &str) -> &'static Value {
    &document()["components"]["schemas"][name]
}

/// Every field of every view that a customer itself can get: schema, field, its schema.
fn fields_for_customers() -> Vec<(String, String, &'static Value)> {
    let mut schemas = BTreeSet::new();
    for operation in of_customers() {
        reached(answer_of(operation), &mut schemas);
    }
    schemas
        .into_iter()
        .flat_map(|schema| {
            let fields = schema_named(&schema)["properties"].as_object();
            fields
                .into_iter()
                .flatten()
                .map(move |(name, field)| (schema.clone(), name.clone(), field))
        })
        .collect()
}

#[test]
fn whom_each_field_that_a_customer_itself_could_get_is_for_is_checked_in() {
    let mut text = String::from(
        "# Whom each field is for, of all views that a customer itself can get: own (it too), staff (the\n\
         # company's people and systems), officers (those who see internal notes).\n\
         # A test generates it: `SHOUXIN_UPDATE=1 cargo test --test main contract::`.\n\n",
    );
    for (schema, name, field) in fields_for_customers() {
        let audience = field["x-audience"].as_str();
        let audience = audience.unwrap_or_else(|| panic!("{schema}.{name} is for nobody"));
        rank(audience);
        writeln!(text, "{:48}{audience}", format!("{schema}.{name}")).unwrap();
    }
    assert_checked_in(
        "openapi/audience.txt",
        &text,
        "SHOUXIN_UPDATE=1 cargo test --test main contract::",
    );
}

/// What people of the company write for each other, and who they are, is theirs by its name or type.
#[test]
fn no_words_and_no_names_of_the_company_are_for_the_customer_itself() {
    const INTERNAL: &[&str] = &[
        "comment",
        "evidence",
        "note",
        "reason",
        "remarks",
        "request_id",
    ];
    let people = schema_of_people();
    for (schema, name, field) in fields_for_customers() {
        let internal = INTERNAL.iter().any(|word| name.ends_with(word));
        let somebody = field["pattern"] == people["pattern"] && field["maxLength"] == 600;
        if internal || somebody {
            assert_ne!(field["x-audience"], "own", "{schema}.{name}");
        }
    }
}

/// People are shown as issuer and subject; such as who asked for an approval.
fn schema_of_people() -> &'static Value {
    &schema_named("Approval")["properties"]["requested_by"]
}

#[test]
fn what_is_not_for_everybody_may_be_absent_and_says_so() {
    let mut restricted = 0;
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        let fields = schema["properties"].as_object().into_iter().flatten();
        for (field, property) in fields.filter(|(_, field)| field["x-audience"] != "own") {
            if property["x-audience"].is_null() {
                continue;
            }
            restricted += 1;
            let required = schema["required"].as_array().into_iter().flatten();
            assert!(required.clone().all(|one| one != field), "{name}.{field}");
            assert!(
                property.to_string().contains("Absent where"),
                "{name}.{field}"
            );
        }
    }
    assert!(restricted > 20, "{restricted}");
    let text = document().to_string();
    assert!(!text.contains("x-of") && !text.contains("schemas/Staff"));
}

/// Things of one customer in which every field that is not for it holds something.
struct Story {
    customer: String,
    /// Path template to address.
    addresses: BTreeMap<&'static str, String>,
}

/// What nobody but the company may read, wherever it stands.
const WORDS: &[&str] = &[
    "备注甲：关联交易待查",
    "复审：涉嫌欺诈",
    "暂停原因：被起诉",
    "冲销原因：内部差错",
    "争议说明：内部意见",
];
/// What only officers may read.
const NOTES: &[&str] = &["复审：涉嫌欺诈"];

fn story(server: &TestServer) -> Story {
    let client = server.with_everything();
    let mut body = customer_body(SALES);
    for (field, value) in [
        ("remarks", WORDS[0]),
        ("value_class", "a"),
        ("service_tier", "gold"),
        ("market_weight", "key"),
        ("legal_representative", "王建国"),
    ] {
        body[field] = json!(value);
    }
    let created = client.post("/v1/customers", &body).expect(201);
    let customer = created.id();
    let path = format!("/v1/customers/{customer}");
    let related = json!({"related_party": true});
    client.patch(&path, &created.etag(), &related).expect(200);
    let line = a_product_line(server, &customer, "1000.00").id();
    let on_line = |what: &str| format!("/v1/credit-lines/{line}/{what}");
    let contract = json!({
        "number": "HT-1", "signed_on": "2026-01-05", "payment_method": "银行转账", "payment_term_days": 30,
    });
    client.post(&on_line("contracts"), &contract).expect(200);
    let review = json!({"outcome": "keep", "comment": WORDS[1], "next_review_on": "2026-12-01"});
    client.post(&on_line("reviews"), &review).expect(200);
    let held = a_reservation(server, &customer, "100.00").id();
    let captured = client
        .post(
            &format!("/v1/reservations/{held}/capture"),
            &capture_body(server, None, true),
        )
        .expect(200);
    let captured = captured.json();
    let receivable = captured["captures"][0]["receivable_id"]
        .as_str()
        .unwrap()
        .to_owned();
    a_receivable(server, &customer, "5000.00");
    let payment = a_payment(server, &customer, "10.00", &[]).id();
    let why = json!({"reason": WORDS[3]});
    client
        .post(&format!("/v1/payments/{payment}/reverse"), &why)
        .expect(200);
    server.sql(&format!(
        "UPDATE receivables SET disputed_on = '2026-01-05', dispute_reason = '{}' WHERE id = '{receivable}'",
        WORDS[4]
    ));
    client
        .post(&on_line("suspend"), &json!({"reason": WORDS[2]}))
        .expect(200);
    // A review that suspends a line is told to whoever follows suspensions.
    let unified = a_unified_line(server, &customer, "1000.00").id();
    let found = json!({"outcome": "suspend", "comment": WORDS[1]});
    let reviews = format!("/v1/credit-lines/{unified}/reviews");
    client.post(&reviews, &found).expect(200);
    let addresses = [
        ("/v1/customers/{customer_id}", path.clone()),
        (
            "/v1/customers/{customer_id}/history",
            format!("{path}/history"),
        ),
        (
            "/v1/customers/{customer_id}/credit-summary",
            format!("{path}/credit-summary"),
        ),
        (
            "/v1/credit-lines/{line_id}",
            format!("/v1/credit-lines/{line}"),
        ),
        ("/v1/credit-lines/{line_id}/contracts", on_line("contracts")),
        ("/v1/credit-lines/{line_id}/history", on_line("history")),
        ("/v1/credit-lines/{line_id}/movements", on_line("movements")),
        ("/v1/credit-lines/{line_id}/reviews", on_line("reviews")),
        (
            "/v1/payments/{payment_id}",
            format!("/v1/payments/{payment}"),
        ),
        (
            "/v1/receivables/{receivable_id}",
            format!("/v1/receivables/{receivable}"),
        ),
        ("/v1/products/{code}", format!("/v1/products/{GOODS}")),
        (
            "/v1/products/{code}/versions",
            format!("/v1/products/{GOODS}/versions"),
        ),
    ]
    .into();
    Story {
        customer,
        addresses,
    }
}

impl Story {
    /// What an operation answers to a reader.
    fn read(&self, operation: &'static Documented, client: &Client) -> Answer {
        let template = operation.path.as_str();
        if operation.method == "POST" {
            assert_eq!(operation.id, "searchCustomers");
            let name = client
                .get(&format!("/v1/customers/{}", self.customer))
                .expect(200);
            return client
                .post(template, &json!({"name": name.field("name")}))
                .expect(200);
        }
        let address = self.addresses.get(template).cloned();
        let address = address.unwrap_or_else(|| {
            assert!(!template.contains('{'), "add {template} to the story");
            format!("{template}?limit=200")
        });
        client.get(&address).expect(200)
    }
}

/// Holds a body against its schema: what is there has to be for the audience. Notes the fields that hold
/// something.
fn held_against(
    (schema, place): (&Value, &str),
    body: &Value,
    audience: &str,
    seen: &mut BTreeSet<String>,
) {
    if let Some(name) = name_of(schema) {
        return held_against((schema_named(name), name), body, audience, seen);
    }
    for part in ["oneOf", "allOf", "anyOf"] {
        for choice in schema[part].as_array().into_iter().flatten() {
            held_against((choice, place), body, audience, seen);
        }
    }
    for item in body.as_array().into_iter().flatten() {
        held_against((&schema["items"], place), item, audience, seen);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let Some(member) = body.get(name) else {
            continue;
        };
        let whose = property["x-audience"].as_str().unwrap_or("own");
        assert!(
            rank(whose) <= rank(audience),
            "{place}.{name} to {audience}: {member}"
        );
        if !member.is_null() {
            seen.insert(format!("{place}.{name}"));
        }
        held_against((property, place), member, audience, seen);
    }
}

#[test]
fn nobody_gets_what_is_above_their_audience_over_all_that_a_customer_itself_can_read() {
    let server = TestServer::start();
    let story = story(&server);
    let own = server.as_customer(&story.customer);
    let officer = server.as_tier("credit_officer_branch");
    let staff = server.as_tier("account_manager");
    let readers = [("own", &own), ("staff", &staff), ("officers", &officer)];
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for operation in of_customers() {
        for (audience, client) in readers {
            let answer = story.read(operation, client);
            let noted = seen.entry(audience).or_default();
            held_against((answer_of(operation), "?"), &answer.json(), audience, noted);
            let words = if audience == "own" { WORDS } else { NOTES };
            let text = format!("{} {:?}", answer.text(), answer.headers);
            for word in words.iter().filter(|_| audience != "officers") {
                assert!(!text.contains(word), "{}: {text}", operation.id);
            }
        }
    }
    let told = server.as_tier("integration").get("/v1/events?limit=200");
    let told = told.expect(200).text();
    assert!(told.contains("credit_line.suspended") && !told.contains(NOTES[0]));
    // None of it was hidden because it was not there.
    let not_staged = ["Receivable.reservation_id"];
    for (schema, name, field) in fields_for_customers() {
        let place = format!("{schema}.{name}");
        let least = rank(field["x-audience"].as_str().unwrap());
        for audience in AUDIENCES
            .iter()
            .filter(|one| least > 0 && rank(one) >= least)
        {
            let shown = seen[audience].contains(&place);
            assert!(
                shown || not_staged.contains(&place.as_str()),
                "{place} to {audience}"
            );
        }
    }
}

#[test]
fn a_customer_itself_is_told_nothing_of_the_company_by_what_it_owns() {
    let server = TestServer::start();
    let story = story(&server);
    let own = server.as_customer(&story.customer);
    let archive = own
        .get(&story.addresses["/v1/customers/{customer_id}"])
        .expect(200);
    for hidden in [
        "related_party",
        "market_weight",
        "value_class",
        "remarks",
        "nature",
    ] {
        assert!(archive.json().get(hidden).is_none(), "{hidden}");
    }
    let reviews = own
        .get(&story.addresses["/v1/credit-lines/{line_id}/reviews"])
        .expect(200);
    let review = &reviews.items()[0];
    let names: Vec<&String> = review.as_object().unwrap().keys().collect();
    assert_eq!(names, ["number", "reviewed_at"]);
    // A version that changed nothing for it shows no change, and whether it was a major one neither.
    let history = own
        .get(&story.addresses["/v1/customers/{customer_id}/history"])
        .expect(200);
    let latest = &history.items()[0];
    assert_eq!(
        (&latest["changes"], &latest["major"]),
        (&json!([]), &json!(false))
    );
    let officer = server.as_tier("credit_officer_branch");
    let history = officer
        .get(&story.addresses["/v1/customers/{customer_id}/history"])
        .expect(200);
    assert_eq!(history.items()[0]["changes"][0]["field"], "related_party");
}

#[test]
fn what_is_not_shown_is_not_found_by_either() {
    let server = TestServer::start();
    let story = story(&server);
    let own = server.as_customer(&story.customer);
    let staff = server.as_tier("account_manager");
    for filter in [
        "/v1/customers?related_party=true",
        "/v1/customers?market_weight=key",
        "/v1/customers?nature=ordinary",
        "/v1/customers?value_class=a",
        "/v1/customers?service_tier=gold",
        "/v1/customers?time_class=new",
        "/v1/customers?trading_class=current",
        "/v1/receivables?over_limit=true",
        "/v1/receivables?term_exceeded=false",
    ] {
        own.get(filter).expect_problem("unknown_parameter");
        staff.get(filter).expect(200);
    }
    let due = "/v1/credit-reviews?until=2026-12-31";
    assert_eq!(own.get(due).expect(200).items(), Vec::<Value>::new());
    assert_eq!(staff.get(due).expect(200).items().len(), 1);
}

#[test]
fn a_tag_is_of_what_its_reader_got() {
    let server = TestServer::start();
    let story = story(&server);
    let own = server.as_customer(&story.customer);
    let path = &story.addresses["/v1/customers/{customer_id}"];
    let (mine, theirs) = (
        own.get(path).expect(200),
        server.as_tier("clerk").get(path).expect(200),
    );
    assert_ne!(mine.etag(), theirs.etag());
    own.get(path)
        .header("If-None-Match", &mine.etag())
        .expect(304);
    own.get(path)
        .header("If-None-Match", &theirs.etag())
        .expect(200);
}

/// The same person may come with another token: what it may not see is not told again either.
#[test]
fn an_answer_given_again_is_given_to_who_asks_now() {
    let server = TestServer::start();
    let story = story(&server);
    let writer = server.with_everything();
    let body = receivable_body(&server, &story.customer, "1.00");
    let key = fresh_key();
    let first = writer.post("/v1/receivables", &body).key(&key).expect(201);
    let mut identity = writer.identity().clone();
    identity.customer_id = Some(story.customer.parse().unwrap());
    let again = server
        .client_of(identity)
        .post("/v1/receivables", &body)
        .key(&key)
        .expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(
        (again.id(), again.json().get("over_limit")),
        (first.id(), None)
    );
    assert_ne!(again.etag(), first.etag());
    let whole = writer.post("/v1/receivables", &body).key(&key).expect(201);
    assert_eq!(
        (whole.body.clone(), whole.etag()),
        (first.body.clone(), first.etag())
    );
}
