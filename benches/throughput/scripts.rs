//! What pgbench does: the rows that the service reads and writes for a request, under the same
//! locks, in one transaction and in as few statements as somebody would write by hand.

use super::company::{PRODUCT, minted};

/// Levels: columns of `bench_rows` for bucket and line, in the order in which they are locked.
const LEVELS: [(&str, &str); 3] = [
    ("group_bucket", "group_line"),
    ("bucket", "customer_line"),
    ("bucket", "product_line"),
];

/// One reservation for one of the first `among` customers: its key is taken and looked up; customer,
/// product and membership are read; three lines move within their limits; the reservation, three
/// movements, the audit entry, the event and the answer under its key are written.
pub fn reserve(among: usize) -> String {
    let mut script = format!(
        "\\set n random(1, {among})\n\
         \\set key random(1, 9000000000000000000)\n\
         BEGIN;\n\
         SELECT pg_try_advisory_xact_lock(:key::bigint);\n\
         SELECT fingerprint, status, headers, body FROM idempotency_records WHERE principal = 'https://development.shouxin.invalid|for-pgbench|bench-client' AND key = :key::text \
             AND method = 'POST' AND path = '/v1/reservations' AND expires_at > now();\n\
         SELECT b.bucket, b.customer_id AS customer, b.product_line, b.customer_line, b.group_bucket, b.group_line, \
             {id} AS reservation, {id} AS audit, {id} AS event, c.status, c.org_path, p.active, p.exposure_treatment, m.group_id \
             FROM bench_rows b JOIN customers c ON c.bucket = b.bucket AND c.id = b.customer_id \
             JOIN products p ON p.code = '{PRODUCT}' \
             LEFT JOIN credit_group_members m ON m.bucket = b.bucket AND m.customer_id = b.customer_id AND m.member_until IS NULL \
             WHERE b.n = :n \\gset\n",
        id = minted("b.bucket"),
    );
    for (bucket, line) in LEVELS {
        script.push_str(&format!(
            "UPDATE credit_lines SET held_minor = held_minor + 100, movement_count = movement_count + 1, moved_at = now() \
             WHERE bucket = :{bucket} AND id = :{line}::uuid AND held_minor + drawn_minor + consumed_minor + 100 <= limit_minor;\n"
        ));
    }
    script.push_str(&format!(
        "INSERT INTO reservations (bucket, id, customer_id, org_path, product, reference, reference_key, amount_minor, currency, captured_minor, \
             released_minor, expired_minor, status, expires_at, product_line_id, customer_line_id, group_line_id, version, created_at, \
             updated_at, deposit_minor, exposure_treatment, product_exposure_minor, customer_exposure_minor, group_exposure_minor) \
             VALUES (:bucket, :reservation::uuid, :customer::uuid, 'head-office', '{PRODUCT}', 'PG-' || :key::text, 'pg-' || :key::text, 100, 'CNY', 0, 0, 0, \
             'held', now() + interval '7 days', :product_line::uuid, :customer_line::uuid, :group_line::uuid, 1, now(), now(), 0, \
             'gross', 100, 100, 100);\n"
    ));
    for (bucket, line) in LEVELS {
        script.push_str(&format!(
            "INSERT INTO credit_movements (bucket, line_id, movement_number, kind, held_delta_minor, drawn_delta_minor, \
             consumed_delta_minor, held_after_minor, drawn_after_minor, consumed_after_minor, limit_minor, within_limit, customer_id, \
             reservation_id, business_date, recorded_at, principal) \
             SELECT bucket, id, movement_count, 'reserve', 100, 0, 0, held_minor, drawn_minor, consumed_minor, limit_minor, true, \
             :customer::uuid, :reservation::uuid, current_date, now(), 'https://development.shouxin.invalid|for-pgbench' \
             FROM credit_lines WHERE bucket = :{bucket} AND id = :{line}::uuid;\n"
        ));
    }
    let details = format!(
        "jsonb_build_object('customer_id', :customer::text, 'product', '{PRODUCT}', 'reference', 'PG-' || :key::text, \
         'currency', 'CNY', 'amount_minor', 100, 'status', 'held')"
    );
    script.push_str(&format!(
        "INSERT INTO audit_entries (id, recorded_at, principal, client_id, org_path, action, subject, outcome, request_id, details) \
             VALUES (:audit::uuid, now(), 'https://development.shouxin.invalid|for-pgbench', 'bench', 'head-office', 'reservation.create', \
             'reservation/' || :reservation::text, 'done', :audit::uuid, {details});\n\
         INSERT INTO events (id, kind, subject, org_path, customer_id, data, occurred_at) \
             VALUES (:event::uuid, 'reservation.created', 'reservation/' || :reservation::text, 'head-office', :customer::uuid, {details}, now());\n\
         INSERT INTO idempotency_records (principal, method, path, key, fingerprint, status, headers, body, created_at, expires_at, reach) \
             VALUES ('https://development.shouxin.invalid|for-pgbench|bench-client', 'POST', '/v1/reservations', :key::text, decode(repeat('07', 32), 'hex'), 201, \
             '[{{\"name\": \"content-type\", \"value\": \"application/json\"}}, {{\"name\": \"cache-control\", \"value\": \"private, no-cache\"}}, \
             {{\"name\": \"etag\", \"value\": \"\\\"1-103a6e9d58b6684e\\\"\"}}, {{\"name\": \"vary\", \"value\": \"Authorization, Accept\"}}, \
             {{\"name\": \"location\", \"value\": \"/v1/reservations/01a20a26-6fb7-77f4-9c96-9a0e3284f582\"}}]', \
             decode(repeat('07', 921), 'hex'), now(), now() + interval '1 day', \
             '{{\"org_path\": \"head-office\", \"customer_id\": null, \"seen\": [[\"head-office\", null]]}}');\n\
         COMMIT;\n"
    ));
    script
}

/// One credit check: customer, product, open membership, lines of the group and of the customer,
/// policy in force, read in one snapshot.
pub fn check(among: usize) -> String {
    format!(
        "\\set n random(1, {among})\n\
         BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n\
         SELECT b.bucket, b.group_bucket, b.customer_id AS customer, c.status, c.org_path \
             FROM bench_rows b JOIN customers c ON c.bucket = b.bucket AND c.id = b.customer_id WHERE b.n = :n \\gset\n\
         SELECT active, exposure_treatment, default_payment_term_days FROM products WHERE code = '{PRODUCT}';\n\
         SELECT group_id AS \"group\" FROM credit_group_members \
             WHERE bucket = :bucket AND customer_id = :customer::uuid AND member_until IS NULL \\gset\n\
         SELECT * FROM credit_lines WHERE bucket = :group_bucket AND group_id = :group::uuid ORDER BY id;\n\
         SELECT * FROM credit_lines WHERE bucket = :bucket AND customer_id = :customer::uuid ORDER BY product IS NOT NULL, id;\n\
         SELECT * FROM credit_policies WHERE effective_from <= current_date ORDER BY version DESC LIMIT 1;\n\
         COMMIT;\n"
    )
}
