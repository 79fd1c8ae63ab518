//! Proof that balances are what the movements say: every number that is maintained is computed
//! again from the immutable rows and compared.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

/// One number that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct DifferenceRow {
    /// Which check found it.
    #[diesel(sql_type = Text)]
    pub check_name: String,
    /// What it is about.
    #[diesel(sql_type = SqlUuid)]
    pub subject: Uuid,
    /// What the immutable rows add up to.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub expected: Option<i64>,
    /// What is stored.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub found: Option<i64>,
}

/// The checks: name, and a query of (subject, expected, found) for everything that differs.
const CHECKS: &[(&str, &str)] = &[
    (
        "line held = sum of its movements",
        "SELECT l.id AS subject, coalesce(m.total, 0)::bigint AS expected, l.held_minor AS found \
         FROM credit_lines l LEFT JOIN (SELECT bucket, line_id, sum(held_delta_minor) AS total FROM credit_movements GROUP BY 1, 2) m \
         ON m.bucket = l.bucket AND m.line_id = l.id WHERE l.held_minor <> coalesce(m.total, 0)",
    ),
    (
        "line drawn = sum of its movements",
        "SELECT l.id AS subject, coalesce(m.total, 0)::bigint AS expected, l.drawn_minor AS found \
         FROM credit_lines l LEFT JOIN (SELECT bucket, line_id, sum(drawn_delta_minor) AS total FROM credit_movements GROUP BY 1, 2) m \
         ON m.bucket = l.bucket AND m.line_id = l.id WHERE l.drawn_minor <> coalesce(m.total, 0)",
    ),
    (
        "line consumed = sum of its movements",
        "SELECT l.id AS subject, coalesce(m.total, 0)::bigint AS expected, l.consumed_minor AS found \
         FROM credit_lines l LEFT JOIN (SELECT bucket, line_id, sum(consumed_delta_minor) AS total FROM credit_movements GROUP BY 1, 2) m \
         ON m.bucket = l.bucket AND m.line_id = l.id WHERE l.consumed_minor <> coalesce(m.total, 0)",
    ),
    (
        "movements of a line are numbered without gaps",
        "SELECT l.id AS subject, l.movement_count AS expected, coalesce(m.rows, 0)::bigint AS found \
         FROM credit_lines l LEFT JOIN (SELECT bucket, line_id, count(*) AS rows, max(movement_number) AS last FROM credit_movements GROUP BY 1, 2) m \
         ON m.bucket = l.bucket AND m.line_id = l.id \
         WHERE l.movement_count <> coalesce(m.rows, 0) OR l.movement_count <> coalesce(m.last, 0)",
    ),
    (
        "each movement continues the one before",
        "SELECT line_id AS subject, before + delta AS expected, after AS found FROM ( \
           SELECT line_id, held_delta_minor + drawn_delta_minor + consumed_delta_minor AS delta, \
                  held_after_minor + drawn_after_minor + consumed_after_minor AS after, \
                  coalesce(lag(held_after_minor + drawn_after_minor + consumed_after_minor) OVER (PARTITION BY bucket, line_id ORDER BY movement_number), 0) AS before \
           FROM credit_movements) m WHERE before + delta <> after",
    ),
    (
        "no decision went over its limit",
        "SELECT line_id AS subject, limit_minor AS expected, held_after_minor + drawn_after_minor + consumed_after_minor - covered_minor AS found \
         FROM credit_movements WHERE within_limit AND limit_minor IS NOT NULL \
         AND held_after_minor + drawn_after_minor + consumed_after_minor - covered_minor > limit_minor",
    ),
    (
        "line held = rest of the open reservations on it",
        "SELECT l.id AS subject, coalesce(r.total, 0)::bigint AS expected, l.held_minor AS found FROM credit_lines l LEFT JOIN ( \
           SELECT line_id, sum(rest) AS total FROM ( \
             SELECT c.line_id, c.exposure - div((captured_minor + released_minor + expired_minor)::numeric * c.exposure, amount_minor) AS rest \
             FROM reservations CROSS JOIN LATERAL unnest(ARRAY[product_line_id, customer_line_id, group_line_id], \
               ARRAY[product_exposure_minor, customer_exposure_minor, group_exposure_minor]) AS c (line_id, exposure)) u \
           WHERE line_id IS NOT NULL GROUP BY 1) r ON r.line_id = l.id WHERE l.held_minor <> coalesce(r.total, 0)",
    ),
    (
        "line drawn = outstanding receivables on it",
        "SELECT l.id AS subject, coalesce(r.total, 0)::bigint AS expected, l.drawn_minor AS found FROM credit_lines l LEFT JOIN ( \
           SELECT line_id, sum(rest) AS total FROM ( \
             SELECT c.line_id, c.exposure - div((amount_minor - outstanding_minor)::numeric * c.exposure, amount_minor) AS rest \
             FROM receivables CROSS JOIN LATERAL unnest(ARRAY[product_line_id, customer_line_id, group_line_id], \
               ARRAY[product_exposure_minor, customer_exposure_minor, group_exposure_minor]) AS c (line_id, exposure)) u \
           WHERE line_id IS NOT NULL GROUP BY 1) r ON r.line_id = l.id WHERE l.drawn_minor <> coalesce(r.total, 0)",
    ),
    (
        "every movement, reservation and receivable stands on lines that exist",
        "SELECT u.line_id AS subject, 1::bigint AS expected, 0::bigint AS found FROM ( \
           SELECT bucket, line_id FROM credit_movements \
           UNION SELECT bucket, product_line_id FROM reservations UNION SELECT bucket, customer_line_id FROM reservations \
           UNION SELECT bucket, product_line_id FROM receivables UNION SELECT bucket, customer_line_id FROM receivables) u \
         WHERE u.line_id IS NOT NULL AND NOT EXISTS (SELECT FROM credit_lines l WHERE l.bucket = u.bucket AND l.id = u.line_id)",
    ),
    (
        "receivable outstanding = amount less allocations",
        "SELECT r.id AS subject, (r.amount_minor - coalesce(a.total, 0))::bigint AS expected, r.outstanding_minor AS found \
         FROM receivables r LEFT JOIN (SELECT bucket, receivable_id, sum(amount_minor) AS total FROM payment_allocations GROUP BY 1, 2) a \
         ON a.bucket = r.bucket AND a.receivable_id = r.id WHERE r.outstanding_minor <> r.amount_minor - coalesce(a.total, 0)",
    ),
    (
        "payment unapplied = amount less allocations",
        "SELECT p.id AS subject, \
                (CASE WHEN p.status = 'reversed' THEN 0 ELSE p.amount_minor - coalesce(a.total, 0) END)::bigint AS expected, \
                p.unapplied_minor AS found \
         FROM payments p LEFT JOIN (SELECT bucket, payment_id, sum(amount_minor) AS total FROM payment_allocations GROUP BY 1, 2) a \
         ON a.bucket = p.bucket AND a.payment_id = p.id \
         WHERE p.unapplied_minor <> CASE WHEN p.status = 'reversed' THEN 0 ELSE p.amount_minor - coalesce(a.total, 0) END \
            OR (p.status = 'reversed' AND coalesce(a.total, 0) <> 0)",
    ),
    (
        "reservation captured = receivables captured from it",
        "SELECT v.id AS subject, coalesce(r.total, 0)::bigint AS expected, v.captured_minor AS found \
         FROM reservations v LEFT JOIN (SELECT bucket, reservation_id, sum(amount_minor) AS total FROM receivables \
           WHERE reservation_id IS NOT NULL GROUP BY 1, 2) r \
         ON r.bucket = v.bucket AND r.reservation_id = v.id WHERE v.captured_minor <> coalesce(r.total, 0)",
    ),
    (
        "movements of a line are in the order of their instants",
        "SELECT line_id AS subject, (extract(epoch FROM before) * 1000000)::bigint AS expected, (extract(epoch FROM recorded_at) * 1000000)::bigint AS found \
         FROM (SELECT line_id, recorded_at, lag(recorded_at) OVER (PARTITION BY bucket, line_id ORDER BY movement_number) AS before \
           FROM credit_movements) m WHERE recorded_at < before",
    ),
    (
        "versions of a line are in the order of their instants",
        "SELECT line_id AS subject, (extract(epoch FROM before) * 1000000)::bigint AS expected, (extract(epoch FROM recorded_at) * 1000000)::bigint AS found \
         FROM (SELECT line_id, recorded_at, lag(recorded_at) OVER (PARTITION BY bucket, line_id ORDER BY version) AS before \
           FROM credit_line_versions) v WHERE recorded_at < before",
    ),
    (
        "versions of a customer are in the order of their instants",
        "SELECT customer_id AS subject, (extract(epoch FROM before) * 1000000)::bigint AS expected, (extract(epoch FROM recorded_at) * 1000000)::bigint AS found \
         FROM (SELECT customer_id, recorded_at, lag(recorded_at) OVER (PARTITION BY bucket, customer_id ORDER BY version) AS before \
           FROM customer_versions) v WHERE recorded_at < before",
    ),
    (
        "decisions of a case are in the order of their instants",
        "SELECT case_id AS subject, (extract(epoch FROM before) * 1000000)::bigint AS expected, (extract(epoch FROM decided_at) * 1000000)::bigint AS found \
         FROM (SELECT case_id, decided_at, lag(decided_at) OVER (PARTITION BY bucket, case_id ORDER BY step_number) AS before \
           FROM approval_decisions) d WHERE decided_at < before",
    ),
    (
        "nothing was held on a line while it was suspended",
        "SELECT m.line_id AS subject, 0::bigint AS expected, m.held_delta_minor AS found FROM credit_movements m JOIN ( \
           SELECT bucket, line_id, status, recorded_at, lead(recorded_at) OVER (PARTITION BY bucket, line_id ORDER BY version) AS ended \
           FROM credit_line_versions) v ON v.bucket = m.bucket AND v.line_id = m.line_id \
         WHERE m.kind = 'reserve' AND v.status = 'suspended' AND m.recorded_at > v.recorded_at AND (v.ended IS NULL OR m.recorded_at < v.ended)",
    ),
];

/// Names of the checks, in order.
pub fn checks() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(name, _)| *name)
}

/// Runs every check and returns what differs, at most 100 for each.
pub fn differences(connection: &mut PgConnection) -> QueryResult<Vec<DifferenceRow>> {
    let mut found = Vec::new();
    for (name, query) in CHECKS {
        let rows: Vec<DifferenceRow> = diesel::sql_query(format!(
            "SELECT $1::text AS check_name, d.subject, d.expected, d.found FROM ({query}) d ORDER BY d.subject LIMIT 100"
        ))
        .bind::<Text, _>(name)
        .load(connection)?;
        found.extend(rows);
    }
    Ok(found)
}

/// How much was looked at: lines, movements, receivables, payments, reservations.
pub fn extent(connection: &mut PgConnection) -> QueryResult<[i64; 5]> {
    use crate::platform::store::schema::{
        credit_lines, credit_movements, payments, receivables, reservations,
    };
    Ok([
        credit_lines::table.count().get_result(connection)?,
        credit_movements::table.count().get_result(connection)?,
        receivables::table.count().get_result(connection)?,
        payments::table.count().get_result(connection)?,
        reservations::table.count().get_result(connection)?,
    ])
}
