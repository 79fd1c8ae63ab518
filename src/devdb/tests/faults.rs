//! Crashes, kills and refusals.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::support::{
    TempFolder, eventually, is_alive, leave_behind, listens, options, programs, start,
};
use crate::devdb::cluster::free_port;
use crate::devdb::folder::StateFolder;
use crate::devdb::owner::Owner;
use crate::devdb::supervisor::{Afterwards, Supervisor};
use crate::devdb::{Cluster, DevdbError};

/// A process that does nothing but hold the supervisor's pipe, until it is killed.
fn hold(supervisor: &mut Supervisor) -> Child {
    Command::new("/bin/cat")
        .stdin(Stdio::piped())
        .stdout(supervisor.take_lifeline().unwrap())
        .spawn()
        .unwrap()
}

/// Kills with SIGKILL, which leaves a process no chance to clean up.
fn kill_hard(mut process: Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn server_ends_when_the_holder_of_its_pipe_is_killed() {
    let temp = TempFolder::new();
    let mut options = options(&temp.state_dir());
    options.remove_on_stop = true;
    let mut cluster = Cluster::start(&programs(), options).unwrap();
    let (port, pid) = (cluster.port(), cluster.postmaster_pid().unwrap());
    let holder = hold(cluster.supervisor_mut().unwrap());
    assert!(listens(port));

    kill_hard(holder);

    assert!(eventually(|| !is_alive(pid)));
    assert!(!listens(port));
    assert!(eventually(|| !temp.state_dir().join("data").exists()));
}

#[test]
fn supervisor_ends_when_the_server_ends_and_keeps_the_log() {
    let temp = TempFolder::new();
    let folder = StateFolder::lock(&temp.state_dir()).unwrap();
    let owner = Owner::choose(&folder.data_dir()).unwrap();
    owner.take(folder.path()).unwrap();
    let server_command = ["/bin/sh", "-c", "echo out; echo error >&2"];

    let mut supervisor = Supervisor::start(
        &folder,
        &owner,
        Afterwards::Remove,
        &server_command.map(Into::into),
    )
    .unwrap();

    assert!(eventually(|| supervisor.has_ended()));
    let log = fs::read_to_string(folder.entry("postgres.log")).unwrap();
    assert_eq!(log, "out\nerror\n");
}

#[test]
fn halted_cluster_resumes_on_the_same_port() {
    let temp = TempFolder::new();
    let mut cluster = start(&temp.state_dir());
    let (port, pid) = (cluster.port(), cluster.postmaster_pid().unwrap());

    cluster.halt().unwrap();
    cluster.halt().unwrap();
    assert!(!listens(port));
    assert!(!is_alive(pid));
    assert_eq!(cluster.postmaster_pid(), None);
    let error = Cluster::start(&programs(), options(cluster.state_dir())).unwrap_err();
    assert!(matches!(error, DevdbError::InUse { .. }), "{error}");

    cluster.resume().unwrap();
    cluster.resume().unwrap();
    assert!(listens(port));
    assert_eq!(cluster.port(), port);
    assert_ne!(cluster.postmaster_pid(), Some(pid));
}

#[test]
fn failed_start_tells_what_the_log_says() {
    let temp = TempFolder::new();
    let mut options = options(&temp.state_dir());
    options.remove_on_stop = true;
    options
        .settings
        .push(("shared_buffers".to_owned(), "nonsense".to_owned()));

    let error = Cluster::start(&programs(), options).unwrap_err();

    assert!(matches!(error, DevdbError::StartFailed { .. }), "{error}");
    assert!(error.to_string().contains("shared_buffers"), "{error}");
    assert!(!temp.state_dir().exists());
}

/// Runs the server as if its supervisor had been killed: nobody will stop it.
fn start_orphan(state_dir: &Path, note_pid: bool) -> Child {
    let data_dir = state_dir.join("data");
    let orphan = Owner::choose(&data_dir)
        .unwrap()
        .command(&programs().program("postgres"))
        .arg("-D")
        .arg(&data_dir)
        .args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ])
        .args(["-c", &format!("port={}", free_port().unwrap())])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(eventually(|| {
        let status = fs::read_to_string(data_dir.join("postmaster.pid"));
        status.is_ok_and(|status| status.contains("ready"))
    }));
    if note_pid {
        fs::write(state_dir.join("server.pid"), format!("{}\n", orphan.id())).unwrap();
    }
    orphan
}

#[test]
fn orphan_of_a_killed_supervisor_is_stopped_first() {
    let temp = TempFolder::new();
    start(&temp.state_dir()).stop().unwrap();
    let mut orphan = start_orphan(&temp.state_dir(), true);

    let cluster = start(&temp.state_dir());

    assert!(orphan.wait().unwrap().success());
    assert_ne!(cluster.postmaster_pid(), Some(orphan.id()));
    assert!(listens(cluster.port()));
}

#[test]
fn server_that_somebody_else_started_is_left_alone() {
    let temp = TempFolder::new();
    start(&temp.state_dir()).stop().unwrap();
    let mut stranger = start_orphan(&temp.state_dir(), false);
    let mut options = options(&temp.state_dir());
    options.remove_on_stop = true;

    let error = Cluster::start(&programs(), options).unwrap_err();

    assert!(matches!(error, DevdbError::InUse { .. }), "{error}");
    assert!(stranger.try_wait().unwrap().is_none());
    assert!(temp.state_dir().join("data/PG_VERSION").exists());
    kill_hard(stranger);
}

#[test]
fn data_without_its_password_is_damaged() {
    let temp = TempFolder::new();
    let version = programs().version_major.to_string();
    leave_behind(&temp.state_dir(), &[("data/PG_VERSION", &version)]);

    let error = Cluster::start(&programs(), options(&temp.state_dir())).unwrap_err();

    assert!(matches!(error, DevdbError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("password"), "{error}");
}
