//! Sums over the whole portfolio as of the end of a day, in one statement each.
//!
//! A past day is put together from what is never rewritten: terms and status from the versions of
//! the lines, balances from the ledger, membership from its windows. Each line counts once on every axis:
//!
//! - A line has a *limit* on a day when it is active or suspended and the day is within its dates.
//!   A line that is neither within its dates nor in use is not counted.
//! - Of a *customer* that level counts that bounds it: its unified lines while one of them has an
//!   amount, else its product lines.
//! - Of a *group* its ceiling counts while it has an amount and is pooled, else its members.
//! - Membership follows the ledger: it counts from the day it was recorded, and on its last day
//!   the exposure has left the group.
//!
//! What is in use may stand on lines that have expired or were closed; it counts, their limit
//! does not.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use uuid::Uuid;

use crate::exposure::store::reservations::due_then;
use crate::platform::store::tx::Reader;
use crate::reports::domain::reports::PortfolioAxis;
use crate::values::currency::Currency;

/// Day and instant up to which facts count.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub day: NaiveDate,
    pub end: DateTime<Utc>,
    /// Whether money on account takes off what is used.
    pub money_counts: bool,
}

/// How many rows, and what comes first.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Most rows; totals are always over all.
    pub limit: i64,
    /// Rows in this currency come first, where there is one.
    pub first_currency: Option<Currency>,
}

/// Sums of one key in one currency, or of a whole currency.
#[derive(Debug, Clone, QueryableByName)]
pub struct SumRow {
    /// Whether it is the total of its currency.
    #[diesel(sql_type = Bool)]
    pub is_total: bool,
    /// Whether the key is that of a group.
    #[diesel(sql_type = Bool)]
    pub of_group: bool,
    /// What it stands for; empty for those that have nothing of the kind, and in totals.
    #[diesel(sql_type = Nullable<Text>)]
    pub key: Option<String>,
    /// Name of a group or customer.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    #[diesel(sql_type = Text)]
    pub currency: Currency,
    #[diesel(sql_type = BigInt)]
    pub limit_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub held_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub drawn_minor: i64,
    /// Gone for good on lines that have a limit.
    #[diesel(sql_type = BigInt)]
    pub consumed_minor: i64,
    /// What money on account takes off what is held and drawn.
    #[diesel(sql_type = BigInt)]
    pub on_account_minor: i64,
    /// Whether a line without an amount of its own is among them.
    #[diesel(sql_type = Bool)]
    pub is_open_ended: bool,
    #[diesel(sql_type = BigInt)]
    pub line_count: i64,
    #[diesel(sql_type = BigInt)]
    pub customer_count: i64,
    /// Rows there are, whether returned or not.
    #[diesel(sql_type = BigInt)]
    pub row_count: i64,
}

/// Parts of every statement. What has not changed since the instant is read from the live row, and
/// only what has from the versions and movements: the two are the same by construction, and most
/// rows of a recent day are live. `$1` day, `$2` instant, `$3` customer that asks, `$4` organisation that
/// asks, `$5` pattern of those below it, `$6` and `$7` lines and what on them has expired but is
/// still in the books, `$11` whether money on account counts, `$12` whether the day is past.
const PARTS: &str = "
WITH known AS (
    SELECT l.bucket, l.id, l.customer_id, l.group_id, l.org_path, l.product, l.currency, terms.has_limit,
           terms.has_limit AND terms.limit_kind = 'amount' AS bounds,
           CASE WHEN terms.has_limit THEN terms.limit_minor END AS limit_minor,
           used.held_minor - coalesce(due.minor, 0) AS held_minor, used.drawn_minor,
           CASE WHEN terms.has_limit THEN used.consumed_minor ELSE 0 END AS consumed_minor
    FROM credit_lines l
    JOIN LATERAL (
        SELECT v.limit_kind, v.status IN ('active', 'suspended') AND $1 BETWEEN v.valid_from AND v.valid_until AS has_limit,
               CASE WHEN v.limit_minor IS NULL OR v.temporary_mode IS NULL
                         OR $1 NOT BETWEEN v.temporary_from AND v.temporary_until THEN v.limit_minor
                    WHEN v.temporary_mode = 'add' THEN v.limit_minor + v.temporary_minor
                    ELSE greatest(v.limit_minor, v.temporary_minor) END AS limit_minor
        FROM (
            SELECT l.status, l.limit_kind, l.limit_minor, l.valid_from, l.valid_until, l.temporary_mode,
                   l.temporary_minor, l.temporary_from, l.temporary_until WHERE l.updated_at <= $2
            UNION ALL
            (SELECT status, limit_kind, limit_minor, valid_from, valid_until, temporary_mode,
                    temporary_minor, temporary_from, temporary_until FROM credit_line_versions
             WHERE bucket = l.bucket AND line_id = l.id AND recorded_at <= $2 AND l.updated_at > $2
             ORDER BY version DESC LIMIT 1)) v) terms ON true
    JOIN LATERAL (
        SELECT l.held_minor, l.drawn_minor, l.consumed_minor WHERE l.moved_at <= $2
        UNION ALL
        SELECT coalesce(max(m.held_after_minor), 0), coalesce(max(m.drawn_after_minor), 0),
               coalesce(max(m.consumed_after_minor), 0)
        FROM (SELECT held_after_minor, drawn_after_minor, consumed_after_minor FROM credit_movements
              WHERE bucket = l.bucket AND line_id = l.id AND recorded_at <= $2 AND l.moved_at > $2
              ORDER BY recorded_at DESC, movement_number DESC LIMIT 1) m
        HAVING l.moved_at > $2) used ON true
    LEFT JOIN unnest($6, $7) AS due (line_id, minor) ON due.line_id = l.id
    WHERE CASE WHEN $3 IS NULL THEN l.org_path = $4 OR l.org_path LIKE $5 ELSE l.customer_id = $3 END),
