//! What of a natural person is personal: sealed, shown masked, found as a whole, and nowhere else.

use serde_json::{Value, json};
use shouxin::jobs::{self, Progress};

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::{Answer, TestServer, customer_body};

const PHONE: &str = "138 0013 8000";
const FAX: &str = "021-87654321";
const SITE: &str = "https://www.zhang-sanfeng.example/";
const STREET: &str = "衡山路123弄4号567室";
const ADDRESS: &str = "上海市徐汇区衡山路123弄4号567室";
const NAME: &str = "张三丰山";

/// All that must be nowhere.
const SECRETS: &[&str] = &[
    NAME,
    PHONE,
    "13800138000",
    FAX,
    "87654321",
    SITE,
    "zhang-sanfeng",
    STREET,
    "衡山路",
    "200030",
    "Zhang Sanfeng",
    "13911112222",
];

fn person_body(name: &str, org_path: &str) -> Value {
    let address = json!({
        "purpose": "住所", "city": "上海市", "district": "徐汇区", "street": STREET, "postcode": "200030",
    });
    let mut body = customer_body(org_path);
    body.as_object_mut()
        .unwrap()
        .remove("unified_social_credit_code");
    for (field, value) in [
        ("name", json!(name)),
        ("kind", json!("individual")),
        ("english_name", json!("Zhang Sanfeng")),
        ("phone", json!(PHONE)),
        ("fax", json!(FAX)),
        ("website", json!(SITE)),
        ("registered_address", address.clone()),
        ("delivery_address", address),
        (
            "contacts",
            json!([{"name": "李四", "phone": "13911112222"}]),
        ),
    ] {
        body[field] = value;
    }
    body
}

fn a_person(server: &TestServer, name: &str, org_path: &str) -> Answer {
    let body = person_body(name, org_path);
    server
        .with_everything()
        .post("/v1/customers", &body)
        .expect(201)
}

/// Identifiers of the customers that a search finds, in order.
fn found(server: &TestServer, criteria: &Value) -> Vec<String> {
    let client = server.with_everything();
    let answer = client.post("/v1/customer-searches", criteria).expect(200);
    let ids = answer.items().into_iter().map(|item| item["id"].clone());
    let mut ids: Vec<String> = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Every row of every table, as text.
fn everything_stored(server: &TestServer) -> String {
    let tables = server.texts(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    );
    let rows = tables
        .iter()
        .flat_map(|table| server.texts(&format!("SELECT to_jsonb(t)::text FROM {table} t")));
    let kept = server.texts("SELECT convert_from(body, 'UTF8') FROM idempotency_records");
    rows.chain(kept).collect()
}

#[track_caller]
fn assert_nowhere(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} leaked");
    }
}

/// What everybody sees of the person.
fn shown() -> Value {
    let address = json!({
        "purpose": "住所", "city": "上海市", "district": "徐汇区", "street": "****", "postcode": "****",
    });
    json!({
        "name": "张**", "english_name": "Z**", "phone": "138******8000", "fax": "021*****4321", "website": "****",
        "registered_address": address, "delivery_address": address,
    })
}

#[track_caller]
fn assert_shown(archive: &Value) {
    for (field, value) in shown().as_object().unwrap() {
        assert_eq!(&archive[field], value, "{field}");
    }
}

#[test]
fn a_person_is_stored_sealed_and_shown_masked() {
    let server = TestServer::start();
    let client = server.with_everything();
    let body = person_body(NAME, SALES);
    let created = client
        .post("/v1/customers", &body)
        .key("a-person")
        .expect(201);
    assert_shown(&created.json());
    let path = format!("/v1/customers/{}", created.id());
    let change = json!({"phone": "138 0013 8000", "short_name": "老张"});
    client
        .patch(&path, &created.etag(), &change)
        .key("a-change")
        .expect(200);
    let mut said = created.text();
    for reading in [
        path.clone(),
        format!("{path}?as_of=2026-12-31"),
        format!("{path}/history"),
        "/v1/customers".to_owned(),
        "/v1/events".to_owned(),
    ] {
        said.push_str(&client.get(&reading).expect(200).text());
    }
    assert_shown(&client.get(&path).expect(200).json());
    said.push_str(
        &client
            .post("/v1/customer-searches", &json!({"phone": PHONE}))
            .expect(200)
            .text(),
    );
    assert_nowhere(&said);
    assert_nowhere(&everything_stored(&server));
    assert_nowhere(&server.log().text());
}

