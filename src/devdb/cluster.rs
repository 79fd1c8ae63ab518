//! A private cluster, from start to stop.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::error::DevdbError;
use super::folder::{self, StateFolder};
use super::options::Durability;
use super::owner::Owner;
use super::programs::Programs;
use super::supervisor::{Afterwards, Supervisor};
use super::{initialise, postmaster, running, wait};

/// How often a start is tried when another process takes the port in between.
const START_ATTEMPTS_MAX: usize = 5;

/// How long the server may take until it accepts connections.
const READY_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long a server without a supervisor may take to stop.
const ORPHAN_WAIT_MAX: Duration = Duration::from_secs(30);

/// How many lines of the log an error carries.
const LOG_LINES_MAX: usize = 20;

/// How to run a cluster.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The folder of the cluster, for it alone; it is made when it does not exist.
    pub state_dir: PathBuf,
    /// What the cluster promises after a crash of the machine.
    pub durability: Durability,
    /// More settings of `postgresql.conf`, as name and value, for example
    /// `("max_connections", "200")`. Where and to whom the server listens stays fixed.
    pub settings: Vec<(String, String)>,
    /// Whether the cluster is removed when it stops, also when this process is killed.
    pub remove_on_stop: bool,
}

/// A running private cluster. It stops when it is dropped, and at the latest when this
/// process ends, in whatever way.
pub struct Cluster {
    programs: Programs,
    options: ClusterOptions,
    folder: StateFolder,
    owner: Owner,
    password: String,
    port: u16,
    supervisor: Option<Supervisor>,
    /// Whether stopping was tried, so that dropping does not try again.
    shut_down: bool,
}

/// Why an attempt to launch the server did not succeed.
enum LaunchFailure {
    /// Another process has taken the port, or a killed server's last processes are
    /// about to end: it is worth another attempt.
    Passing(DevdbError),
    Final(DevdbError),
}

impl Cluster {
    /// Starts the cluster in `options.state_dir`, making it the first time, and returns
    /// when it accepts connections.
    ///
    /// The server listens on 127.0.0.1 only, on a free port. When this process is root,
    /// the server runs as `postgres` or `nobody` and the folder is given to that user;
    /// if such a folder is to be removed after this process was killed, and lies in one
    /// that the user may not write to, it stays behind empty.
    ///
    /// # Errors
    ///
    /// [`DevdbError::InUse`] when another process runs it; [`DevdbError::NotOurs`],
    /// [`DevdbError::OtherVersion`], [`DevdbError::Damaged`] for a folder that cannot be
    /// used; [`DevdbError::NoUnprivilegedUser`], [`DevdbError::Unreachable`] when root
    /// cannot hand it over; [`DevdbError::InitialiseFailed`], with what `initdb` said;
    /// [`DevdbError::StartFailed`], with the last lines of the log, also when the server
    /// is not ready after 30 seconds; [`DevdbError::Randomness`], [`DevdbError::Io`].
    pub fn start(programs: &Programs, options: ClusterOptions) -> Result<Self, DevdbError> {
        let folder = StateFolder::lock(&options.state_dir)?;
        let owner = Owner::choose(&folder.data_dir())?;
        // From here on an early return drops the cluster, which cleans up after itself.
        let mut cluster = Self {
            programs: programs.clone(),
            options,
            folder,
            owner,
            password: String::new(),
            port: 0,
            supervisor: None,
            shut_down: false,
        };
        let data_was_there = cluster.folder.data_dir().exists();
        if let Err(error) = cluster.prepare_and_launch() {
            // Data that this start has not made is not for it to remove: the error may
            // be that another server runs on it, or that it needs another version.
            cluster.options.remove_on_stop &= !data_was_there;
            return Err(error);
        }
        Ok(cluster)
    }

