//! Applications that do not fit: into the line there is, beside another one, or any more.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::applications::{about_line, approve, carried_out, draw_up, reserve, submit};
use crate::support::ledger::line;
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_draft, a_line, a_reservation, a_submitted,
    a_unified_line, application_body, assert_ledger_is_clean, in_currency, terms_between,
    the_goods,
};

#[test]
fn an_expired_line_is_renewed_and_never_over_another_one() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let owner = Owner::Customer(&customer);
    let old = a_line(
        &server,
        &terms_between(owner, Some(GOODS), "100.00", ["2026-01-01", "2026-03-02"]),
    )
    .id();
    server.advance(TimeDelta::days(1));
    reserve(&server, &customer, "1.00").expect_problem("line_expired");
    let renewed = carried_out(
        &server,
        &old,
        "renew",
        &json!({"valid_until": "2026-06-30"}),
    );
    assert_eq!(
        (renewed.field("status"), renewed.field("effective_limit")),
        ("active".to_owned(), "100.00".to_owned())
    );
    a_reservation(&server, &customer, "1.00");
    let same = json!({"valid_until": "2026-06-30"});
    draw_up(&server, &about_line(&old, "renew", &same)).expect_problem("validation_failed");
    a_line(
        &server,
        &terms_between(owner, Some(GOODS), "100.00", ["2026-07-01", "2026-12-31"]),
    );
    let before = line(&server, &old);
    let longer = a_submitted(
        &server,
        &about_line(&old, "renew", &json!({"valid_until": "2026-07-01"})),
    );
    approve(&server, &longer).expect_problem("line_overlaps");
    assert_eq!(line(&server, &old), before);
    // A renewal with another limit has to respect what is used, like any other decrease.
    a_reservation(&server, &customer, "80.00");
    let lower = about_line(
        &old,
        "renew",
        &json!({"valid_until": "2026-06-30", "amount": "50.00"}),
    );
    draw_up(&server, &lower).expect_problem("validation_failed");
    assert_ledger_is_clean(&server);
}

#[test]
fn what_no_longer_fits_is_not_carried_out() {
    let server = TestServer::start();
    the_goods(&server);
    let client = server.with_everything();
    let customer = a_customer(&server).id();
    let id = a_unified_line(&server, &customer, "1000.00").id();
    let increase = |amount: &str| {
        a_submitted(
            &server,
            &about_line(&id, "increase", &json!({"amount": amount})),
        )
    };
    let submitted = |path: &str| client.get(path).expect(200).field("status");
    let [first, second] = [increase("1500.00"), increase("1300.00")];
    approve(&server, &first).expect(200);
    let before = line(&server, &id);
    approve(&server, &second).expect_problem("application_outdated");
    assert_eq!(
        (line(&server, &id), submitted(&second).as_str()),
        (before, "submitted")
    );

    // Other terms than those that were looked at count too, and so does how the limit is given.
    let terms = |days: i32| about_line(&id, "change_terms", &json!({"payment_term_days": days}));
    let [sixty, ninety] = [60, 90].map(|days| a_submitted(&server, &terms(days)));
    approve(&server, &sixty).expect(200);
    approve(&server, &ninety).expect_problem("application_outdated");
    let conditions = |text: &str| about_line(&id, "change_terms", &json!({"conditions": text}));
    let [guarantee, pledge] =
        ["须提供担保", "须提供质押"].map(|text| a_submitted(&server, &conditions(text)));
    approve(&server, &guarantee).expect(200);
    approve(&server, &pledge).expect_problem("application_outdated");
    let free = carried_out(
        &server,
        &id,
        "increase",
        &json!({"limit_kind": "unlimited"}),
    );
    assert_eq!(free.json()["effective_limit"], Value::Null);
    let lower = a_submitted(
        &server,
        &about_line(&id, "decrease", &json!({"amount": "10.00"})),
    );
    carried_out(
        &server,
        &id,
        "renew",
        &json!({"valid_until": "2027-01-31", "limit_kind": "inherit"}),
    );
    approve(&server, &lower).expect_problem("application_outdated");

    // A period that has passed while people thought.
    let other = a_customer(&server).id();
    let short = terms_between(
        Owner::Customer(&other),
        None,
        "5.00",
        ["2026-03-02", "2026-03-03"],
    );
    let late = a_submitted(&server, &short);
    server.advance(TimeDelta::days(2));
    approve(&server, &late).expect_problem("application_outdated");
    assert_eq!(submitted(&late), "submitted");
    // Closed by hand meanwhile.
    let id = a_unified_line(&server, &other, "5.00").id();
    let terms = json!({"revolving": false});
    let path = a_submitted(&server, &about_line(&id, "change_terms", &terms));
    let close = format!("/v1/credit-lines/{id}/close");
    client.post(&close, &json!({})).expect(200);
    let before = line(&server, &id);
    approve(&server, &path).expect_problem("invalid_transition");
    assert_eq!(line(&server, &id), before);
}

