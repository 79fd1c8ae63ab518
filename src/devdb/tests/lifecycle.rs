//! Starting, stopping and starting again.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::support::{TempFolder, is_alive, leave_behind, listens, options, programs, start};
use crate::devdb::{Cluster, DevdbError, reset};

#[test]
fn cluster_keeps_its_data_between_starts() {
    let folder = TempFolder::new();
    let state_dir = folder.state_dir();
    let inode = || fs::metadata(state_dir.join("data")).unwrap().ino();
    let password = || fs::read_to_string(state_dir.join("password")).unwrap();

    let first = start(&state_dir);
    let (data, secret) = (inode(), password());
    let (port, pid) = (first.port(), first.postmaster_pid().unwrap());
    assert_eq!(first.state_dir(), state_dir);
    assert_eq!(
        first.url("a/b"),
        format!("postgres://shouxin:{secret}@127.0.0.1:{port}/a%2Fb")
    );
    assert!(listens(port));
    assert!(!format!("{first:?}").contains(&secret));
    first.stop().unwrap();
    assert!(!is_alive(pid));
    assert!(!listens(port));

    let second = start(&state_dir);
    assert_eq!((inode(), password()), (data, secret));
    assert!(listens(second.port()));
}

#[test]
fn password_and_folder_are_for_the_owner_only() {
    let folder = TempFolder::new();
    let cluster = start(&folder.state_dir());
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(cluster.state_dir().join("password")), 0o600);
    assert_eq!(mode(cluster.state_dir().to_owned()), 0o700);
}

#[test]
fn second_start_in_the_same_folder_is_refused() {
    let folder = TempFolder::new();
    let state_dir = folder.state_dir();
    let cluster = start(&state_dir);

    let error = Cluster::start(&programs(), options(&state_dir)).unwrap_err();

    assert!(matches!(error, DevdbError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(state_dir.to_str().unwrap()));
    assert!(listens(cluster.port()));
}

#[test]
fn reset_removes_a_stopped_cluster_and_refuses_a_running_one() {
    let folder = TempFolder::new();
    let state_dir = folder.state_dir();
    let cluster = start(&state_dir);
    let error = reset(&state_dir).unwrap_err();
    assert!(matches!(error, DevdbError::InUse { .. }), "{error}");
    cluster.stop().unwrap();

    fs::write(state_dir.join("notes.txt"), "not ours").unwrap();
    reset(&state_dir).unwrap();
    let left: Vec<_> = fs::read_dir(&state_dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["notes.txt"]);

    reset(&folder.path().join("never was")).unwrap();
}

#[test]
fn stopping_removes_the_folder_when_asked_to() {
    let folder = TempFolder::new();
    let mut options = options(&folder.state_dir());
    options.remove_on_stop = true;
    let cluster = Cluster::start(&programs(), options).unwrap();
    let port = cluster.port();

    drop(cluster);

    assert!(!folder.state_dir().exists());
    assert!(!listens(port));
}

#[test]
fn interrupted_initialisation_is_redone() {
    let folder = TempFolder::new();
    let state_dir = folder.state_dir();
    leave_behind(
        &state_dir,
        &[("data.new/PG_VERSION", "15\n"), ("password", "half")],
    );

    let cluster = start(&state_dir);

    assert!(listens(cluster.port()));
    assert!(!state_dir.join("data.new").exists());
    let password = fs::read_to_string(state_dir.join("password")).unwrap();
    assert_eq!(password.len(), 48);
}

#[test]
fn data_of_another_version_is_named_and_kept() {
    let folder = TempFolder::new();
    let state_dir = folder.state_dir();
    leave_behind(&state_dir, &[("data/PG_VERSION", "9.6\n")]);
    let mut options = options(&state_dir);
    options.remove_on_stop = true;

    let message = Cluster::start(&programs(), options)
        .unwrap_err()
        .to_string();

    let installed = format!("version {}", programs().version_major);
    for part in ["PostgreSQL 9.6", &installed, "--reset"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(state_dir.join("data/PG_VERSION").exists());
}

#[test]
fn folder_with_other_things_in_it_is_left_alone() {
    let folder = TempFolder::new();
    fs::write(folder.path().join("thesis.tex"), "years of work").unwrap();

    let started = Cluster::start(&programs(), options(folder.path())).unwrap_err();
    let removed = reset(folder.path()).unwrap_err();

    for error in [started, removed] {
        assert!(matches!(error, DevdbError::NotOurs { .. }), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
