//! Finding the programs of an installed PostgreSQL.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::DevdbError;
use super::options::VERSION_MAJOR_MIN;
use super::{child, install};

/// The programs that running a cluster needs, all from one folder.
const NEEDED: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// The programs of one installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The folder that holds `postgres`, `initdb` and `pg_ctl`.
    pub bin_dir: PathBuf,
    /// The major version, for example 15.
    pub version_major: u32,
}

impl Programs {
    /// Looks for PostgreSQL: in the folders of `path_var` (the value of `PATH`), then
    /// where the `pg_config` on that path points, then in the folders that packages use.
    /// The first installation that is new enough wins.
    ///
    /// # Errors
    ///
    /// [`DevdbError::ProgramsMissing`] when there is none of version
    /// [`VERSION_MAJOR_MIN`] or newer; its message names the command that installs one.
    pub fn find(path_var: Option<&OsStr>) -> Result<Self, DevdbError> {
        let on_path = folders_of(path_var);
        let from_pg_config = std::iter::once_with(|| pg_config_bin_dir(&on_path)).flatten();
        let usual = std::iter::once_with(|| usual_folders(Path::new("/"))).flatten();
        Self::first_usable(on_path.iter().cloned().chain(from_pg_config).chain(usual))
    }

    /// The first of the folders with a PostgreSQL that is new enough.
    pub(super) fn first_usable(folders: impl Iterator<Item = PathBuf>) -> Result<Self, DevdbError> {
        let mut too_old: Option<Self> = None;
        for programs in folders.filter_map(|folder| Self::in_folder(&folder)) {
            if programs.version_major >= VERSION_MAJOR_MIN {
                return Ok(programs);
            }
            let newest = too_old.as_ref().map_or(0, |old| old.version_major);
            if programs.version_major > newest {
                too_old = Some(programs);
            }
        }
        Err(DevdbError::ProgramsMissing {
            install_command: install::command().to_owned(),
            too_old: too_old.map(|old| (old.bin_dir, old.version_major)),
        })
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let bin_dir = real_bin_dir(folder)?;
        let version_major = version_major(&bin_dir)?;
        Some(Self {
            bin_dir,
            version_major,
        })
    }

    /// The path of one program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }
}

/// The folder where the programs really are.
///
/// A folder on the path often holds links to some of them only, and `initdb` looks for
/// `postgres` beside itself, so the target of the link is tried first.
fn real_bin_dir(folder: &Path) -> Option<PathBuf> {
    let target = fs::canonicalize(folder.join("postgres")).ok()?;
    let behind_link = target.parent().map(Path::to_owned);
    behind_link
        .into_iter()
        .chain([folder.to_owned()])
        .find(|candidate| NEEDED.iter().all(|name| candidate.join(name).is_file()))
}