#[test]
fn of_two_applications_for_one_line_at_once_exactly_one_is_carried_out() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    for round in 0..4 {
        let id = match round {
            0 => a_unified_line(&server, &customer, "100.00").id(),
            _ => a_unified_line(&server, &a_customer(&server).id(), "100.00").id(),
        };
        let paths = ["200.00", "300.00"].map(|amount| {
            a_submitted(
                &server,
                &about_line(&id, "increase", &json!({"amount": amount})),
            )
        });
        let mut codes: Vec<String> = std::thread::scope(|scope| {
            let running = paths
                .each_ref()
                .map(|path| scope.spawn(|| approve(&server, path)));
            running
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .map(|answer| answer.json()["code"].as_str().unwrap_or("done").to_owned())
                .collect()
        });
        codes.sort();
        assert_eq!(codes, ["application_outdated", "done"]);
        assert_eq!(line(&server, &id)["version"], 2);
    }
}

#[test]
fn numbers_that_make_no_sense_are_refused_and_change_nothing() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let owner = Owner::Customer(&customer);
    let yen = in_currency(application_body(owner, Some(GOODS), "1000"), "JPY");
    let id = a_line(&server, &yen).id();
    let most = "10000000000000.00";
    let full = a_unified_line(&server, &customer, most).id();
    let before = [line(&server, &id), line(&server, &full)];
    let window = |from: &str, until: &str, amount: &str| json!({"valid_from": from, "valid_until": until, "amount": amount});
    for (line, action, terms, field) in [
        (&id, "increase", json!({"amount": "2000.5"}), "amount"),
        (&id, "increase", json!({"amount": "1000"}), "amount"),
        (&id, "decrease", json!({"amount": "1000"}), "amount"),
        (&id, "decrease", json!({"amount": "-1"}), "amount"),
        (
            &id,
            "temporary_increase",
            window("2026-03-05", "2026-03-04", "1"),
            "valid_until",
        ),
        (
            &id,
            "temporary_increase",
            window("2026-02-01", "2026-03-01", "1"),
            "valid_until",
        ),
        (
            &id,
            "temporary_increase",
            window("2026-12-01", "2027-01-01", "1"),
            "valid_until",
        ),
        (
            &id,
            "temporary_increase",
            window("2026-03-05", "2026-03-06", "0"),
            "amount",
        ),
        (
            &full,
            "temporary_increase",
            window("2026-03-05", "2026-03-06", "0.01"),
            "amount",
        ),
        (
            &full,
            "increase",
            json!({"amount": "10000000000000.01"}),
            "amount",
        ),
    ] {
        let refused =
            draw_up(&server, &about_line(line, action, &terms)).expect_problem("validation_failed");
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            format!("#/{field}"),
            "{action} {terms}"
        );
    }
    assert_eq!([line(&server, &id), line(&server, &full)], before);
    let nobody = about_line("01940c9e-7a3b-7d2c-8f00-000000000000", "close", &json!({}));
    draw_up(&server, &nobody).expect_problem("not_found");
    // A draft that made sense when the line was open.
    let draft = a_draft(
        &server,
        &about_line(&id, "increase", &json!({"amount": "2000"})),
    );
    carried_out(&server, &id, "close", &json!({}));
    submit(&server, &draft).expect_problem("invalid_transition");
}
