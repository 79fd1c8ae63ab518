//! The instant of what is decided under locks is taken after them: whoever waited is dated after what it
//! waited for, and the books prove it.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::a_score;
use crate::support::checks::{a_restriction, dunned};
use crate::support::ledger::{assert_clean, differences};
use crate::support::{
    GOODS, PATIENCE, TestServer, a_customer_with_credit, a_group_of, a_member, a_payment,
    a_receivable, a_reservation, a_unified_line, eventually,
};

/// A customer with a line, a receivable and a group that it may join.
struct Scene {
    server: TestServer,
    customer: String,
    line: String,
    receivable: String,
    group: String,
}

/// What is done, what the one before it has locked, and the instant that it is given.
struct Waits {
    name: &'static str,
    lock: &'static str,
    act: fn(&Scene),
    instant: &'static str,
}

const LINES: &str = "SELECT 1 FROM credit_lines FOR NO KEY UPDATE";
const CUSTOMERS: &str = "SELECT 1 FROM customers FOR NO KEY UPDATE";
const OF_VERSIONS: &str = "SELECT max(recorded_at) FROM credit_line_versions";

const EVERYTHING: &[Waits] = &[
    Waits {
        name: "a suspension",
        lock: LINES,
        act: |scene| {
            scene.post(&format!("/v1/credit-lines/{}/suspend", scene.line), "逾期");
        },
        instant: OF_VERSIONS,
    },
    Waits {
        name: "the end of a line",
        lock: LINES,
        act: |scene| scene.post(&format!("/v1/credit-lines/{}/close", scene.line), "停用"),
        instant: OF_VERSIONS,
    },
    Waits {
        name: "a line that is opened",
        lock: LINES,
        act: |scene| drop(a_unified_line(&scene.server, &scene.customer, "5000.00")),
        instant: "SELECT max(recorded_at) FROM credit_line_versions WHERE version = 1",
    },
    Waits {
        name: "a membership",
        lock: LINES,
        act: |scene| drop(a_member(&scene.server, &scene.group, &scene.customer)),
        instant: "SELECT max(created_at) FROM credit_group_members",
    },
    Waits {
        name: "an exclusion",
        lock: LINES,
        act: |scene| {
            drop(a_restriction(
                &scene.server,
                "credit-exclusions",
                &scene.customer,
            ));
        },
        instant: "SELECT max(recorded_at) FROM customer_restrictions",
    },
    Waits {
        name: "a supply hold",
        lock: LINES,
        act: |scene| {
            drop(a_restriction(
                &scene.server,
                "supply-holds",
                &scene.customer,
            ))
        },
        instant: "SELECT max(recorded_at) FROM customer_restrictions",
    },
    Waits {
        name: "a dunning level",
        lock: LINES,
        act: |scene| drop(dunned(&scene.server, &scene.customer, 3)),
        instant: "SELECT max(recorded_at) FROM customer_dunning_levels",
    },
    Waits {
        name: "a score",
        lock: LINES,
        act: |scene| drop(a_score(&scene.server, &scene.customer, "D", "2026-12-31")),
        instant: "SELECT max(recorded_at) FROM customer_scores",
    },
    Waits {
        name: "a customer that is closed",
        lock: LINES,
        act: |scene| {
            let closed = json!({"status": "closed"});
            scene.patch(&format!("/v1/customers/{}", scene.customer), &closed);
        },
        instant: "SELECT max(recorded_at) FROM customer_versions",
    },
    Waits {
        name: "a customer that is changed",
        lock: CUSTOMERS,
        act: |scene| {
            let changed = json!({"industry": "steel"});
            scene.patch(&format!("/v1/customers/{}", scene.customer), &changed);
        },
        instant: "SELECT max(recorded_at) FROM customer_versions",
    },
    Waits {
        name: "a payment",
        lock: LINES,
        act: |scene| {
            let settles = [(scene.receivable.as_str(), "1.00")];
            drop(a_payment(&scene.server, &scene.customer, "1.00", &settles));
        },
        instant: "SELECT max(created_at) FROM payments",
    },
    Waits {
        name: "a product that is changed",
        lock: "SELECT 1 FROM products FOR NO KEY UPDATE",
        act: |scene| {
            let changed = json!({"name_en": "Goods delivered on credit"});
            scene.patch(&format!("/v1/products/{GOODS}"), &changed);
        },
        instant: "SELECT max(recorded_at) FROM product_versions",
    },
    Waits {
        name: "a group that is changed",
        lock: "SELECT 1 FROM credit_groups FOR NO KEY UPDATE",
        act: |scene| {
            let changed = json!({"basis": "consolidation"});
            scene.patch(&format!("/v1/credit-groups/{}", scene.group), &changed);
        },
        instant: "SELECT max(updated_at) FROM credit_groups",
    },
];

