//! The sample company, as whoever tries the service out gets it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::binary::{Binary, Folder, a_free_port, ask};
use crate::support::{TestServer, eventually};

/// What there is, by the noun that `dev` prints behind the number.
fn counts(printed: &[String]) -> BTreeMap<String, u64> {
    let line = printed.iter().find_map(|line| line.strip_prefix("sample"));
    let parts = line.expect("what was loaded is printed").split(", ");
    parts
        .map(|part| {
            let (number, noun) = part.trim().split_once(' ').unwrap();
            (noun.to_owned(), number.parse().unwrap())
        })
        .collect()
}

/// The body of the credit check that `dev` prints to try.
fn check_to_try(printed: &[String]) -> Value {
    let line = printed
        .iter()
        .find(|line| line.trim_end().ends_with("/v1/credit-checks"));
    let body = line.and_then(|line| line.split("-d '").nth(1));
    let body = body.and_then(|rest| rest.split('\'').next()).unwrap();
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_year_of_business_is_loaded_once_whatever_interrupts_it_and_its_ledger_holds() {
    let server = TestServer::start();
    let folder = Folder::new("sample");
    let (port, url) = (a_free_port(), server.database_url());

    // kill -9 on the way, and again: the next start goes on where it stopped.
    let mut killed = Binary::dev_begun(&folder, port, url);
    let steps = "SELECT count(*) FROM audit_entries WHERE action = 'sample.step'";
    eventually("some steps are taken", || server.number(steps) > 300);
    killed.kill();
    let (mut service, printed) = Binary::dev_with_sample(&folder, port, url);
    let loaded = counts(&printed);
    assert_eq!((loaded["customers"], loaded["credit groups"]), (200, 15));
    assert_eq!(loaded.len(), 7);
    assert!(loaded.values().all(|count| *count > 0), "{loaded:?}");
    let rows = server.number("SELECT count(*) FROM reservations");
    assert_eq!(u64::try_from(rows), Ok(loaded["reservations"]));

    let orders = service.as_tier(&folder, "integration");
    let check = orders.post("/v1/credit-checks", &check_to_try(&printed));
    let check = check.expect(200).json();
    assert_eq!(check["rule_set"]["version"], 1);
    assert_eq!(check["decision"], "approved", "{check}");
    assert!(!check["levels"].as_array().unwrap().is_empty(), "{check}");
    // Whoever tries it meets the controls: who has not paid for a long time gets nothing more.
    let late = server.texts(
        "SELECT DISTINCT l.customer_id FROM receivables r JOIN credit_lines l USING (customer_id) \
         WHERE r.outstanding_minor > 0 AND r.disputed_on IS NULL AND r.currency = 'CNY' \
         AND r.due_on < current_date - 92 AND l.product = 'goods_on_credit' AND l.status = 'active' ORDER BY 1",
    );
    assert!(!late.is_empty(), "nobody is late");
    for customer in late {
        let order = json!({
            "customer_id": customer, "product": "goods_on_credit", "amount": "1.00", "currency": "CNY",
        });
        let check = orders.post("/v1/credit-checks", &order).expect(200).json();
        let reasons = check["reasons"].as_array().unwrap();
        assert_eq!(check["decision"], "declined", "{check}");
        assert!(
            reasons.iter().any(|one| one["code"] == "overdue_exceeded"),
            "{check}"
        );
    }
    assert_eq!(service.terminate(), Some(0));

    let verified = ask(&["verify", "ledger"], url);
    let differences = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "{differences}");

    let (mut again, printed) = Binary::dev_with_sample(&folder, port, url);
    assert_eq!(counts(&printed), loaded, "nothing is loaded twice");
    assert_eq!(again.terminate(), Some(0));
}
