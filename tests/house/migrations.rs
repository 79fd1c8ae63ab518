//! The schema: it goes up, comes down without a trace, explains itself, and is the one the code
//! was generated from.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{Connection, PgConnection};
use shouxin::platform::store::migrations;

use crate::support::TestServer;
use crate::support::cluster::TestDatabase;
use crate::support::server::texts;

/// Tables that belong to no customer or group: catalogues, directories, and what is read in
/// commit order or forgotten after a day. All others carry the bucket of their home in every key.
pub const REFERENCE_TABLES: &[&str] = &[
    "approval_delegations",
    "audit_entries",
    "authority_rule_sets",
    "check_rule_sets",
    "company_figures",
    "credit_policies",
    "customer_codes",
    "events",
    "exchange_rates",
    "idempotency_records",
    "people_seen",
    "product_versions",
    "products",
];

/// Everything a schema consists of, one line each.
const SCHEMA: &str = "
    SELECT format('table %s %s acl=%s', c.oid::regclass, c.relkind, c.relacl) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> '__diesel_schema_migrations'
    UNION ALL SELECT format('column %s.%s %s notnull=%s identity=%s default=%s', a.attrelid::regclass, a.attname,
            format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
    UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('function %s acl=%s', pg_get_functiondef(oid), proacl) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT format('comment %s.%s %s', objoid::regclass, objsubid, description) FROM pg_description
        WHERE classoid = 'pg_class'::regclass AND objoid IN
            (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT format('type %s', typname) FROM pg_type WHERE typnamespace = 'public'::regnamespace";

fn schema_of(url: &str) -> BTreeSet<String> {
    let mut connection = PgConnection::establish(url).unwrap();
    texts(&mut connection, SCHEMA).into_iter().collect()
}

#[test]
fn up_down_and_up_again_is_the_same_schema() {
    let database = TestDatabase::create_empty();
    let before = schema_of(database.url());
    let applied = migrations::apply(database.url()).unwrap();
    let up = schema_of(database.url());
    assert!(
        up.len() > 300,
        "the catalogue was not read: {} lines",
        up.len()
    );
    assert_eq!(
        migrations::revert_all(database.url()).unwrap(),
        applied.len()
    );
    let down: BTreeSet<String> = schema_of(database.url())
        .into_iter()
        .filter(|line| !line.contains("__diesel_schema_migrations"))
        .collect();
    assert_eq!(down, before, "going down leaves something behind");
    assert_eq!(migrations::apply(database.url()).unwrap(), applied);
    let again = schema_of(database.url());
    let difference: Vec<_> = up.symmetric_difference(&again).collect();
    assert!(difference.is_empty(), "{difference:#?}");
}

#[test]
fn applying_twice_or_from_many_instances_at_once_does_it_once() {
    let database = TestDatabase::create_empty();
    let applied: Vec<usize> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| migrations::apply(database.url()).unwrap().len()))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let built_in = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let built_in = built_in.count();
    assert_eq!(applied.iter().sum::<usize>(), built_in, "{applied:?}");
    assert_eq!(
        applied.iter().filter(|count| **count > 0).count(),
        1,
        "{applied:?}"
    );
    assert!(migrations::apply(database.url()).unwrap().is_empty());
}

#[test]
fn every_table_column_and_function_is_commented() {
    let server = TestServer::start();
    let bare = server.texts(
        "SELECT c.relname || coalesce('.' || a.attname, '') FROM pg_class c \
         LEFT JOIN LATERAL (SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 \
            UNION ALL SELECT NULL, 0) a ON true \
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') \
           AND c.relname <> '__diesel_schema_migrations' \
           AND coalesce(col_description(c.oid, a.attnum), CASE WHEN a.attnum = 0 THEN obj_description(c.oid, 'pg_class') END, '') = '' \
         UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
           AND obj_description(oid, 'pg_proc') IS NULL \
           AND proname NOT IN ('diesel_manage_updated_at', 'diesel_set_updated_at')",
    );
    assert_eq!(bare, Vec::<String>::new());
}

