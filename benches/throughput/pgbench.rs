//! pgbench, reading the same row and writing the same rows.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use shouxin::devdb::Programs;

use super::company::Seeded;
use super::load::CONNECTIONS;

/// The best of several client counts, in transactions a second.
pub fn measure(programs: &Programs, url: &str, script: &Path, seconds: u64) -> f64 {
    [4, CONNECTIONS]
        .map(|clients| {
            let output = Command::new(programs.bin_dir.join("pgbench"))
                .args([
                    "-n",
                    "-M",
                    "prepared",
                    "-j",
                    "2",
                    "-c",
                    &clients.to_string(),
                    "-T",
                    &seconds.to_string(),
                    "-f",
                ])
                .arg(script)
                .arg(url)
                .output()
                .expect("pgbench");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines()
                .find_map(|line| {
                    line.strip_prefix("tps = ")?
                        .split(' ')
                        .next()?
                        .parse::<f64>()
                        .ok()
                })
                .unwrap_or_else(|| panic_with(&text, &output.stderr))
        })
        .into_iter()
        .fold(0.0, f64::max)
}

#[expect(
    clippy::panic,
    reason = "a measurement without its counterpart is none"
)]
fn panic_with(stdout: &str, stderr: &[u8]) -> f64 {
    panic!(
        "pgbench failed: {stdout}{}",
        String::from_utf8_lossy(stderr)
    )
}

/// pgbench has no arrays: a table maps its random number to the rows, as the address does for the
/// service.
pub fn number_the_rows(url: &str, seeded: &[Seeded]) {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection};
    let mut connection = PgConnection::establish(url).unwrap();
    let mut sql = String::from(
        "CREATE TABLE bench_rows (n integer PRIMARY KEY, bucket smallint, customer_id uuid, product_line uuid, \
         customer_line uuid, group_bucket smallint, group_line uuid); INSERT INTO bench_rows VALUES ",
    );
    for (number, one) in (1..).zip(seeded) {
        let [group, unified, product] = one.lines;
        let comma = if number == 1 { "" } else { "," };
        let _ = write!(
            sql,
            "{comma}({number},{},'{}','{product}','{unified}',{},'{group}')",
            one.customer.key().0,
            one.customer,
            group.key().0
        );
    }
    connection.batch_execute(&sql).unwrap();
    connection.batch_execute("VACUUM ANALYZE").unwrap();
}

/// Reads a line by its key.
pub fn read(seeded: &[Seeded]) -> String {
    format!(
        "\\set n random(1, {})\n\
         SELECT l.* FROM bench_rows b JOIN credit_lines l ON l.bucket = b.bucket AND l.id = b.product_line WHERE b.n = :n;\n",
        seeded.len()
    )
}

/// One reservation as one transaction: the same locks, the same rows.
pub fn write(seeded: &[Seeded]) -> String {
    let movement = |bucket: &str, line: &str| {
        format!(
            "INSERT INTO credit_movements SELECT bucket, id, movement_count, 'reserve', 100, 0, 0, held_minor, drawn_minor, consumed_minor, \
             limit_minor, true, :customer::uuid, :reservation::uuid, NULL, NULL, current_date, now(), 'bench|pgbench' \
             FROM credit_lines WHERE bucket = :{bucket} AND id = :{line}::uuid;\n"
        )
    };
    let update = |bucket: &str, line: &str| {
        format!(
            "UPDATE credit_lines SET held_minor = held_minor + 100, movement_count = movement_count + 1, moved_at = now() \
             WHERE bucket = :{bucket} AND id = :{line}::uuid AND held_minor + drawn_minor + consumed_minor + 100 <= limit_minor;\n"
        )
    };
    let mut script = format!(
        "\\set n random(1, {})\n\
         BEGIN;\n\
         SELECT bucket, customer_id AS customer, product_line, customer_line, group_bucket, group_line, \
                gen_random_uuid() AS reservation, gen_random_uuid() AS audit, gen_random_uuid() AS event \
         FROM bench_rows WHERE n = :n \\gset\n",
        seeded.len()
    );
    for (bucket, line) in [
        ("group_bucket", "group_line"),
        ("bucket", "customer_line"),
        ("bucket", "product_line"),
    ] {
        script.push_str(&update(bucket, line));
    }
    script.push_str(
        "INSERT INTO reservations VALUES (:bucket, :reservation::uuid, :customer::uuid, 'head-office', 'goods_on_credit', \
         :reservation, 100, 'CNY', 0, 0, 0, 'held', now() + interval '7 days', :product_line::uuid, :customer_line::uuid, \
         :group_line::uuid, 1, now(), now(), 0, 'gross', 100, 100, 100, NULL);\n",
    );
    for (bucket, line) in [
        ("group_bucket", "group_line"),
        ("bucket", "customer_line"),
        ("bucket", "product_line"),
    ] {
        script.push_str(&movement(bucket, line));
    }
    script.push_str(
        "INSERT INTO audit_entries (id, recorded_at, principal, client_id, org_path, action, subject, outcome, request_id, details) \
         VALUES (:audit::uuid, now(), 'bench|pgbench', 'bench', 'head-office', 'reservation.create', 'reservation', 'done', :audit::uuid, '{\"amount_minor\": 100}');\n\
         INSERT INTO events (id, kind, subject, org_path, customer_id, data, occurred_at) \
         VALUES (:event::uuid, 'reservation.created', 'reservation', 'head-office', :customer::uuid, '{\"amount_minor\": 100}', now());\n\
         INSERT INTO idempotency_records VALUES ('bench|pgbench', 'POST', '/v1/reservations', :event, '\\x00'::bytea, 201, '[]', \
         decode(repeat('00', 700), 'hex'), now(), now() + interval '1 day');\n\
         COMMIT;\n",
    );
    script
}
