//! The user that the cluster belongs to.
//!
//! PostgreSQL refuses to run as root. A container or a build machine often is root, so
//! then the programs run as an unprivileged user and the state folder is given to it.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Uid, User, geteuid};

use super::child;
use super::error::DevdbError;

/// The users to run as in place of root, the best first.
const UNPRIVILEGED_USERS: [&str; 2] = ["postgres", "nobody"];

/// Ends with the first of the given folders that may not be entered.
const ENTER_ALL: &str = r#"
for folder in "$@"; do
    [ -x "$folder" ] || { printf '%s' "$folder"; exit 1; }
done
"#;

/// Who runs PostgreSQL's programs and owns the files.
#[derive(Debug, Clone)]
pub(super) enum Owner {
    /// The user of this process.
    ThisUser,
    /// Another user, because this process is root.
    Unprivileged {
        /// For messages.
        name: String,
        uid: u32,
        gid: u32,
    },
}

impl Owner {
    /// Chooses the owner of the cluster whose data is, or will be, in `data_dir`.
    ///
    /// # Errors
    ///
    /// [`DevdbError::NoUnprivilegedUser`] when this process is root and there is no
    /// other user to run as.
    pub(super) fn choose(data_dir: &Path) -> Result<Self, DevdbError> {
        if !geteuid().is_root() {
            return Ok(Self::ThisUser);
        }
        Self::of_existing(data_dir)
            .or_else(Self::from_system)
            .ok_or(DevdbError::NoUnprivilegedUser)
    }

    /// The server insists on owning its data, so existing data decides.
    fn of_existing(data_dir: &Path) -> Option<Self> {
        let metadata = fs::metadata(data_dir).ok()?;
        let (uid, gid) = (metadata.uid(), metadata.gid());
        if Uid::from_raw(uid).is_root() {
            return None;
        }
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        let name = user.map_or_else(|| uid.to_string(), |user| user.name);
        Some(Self::Unprivileged { name, uid, gid })
    }

    fn from_system() -> Option<Self> {
        UNPRIVILEGED_USERS.iter().find_map(|name| {
            let user = User::from_name(name).ok().flatten()?;
            Some(Self::Unprivileged {
                name: user.name,
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            })
        })
    }

    /// A command that runs as the owner.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = child::command(program);
        if let Self::Unprivileged { uid, gid, .. } = self {
            // The standard library drops root's supplementary groups as well.
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Gives a file or folder to the owner.
    ///
    /// # Errors
    ///
    /// [`DevdbError::Io`] when the system refuses.
    pub(super) fn take(&self, path: &Path) -> Result<(), DevdbError> {
        match self {
            Self::ThisUser => Ok(()),
            Self::Unprivileged { uid, gid, .. } => {
                chown(path, Some(*uid), Some(*gid)).map_err(DevdbError::io("change owner of", path))
            }
        }
    }

    /// Checks that the owner can get to the state folder.
    ///
    /// # Errors
    ///
    /// [`DevdbError::Unreachable`] names the first folder on the way that stops it.
    pub(super) fn check_reach(&self, state_dir: &Path) -> Result<(), DevdbError> {
        let Self::Unprivileged { name, .. } = self else {
            return Ok(());
        };
        // The user itself tries, because the permission bits are not the whole truth:
        // there are access lists and mount options as well.
        let mut folders: Vec<&Path> = state_dir.ancestors().collect();
        folders.reverse();
        let shell = Path::new("/bin/sh");
        let output = self
            .command(shell)
            .args(["-c", ENTER_ALL, "shouxin-reach"])
            .args(folders)
            .output()
            .map_err(DevdbError::io("run", shell))?;
        if output.status.success() {
            return Ok(());
        }
        Err(DevdbError::Unreachable {
            user: name.clone(),
            state_dir: state_dir.to_owned(),
            blocked_at: PathBuf::from(String::from_utf8_lossy(&output.stdout).into_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::devdb::Cluster;
    use crate::devdb::tests::support::{TempFolder, options, programs};

    #[test]
    fn a_folder_that_the_owner_cannot_enter_is_named() {
        let folder = TempFolder::new();
        let closed = folder.path().join("closed");
        let state_dir = closed.join("state");
        fs::create_dir_all(&state_dir).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();

        let owner = Owner::choose(&state_dir.join("data")).unwrap();
        let reach = owner.check_reach(&state_dir);

        match owner {
            Owner::ThisUser => reach.unwrap(),
            Owner::Unprivileged { name, .. } => {
                let message = reach.unwrap_err().to_string();
                assert!(message.contains(closed.to_str().unwrap()), "{message}");
                assert!(message.contains(&name), "{message}");
            }
        }
    }

    #[test]
    fn a_start_that_cannot_reach_its_folder_leaves_none_behind() {
        if !geteuid().is_root() {
            return;
        }
        let folder = TempFolder::new();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();

        let started = Cluster::start(&programs(), options(&folder.state_dir()));

        let error = started.unwrap_err();
        assert!(matches!(error, DevdbError::Unreachable { .. }), "{error}");
        assert!(!folder.state_dir().exists());
    }
}