    /// The URL of a database in this cluster for its superuser, with the password in it:
    /// not for logs.
    pub fn url(&self, database: &str) -> String {
        running::url(&self.password, self.port, database)
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The absolute path of the state folder.
    pub fn state_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The process id of the server; none while it is halted.
    #[cfg(test)]
    pub(super) fn postmaster_pid(&self) -> Option<u32> {
        self.supervisor.as_ref()?.server_pid(&self.folder)
    }

    /// Stops the server as a crash would (immediate shutdown), keeping the cluster, its
    /// port and the lock on its folder. For tests of faults; halting twice is no error.
    ///
    /// # Errors
    ///
    /// [`DevdbError::StopTimedOut`] when the server still runs after a minute.
    pub fn halt(&mut self) -> Result<(), DevdbError> {
        let Some(supervisor) = &mut self.supervisor else {
            return Ok(());
        };
        if !supervisor.stop_immediately(&self.folder) {
            return Err(self.stop_timed_out());
        }
        self.supervisor = None;
        Ok(())
    }

    /// Starts the server again after [`Cluster::halt`], on the same port; also after it
    /// crashed by itself. Resuming a server that runs is no error.
    ///
    /// # Errors
    ///
    /// [`DevdbError::StartFailed`], also when another process has taken the port
    /// meanwhile; [`DevdbError::Io`].
    pub fn resume(&mut self) -> Result<(), DevdbError> {
        if let Some(supervisor) = &mut self.supervisor
            && !supervisor.has_ended()
        {
            return Ok(());
        }
        self.supervisor = None;
        let port = self.port;
        self.launch_with_attempts(|| Ok(port))
    }

    /// Stops the server, rolling back open transactions, and waits until it is gone;
    /// then removes the cluster if the options say so.
    ///
    /// # Errors
    ///
    /// [`DevdbError::StopTimedOut`] when the server still runs after a minute;
    /// [`DevdbError::Io`] when the cluster cannot be removed.
    pub fn stop(mut self) -> Result<(), DevdbError> {
        self.shut_down()
    }

    #[cfg(test)]
    pub(super) fn supervisor_mut(&mut self) -> Option<&mut Supervisor> {
        self.supervisor.as_mut()
    }

    fn prepare_and_launch(&mut self) -> Result<(), DevdbError> {
        self.owner.take(self.folder.path())?;
        self.check_reach()?;
        self.stop_orphan()?;
        self.password = initialise::ensure(
            &self.programs,
            &self.folder,
            &self.owner,
            self.options.durability,
        )?;
        self.rotate_log()?;
        self.launch_with_attempts(free_port)
    }

    /// Checks that the owner can get to the folder; when not, a new one is not left behind.
    fn check_reach(&self) -> Result<(), DevdbError> {
        let reach = self.owner.check_reach(self.folder.path());
        if reach.is_err() && !self.folder.data_dir().exists() {
            self.folder.remove()?;
        }
        reach
    }

    /// Ends a server of ours that lost its supervisor, which takes a SIGKILL for both
    /// the owner and the supervisor. A server that somebody else started is left alone.
    fn stop_orphan(&self) -> Result<(), DevdbError> {
        let data_dir = self.folder.data_dir();
        let Some(pid) = postmaster::running(&data_dir) else {
            return Ok(());
        };
        let noted = fs::read_to_string(self.folder.entry("server.pid")).unwrap_or_default();
        if postmaster::parse_pid(&noted) != Some(pid) {
            return Err(folder::in_use(self.folder.path()));
        }
        postmaster::send(pid, Signal::SIGINT);
        if wait::until(ORPHAN_WAIT_MAX, || postmaster::running(&data_dir).is_none()) {
            return Ok(());
        }
        Err(folder::in_use(self.folder.path()))
    }

    fn launch_with_attempts(
        &mut self,
        mut next_port: impl FnMut() -> Result<u16, DevdbError>,
    ) -> Result<(), DevdbError> {
        let mut attempts_left = START_ATTEMPTS_MAX;
        loop {
            attempts_left -= 1;
            self.port = next_port()?;
            match self.launch() {
                Ok(supervisor) => {
                    self.supervisor = Some(supervisor);
                    return Ok(());
                }
                Err(LaunchFailure::Passing(_)) if attempts_left > 0 => {}
                Err(LaunchFailure::Passing(error) | LaunchFailure::Final(error)) => {
                    return Err(error);
                }
            }
        }
    }

    /// One attempt to bring the server up on `self.port`.
    fn launch(&self) -> Result<Supervisor, LaunchFailure> {
        let log_begin = fs::metadata(self.folder.entry("postgres.log")).map_or(0, |log| log.len());
        let mut supervisor = Supervisor::start(
            &self.folder,
            &self.owner,
            self.afterwards(),
            &self.server_command(),
        )
        .map_err(LaunchFailure::Final)?;

        let data_dir = self.folder.data_dir();
        let mut ended = false;
        let settled = wait::until(READY_WAIT_MAX, || {
            ended = supervisor.has_ended();
            ended
                || supervisor
                    .server_pid(&self.folder)
                    .is_some_and(|pid| postmaster::is_ready(&data_dir, pid, self.port))
        });
        if settled && !ended {
            return Ok(supervisor);
        }
        // Read before stopping, since stopping may remove the log.
        let log = self.log_since(log_begin);
        if !ended {
            supervisor.stop(&self.folder);
        }
        Err(self.launch_failure(ended, &log))
    }

    fn launch_failure(&self, ended: bool, log: &str) -> LaunchFailure {
        if log.contains("lock file \"postmaster.pid\" already exists") {
            return LaunchFailure::Final(folder::in_use(self.folder.path()));
        }
        let error = DevdbError::StartFailed {
            state_dir: self.folder.path().to_owned(),
            reason: if ended {
                "the server ended"
            } else {
                "the server was not ready after 30 seconds"
            },
            log: last_lines(log),
        };
        let passing = [
            "could not bind IPv4 address",
            "pre-existing shared memory block",
        ];
        if ended && passing.iter().any(|sign| log.contains(sign)) {
            LaunchFailure::Passing(error)
        } else {
            LaunchFailure::Final(error)
        }
    }

    /// The server's command line; of two values for a setting the later one counts.
    fn server_command(&self) -> Vec<OsString> {
        let durability: &[(&str, &str)] = match self.options.durability {
            Durability::Safe => &[],
            Durability::Disposable => &[
                ("fsync", "off"),
                ("synchronous_commit", "off"),
                ("full_page_writes", "off"),
            ],
        };
        let port = self.port.to_string();
        let fixed = [
            ("listen_addresses", "127.0.0.1"),
            ("port", port.as_str()),
            ("unix_socket_directories", ""),
            ("logging_collector", "off"),
            ("log_destination", "stderr"),
        ];
        let extra = self.options.settings.iter();
        let settings = (durability.iter().copied())
            .chain(extra.map(|(name, value)| (name.as_str(), value.as_str())))
            .chain(fixed)
            .flat_map(|(name, value)| ["-c".into(), format!("{name}={value}").into()]);
        let postgres = self.programs.program("postgres").into();
        let data_dir = self.folder.data_dir().into();
        [postgres, "-D".into(), data_dir]
            .into_iter()
            .chain(settings)
            .collect()
    }

    /// Keeps the log of the start before this one, and so bounds the log of a cluster
    /// that is used for months.
    fn rotate_log(&self) -> Result<(), DevdbError> {
        let log = self.folder.entry("postgres.log");
        if !log.exists() {
            return Ok(());
        }
        fs::rename(&log, self.folder.entry("postgres.log.old"))
            .map_err(DevdbError::io("rename", &log))
    }

    fn log_since(&self, begin: u64) -> String {
        let mut bytes = Vec::new();
        let read = File::open(self.folder.entry("postgres.log")).and_then(|mut log| {
            log.seek(SeekFrom::Start(begin))?;
            log.read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("(its log cannot be read: {error})"),
        }
    }

    fn shut_down(&mut self) -> Result<(), DevdbError> {
        if std::mem::replace(&mut self.shut_down, true) {
            return Ok(());
        }
        if let Some(supervisor) = &mut self.supervisor {
            if !supervisor.stop(&self.folder) {
                return Err(self.stop_timed_out());
            }
            self.supervisor = None;
        }
        if self.options.remove_on_stop {
            // The supervisor has done it already, unless the server ended by itself or
            // the folder around ours is not open to its user.
            self.folder.remove()?;
        }
        self.folder.server_is_gone();
        Ok(())
    }

    fn afterwards(&self) -> Afterwards {
        if self.options.remove_on_stop {
            Afterwards::Remove
        } else {
            Afterwards::Keep
        }
    }

    fn stop_timed_out(&self) -> DevdbError {
        DevdbError::StopTimedOut {
            state_dir: self.folder.path().to_owned(),
            waited_seconds: super::supervisor::STOP_WAIT_MAX.as_secs(),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            tracing::warn!(%error, "the private PostgreSQL was not stopped cleanly");
        }
    }
}

impl fmt::Debug for Cluster {
    /// Leaves out the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cluster")
            .field("state_dir", &self.folder.path())
            .field("port", &self.port)
            .field("running", &self.supervisor.is_some())
            .finish_non_exhaustive()
    }
}

/// A port that is free now; by the time the server binds it, it may be taken again.
pub(super) fn free_port() -> Result<u16, DevdbError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(DevdbError::io(
            "find a free port on",
            Path::new("127.0.0.1"),
        ))
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let first = lines.len().saturating_sub(LOG_LINES_MAX);
    lines[first..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devdb::tests::support::{TempFolder, listens, options, programs, start};

    #[test]
    fn port_that_another_process_has_taken_is_replaced() {
        let folder = TempFolder::new();
        let mut cluster = start(&folder.state_dir());
        cluster.halt().unwrap();
        let rival = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = rival.local_addr().unwrap().port();

        let mut ports = vec![free_port().unwrap(), taken];
        cluster
            .launch_with_attempts(|| Ok(ports.pop().unwrap()))
            .unwrap();

        assert_ne!(cluster.port(), taken);
        assert!(listens(cluster.port()));
    }

    #[test]
    fn port_that_stays_taken_is_an_error_in_the_end() {
        let folder = TempFolder::new();
        let mut cluster = start(&folder.state_dir());
        cluster.halt().unwrap();
        let _rival = TcpListener::bind((Ipv4Addr::LOCALHOST, cluster.port())).unwrap();

        let error = cluster.resume().unwrap_err();

        assert!(matches!(error, DevdbError::StartFailed { .. }), "{error}");
        assert!(error.to_string().contains("could not bind"), "{error}");
    }

    #[test]
    fn settings_cannot_open_the_server_to_the_network() {
        let folder = TempFolder::new();
        let mut options = options(&folder.state_dir());
        let open = ("listen_addresses".to_owned(), "*".to_owned());
        options.settings.push(open);

        let cluster = Cluster::start(&programs(), options).unwrap();

        let command = cluster.server_command();
        let last = command
            .iter()
            .rfind(|argument| argument.to_string_lossy().starts_with("listen_addresses="));
        assert_eq!(last, Some(&OsString::from("listen_addresses=127.0.0.1")));
        assert!(command.contains(&OsString::from("fsync=off")));
    }

    #[test]
    fn long_log_is_cut_to_its_last_lines() {
        let log: String = (0..100).map(|line| format!("{line}\n")).collect();
        let cut = last_lines(&log);
        assert_eq!(cut.lines().count(), LOG_LINES_MAX);
        assert!(cut.ends_with("98\n99"));
    }
}