#[test]
fn a_person_is_found_by_whole_values_in_any_spelling_and_never_by_parts() {
    let server = TestServer::start();
    let person = a_person(&server, NAME, SALES).id();
    let other = a_person(&server, "王五", SALES).id();
    let mut both = [person.clone(), other];
    both.sort();
    for (field, value) in [
        ("phone", "+86 13800138000"),
        ("phone", "(021) 8765 4321"),
        ("phone", "139-1111-2222"),
        ("website", "zhang-sanfeng.example"),
        ("address", "上海市 徐汇区 衡山路１２３弄4号567室"),
    ] {
        assert_eq!(found(&server, &json!({field: value})), both, "{value}");
    }
    assert_eq!(
        found(&server, &json!({"name": "张 三丰山"})),
        [person.as_str()]
    );
    assert_eq!(
        found(&server, &json!({"name": NAME, "phone": PHONE})),
        [person.as_str()]
    );
    for nothing in [
        json!({"name": "张三丰"}),
        json!({"name": "张"}),
        json!({"phone": "1380013"}),
        json!({"phone": "138******8000"}),
        json!({"phone": "-"}),
        json!({"website": "****"}),
        json!({"address": "上海市徐汇区"}),
        json!({"name": NAME, "phone": "13800138001"}),
        json!({"name": "Zhang Sanfeng"}),
    ] {
        assert_eq!(found(&server, &nothing), Vec::<String>::new(), "{nothing}");
    }
    let outsider = server.with(&["customers:read"], ELSEWHERE, "outsider");
    let answer = outsider
        .post("/v1/customer-searches", &json!({"name": NAME}))
        .expect(200);
    assert_eq!(answer.items(), Vec::<Value>::new());
}

#[test]
fn a_person_of_the_same_name_is_flagged_like_a_company() {
    let server = TestServer::start();
    let first = a_person(&server, NAME, SALES);
    // The masks of the two are the same, the names are not.
    a_person(&server, "张三峰山", SALES);
    let hidden = a_person(&server, NAME, ELSEWHERE).id();
    let again = server
        .as_tier("account_manager")
        .post("/v1/customers", &person_body("张三丰 山", SALES));
    let again = again.expect(201);
    let same = json!([{"id": first.id(), "name": "张**"}]);
    assert_eq!(again.json()["similar_customers"], same, "and not {hidden}");
    let path = format!("/v1/customers/{}", again.id());
    let seen = |path: &str| {
        server.as_tier("clerk").get(path).expect(200).json()["similar_customers"].clone()
    };
    assert_eq!(seen(&path), same);
    let before = server
        .now()
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    server.advance(chrono::TimeDelta::hours(1));
    let renamed = server
        .with_everything()
        .patch(&path, "*", &json!({"name": "张三变山"}))
        .expect(200);
    assert_eq!(renamed.json()["similar_customers"], json!([]));
    // Others are similar to what it is called now.
    assert_eq!(seen(&format!("{path}?as_of={before}")), json!([]));
}

#[test]
fn a_change_is_found_by_the_new_value_only_and_a_cleared_one_by_none() {
    let server = TestServer::start();
    let person = a_person(&server, NAME, SALES);
    let path = format!("/v1/customers/{}", person.id());
    let client = server.with_everything();
    let patch = |body: Value| client.patch(&path, "*", &body);
    patch(json!({"phone": "13700137000"})).expect(200);
    let by_phone = |phone: &str| found(&server, &json!({"phone": phone})).len();
    assert_eq!([by_phone(PHONE), by_phone("13700137000")], [0, 1]);
    let cleared = patch(json!({"phone": null, "contacts": []}))
        .expect(200)
        .json();
    assert_eq!(cleared["phone"], Value::Null);
    assert_eq!(
        [
            by_phone("13700137000"),
            by_phone("13911112222"),
            by_phone(FAX)
        ],
        [0, 0, 1]
    );
    assert_nowhere(&everything_stored(&server));
    let pointer = |answer: Answer| answer.json()["errors"][0]["pointer"].clone();
    for (field, mask) in [
        ("phone", json!("138****8000")),
        ("website", json!("****")),
        ("fax", json!("021*****4321")),
        (
            "delivery_address",
            json!({"city": "上海市", "street": "****"}),
        ),
    ] {
        let refused = patch(json!({field: mask})).expect_problem("validation_failed");
        assert_eq!(pointer(refused), format!("#/{field}"));
    }
}

