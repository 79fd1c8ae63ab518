//! Files for their owner only, which are never seen half written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::RunError;

/// Puts a file with mode 0600 in place of whatever has the name.
///
/// # Errors
/// When the system refuses.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), RunError> {
    let written = write_beside(path, text)?;
    fs::rename(&written, path).map_err(|error| {
        let _best_effort = fs::remove_file(&written);
        RunError::file("write", path)(error)
    })
}

/// Puts a file with mode 0600 under the name, unless another process was faster.
///
/// # Errors
/// When the system refuses.
pub(super) fn create_once(path: &Path, text: &str) -> Result<(), RunError> {
    let written = write_beside(path, text)?;
    let linked = fs::hard_link(&written, path);
    let _best_effort = fs::remove_file(&written);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(RunError::file("write", path)(error))
        }
        _ => Ok(()),
    }
}

/// Reads a file that others have no access to.
///
/// # Errors
/// When the system refuses, or others have access.
pub(super) fn read(path: &Path) -> Result<String, RunError> {
    let metadata = fs::metadata(path).map_err(RunError::file("read", path))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(RunError::Refused(format!(
            "{} must be accessible to its owner only (mode 0600)",
            path.display()
        )));
    }
    fs::read_to_string(path).map_err(RunError::file("read", path))
}

fn write_beside(path: &Path, text: &str) -> Result<PathBuf, RunError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || {
        // Left over by a process of the same number that was killed.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(RunError::file("write", path))?;
    Ok(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_files_are_for_their_owner_and_the_first_of_two_stays() {
        let folder = std::env::temp_dir().join(format!("shouxin-private-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("secret");
        create_once(&path, "one").unwrap();
        create_once(&path, "two").unwrap();
        assert_eq!(read(&path).unwrap(), "one");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&path), Err(RunError::Refused(_))));
        replace(&path, "three").unwrap();
        assert_eq!(read(&path).unwrap(), "three");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
