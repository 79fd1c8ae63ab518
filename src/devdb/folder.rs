//! The state folder: where things are, and who may use it.
//!
//! Two locks guard it. `owner.lock` is held by the process that owns the cluster, and
//! the kernel frees it when that process ends in any way. `server.lock` is also held by
//! everything that works on the data, so that it stays locked while the supervisor of a
//! killed owner is still stopping the server. An owner that runs is an error at once; a
//! server that is stopping is worth a wait.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::error::DevdbError;
use super::{postmaster, wait};

/// How long to wait for the server of an owner that is gone.
const STOPPING_WAIT_MAX: Duration = Duration::from_secs(60);

/// Locked by the owning process.
const OWNER_LOCK: &str = "owner.lock";

/// Locked by whatever works on the data. The presence of either lock marks the folder as
/// ours, also when it was only half removed.
const SERVER_LOCK: &str = "server.lock";

/// Everything that this module ever puts into the folder; only these are removed, in
/// this order. The lock of the server is the last: the supervisor of a killed owner
/// still holds it while it removes the others, so that the next owner cannot move in
/// and then lose the file it has locked.
pub(super) const ENTRIES: [&str; 9] = [
    "data",
    "data.new",
    "password",
    "postgres.log",
    "postgres.log.old",
    "server.pid",
    "stopping",
    OWNER_LOCK,
    SERVER_LOCK,
];

/// A state folder that this process has locked.
#[derive(Debug)]
pub(super) struct StateFolder {
    path: PathBuf,
    owner_lock: File,
    server_lock: File,
}

/// What came of one attempt to lock the folder.
enum Attempt {
    Locked(StateFolder),
    OwnerRuns,
    ServerStops,
    /// The folder was removed between two steps; there is a new one to lock.
    Replaced,
}

impl StateFolder {
    /// Makes the folder if need be and locks it. Waits when a server of a process that
    /// has gone is still stopping.
    ///
    /// # Errors
    ///
    /// [`DevdbError::InUse`] when another process owns it, [`DevdbError::NotOurs`] when
    /// it holds other things, [`DevdbError::Io`] when the system refuses.
    pub(super) fn lock(state_dir: &Path) -> Result<Self, DevdbError> {
        let locked = wait::poll(STOPPING_WAIT_MAX, || {
            create(state_dir)?;
            refuse_foreign(state_dir)?;
            match attempt(state_dir)? {
                Attempt::Locked(folder) => Ok(Some(folder)),
                Attempt::OwnerRuns => Err(in_use(state_dir)),
                Attempt::ServerStops | Attempt::Replaced => Ok(None),
            }
        })?;
        locked.ok_or_else(|| in_use(state_dir))
    }

    /// The absolute path of the folder, without links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of one of our entries in the folder.
    pub(super) fn entry(&self, name: &str) -> PathBuf {
        debug_assert!(ENTRIES.contains(&name), "{name} would not be removed");
        self.path.join(name)
    }

    /// The folder of the cluster's data.
    pub(super) fn data_dir(&self) -> PathBuf {
        self.entry("data")
    }

    /// A share of the server lock for a child that works on the data: whatever stream
    /// of the child this becomes, the lock is held for as long as the child runs.
    ///
    /// # Errors
    ///
    /// [`DevdbError::Io`] when there are no more file descriptors.
    pub(super) fn share_server_lock(&self) -> Result<Stdio, DevdbError> {
        let share = self
            .server_lock
            .try_clone()
            .map_err(DevdbError::io("share the lock of", &self.path))?;
        Ok(Stdio::from(share))
    }

    /// Frees the server lock, once the caller knows that nothing runs any more.
    pub(super) fn server_is_gone(&self) {
        // Closing would do, but a child that another thread is just starting holds a
        // copy until it executes. If unlocking fails, closing still frees the lock.
        let _closing_frees_it = self.server_lock.unlock();
    }