#[test]
fn what_a_company_publishes_stays_as_it_is_and_is_found_too() {
    let server = TestServer::start();
    let client = server.with_everything();
    let mut body = customer_body(SALES);
    body["phone"] = json!(FAX);
    body["contacts"] = json!([{"name": "李四", "phone": "13911112222"}]);
    let company = client.post("/v1/customers", &body).expect(201);
    assert_eq!(company.json()["phone"], FAX);
    for phone in ["+86 21 87654321", "13911112222"] {
        assert_eq!(found(&server, &json!({"phone": phone})), [company.id()]);
    }
}

/// Makes a person look as it was kept before: in plain text, in the archive and in its first version.
fn as_before(server: &TestServer, id: &str) {
    let plain = json!({
        "phone": PHONE, "fax": FAX, "website": SITE, "english_name": "Zhang Sanfeng",
        "registered_address": {"purpose": "住所", "city": "上海市", "district": "徐汇区", "street": STREET, "postcode": "200030"},
    });
    let sealed = "'{phone,fax,website,english_name,registered_address}'::text[]";
    server.sql(&format!(
        "ALTER TABLE customer_versions DISABLE TRIGGER customer_versions_sealed_once;
         UPDATE customers SET profile = profile || '{plain}', personal_sealed = personal_sealed - {sealed},
             is_sealed = false WHERE id = '{id}';
         UPDATE customer_versions SET snapshot = snapshot || '{plain}', personal_sealed = personal_sealed - {sealed},
             is_sealed = false WHERE customer_id = '{id}';
         DELETE FROM customer_blind_indexes WHERE customer_id = '{id}';
         ALTER TABLE customer_versions ENABLE TRIGGER customer_versions_sealed_once;"
    ));
}

fn seal_up(server: &TestServer) -> Progress {
    let job = jobs::ALL
        .iter()
        .find(|job| job.name == "seal what is personal");
    (job.unwrap().batch)(server.db()).unwrap()
}

#[test]
fn what_was_kept_before_is_masked_at_once_and_sealed_and_found_soon() {
    let server = TestServer::start();
    let client = server.with_everything();
    let person = a_person(&server, NAME, SALES);
    let path = format!("/v1/customers/{}", person.id());
    as_before(&server, &person.id());
    assert!(everything_stored(&server).contains(PHONE));
    let read = || client.get(&path).expect(200);
    let before = read();
    assert_shown(&before.json());
    let history = format!("{path}/history");
    let told = |path: &str| client.get(path).expect(200).text();
    assert_nowhere(&(told(&history) + &told(&format!("{path}?as_of=2026-12-31"))));
    assert_eq!(found(&server, &json!({"name": NAME})), Vec::<String>::new());
    // What comes meanwhile is sealed, and what it is beside stays to be.
    let changed = json!({"fax": "021-11112222"});
    let changed = client.patch(&path, &before.etag(), &changed).expect(200);
    let steps = [told(&history), changed.text()];

    assert_eq!(seal_up(&server), Progress::Done);
    assert_eq!(read().etag(), changed.etag());
    assert_eq!([told(&history), read().text()], steps);
    let stored = everything_stored(&server);
    assert_nowhere(&stored);
    assert!(!stored.contains("11112222"));
    for (field, value) in [
        ("name", NAME),
        ("phone", PHONE),
        ("phone", "021-11112222"),
        ("phone", "13911112222"),
        ("website", SITE),
        ("address", ADDRESS),
    ] {
        assert_eq!(
            found(&server, &json!({field: value})),
            [person.id()],
            "{value}"
        );
    }
    assert_eq!(found(&server, &json!({"phone": FAX})), Vec::<String>::new());
    let count = "SELECT count(*) FROM audit_entries WHERE action = 'customer.seal'";
    assert_eq!(server.number(count), 1);
    assert_eq!(
        (seal_up(&server), server.number(count)),
        (Progress::Done, 1)
    );
    assert_eq!(
        server.number("SELECT count(*) FROM customer_versions WHERE NOT is_sealed"),
        0
    );
}

#[test]
fn a_version_that_is_sealed_stays_as_it_is() {
    let server = TestServer::start();
    let person = a_person(&server, NAME, SALES).id();
    let stored = || server.texts("SELECT to_jsonb(v)::text FROM customer_versions v");
    let before = stored();
    let bucket = server.number(&format!(
        "SELECT bucket::bigint FROM customers WHERE id = '{person}'"
    ));
    let again =
        format!("SELECT seal_customer_version({bucket}::smallint, '{person}', 1, '{{}}', '{{}}')");
    diesel::connection::SimpleConnection::batch_execute(&mut server.service_role(), &again)
        .unwrap();
    assert_eq!(stored(), before);
}