levels AS (
    SELECT known.*, has_limit OR held_minor + drawn_minor > 0 AS counts,
           bool_or(bounds AND product IS NULL) OVER owner AS unified_bounds,
           bool_or(bounds AND product IS NOT NULL) OVER owner AS products_bound,
           bool_or(product IS NULL AND held_minor + drawn_minor > 0) OVER owner AS unified_in_use
    FROM known WINDOW owner AS (PARTITION BY customer_id, group_id)),
money AS (
    SELECT customer_id, currency, sum(minor) AS minor
    FROM (
        SELECT customer_id, currency, unapplied_minor AS minor FROM payments
        WHERE $11 AND unapplied_minor > 0 AND updated_at <= $2
        UNION ALL
        SELECT p.customer_id, p.currency, p.amount_minor - coalesce((SELECT sum(a.amount_minor) FROM payment_allocations a
            WHERE a.bucket = p.bucket AND a.payment_id = p.id AND a.recorded_at <= $2), 0)
        FROM payments p WHERE $11 AND $12 AND p.updated_at > $2 AND p.created_at <= $2) unapplied
    GROUP BY customer_id, currency),
of_customers AS (
    SELECT l.*, greatest(0, least(l.held_minor + l.drawn_minor, coalesce(m.minor, 0) + l.held_minor + l.drawn_minor
               - sum(l.held_minor + l.drawn_minor) OVER (PARTITION BY l.customer_id, l.currency ORDER BY l.id)))::bigint
               AS on_account_minor
    FROM levels l LEFT JOIN money m ON m.customer_id = l.customer_id AND m.currency = l.currency
    WHERE l.customer_id IS NOT NULL AND counts
      AND (product IS NULL) = (unified_bounds OR NOT products_bound AND unified_in_use)),
of_products AS (
    SELECT l.*, greatest(0, least(l.held_minor + l.drawn_minor, coalesce(m.minor, 0) + l.held_minor + l.drawn_minor
               - sum(l.held_minor + l.drawn_minor) OVER (PARTITION BY l.customer_id, l.currency ORDER BY l.id)))::bigint
               AS on_account_minor
    FROM levels l LEFT JOIN money m ON m.customer_id = l.customer_id AND m.currency = l.currency
    WHERE l.customer_id IS NOT NULL AND counts AND product IS NOT NULL),
members AS (
    SELECT m.customer_id, g.id AS group_id, g.name, g.limit_mode
    FROM credit_group_members m JOIN credit_groups g ON g.id = m.group_id
    JOIN customers c ON c.bucket = m.bucket AND c.id = m.customer_id
    WHERE m.member_from <= $1 AND (m.member_until IS NULL OR m.member_until > $1) AND m.created_at <= $2
      AND $3 IS NULL AND (g.org_path = $4 OR g.org_path LIKE $5) AND (c.org_path = $4 OR c.org_path LIKE $5)),
