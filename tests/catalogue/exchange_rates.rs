//! Dated rates: published, corrected, listed, and looked up as of a day.

use serde_json::{Value, json};

use crate::support::{
    Answer, TestServer, a_rate, an_approver, carried_out_change, confirmed, rate_body,
};

const RATES: &str = "/v1/exchange-rates";
const IMPORTS: &str = "/v1/exchange-rate-imports";

fn rate_of(server: &TestServer, pair: [&str; 2], rate: &str, date: &str) -> Answer {
    let mut body = rate_body(server, pair, rate);
    body["rate_date"] = json!(date);
    confirmed(server, server.with_everything().post(RATES, &body).send())
}

fn look_up(server: &TestServer, [from, to]: [&str; 2], on: &str) -> Answer {
    let path = format!("/v1/exchange-rate-lookups?from_currency={from}&to_currency={to}&on={on}");
    server.with_everything().get(&path).send()
}

fn published(server: &TestServer) -> i64 {
    server.number("SELECT count(*) FROM exchange_rates")
}

/// Pointers of the errors of a problem.
fn pointers(problem: &Answer) -> Vec<Value> {
    let errors = problem.json()["errors"].take();
    let errors = errors.as_array().unwrap();
    errors
        .iter()
        .map(|error| error["pointer"].clone())
        .collect()
}

#[test]
fn a_rate_is_published_by_those_who_may_and_read_by_everybody_who_may_read_rates() {
    let server = TestServer::start();
    let body = rate_body(&server, ["USD", "CNY"], "7.1234567890");
    a_rate(&server, ["USD", "CNY"], "7");
    for tier in ["credit_officer_head_office", "administrator"] {
        let made = server.as_tier(tier).post(RATES, &body).expect(201);
        assert_eq!(made.field("rate"), "7.123456789");
        let path = made.header("location").unwrap();
        for reader in ["auditor", "account_manager", "administrator"] {
            let read = server.as_tier(reader).get(path).expect(200);
            assert_eq!((read.etag(), read.json()), (made.etag(), made.json()));
        }
    }
    for tier in [
        "integration",
        "credit_officer_branch",
        "account_manager",
        "clerk",
        "auditor",
    ] {
        let client = server.as_tier(tier);
        client
            .post(RATES, &body)
            .expect_problem("insufficient_scope");
    }
    let clerk = server.as_tier("clerk");
    clerk.get(RATES).expect_problem("insufficient_scope");
    for absent in ["9999", "0", "01", "99999999999999999999", "usd"] {
        let path = format!("{RATES}/{absent}");
        server
            .with_everything()
            .get(&path)
            .expect_problem("not_found");
    }
}

#[test]
fn what_is_no_rate_is_refused_by_its_field_and_nothing_is_recorded() {
    let server = TestServer::start();
    let client = server.with_everything();
    let good = rate_body(&server, ["USD", "CNY"], "7.1");
    let cases = [
        ("rate", json!("0"), "#/rate"),
        ("rate", json!("0.0000000000"), "#/rate"),
        ("rate", json!("-7.1"), "#/rate"),
        ("rate", json!("7.12345678901"), "#/rate"),
        ("rate", json!("1e3"), "#/rate"),
        ("rate", json!(""), "#/rate"),
        ("rate", json!("NaN"), "#/rate"),
        ("rate", json!("100000000.1"), "#/rate"),
        ("rate", json!("0.000000001"), "#/rate"),
        ("rate", json!("9".repeat(40)), "#/rate"),
        ("to_currency", json!("USD"), "#/to_currency"),
        ("rate_date", json!("2026-03-03"), "#/rate_date"),
    ];
    for (field, value, pointer) in cases {
        let mut body = good.clone();
        body[field] = value.clone();
        let refused = client
            .post(RATES, &body)
            .expect_problem("validation_failed");
        assert_eq!(pointers(&refused), [pointer], "{field} {value}");
    }
    for (field, value) in [
        ("rate", json!(7.1)),
        ("rate", json!("9".repeat(41))),
        ("from_currency", json!("RMB")),
        ("source", json!("")),
        ("rate_date", json!("2026-02-30")),
    ] {
        let mut body = good.clone();
        body[field] = value;
        client.post(RATES, &body).expect_problem("invalid_field");
    }
    assert_eq!(published(&server), 0);
    assert_eq!(server.number("SELECT count(*) FROM events"), 0);
}

