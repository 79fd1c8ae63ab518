//! Open reservations and receivables of every customer, as if they had been made one by one.
//!
//! Written by SQL in sets, because a million takes the service a quarter of an hour. The balances
//! and movements are what a million requests would have left, and `shouxin verify ledger` agrees.

use diesel::connection::SimpleConnection;

use super::company::{CUSTOMERS_OF_A_GROUP, PRODUCT, connect, minted};

/// What each reservation and receivable is for: 1.00.
const MINOR: usize = 100;

/// Gives every customer `each` open reservations and as many receivables. The lines must be
/// untouched.
pub fn load(url: &str, each: usize) {
    let mut connection = connect(url);
    // As a restore does it: the rows are known to fit each other, so triggers and foreign keys are
    // not asked for each of millions of rows.
    connection
        .batch_execute(&format!(
            "SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'; {}{}{}",
            rows(each),
            movements(each),
            balances(each),
        ))
        .expect("open business");
    connection.batch_execute("VACUUM ANALYZE").unwrap();
    connection.batch_execute("CHECKPOINT").unwrap();
}

fn rows(each: usize) -> String {
    let id = minted("b.bucket");
    format!(
        "CREATE TEMPORARY TABLE opened AS SELECT b.n, i, {id} AS reservation, {id} AS receivable \
             FROM bench_rows b, generate_series(1, {each}) AS i ORDER BY b.bucket, b.customer_id, i; \
         ANALYZE opened; \
         INSERT INTO reservations (bucket, id, customer_id, org_path, product, reference, reference_key, amount_minor, currency, captured_minor, \
                released_minor, expired_minor, status, expires_at, product_line_id, customer_line_id, group_line_id, version, created_at, \
                updated_at, deposit_minor, exposure_treatment, product_exposure_minor, customer_exposure_minor, group_exposure_minor) \
             SELECT b.bucket, o.reservation, b.customer_id, 'head-office', '{PRODUCT}', 'OPEN-' || o.i, 'open-' || o.i, {MINOR}, 'CNY', 0, 0, 0, 'held', \
                now() + interval '60 days', b.product_line, b.customer_line, b.group_line, 1, now(), now(), 0, 'gross', {MINOR}, {MINOR}, {MINOR} \
             FROM opened o JOIN bench_rows b USING (n) ORDER BY b.bucket, b.customer_id, o.i; \
         INSERT INTO receivables (bucket, id, customer_id, org_path, number, number_key, product, amount_minor, outstanding_minor, currency, issued_on, \
                payment_term_days, due_on, over_limit, term_exceeded, cash_only, product_line_id, customer_line_id, group_line_id, version, created_at, updated_at, \
                deposit_minor, exposure_treatment, product_exposure_minor, customer_exposure_minor, group_exposure_minor) \
             SELECT b.bucket, o.receivable, b.customer_id, 'head-office', 'OPEN-' || o.i, 'open-' || o.i, '{PRODUCT}', {MINOR}, {MINOR}, 'CNY', current_date, \
                30, current_date + 30, false, false, false, b.product_line, b.customer_line, b.group_line, 1, now(), now(), 0, 'gross', {MINOR}, {MINOR}, {MINOR} \
             FROM opened o JOIN bench_rows b USING (n) ORDER BY b.bucket, b.customer_id, o.i;"
    )
}

/// On each line first all reservations, then all receivables; on that of a group one member after
/// the other.
fn movements(each: usize) -> String {
    let member = format!("((b.n - 1) % {CUSTOMERS_OF_A_GROUP})");
    [
        ("bucket", "product_line", "0".to_owned(), each),
        ("bucket", "customer_line", "0".to_owned(), each),
        (
            "group_bucket",
            "group_line",
            format!("({member} * {each})"),
            each * CUSTOMERS_OF_A_GROUP,
        ),
    ]
    .iter()
    .map(|(bucket, line, before, all)| {
        format!(
            "INSERT INTO credit_movements (bucket, line_id, movement_number, kind, held_delta_minor, drawn_delta_minor, \
                    consumed_delta_minor, held_after_minor, drawn_after_minor, consumed_after_minor, limit_minor, within_limit, \
                    customer_id, reservation_id, receivable_id, business_date, recorded_at, principal, covered_minor) \
                 SELECT b.{bucket}, b.{line}, {before} + o.i + part.offset_of, part.kind, part.held, part.drawn, 0, \
                    CASE WHEN part.drawn = 0 THEN ({before} + o.i) * {MINOR} ELSE {all} * {MINOR} END, \
                    CASE WHEN part.drawn = 0 THEN 0 ELSE ({before} + o.i) * {MINOR} END, 0, l.limit_minor, part.drawn = 0, b.customer_id, \
                    CASE WHEN part.drawn = 0 THEN o.reservation END, CASE WHEN part.drawn = 0 THEN NULL ELSE o.receivable END, \
                    current_date, now(), 'bench|open business', 0 \
                 FROM (VALUES ('reserve', 0, {MINOR}, 0), ('draw', {all}, 0, {MINOR})) AS part (kind, offset_of, held, drawn), \
                    opened o JOIN bench_rows b USING (n) JOIN credit_lines l ON l.bucket = b.{bucket} AND l.id = b.{line} \
                 ORDER BY b.{bucket}, b.{line}, 3;"
        )
    })
    .collect()
}

fn balances(each: usize) -> String {
    let set = |all: usize| {
        format!(
            "UPDATE credit_lines l SET held_minor = {all} * {MINOR}, drawn_minor = {all} * {MINOR}, movement_count = 2 * {all}, moved_at = now()"
        )
    };
    let (own, shared) = (set(each), set(each * CUSTOMERS_OF_A_GROUP));
    format!(
        "{own} FROM bench_rows b WHERE l.bucket = b.bucket AND l.id IN (b.product_line, b.customer_line); \
         {shared} FROM bench_groups g WHERE l.bucket = g.bucket AND l.id = g.line;"
    )
}