ceilings AS (
    SELECT l.*, g.name, greatest(0, least(l.held_minor + l.drawn_minor, coalesce(m.minor, 0) + l.held_minor + l.drawn_minor
               - sum(l.held_minor + l.drawn_minor) OVER (PARTITION BY l.group_id, l.currency ORDER BY l.id)))::bigint
               AS on_account_minor
    FROM levels l JOIN credit_groups g ON g.bucket = l.bucket AND g.id = l.group_id
    LEFT JOIN (SELECT members.group_id, money.currency, sum(money.minor) AS minor
               FROM members JOIN money ON money.customer_id = members.customer_id GROUP BY 1, 2) m
        ON m.group_id = l.group_id AND m.currency = l.currency
    WHERE l.counts AND (unified_bounds AND g.limit_mode = 'pooled'
       OR NOT EXISTS (SELECT FROM members m JOIN of_customers c ON c.customer_id = m.customer_id
                      WHERE m.group_id = l.group_id))),
risks AS (
    SELECT group_id, NULL::uuid AS single_id, name, id AS line_id, NULL::uuid AS customer_id, currency, limit_minor,
           held_minor, drawn_minor, consumed_minor, on_account_minor, has_limit AND NOT bounds AS is_open_ended
    FROM ceilings
    UNION ALL
    SELECT c.group_id, NULL, c.name, NULL, m.customer_id, c.currency, 0, 0, 0, 0, 0, false
    FROM (SELECT DISTINCT group_id, name, currency FROM ceilings) c JOIN members m ON m.group_id = c.group_id
    UNION ALL
    SELECT m.group_id, CASE WHEN m.group_id IS NULL THEN c.customer_id END, m.name, c.id, c.customer_id, c.currency,
           c.limit_minor, c.held_minor, c.drawn_minor, c.consumed_minor, c.on_account_minor, c.has_limit AND NOT c.bounds
    FROM of_customers c LEFT JOIN members m ON m.customer_id = c.customer_id
    WHERE m.group_id IS NULL OR m.group_id NOT IN (SELECT group_id FROM ceilings)),
archives AS (
    SELECT o.customer_id, past.name, past.industry
    FROM (SELECT DISTINCT bucket, customer_id FROM levels WHERE customer_id IS NOT NULL) o
    JOIN customers c ON c.bucket = o.bucket AND c.id = o.customer_id
    JOIN LATERAL (
        SELECT c.name, c.industry WHERE c.updated_at <= $2
        UNION ALL
        (SELECT snapshot->>'name', snapshot->>'industry' FROM customer_versions
         WHERE bucket = o.bucket AND customer_id = o.customer_id AND recorded_at <= $2 AND c.updated_at > $2
         ORDER BY version DESC LIMIT 1)) past ON true),
grades AS (
    SELECT o.customer_id, latest.grade
    FROM (SELECT DISTINCT bucket, customer_id FROM of_customers) o
    JOIN LATERAL (
        SELECT s.grade FROM customer_scores s
        WHERE s.bucket = o.bucket AND s.customer_id = o.customer_id AND s.scored_on <= $1 AND s.recorded_at <= $2
        ORDER BY s.scored_on DESC, s.recorded_at DESC, s.id DESC LIMIT 1) latest ON true),
