//! Making the cluster's data, once.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Output;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use super::error::DevdbError;
use super::folder::{StateFolder, remove_any};
use super::options::{Durability, USER};
use super::owner::Owner;
use super::programs::Programs;

/// The entropy of the password, in bytes.
const PASSWORD_BYTES: usize = 24;

/// Makes the data if there is none yet, and returns the password of [`USER`].
///
/// The data appears under its name only when it is complete, so whatever an interrupted
/// attempt has left is recognised and thrown away.
///
/// # Errors
///
/// [`DevdbError::OtherVersion`] and [`DevdbError::Damaged`] for data that cannot be
/// used, [`DevdbError::InitialiseFailed`] when `initdb` fails, [`DevdbError::Io`].
pub(super) fn ensure(
    programs: &Programs,
    folder: &StateFolder,
    owner: &Owner,
    durability: Durability,
) -> Result<String, DevdbError> {
    remove_any(&folder.entry("data.new"))?;
    if !folder.data_dir().exists() {
        return make(programs, folder, owner, durability);
    }
    check_version(programs, folder)?;
    read_password(folder)
}

fn make(
    programs: &Programs,
    folder: &StateFolder,
    owner: &Owner,
    durability: Durability,
) -> Result<String, DevdbError> {
    let password = random_password()?;
    write_password(folder, owner, &password)?;
    let output = run_initdb(programs, folder, owner, durability)?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(DevdbError::InitialiseFailed {
            state_dir: folder.path().to_owned(),
            output: String::from_utf8_lossy(&said).trim().to_owned(),
        });
    }
    let data_dir = folder.data_dir();
    fs::rename(folder.entry("data.new"), &data_dir)
        .map_err(DevdbError::io("move the new data to", &data_dir))?;
    File::open(folder.path())
        .and_then(|state_dir| state_dir.sync_all())
        .map_err(DevdbError::io("sync", folder.path()))?;
    Ok(password)
}

/// The locale C is the one that every system has, and it sorts the same everywhere.
///
/// Standard input carries the server lock: should this process be killed, nobody else
/// begins in the folder before `initdb` has ended.
fn run_initdb(
    programs: &Programs,
    folder: &StateFolder,
    owner: &Owner,
    durability: Durability,
) -> Result<Output, DevdbError> {
    let initdb = programs.program("initdb");
    let mut command = owner.command(&initdb);
    command
        .args(["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"])
        .arg(format!("--username={USER}"))
        .arg("--pwfile")
        .arg(folder.entry("password"))
        .arg("--pgdata")
        .arg(folder.entry("data.new"))
        .stdin(folder.share_server_lock()?);
    if durability == Durability::Disposable {
        command.arg("--no-sync");
    }
    command.output().map_err(DevdbError::io("run", &initdb))
}

fn check_version(programs: &Programs, folder: &StateFolder) -> Result<(), DevdbError> {
    let found = fs::read_to_string(folder.data_dir().join("PG_VERSION"))
        .map_err(|_| damaged(folder, "its PG_VERSION cannot be read"))?;
    let found = found.trim();
    if found == programs.version_major.to_string() {
        return Ok(());
    }
    Err(DevdbError::OtherVersion {
        state_dir: folder.path().to_owned(),
        found: found.to_owned(),
        installed: programs.version_major,
    })
}

fn read_password(folder: &StateFolder) -> Result<String, DevdbError> {
    let password = fs::read_to_string(folder.entry("password")).unwrap_or_default();
    if password.trim().is_empty() {
        return Err(damaged(folder, "its password cannot be read"));
    }
    Ok(password.trim().to_owned())
}

fn write_password(folder: &StateFolder, owner: &Owner, password: &str) -> Result<(), DevdbError> {
    let path = folder.entry("password");
    remove_any(&path)?;
    write_secret(&path, password).map_err(DevdbError::io("write", &path))?;
    // `initdb` runs as the owner and has to read it.
    owner.take(&path)
}

/// The file must be new: as root we would otherwise write through a link that the
/// unprivileged owner of the folder has put there.
fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()
}

/// Hexadecimal digits need no escaping, neither in a URL nor in a file.
fn random_password() -> Result<String, DevdbError> {
    let mut bytes = [0_u8; PASSWORD_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| DevdbError::Randomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn damaged(folder: &StateFolder, what: &'static str) -> DevdbError {
    DevdbError::Damaged {
        state_dir: folder.path().to_owned(),
        what,
    }
}