impl Scene {
    fn begin() -> Self {
        let server = TestServer::start_with(|settings| {
            settings.workers = 2;
            settings.lock_timeout = PATIENCE;
            settings.statement_timeout = PATIENCE;
            settings.deadline = PATIENCE;
        });
        let customer = a_customer_with_credit(&server, SALES);
        Self {
            line: server.texts("SELECT id FROM credit_lines").remove(0),
            receivable: a_receivable(&server, &customer, "10.00").id(),
            group: a_group_of(&server, SALES).id(),
            customer,
            server,
        }
    }

    fn post(&self, path: &str, reason: &str) {
        let client = self.server.with_everything();
        client.post(path, &json!({"reason": reason})).expect(200);
    }

    fn patch(&self, path: &str, change: &Value) {
        let client = self.server.with_everything();
        client.patch(path, "*", change).expect(200);
    }
}

#[test]
fn whoever_waited_for_a_lock_is_dated_after_it() {
    for waits in EVERYTHING {
        let scene = Scene::begin();
        let server = &scene.server;
        let mut elsewhere = server.owner();
        elsewhere
            .batch_execute(&format!("BEGIN; {}", waits.lock))
            .unwrap();
        std::thread::scope(|scope| {
            let acting = scope.spawn(|| (waits.act)(&scene));
            eventually("it waits", || server.waiting_for_locks() == 1);
            server.advance(TimeDelta::seconds(1));
            elsewhere.batch_execute("COMMIT").unwrap();
            acting.join().unwrap();
        });
        let Waits { name, instant, .. } = waits;
        let now = server.now().to_rfc3339();
        let is_late = format!("SELECT (({instant}) >= '{now}')::int");
        assert_eq!(
            server.number(&is_late),
            1,
            "{name} is dated before its lock"
        );
        assert_clean(server);
    }
}

#[test]
fn instants_out_of_order_are_found() {
    let scene = Scene::begin();
    let Scene {
        server, customer, ..
    } = &scene;
    a_reservation(server, customer, "1.00");
    server.advance(TimeDelta::seconds(1));
    scene.post(&format!("/v1/credit-lines/{}/suspend", scene.line), "逾期");
    let altered = |table: &str, statement: &str| {
        server.sql(&format!(
            "ALTER TABLE {table} DISABLE TRIGGER USER; {statement}; ALTER TABLE {table} ENABLE TRIGGER USER"
        ));
        let found = differences(server);
        found
            .into_iter()
            .map(|difference| difference.check_name)
            .collect::<Vec<_>>()
    };
    assert_clean(server);
    let hold = altered(
        "credit_movements",
        "UPDATE credit_movements SET recorded_at = recorded_at + interval '2 seconds' WHERE kind = 'reserve'",
    );
    assert_eq!(hold, ["nothing was held on a line while it was suspended"]);
    let movements = altered(
        "credit_movements",
        "UPDATE credit_movements SET recorded_at = recorded_at - interval '1 hour' WHERE kind = 'reserve'",
    );
    assert_eq!(
        movements,
        ["movements of a line are in the order of their instants"]
    );
    altered(
        "credit_movements",
        "UPDATE credit_movements SET recorded_at = recorded_at + interval '1 hour' - interval '2 seconds' WHERE kind = 'reserve'",
    );
    let versions = altered(
        "credit_line_versions",
        "UPDATE credit_line_versions SET recorded_at = recorded_at - interval '1 hour' WHERE status = 'suspended'",
    );
    assert!(
        versions.contains(&"versions of a line are in the order of their instants".to_owned()),
        "{versions:?}"
    );
}
