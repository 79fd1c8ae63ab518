//! Finding the way to a cluster that another process runs.

use std::fs;
use std::path::Path;

use super::error::DevdbError;
use super::options::USER;
use super::postmaster;

/// Whether a cluster was ever made in `state_dir`.
pub fn is_made(state_dir: &Path) -> bool {
    state_dir.join("data").join("PG_VERSION").exists()
}

/// The URL of a database in the cluster that runs in `state_dir`, whoever started it; none when
/// nothing runs there. It carries the password of the superuser: not for logs.
///
/// # Errors
///
/// [`DevdbError::Io`] when the password cannot be read.
pub fn url_of_running(state_dir: &Path, database: &str) -> Result<Option<String>, DevdbError> {
    let Ok(state_dir) = fs::canonicalize(state_dir) else {
        return Ok(None);
    };
    let data_dir = state_dir.join("data");
    let Some(port) = postmaster::running(&data_dir).and_then(|_| postmaster::port(&data_dir))
    else {
        return Ok(None);
    };
    let path = state_dir.join("password");
    let password = fs::read_to_string(&path).map_err(DevdbError::io("read", &path))?;
    Ok(Some(url(password.trim(), port, database)))
}

/// The URL of a database for the superuser of a cluster.
pub(super) fn url(password: &str, port: u16, database: &str) -> String {
    let database = escape(database);
    format!("postgres://{USER}:{password}@127.0.0.1:{port}/{database}")
}

/// Percent-encodes what has a meaning of its own in the path of a URL.
fn escape(database: &str) -> String {
    let escape_byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    database.bytes().map(escape_byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devdb::tests::support::{TempFolder, start};

    #[test]
    fn a_running_cluster_is_found_from_its_folder_and_a_stopped_one_is_not() {
        let folder = TempFolder::new();
        let state_dir = folder.state_dir();
        assert!(!is_made(&state_dir));
        assert_eq!(url_of_running(&state_dir, "postgres").unwrap(), None);

        let cluster = start(&state_dir);
        assert!(is_made(&state_dir));
        let found = url_of_running(&state_dir, "a b").unwrap();
        assert_eq!(found, Some(cluster.url("a b")));
        assert!(found.unwrap().ends_with("/a%20b"));

        cluster.stop().unwrap();
        assert_eq!(url_of_running(&state_dir, "postgres").unwrap(), None);
    }
}
