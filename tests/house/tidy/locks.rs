//! Rows are locked through `Tx::lock`, which takes the instant of what is decided after the lock.

/// Rows that are only changed under the locks of the lines they stand on, which are locked first: the
/// instant is taken there, and stands from then on.
const BENEATH_LINES: &[(&str, &str)] = &[
    ("src/exposure/store/receivables.rs", "lock_many"),
    ("src/exposure/store/receivables.rs", "lock_open"),
    ("src/exposure/store/referrals.rs", "lock_released"),
    ("src/exposure/store/reservations.rs", "lock_many"),
    ("src/exposure/store/reservations.rs", "lock_open_of"),
];

const LOCKS: &[&str] = &[
    ".for_no_key_update()",
    ".for_update()",
    ".for_share()",
    ".for_key_share()",
];

/// Functions that lock rows and let the instant stand at which they began to wait. Who does not wait,
/// and leaves out what somebody else has, needs no later one.
pub fn undated(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("src/") {
        return Vec::new();
    }
    functions(text)
        .into_iter()
        .filter(|(_, body)| LOCKS.iter().any(|lock| body.contains(lock)))
        .filter(|(_, body)| !body.contains("tx.lock(") && !body.contains(".skip_locked()"))
        .filter(|(name, _)| !BENEATH_LINES.contains(&(path, name.as_str())))
        .map(|(name, _)| format!("{path}: {name} locks outside of Tx::lock"))
        .collect()
}

/// Names and texts of functions: each reaches to where the next one begins.
fn functions(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let code = line.trim_start();
        let signature = ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn "]
            .iter()
            .find_map(|start| code.strip_prefix(start));
        if let Some(signature) = signature {
            let name = signature.split(['(', '<']).next().unwrap_or(signature);
            found.push((name.to_owned(), String::new()));
        }
        if let Some((_, body)) = found.last_mut() {
            body.push_str(line);
            body.push('\n');
        }
    }
    found
}
