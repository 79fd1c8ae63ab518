//! What the server says about itself: the file `postmaster.pid` in its data folder.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::child;

/// How long one attempt to connect may take.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(1);

/// The lines of `postmaster.pid` that matter here, counted from zero.
const LINE_PID: usize = 0;
const LINE_PORT: usize = 3;
const LINE_STATUS: usize = 7;

/// Whether the server with this process id is ready and answers on this port.
///
/// A file left by a server that was killed may say `ready` for ever, so the process id
/// has to be that of the server just started.
pub(super) fn is_ready(data_dir: &Path, pid: u32, port: u16) -> bool {
    let content = fs::read_to_string(data_dir.join("postmaster.pid")).unwrap_or_default();
    let mut lines = content.lines();
    let pid_matches = lines.nth(LINE_PID).and_then(parse_pid) == Some(pid);
    let status = lines.nth(LINE_STATUS - LINE_PID - 1).unwrap_or_default();
    pid_matches && status.trim() == "ready" && answers(port)
}

/// The process id of the server that runs on this data, if one does.
///
/// After a crash of the machine the number in the file may belong to any process, so
/// its command line has to be that of a server of this folder.
pub(super) fn running(data_dir: &Path) -> Option<u32> {
    let content = fs::read_to_string(data_dir.join("postmaster.pid")).ok()?;
    let pid = parse_pid(content.lines().nth(LINE_PID)?)?;
    let command_line = command_line(pid)?;
    let serves_it = command_line.contains("postgres")
        && command_line.contains(data_dir.to_string_lossy().as_ref());
    serves_it.then_some(pid)
}

/// The port that the server on this data listens on, as far as it has come.
pub(super) fn port(data_dir: &Path) -> Option<u16> {
    let content = fs::read_to_string(data_dir.join("postmaster.pid")).ok()?;
    content.lines().nth(LINE_PORT)?.trim().parse().ok()
}

/// Sends a signal; a process that is gone has stopped, which is what was wanted.
pub(super) fn send(pid: u32, signal: Signal) {
    if let Ok(raw) = i32::try_from(pid)
        && let Err(error) = kill(Pid::from_raw(raw), signal)
    {
        tracing::debug!(pid, %signal, %error, "could not signal the private PostgreSQL");
    }
}

/// A process id as the files have it. Zero and negative numbers mean process groups to
/// `kill`, so they are no answer.
pub(super) fn parse_pid(line: &str) -> Option<u32> {
    line.trim().parse().ok().filter(|pid| *pid > 1)
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, CONNECT_WAIT_MAX).is_ok()
}

fn command_line(pid: u32) -> Option<String> {
    let bytes = if cfg!(target_os = "linux") {
        fs::read(format!("/proc/{pid}/cmdline")).ok()?
    } else {
        let pid = pid.to_string();
        let ps = child::command(Path::new("/bin/ps"))
            .args(["-ww", "-o", "command=", "-p", &pid])
            .output()
            .ok()?;
        ps.stdout
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