#[test]
fn an_import_publishes_all_or_none_and_names_every_mistake() {
    let server = TestServer::start_with(|settings| settings.limits.body_bytes = 1 << 20);
    let client = server.with_everything();
    let dated = |index: u64| {
        let mut body = rate_body(&server, ["USD", "CNY"], "7.1");
        let day = server.db().today() - chrono::Days::new(index);
        body["rate_date"] = json!(day.to_string());
        body
    };
    let mut rates: Vec<Value> = (0..1000).map(dated).collect();
    let good = json!({"rates": rates});
    rates[3]["rate"] = json!("0");
    rates[5]["to_currency"] = json!("USD");
    rates[7]["rate_date"] = json!("2026-03-03");
    rates[9] = rates[8].clone();
    let bad = json!({"rates": rates});
    let refused = client
        .post(IMPORTS, &bad)
        .expect_problem("validation_failed");
    assert_eq!(
        pointers(&refused),
        [
            "#/rates/3/rate",
            "#/rates/5/to_currency",
            "#/rates/7/rate_date",
            "#/rates/9/rate_date"
        ]
    );
    assert_eq!(published(&server), 0);
    // The first ones of a pair wait, all or none.
    let asked = client.post(IMPORTS, &good).expect(202);
    assert_eq!(published(&server), 0);
    carried_out_change(&server, &asked);
    assert_eq!(published(&server), 1000);
    assert_eq!(
        server.texts("SELECT data->>'count' FROM events WHERE kind = 'exchange_rates.published'"),
        ["1000"]
    );
    let again = client.post(IMPORTS, &good).expect(200);
    assert_eq!(again.json(), json!({"published": 1000}));
    assert_eq!(published(&server), 2000);
    rates.push(dated(1000));
    let many = json!({"rates": rates});
    client
        .post(IMPORTS, &many)
        .expect_problem("validation_failed");
    client
        .post(IMPORTS, &json!({"rates": []}))
        .expect_problem("validation_failed");
    assert_eq!(published(&server), 2000);
}

#[test]
fn the_newest_rate_up_to_the_day_answers_and_a_correction_replaces_it() {
    let server = TestServer::start();
    let pair = ["USD", "CNY"];
    look_up(&server, pair, "2026-03-02").expect_problem("currency_rate_missing");
    rate_of(&server, pair, "7.1", "2026-02-27");
    rate_of(&server, pair, "7.3", "2026-03-02");
    let weekend = look_up(&server, pair, "2026-03-01").expect(200).json();
    assert_eq!(weekend["rate"], "7.1");
    assert_eq!(weekend["rate_date"], "2026-02-27");
    assert_eq!(weekend["age_days"], 2);
    assert_eq!(weekend["route"], "direct");
    let corrected = rate_of(&server, pair, "7.2", "2026-03-02");
    let found = look_up(&server, pair, "2026-03-02").expect(200).json();
    assert_eq!(found["rate"], "7.2");
    assert_eq!(found["rates"][0]["number"], corrected.json()["number"]);
    look_up(&server, pair, "2026-02-26").expect_problem("currency_rate_missing");
    let today = "/v1/exchange-rate-lookups?from_currency=USD&to_currency=CNY";
    let client = server.with_everything();
    assert_eq!(client.get(today).expect(200).field("on"), "2026-03-02");
    client
        .get("/v1/exchange-rate-lookups?from_currency=USD&to_currency=USD")
        .expect_problem("invalid_parameter");
    client
        .get("/v1/exchange-rate-lookups?from_currency=USD")
        .expect_problem("invalid_parameter");
}

#[test]
fn a_rate_is_found_the_other_way_round_and_through_the_currency_of_the_company() {
    let server = TestServer::start();
    rate_of(&server, ["USD", "CNY"], "8", "2026-03-01");
    let inverse = look_up(&server, ["CNY", "USD"], "2026-03-02")
        .expect(200)
        .json();
    assert_eq!(
        (&inverse["rate"], &inverse["route"]),
        (&json!("0.125"), &json!("inverse"))
    );
    rate_of(&server, ["CNY", "JPY"], "20", "2026-02-28");
    let cross = look_up(&server, ["USD", "JPY"], "2026-03-02")
        .expect(200)
        .json();
    assert_eq!(
        (&cross["rate"], &cross["route"]),
        (&json!("160"), &json!("cross"))
    );
    assert_eq!(cross["rate_date"], "2026-02-28", "as old as the older half");
    assert_eq!(cross["rates"].as_array().unwrap().len(), 2);
    rate_of(&server, ["USD", "JPY"], "150", "2026-02-28");
    let direct = look_up(&server, ["USD", "JPY"], "2026-03-02")
        .expect(200)
        .json();
    assert_eq!(
        direct["route"], "direct",
        "of equally old ones the direct one"
    );
}

#[test]
fn a_rate_that_is_too_old_is_named_with_its_age() {
    let server = TestServer::start();
    rate_of(&server, ["USD", "CNY"], "7.1", "2026-02-23");
    look_up(&server, ["USD", "CNY"], "2026-03-02").expect(200);
    let stale = look_up(&server, ["USD", "CNY"], "2026-03-03")
        .expect_problem("currency_rate_missing")
        .json();
    assert!(
        stale["detail"].as_str().unwrap().contains("stale"),
        "{stale}"
    );
    assert_eq!(stale["reasons"][0]["rate_date"], "2026-02-23");
    assert_eq!(stale["reasons"][0]["rate_age_days_max"], "7");
    let patient = TestServer::start_with(|settings| settings.rate_age_days_max = 8);
    rate_of(&patient, ["USD", "CNY"], "7.1", "2026-02-23");
    look_up(&patient, ["USD", "CNY"], "2026-03-03").expect(200);
}

