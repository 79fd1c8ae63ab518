//! Proof that the books of a test are in order.

use shouxin::app::verification;
use shouxin::domain::actor::Actor;
use shouxin::domain::organisation::OrgPath;
use shouxin::store::verification::DifferenceRow;

use super::TestServer;

/// Everything that `verify ledger` would name.
pub fn ledger_differences(server: &TestServer) -> Vec<DifferenceRow> {
    let actor = Actor {
        principal: "tests|verifier".to_owned(),
        client_id: "tests".to_owned(),
        scopes: std::collections::BTreeSet::new(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    };
    server
        .db()
        .read_snapshot_blocking(&actor, &verification::ledger)
        .expect("the ledger can be verified")
        .differences
}

/// Fails with what differs.
#[track_caller]
pub fn assert_ledger_is_clean(server: &TestServer) {
    let differences = ledger_differences(server);
    assert!(differences.is_empty(), "{differences:#?}");
}
