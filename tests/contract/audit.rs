//! No write without a trace: who did what to which thing, in which request, and nobody can take
//! it back.

use diesel::connection::SimpleConnection;
use diesel::{PgConnection, RunQueryDsl};
use serde_json::{Value, json};

use crate::support::document::{READS_BY_POST, operations};
use crate::support::registry::{write, writes};
use crate::support::server::texts;
use crate::support::{Answer, TestServer, a_customer};

/// The columns of an entry that a reader needs.
const ENTRY: &str = "jsonb_build_object('principal', principal, 'client_id', client_id, 'action', \
    action, 'subject', subject, 'outcome', outcome, 'request_id', request_id, 'org_path', org_path, \
    'details', details, 'recorded_at', recorded_at)";

#[test]
fn every_write_of_the_document_is_registered_and_no_other() {
    let mut documented: Vec<&str> = operations()
        .iter()
        .filter(|operation| operation.is_write())
        .map(|operation| operation.id.as_str())
        .collect();
    for operation in &documented {
        write(operation);
    }
    let mut registered: Vec<&str> = writes().map(|write| write.operation).collect();
    documented.sort_unstable();
    registered.sort_unstable();
    assert_eq!(documented, registered);
}

#[test]
fn every_write_leaves_an_audit_entry_and_its_events() {
    let server = TestServer::start();
    let client = server.with_everything();
    for write in writes() {
        let answer = (write.succeed)(&server, &client);
        let name = write.operation;
        assert!(
            (200..300).contains(&answer.status),
            "{name}: {}",
            answer.text()
        );
        let entries = entries_of(&server, &answer);
        let entry = entries
            .iter()
            .find(|entry| entry["action"] == write.action)
            .unwrap_or_else(|| panic!("{name} left {entries:?} and no {}", write.action));
        let identity = client.identity();
        assert_eq!(entry["principal"], identity.principal(), "{name}");
        assert_eq!(entry["client_id"], identity.client_id, "{name}");
        assert_eq!(entry["org_path"], identity.org_path, "{name}");
        assert!(
            entries.iter().all(|entry| entry["outcome"] == "done"),
            "{name}: {entries:?}"
        );
        let (noun, id) = entry["subject"].as_str().unwrap().split_once('/').unwrap();
        assert!(!noun.is_empty() && !id.is_empty(), "{name}: {entry}");
        assert_eq!(events_after(&server, &entries), write.events, "{name}");
    }
}