#[test]
fn a_rate_that_departs_waits_for_a_second_person_and_small_steps_lead_no_further() {
    let server = TestServer::start();
    let pair = ["USD", "CNY"];
    let client = server.as_tier("administrator");
    let ask = |rate: &str| client.post(RATES, &rate_body(&server, pair, rate)).send();
    // Nobody has stood behind any rate of the pair.
    let first = ask("7").expect(202);
    assert_eq!(first.field("kind"), "exchange_rates");
    assert_eq!(first.json()["seen"], json!({"USD/CNY": null}));
    look_up(&server, pair, "2026-03-02").expect_problem("currency_rate_missing");
    let alone = format!("{}/approve", first.header("location").unwrap());
    client
        .post(&alone, &json!({}))
        .expect_problem("insufficient_scope");
    let confirmed_rate = confirmed(&server, first);
    assert_eq!(
        confirmed_rate.field("confirmed_by"),
        an_approver(&server).identity().principal()
    );
    // What the order system published, and the same the other way round.
    ask("0.0001").expect(202);
    let turned = rate_body(&server, ["CNY", "USD"], "10000");
    client.post(RATES, &turned).expect(202);
    assert_eq!(published(&server), 1);
    // Ten percent a day, and another ten: the last that was confirmed is what counts.
    server.advance(chrono::TimeDelta::days(1));
    ask("7.7").expect(201);
    server.advance(chrono::TimeDelta::days(1));
    ask("7.7000000001").expect(202);
    // Back within it, but far from that of yesterday.
    ask("6.9").expect(202);
    ask("7.1").expect(201);
    let waiting = "SELECT count(*) FROM events WHERE kind = 'pending_change.proposed'";
    assert_eq!(server.number(waiting), 5);
}

#[test]
fn a_correction_of_a_rate_names_what_it_corrects_and_is_told() {
    let server = TestServer::start();
    let first = rate_of(&server, ["USD", "CNY"], "7", "2026-03-02");
    assert_eq!(first.json()["corrects"], Value::Null);
    let second = rate_of(&server, ["USD", "CNY"], "7.1", "2026-03-02");
    assert_eq!(second.json()["corrects"], first.json()["number"]);
    let third = rate_of(&server, ["USD", "CNY"], "7.2", "2026-03-02");
    assert_eq!(third.json()["corrects"], second.json()["number"]);
    let other_day = rate_of(&server, ["USD", "CNY"], "7.2", "2026-03-01");
    assert_eq!(other_day.json()["corrects"], Value::Null);
    let told =
        "SELECT data->>'corrects' FROM events WHERE kind = 'exchange_rates.corrected' ORDER BY seq";
    let numbers: Vec<String> = [first, second]
        .iter()
        .map(|one| format!("[{}]", one.json()["number"]))
        .collect();
    assert_eq!(server.texts(told), numbers);
}

#[test]
fn rates_are_listed_page_by_page_and_narrowed() {
    let server = TestServer::start();
    for rate in ["7.1", "7.2", "7.3"] {
        a_rate(&server, ["USD", "CNY"], rate);
    }
    a_rate(&server, ["EUR", "CNY"], "8");
    rate_of(&server, ["USD", "CNY"], "7", "2026-02-01");
    let client = server.with_everything();
    let mut shown = Vec::new();
    let mut next = Some(format!("{RATES}?from_currency=USD&to_currency=CNY&limit=2"));
    while let Some(path) = next {
        let page = client.get(&path).expect(200).json();
        for item in page["items"].as_array().unwrap() {
            shown.push(item["rate"].as_str().unwrap().to_owned());
        }
        next = page["next_cursor"].as_str().map(|cursor| {
            format!("{RATES}?from_currency=USD&to_currency=CNY&limit=2&cursor={cursor}")
        });
    }
    assert_eq!(shown, ["7", "7.3", "7.2", "7.1"], "recorded last first");
    let count = |filter: &str| {
        client
            .get(&format!("{RATES}?{filter}"))
            .expect(200)
            .items()
            .len()
    };
    assert_eq!(count("from_currency=EUR"), 1);
    assert_eq!(count("rate_date_until=2026-02-28"), 1);
    assert_eq!(count("rate_date_from=2026-03-01"), 4);
    assert_eq!(count("to_currency=JPY"), 0);
    client
        .get(&format!("{RATES}?from_currency=RMB"))
        .expect_problem("invalid_parameter");
}