fn version_major(bin_dir: &Path) -> Option<u32> {
    let output = child::command(&bin_dir.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    parse_version_major(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `postgres (PostgreSQL) 15.13 (Debian …)`, also `18beta1` and `19devel`.
fn parse_version_major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = number
        .find(|c: char| !c.is_ascii_digit())
        .map_or(number, |end| &number[..end]);
    digits.parse().ok()
}

/// The absolute folders of a `PATH` value. A relative one depends on where we were
/// started, and a database server is not to be picked up by accident.
fn folders_of(path_var: Option<&OsStr>) -> Vec<PathBuf> {
    path_var
        .map(|value| std::env::split_paths(value).collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter()
        .filter(|folder| folder.is_absolute())
        .collect()
}

fn pg_config_bin_dir(on_path: &[PathBuf]) -> Option<PathBuf> {
    let pg_config = on_path
        .iter()
        .map(|folder| folder.join("pg_config"))
        .find(|program| program.is_file())?;
    let output = child::command(&pg_config).arg("--bindir").output().ok()?;
    let bin_dir = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(bin_dir.trim_end()))
}

/// Where packages put the programs, newest version first within each family.
fn usual_folders(root: &Path) -> Vec<PathBuf> {
    let versions =
        |parent: &str, prefix: &str, rest: &str| newest_first(&root.join(parent), prefix, rest);
    let fixed = |folder: &str| vec![root.join(folder)];
    [
        versions("usr/lib/postgresql", "", "bin"), // Debian, Ubuntu
        versions("usr", "pgsql-", "bin"),          // RHEL, packages of the PGDG
        versions("usr/lib", "postgresql", "bin"),  // SUSE
        versions("usr/libexec", "postgresql", ""), // Alpine
        fixed("usr/bin"),                          // Fedora, RHEL, Arch
        versions("opt/homebrew/opt", "postgresql@", "bin"),
        fixed("opt/homebrew/bin"),
        versions("usr/local/opt", "postgresql@", "bin"),
        fixed("usr/local/bin"),
        versions("Applications/Postgres.app/Contents/Versions", "", "bin"),
    ]
    .concat()
}

/// The folders `parent/<prefix><number>/<rest>`, the highest number first.
fn newest_first(parent: &Path, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(rest)))
        })
        .collect();
    found.sort_by_key(|(number, _)| Reverse(*number));
    found.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devdb::tests::support::TempFolder;

    #[test]
    fn version_is_read_from_releases_and_previews() {
        let table = [
            (
                "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n",
                Some(15),
            ),
            ("postgres (PostgreSQL) 9.6.24\n", Some(9)),
            ("postgres (PostgreSQL) 18beta1\n", Some(18)),
            ("postgres (PostgreSQL) 17\n", Some(17)),
            ("postgres (something else) 17\n", None),
            ("", None),
        ];
        for (output, expected) in table {
            assert_eq!(parse_version_major(output), expected, "{output:?}");
        }
    }

    #[test]
    fn usual_folders_put_the_newest_version_first() {
        let root = TempFolder::new();
        for version in ["9.6", "15", "17", "8"] {
            let folder = root.path().join("usr/lib/postgresql").join(version);
            fs::create_dir_all(folder.join("bin")).unwrap();
        }
        fs::create_dir_all(root.path().join("usr/pgsql-16/bin")).unwrap();

        let folders = usual_folders(root.path());

        let expected = ["usr/lib/postgresql/17/bin", "usr/lib/postgresql/15/bin"]
            .map(|folder| root.path().join(folder));
        assert_eq!(folders[..2], expected);
        assert!(folders.contains(&root.path().join("usr/pgsql-16/bin")));
        assert!(folders.contains(&root.path().join("usr/bin")));
    }

    #[test]
    fn relative_folders_of_the_path_are_skipped() {
        let folders = folders_of(Some(OsStr::new("/a::bin:./c:/d")));
        assert_eq!(folders, [PathBuf::from("/a"), PathBuf::from("/d")]);
        assert!(folders_of(None).is_empty());
    }

    #[test]
    fn programs_are_found_without_a_path() {
        let programs = Programs::find(None).unwrap();
        assert!(programs.version_major >= VERSION_MAJOR_MIN);
        assert!(NEEDED.iter().all(|name| programs.program(name).is_file()));
    }

    #[test]
    fn a_link_to_postgres_leads_to_the_other_programs() {
        let programs = Programs::find(None).unwrap();
        let folder = TempFolder::new();
        let link = folder.path().join("postgres");
        std::os::unix::fs::symlink(programs.program("postgres"), link).unwrap();

        let found = Programs::find(Some(folder.path().as_os_str())).unwrap();

        assert_eq!(found, programs);
    }

    #[test]
    fn missing_programs_name_an_install_command_and_the_way_around() {
        let error = Programs::first_usable(std::iter::empty()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("PostgreSQL 15 or newer"), "{message}");
        assert!(message.contains(install::command()), "{message}");
        assert!(message.contains("DATABASE_URL"), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }

    #[test]
    fn an_installation_that_is_too_old_is_named() {
        let message = DevdbError::ProgramsMissing {
            install_command: install::command().to_owned(),
            too_old: Some((PathBuf::from("/usr/lib/postgresql/13/bin"), 13)),
        }
        .to_string();
        assert!(
            message.contains("only version 13, in /usr/lib/postgresql/13/bin"),
            "{message}"
        );
    }
}