#[test]
fn every_refused_write_leaves_an_entry_that_says_so_and_no_event() {
    let server = TestServer::start();
    let client = server.with_everything();
    for write in writes() {
        let Some(refuse) = write.refuse else {
            continue;
        };
        let answer = refuse(&server, &client);
        let name = write.operation;
        assert!(
            matches!(answer.status, 409 | 422),
            "{name}: {} {}",
            answer.status,
            answer.text()
        );
        let entries = entries_of(&server, &answer);
        assert_eq!(entries.len(), 1, "{name}: {entries:?}");
        assert_eq!(entries[0]["outcome"], "refused", "{name}");
        assert_eq!(entries[0]["action"], write.action, "{name}");
        assert_eq!(
            entries[0]["principal"],
            client.identity().principal(),
            "{name}"
        );
        assert_eq!(
            entries[0]["details"]["code"],
            answer.json()["code"],
            "{name}"
        );
        assert_eq!(
            events_after(&server, &entries),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[test]
fn reads_leave_no_entry() {
    let server = TestServer::start();
    let id = a_customer(&server).id();
    let before = server.number("SELECT count(*) FROM audit_entries");
    let client = server.with_everything();
    for operation in operations()
        .iter()
        .filter(|operation| !operation.is_write())
    {
        if matches!(operation.noun(), None | Some("customer")) {
            operation.request(&client, &operation.path_with(&id)).send();
        }
    }
    assert!(
        READS_BY_POST
            .iter()
            .all(|name| operations().iter().any(|one| one.id == *name))
    );
    assert_eq!(server.number("SELECT count(*) FROM audit_entries"), before);
}

#[test]
fn requests_that_could_not_be_read_leave_no_entry() {
    let server = TestServer::start();
    let client = server.with_everything();
    client
        .post("/v1/customers", &json!({"name": ""}))
        .expect(400);
    client
        .post("/v1/customers", &json!({"unknown": 1}))
        .expect(400);
    assert_eq!(server.number("SELECT count(*) FROM audit_entries"), 0);
}

#[test]
fn classified_values_are_in_no_entry_and_no_event() {
    let server = TestServer::start();
    let mut body = crate::support::customer_body("head-office/east");
    body["legal_representative"] = "欧阳秘密".into();
    body["contacts"] =
        json!([{"name": "司马保密", "phone": "13912345678", "email": "secret@example.com"}]);
    server
        .with_everything()
        .post("/v1/customers", &body)
        .expect(201);
    let everything = server
        .texts("SELECT row_to_json(audit_entries)::text FROM audit_entries")
        .into_iter()
        .chain(server.texts("SELECT row_to_json(events)::text FROM events"))
        .collect::<String>();
    assert!(everything.contains("customer.created"));
    for secret in ["欧阳秘密", "司马保密", "13912345678", "secret@example.com"] {
        assert!(!everything.contains(secret), "{secret} leaked");
    }
}

/// Tables that only ever grow.
const APPEND_ONLY: &[&str] = &[
    "approval_decisions",
    "audit_entries",
    "authority_rule_sets",
    "check_rule_sets",
    "company_figures",
    "credit_application_checks",
    "credit_contracts",
    "credit_line_reviews",
    "credit_line_versions",
    "credit_movements",
    "credit_policies",
    "customer_adverse_events",
    "customer_dunning_levels",
    "customer_expected_sales",
    "customer_restriction_ends",
    "customer_restrictions",
    "customer_scores",
    "customer_versions",
    "events",
    "exchange_rates",
    "payment_allocations",
    "product_versions",
];

#[test]
fn the_service_has_no_right_to_change_what_is_append_only() {
    let server = TestServer::start();
    a_customer(&server);
    for table in APPEND_ONLY {
        for statement in changes(&mut server.owner(), table) {
            let refusal = refused(&mut server.service_role(), &statement);
            // The first wall: the right is missing, so no trigger was asked.
            assert!(
                refusal.contains("permission denied for table"),
                "{statement}: {refusal}"
            );
        }
    }
}

#[test]
fn the_owner_is_stopped_by_a_trigger() {
    let server = TestServer::start();
    for table in APPEND_ONLY {
        // An empty table would let a row trigger rest.
        server.sql(&format!(
            "SET session_replication_role = replica; {}",
            a_row_of(table)
        ));
        for statement in changes(&mut server.owner(), table) {
            let refusal = refused(&mut server.owner(), &statement);
            assert!(
                refusal.contains(&format!("table {table} is append-only")),
                "{statement}: {refusal}"
            );
        }
        assert_eq!(server.number(&format!("SELECT count(*) FROM {table}")), 1);
    }
}

#[test]
fn the_service_cannot_lift_the_walls() {
    let server = TestServer::start();
    for statement in [
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TABLE audit_entries",
        "DROP TRIGGER audit_entries_append_only ON audit_entries",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ] {
        let refusal = refused(&mut server.service_role(), statement);
        assert!(
            refusal.contains("must be owner") || refusal.contains("permission denied"),
            "{statement}: {refusal}"
        );
    }
}

/// What the database says to a statement that has to fail. SQLSTATE 42501 is behind all of them,
/// which diesel keeps to itself.
fn refused(connection: &mut PgConnection, statement: &str) -> String {
    match connection.batch_execute(statement) {
        Ok(()) => panic!("{statement} was obeyed"),
        Err(error) => error.to_string(),
    }
}

fn changes(owner: &mut PgConnection, table: &str) -> [String; 3] {
    let columns = texts(
        owner,
        &format!(
            "SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 \
             AND attidentity = '' ORDER BY attnum LIMIT 1"
        ),
    );
    let column = &columns[0];
    [
        format!("UPDATE {table} SET {column} = {column}"),
        format!("DELETE FROM {table}"),
        format!("TRUNCATE {table}"),
    ]
}

/// A row with something in every column that needs it.
fn a_row_of(table: &str) -> String {
    let id = "'01940c9e-7a3b-7d2c-8f00-3b9aca001234'";
    match table {
        "audit_entries" => format!(
            "INSERT INTO audit_entries (id, recorded_at, principal, client_id, org_path, action, subject, outcome, \
             request_id, details) VALUES ({id}, now(), 'p', 'c', 'o', 'a', 's', 'done', {id}, '{{}}')"
        ),
        "approval_decisions" => format!(
            "INSERT INTO approval_decisions VALUES (0, {id}, 1, 'approved', 'p', 'c', now())"
        ),
        "authority_rule_sets" => {
            "INSERT INTO authority_rule_sets VALUES (1, '2026-01-01', '[]', NULL, 'p', now())".to_owned()
        }
        "check_rule_sets" => {
            "INSERT INTO check_rule_sets VALUES (1, '2026-01-01', '{}', NULL, 'p', now())".to_owned()
        }
        "customer_dunning_levels" => format!(
            "INSERT INTO customer_dunning_levels VALUES (0, {id}, {id}, 1, '2026-01-01', 'p', now())"
        ),
        "customer_restriction_ends" => format!(
            "INSERT INTO customer_restriction_ends VALUES (0, {id}, '2026-01-01', 'r', 'p', now())"
        ),
        "customer_restrictions" => format!(
            "INSERT INTO customer_restrictions VALUES (0, {id}, {id}, 'o', 'exclusion', 'r', '2026-01-01', NULL, 'p', now())"
        ),
        "company_figures" => {
            "INSERT INTO company_figures VALUES ('net_capital', '2026-01-01', 1, 1, 'CNY', 's', 'p', now())".to_owned()
        }
        "credit_application_checks" => format!(
            "INSERT INTO credit_application_checks VALUES (0, {id}, 1, 'submission', 1, '[]', 'p', now())"
        ),
        "credit_contracts" => format!(
            "INSERT INTO credit_contracts VALUES (0, {id}, 'n', '2026-01-01', 'm', NULL, NULL, NULL, 'p', now())"
        ),
        "credit_line_reviews" => format!(
            "INSERT INTO credit_line_reviews VALUES (0, {id}, 1, 'keep', 'c', NULL, 'p', now())"
        ),
        "credit_line_versions" => format!(
            "INSERT INTO credit_line_versions (bucket, line_id, version, recorded_at, changed_by, change, reason, \
             status, limit_kind, limit_minor, valid_from, valid_until, revolving) \
             VALUES (0, {id}, 1, now(), 'p', 'open', '', 'active', 'amount', 1, '2026-01-01', '2026-12-31', true)"
        ),
        "credit_policies" => {
            "INSERT INTO credit_policies VALUES (1, '2026-01-01', '{}', NULL, 'p', now())".to_owned()
        }
        "customer_adverse_events" => format!(
            "INSERT INTO customer_adverse_events VALUES (0, {id}, {id}, 'other', '2026-01-01', 'e', NULL, 'p', now())"
        ),
        "customer_expected_sales" => format!(
            "INSERT INTO customer_expected_sales VALUES (0, {id}, {id}, 1, 'CNY', '2026-01-01', 'e', 'p', now())"
        ),
        "customer_scores" => format!(
            "INSERT INTO customer_scores VALUES (0, {id}, {id}, 'A', '2026-01-01', '2026-12-31', 's', 'p', now())"
        ),
        "product_versions" => {
            "INSERT INTO product_versions VALUES ('goods', 1, now(), 'p', '{}')".to_owned()
        }
        "customer_versions" => {
            format!(
                "INSERT INTO customer_versions VALUES (0, {id}, 1, now(), 'p', {id}, '{{}}', '{{}}')"
            )
        }
        "events" => format!(
            "INSERT INTO events (id, kind, subject, org_path, data, occurred_at) \
             VALUES ({id}, 'k', 's', 'o', '{{}}', now())"
        ),
        "exchange_rates" => {
            "INSERT INTO exchange_rates (from_currency, to_currency, rate_date, rate_e10, source, \
             recorded_by, recorded_at) VALUES ('USD', 'CNY', '2026-01-01', 100, 's', 'p', now())"
                .to_owned()
        }
        "payment_allocations" => format!(
            "INSERT INTO payment_allocations VALUES (0, {id}, {id}, {id}, 1, '2026-01-01', now())"
        ),
        "credit_movements" => format!(
            "INSERT INTO credit_movements (bucket, line_id, movement_number, kind, held_delta_minor, \
             drawn_delta_minor, consumed_delta_minor, held_after_minor, drawn_after_minor, consumed_after_minor, \
             within_limit, customer_id, business_date, recorded_at, principal, covered_minor) \
             VALUES (0, {id}, 1, 'draw', 0, 1, 0, 0, 1, 0, false, {id}, '2026-01-01', now(), 'p', 0)"
        ),
        _ => panic!("say how to make a row of {table}"),
    }
}

#[test]
fn the_list_of_append_only_tables_is_the_one_of_the_database() {
    let server = TestServer::start();
    let guarded = server.texts(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger \
         WHERE tgfoid = 'refuse_change'::regproc ORDER BY 1",
    );
    assert_eq!(guarded, APPEND_ONLY);
}

#[test]
fn a_write_that_fails_halfway_leaves_nothing() {
    let server = TestServer::start();
    server.sql(
        "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$; \
         CREATE TRIGGER break BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION break()",
    );
    let client = server.with_everything();
    let body = crate::support::customer_body("head-office");
    client
        .post("/v1/customers", &body)
        .key("again")
        .expect_problem("internal_error");
    for table in [
        "customers",
        "customer_codes",
        "customer_versions",
        "audit_entries",
        "events",
        "idempotency_records",
    ] {
        assert_eq!(
            server.number(&format!("SELECT count(*) FROM {table}")),
            0,
            "{table}"
        );
    }
    server.sql("DROP TRIGGER break ON events");
    client.post("/v1/customers", &body).key("again").expect(201);
}

/// The audit entries of the request behind an answer.
fn entries_of(server: &TestServer, answer: &Answer) -> Vec<Value> {
    let request_id = answer.header("x-request-id").unwrap();
    server
        .texts(&format!(
            "SELECT {ENTRY} FROM audit_entries WHERE request_id = '{request_id}' ORDER BY seq"
        ))
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

/// Kinds of the events of the transaction that wrote these entries.
fn events_after(server: &TestServer, entries: &[Value]) -> Vec<String> {
    let request_id = entries[0]["request_id"].as_str().unwrap();
    server.texts(&format!(
        // PostgreSQL's own mark of who wrote a row: the number under which rows are read may be
        // shared by two transactions.
        "SELECT kind FROM events WHERE xmin IN \
         (SELECT xmin FROM audit_entries WHERE request_id = '{request_id}') ORDER BY seq"
    ))
}

#[test]
fn entries_and_events_carry_the_clock_of_the_service() {
    let server = TestServer::start();
    a_customer(&server);
    let of =
        |column: &str, table: &str| server.texts(&format!("SELECT {column}::text FROM {table}"));
    assert_eq!(
        of("recorded_at", "audit_entries"),
        ["2026-03-02 02:00:00+00"]
    );
    assert_eq!(of("occurred_at", "events"), ["2026-03-02 02:00:00+00"]);
}

#[test]
fn a_session_of_the_service_cannot_read_what_is_not_granted() {
    let server = TestServer::start();
    let mut session = server.service_role();
    let refused = diesel::sql_query("SELECT * FROM pg_authid").execute(&mut session);
    assert!(refused.is_err_and(|error| error.to_string().contains("permission denied")));
}