counted AS (";

/// Sums by key and currency, and by currency alone. `$8` depth of organisations, `$9` most rows,
/// `$10` currency that comes first.
const SUMS: &str = "),
sums AS (
    SELECT grouping(key) = 1 AS is_total, bool_or(of_group) AS of_group, key, max(name) AS name, currency,
           coalesce(sum(limit_minor), 0)::bigint AS limit_minor, sum(held_minor)::bigint AS held_minor,
           sum(drawn_minor)::bigint AS drawn_minor, sum(consumed_minor)::bigint AS consumed_minor,
           sum(on_account_minor)::bigint AS on_account_minor,
           bool_or(is_open_ended) AS is_open_ended, count(line_id) AS line_count,
           count(DISTINCT customer_id) AS customer_count
    FROM counted GROUP BY GROUPING SETS ((key, currency), (currency))),
placed AS (
    SELECT sums.*, count(*) OVER (PARTITION BY is_total) AS row_count,
           row_number() OVER (PARTITION BY is_total ORDER BY currency <> $10, currency, limit_minor DESC,
                              held_minor + drawn_minor DESC, key) AS place
    FROM sums)
SELECT is_total, of_group, key, name, currency, limit_minor, held_minor, drawn_minor, consumed_minor, on_account_minor,
       is_open_ended,
       line_count, customer_count, row_count
FROM placed WHERE is_total OR place <= $9 ORDER BY is_total, place";

/// Sums by what the rows of the portfolio stand for. `depth` is that of organisations.
pub fn portfolio(
    reader: &mut Reader<'_>,
    moment: Moment,
    (axis, depth): (PortfolioAxis, i32),
    extent: Extent,
) -> QueryResult<Vec<SumRow>> {
    let by_customer = |key: &str, name: &str, joined: &str| {
        format!(
            "SELECT {key} AS key, {name} AS name, false AS of_group, c.id AS line_id, c.customer_id, c.currency, \
             c.limit_minor, c.held_minor, c.drawn_minor, c.consumed_minor, c.on_account_minor, \
             c.has_limit AND NOT c.bounds AS is_open_ended \
             FROM of_customers c {joined}"
        )
    };
    let archives = "LEFT JOIN archives a ON a.customer_id = c.customer_id";
    let counted = match axis {
        PortfolioAxis::Group => "SELECT group_id::text AS key, name, group_id IS NOT NULL AS of_group, line_id, \
             customer_id, currency, limit_minor, held_minor, drawn_minor, consumed_minor, on_account_minor, is_open_ended FROM risks"
            .to_owned(),
        PortfolioAxis::Grade => by_customer(
            "coalesce(g.grade, 'ungraded')",
            "NULL::text",
            "LEFT JOIN grades g ON g.customer_id = c.customer_id",
        ),
        PortfolioAxis::Industry => by_customer("a.industry", "NULL::text", archives),
        PortfolioAxis::Branch => by_customer(
            "array_to_string((string_to_array(c.org_path, '/'))[:$8], '/')",
            "NULL::text",
            "",
        ),
        PortfolioAxis::Product => by_customer("c.product", "NULL::text", "").replace(
            "FROM of_customers c",
            "FROM of_products c",
        ),
        PortfolioAxis::Currency => by_customer("c.currency", "NULL::text", ""),
        PortfolioAxis::Customer => by_customer("c.customer_id::text", "a.name", archives),
    };
    sums(reader, moment, &counted, depth, extent)
}

/// Sums by who is one risk: credit groups, and customers that belong to none.
pub fn concentration(
    reader: &mut Reader<'_>,
    moment: Moment,
    extent: Extent,
) -> QueryResult<Vec<SumRow>> {
    let counted = "SELECT coalesce(r.group_id, r.single_id)::text AS key, \
         CASE WHEN r.group_id IS NULL THEN a.name ELSE r.name END AS name, r.group_id IS NOT NULL AS of_group, \
         r.line_id, r.customer_id, r.currency, r.limit_minor, r.held_minor, r.drawn_minor, r.consumed_minor, \
         r.on_account_minor, r.is_open_ended FROM risks r LEFT JOIN archives a ON a.customer_id = r.single_id";
    sums(reader, moment, counted, 1, extent)
}

fn sums(
    reader: &mut Reader<'_>,
    moment: Moment,
    counted: &str,
    depth: i32,
    extent: Extent,
) -> QueryResult<Vec<SumRow>> {
    // What had expired by then took nothing, whenever it was given back.
    let instant = match moment.day >= reader.today {
        true => reader.now,
        false => moment.end,
    };
    let due = due_then(reader.connection, None, instant)?;
    // Many cheap steps in one statement: compiling it, and remembering steps that never come again,
    // would take longer than taking them.
    diesel::sql_query(
        "SELECT set_config('jit', 'off', true), set_config('enable_memoize', 'off', true)",
    )
    .execute(reader.connection)?;
    let (lines, minors): (Vec<Uuid>, Vec<i64>) = due
        .into_iter()
        .map(|(line, minor)| (line.uuid(), minor))
        .unzip();
    let org_path = &reader.actor.org_path;
    diesel::sql_query(format!("{PARTS}{counted}{SUMS}"))
        .bind::<Date, _>(moment.day)
        .bind::<Timestamptz, _>(moment.end)
        .bind::<Nullable<SqlUuid>, _>(reader.actor.customer_id)
        .bind::<Text, _>(org_path)
        .bind::<Text, _>(format!("{org_path}/%"))
        .bind::<Array<SqlUuid>, _>(lines)
        .bind::<Array<BigInt>, _>(minors)
        .bind::<Integer, _>(depth)
        .bind::<BigInt, _>(extent.limit)
        .bind::<Nullable<Text>, _>(extent.first_currency)
        .bind::<Bool, _>(moment.money_counts)
        .bind::<Bool, _>(moment.day < reader.today)
        .load(reader.connection)
}
