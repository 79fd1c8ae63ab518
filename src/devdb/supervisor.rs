//! The process between us and the server, which sees to it that the server ends with us.
//!
//! A process that is killed with SIGKILL cannot clean up, but the kernel closes its
//! pipes. So a small shell script runs the server and reads from a pipe whose other end
//! only we hold: when that end closes, in whatever way, the script stops the server. It
//! has a process group of its own, so that Ctrl-C in the terminal reaches us alone and
//! we can finish our work on the database before it goes.

use std::ffi::OsString;
use std::fs;
use std::io::PipeWriter;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::error::DevdbError;
use super::folder::{ENTRIES, StateFolder};
use super::owner::Owner;
use super::{postmaster, wait};

const SCRIPT: &str = include_str!("supervisor.sh");

/// How long a stop may take: the script turns from a fast to an immediate shutdown after
/// 30 seconds, and that takes the server a few more.
pub(super) const STOP_WAIT_MAX: Duration = Duration::from_secs(60);

/// What becomes of the state folder once the server has been stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    Keep,
    Remove,
}

/// A running supervisor, and with it a server.
#[derive(Debug)]
pub(super) struct Supervisor {
    script: Child,
    /// Closing it is the order to stop. Rust opens pipes close-on-exec, so that no child
    /// of ours keeps it open.
    lifeline: Option<PipeWriter>,
}

impl Supervisor {
    /// Starts the script, which starts the server.
    ///
    /// # Errors
    ///
    /// [`DevdbError::Io`] when there is no process or pipe to be had.
    pub(super) fn start(
        folder: &StateFolder,
        owner: &Owner,
        afterwards: Afterwards,
        server_command: &[OsString],
    ) -> Result<Self, DevdbError> {
        let shell = Path::new("/bin/sh");
        let (stdin, lifeline) =
            std::io::pipe().map_err(DevdbError::io("make a pipe for", shell))?;
        super::folder::remove_any(&folder.entry("server.pid"))?;
        let script = owner
            .command(shell)
            .args(["-c", SCRIPT, "shouxin-postgres"])
            .arg(folder.path())
            .arg(match afterwards {
                Afterwards::Keep => "keep",
                Afterwards::Remove => "remove",
            })
            .args(ENTRIES)
            .arg("--")
            .args(server_command)
            .stdin(stdin)
            .stdout(folder.share_server_lock()?)
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(DevdbError::io("run", shell))?;
        Ok(Self {
            script,
            lifeline: Some(lifeline),
        })
    }

    /// The process id of the server, once the script has noted it.
    pub(super) fn server_pid(&self, folder: &StateFolder) -> Option<u32> {
        let noted = fs::read_to_string(folder.entry("server.pid")).ok()?;
        // Without the end of the line the number may be half written.
        postmaster::parse_pid(noted.strip_suffix('\n')?)
    }

    /// Whether the script, and so the server, has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        // An error means that the child was reaped elsewhere: it has ended, too.
        !matches!(self.script.try_wait(), Ok(None))
    }

    /// Whether the script and the server have ended; somebody may have killed the script
    /// alone.
    fn all_has_ended(&mut self, folder: &StateFolder) -> bool {
        self.has_ended() && postmaster::running(&folder.data_dir()).is_none()
    }

    /// Has the server stopped, waiting for its clients' transactions to be rolled back
    /// and for what the supervisor does afterwards. False when it takes too long.
    pub(super) fn stop(&mut self, folder: &StateFolder) -> bool {
        self.lifeline = None;
        wait::until(STOP_WAIT_MAX, || self.all_has_ended(folder))
    }

    /// Stops the server as a power cut would, keeping its folder. False when it takes
    /// too long.
    pub(super) fn stop_immediately(&mut self, folder: &StateFolder) -> bool {
        wait::until(STOP_WAIT_MAX, || {
            // Again and again, as a server that was only just forked still ignores it.
            let ended = self.all_has_ended(folder);
            if !ended && let Some(pid) = self.server_pid(folder) {
                postmaster::send(pid, Signal::SIGQUIT);
            }
            ended
        })
    }

    /// Hands over the end of the pipe that keeps the server alive.
    #[cfg(test)]
    pub(super) fn take_lifeline(&mut self) -> Option<PipeWriter> {
        self.lifeline.take()
    }
}