#[test]
fn every_key_of_an_owned_table_carries_the_bucket() {
    let server = TestServer::start();
    let owned = format!(
        "c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' \
         AND c.relname <> '__diesel_schema_migrations' AND c.relname NOT IN ({})",
        REFERENCE_TABLES
            .iter()
            .map(|name| format!("'{name}'"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    // Primary keys and unique indexes, whether they were made as constraints or not.
    let unique = server.texts(&format!(
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
         WHERE i.indisunique AND {owned} AND NOT EXISTS (SELECT FROM pg_attribute a \
            WHERE a.attrelid = c.oid AND a.attname = 'bucket' AND a.attnum = ANY (i.indkey))"
    ));
    assert_eq!(unique, Vec::<String>::new(), "unique without the bucket");
    let foreign = server.texts(&format!(
        "SELECT k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
         JOIN pg_class t ON t.oid = k.confrelid \
         WHERE k.contype = 'f' AND {owned} AND EXISTS (SELECT FROM pg_attribute a \
            WHERE a.attrelid = t.oid AND a.attname = 'bucket') AND NOT EXISTS (SELECT FROM pg_attribute a \
            WHERE a.attrelid = c.oid AND a.attname = 'bucket' AND a.attnum = ANY (k.conkey))"
    ));
    assert_eq!(
        foreign,
        Vec::<String>::new(),
        "foreign keys without the bucket"
    );
    let homeless = server.texts(&format!(
        "SELECT c.relname FROM pg_class c WHERE {owned} AND NOT EXISTS (SELECT FROM pg_index i \
         WHERE i.indrelid = c.oid AND i.indisprimary)"
    ));
    assert_eq!(
        homeless,
        Vec::<String>::new(),
        "tables without a primary key"
    );
}

#[test]
fn the_list_of_reference_tables_names_tables_without_a_bucket() {
    let server = TestServer::start();
    let without: BTreeSet<String> = server
        .texts(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' \
             AND c.relname <> '__diesel_schema_migrations' AND NOT EXISTS (SELECT FROM pg_attribute a \
             WHERE a.attrelid = c.oid AND a.attname = 'bucket')",
        )
        .into_iter()
        .collect();
    let listed: BTreeSet<String> = REFERENCE_TABLES
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    assert_eq!(without, listed);
}

#[test]
fn the_service_may_read_and_add_but_owns_nothing() {
    let server = TestServer::start();
    let owned = server.texts(
        "SELECT relname FROM pg_class WHERE relowner = 'shouxin_service'::regrole \
         UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'shouxin_service'::regrole",
    );
    assert_eq!(owned, Vec::<String>::new());
    let unreadable = server.texts(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' \
         AND NOT has_table_privilege('shouxin_service', oid, 'SELECT')",
    );
    assert_eq!(unreadable, Vec::<String>::new());
    let dangerous = server.texts(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' \
         AND has_table_privilege('shouxin_service', oid, 'TRUNCATE, REFERENCES, TRIGGER')",
    );
    assert_eq!(dangerous, Vec::<String>::new());
}

#[test]
fn schema_rs_is_the_database() {
    let server = TestServer::start();
    let rows = server.texts(
        "SELECT table_name || ' ' || column_name || ' ' || udt_name || ' ' || is_nullable \
         FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name <> '__diesel_schema_migrations' ORDER BY table_name, ordinal_position",
    );
    let mut database: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (table, column) = row.split_once(' ').unwrap();
        database
            .entry(table.to_owned())
            .or_default()
            .push(column.to_owned());
    }
    let text = include_str!("../../src/platform/store/schema.rs");
    let code = parse_schema(text);
    assert_eq!(
        code.keys().collect::<Vec<_>>(),
        database.keys().collect::<Vec<_>>(),
        "run `diesel print-schema`"
    );
    for (table, columns) in &code {
        assert_eq!(columns, &database[table], "{table} in schema.rs");
    }
}

/// Columns of each table, as `name type nullable` in the words of the catalogue.
fn parse_schema(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::new();
    for part in text.split("diesel::table! {").skip(1) {
        let mut lines = part.lines().map(str::trim).filter(|line| !line.is_empty());
        let head = lines.by_ref().find(|line| line.ends_with(") {")).unwrap();
        let name = head.split_whitespace().next().unwrap().to_owned();
        let columns = lines
            .take_while(|line| *line != "}")
            .filter_map(|line| line.trim_end_matches(',').split_once(" -> "))
            .map(|(column, kind)| {
                let inner = kind
                    .strip_prefix("Nullable<")
                    .and_then(|rest| rest.strip_suffix('>'));
                let nullable = if inner.is_some() { "YES" } else { "NO" };
                format!("{column} {} {nullable}", udt_of(inner.unwrap_or(kind)))
            })
            .collect();
        tables.insert(name, columns);
    }
    tables
}

fn udt_of(kind: &str) -> String {
    match kind {
        "Array<Nullable<Text>>" => "_text".to_owned(),
        known => known.to_ascii_lowercase(),
    }
}

#[test]
fn the_parser_of_schema_rs_sees_a_change() {
    let text = "diesel::table! {\n    things (bucket, id) {\n        id -> Uuid,\n        note -> Nullable<Text>,\n        words -> Array<Nullable<Text>>,\n    }\n}\n";
    let expected = ["id uuid NO", "note text YES", "words _text NO"].map(str::to_owned);
    assert_eq!(parse_schema(text)["things"], expected);
}
