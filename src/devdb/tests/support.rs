//! What the tests of this module share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::devdb::{Cluster, ClusterOptions, Durability, Programs, wait};

/// The longest wait for something that is expected to happen.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A folder that goes away with the test.
pub struct TempFolder(PathBuf);

impl TempFolder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("shouxin-devdb-{}-{count}", std::process::id());
        let path = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A state folder in this folder, which does not exist yet.
    pub fn state_dir(&self) -> PathBuf {
        self.0.join("state")
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _already_gone = fs::remove_dir_all(&self.0);
    }
}

pub fn programs() -> Programs {
    Programs::find(None).unwrap()
}

pub fn options(state_dir: &Path) -> ClusterOptions {
    ClusterOptions {
        state_dir: state_dir.to_owned(),
        durability: Durability::Disposable,
        settings: vec![("max_connections".to_owned(), "10".to_owned())],
        remove_on_stop: false,
    }
}

pub fn start(state_dir: &Path) -> Cluster {
    Cluster::start(&programs(), options(state_dir)).unwrap()
}

pub fn is_alive(pid: u32) -> bool {
    kill(Pid::from_raw(pid.try_into().unwrap()), None) != Err(Errno::ESRCH)
}

pub fn eventually(expectation: impl FnMut() -> bool) -> bool {
    wait::until(WAIT_MAX, expectation)
}

pub fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Lays out a state folder by hand, as an earlier run would have left it.
pub fn leave_behind(state_dir: &Path, files: &[(&str, &str)]) {
    for (name, content) in [("owner.lock", "")].iter().chain(files) {
        let path = state_dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}