    /// Removes what is ours, and the folder when nothing else is in it.
    ///
    /// # Errors
    ///
    /// [`DevdbError::Io`] when the system refuses.
    pub(super) fn remove(&self) -> Result<(), DevdbError> {
        for name in ENTRIES {
            remove_any(&self.path.join(name))?;
        }
        match fs::remove_dir(&self.path) {
            Err(error) if !is_gone(&error) && error.kind() != io::ErrorKind::DirectoryNotEmpty => {
                Err(DevdbError::io("remove", &self.path)(error))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for StateFolder {
    fn drop(&mut self) {
        let _closing_frees_it = self.owner_lock.unlock();
    }
}

/// Removes the stopped cluster in `state_dir`: its data, its password and its log.
///
/// Nothing else in the folder is touched; the folder itself goes when it is empty. A
/// folder that does not exist is a success.
///
/// # Errors
///
/// [`DevdbError::InUse`] when the cluster runs, [`DevdbError::NotOurs`] when the folder
/// holds no cluster of ours, [`DevdbError::Io`] when the system refuses.
pub fn reset(state_dir: &Path) -> Result<(), DevdbError> {
    if !state_dir.exists() {
        return Ok(());
    }
    let folder = StateFolder::lock(state_dir)?;
    if postmaster::running(&folder.data_dir()).is_some() {
        return Err(in_use(state_dir));
    }
    folder.remove()
}

/// The error for a folder in which something runs.
pub(super) fn in_use(state_dir: &Path) -> DevdbError {
    DevdbError::InUse {
        state_dir: state_dir.to_owned(),
    }
}

/// Removes a file or a folder with all it holds; it may be missing.
///
/// # Errors
///
/// [`DevdbError::Io`] when the system refuses.
pub(super) fn remove_any(path: &Path) -> Result<(), DevdbError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if !is_gone(&error) => Err(DevdbError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The folder itself is for its owner only; those above it get the usual permissions,
/// because an unprivileged server must be able to pass through them.
fn create(state_dir: &Path) -> Result<(), DevdbError> {
    if state_dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = state_dir.parent() {
        fs::create_dir_all(parent).map_err(DevdbError::io("make the folder", parent))?;
    }
    match DirBuilder::new().mode(0o700).create(state_dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(DevdbError::io("make the folder", state_dir)(error))
        }
        _ => Ok(()),
    }
}

/// Somebody may name a folder by mistake, and a cluster is later removed with all it
/// holds, so we only move into a folder that is empty or carries our mark.
fn refuse_foreign(state_dir: &Path) -> Result<(), DevdbError> {
    let names: Vec<_> = match fs::read_dir(state_dir) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
        Err(error) if is_gone(&error) => Vec::new(),
        Err(error) => return Err(DevdbError::io("read the folder", state_dir)(error)),
    };
    let is_mark = |name: &std::ffi::OsString| name == OWNER_LOCK || name == SERVER_LOCK;
    if names.is_empty() || names.iter().any(is_mark) {
        return Ok(());
    }
    Err(DevdbError::NotOurs {
        state_dir: state_dir.to_owned(),
    })
}

fn attempt(state_dir: &Path) -> Result<Attempt, DevdbError> {
    let Some(owner_lock) = open_lock(&state_dir.join(OWNER_LOCK))? else {
        return Ok(Attempt::Replaced);
    };
    if !try_lock(&owner_lock, state_dir)? {
        return Ok(Attempt::OwnerRuns);
    }
    let Some(server_lock) = open_lock(&state_dir.join(SERVER_LOCK))? else {
        return Ok(Attempt::Replaced);
    };
    if !try_lock(&server_lock, state_dir)? {
        return Ok(Attempt::ServerStops);
    }
    // The supervisor of a folder that is to be removed takes the lock files with it. A
    // lock on a file that has no name any more keeps nobody out.
    if !is_still_at(&owner_lock, &state_dir.join(OWNER_LOCK))
        || !is_still_at(&server_lock, &state_dir.join(SERVER_LOCK))
    {
        return Ok(Attempt::Replaced);
    }
    let path = fs::canonicalize(state_dir).map_err(DevdbError::io("resolve", state_dir))?;
    Ok(Attempt::Locked(StateFolder {
        path,
        owner_lock,
        server_lock,
    }))
}

/// Opens a lock file, or says that the folder has gone meanwhile.
fn open_lock(path: &Path) -> Result<Option<File>, DevdbError> {
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(DevdbError::io("open", path)(error)),
    }
}

fn try_lock(file: &File, state_dir: &Path) -> Result<bool, DevdbError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(DevdbError::io("lock", state_dir)(error)),
    }
}

fn is_still_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(named)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::devdb::owner::Owner;
    use crate::devdb::supervisor::{Afterwards, Supervisor};
    use crate::devdb::tests::support::{TempFolder, eventually};

    #[test]
    fn next_owner_waits_for_the_server_of_a_killed_one() {
        let temp = TempFolder::new();
        let state_dir = temp.state_dir();
        let fifo = temp.path().join("fifo");
        let made = Command::new("mkfifo").arg("-m666").arg(&fifo).status();
        assert!(made.unwrap().success());
        let folder = StateFolder::lock(&state_dir).unwrap();
        let owner = Owner::choose(&folder.data_dir()).unwrap();
        owner.take(folder.path()).unwrap();
        // A stand-in for a server that takes its time: it ends when the pipe is written.
        let slow = ["/bin/sh", "-c", "read -r line <\"$1\"", "server"];
        let mut server_command: Vec<_> = slow.map(Into::into).into();
        server_command.push(fifo.clone().into());
        let mut supervisor =
            Supervisor::start(&folder, &owner, Afterwards::Remove, &server_command).unwrap();

        assert!(matches!(attempt(&state_dir), Ok(Attempt::OwnerRuns)));
        drop(supervisor.take_lifeline());
        drop(folder);
        assert!(matches!(attempt(&state_dir), Ok(Attempt::ServerStops)));
        assert!(eventually(|| state_dir.join("stopping").exists()));
        let next = std::thread::spawn({
            let state_dir = state_dir.clone();
            move || StateFolder::lock(&state_dir)
        });
        fs::write(&fifo, "go\n").unwrap();

        // The supervisor has removed the old folder, so the lock must be on a new one.
        let next = next.join().unwrap().unwrap();
        // It removes the folder as its last deed, so its end may be an instant away.
        assert!(eventually(|| supervisor.has_ended()));
        assert!(is_still_at(&next.owner_lock, &state_dir.join(OWNER_LOCK)));
        assert!(is_still_at(&next.server_lock, &state_dir.join(SERVER_LOCK)));
    }
}
