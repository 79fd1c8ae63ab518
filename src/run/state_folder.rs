//! The folder in which `dev` keeps its PostgreSQL, its keys and its tokens.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::unistd::geteuid;

use super::error::RunError;
use super::private_file;
use crate::auth::development::DevelopmentKeys;
use crate::config::Environment;
use crate::crypto::MasterKeys;
use crate::devdb;
use crate::error::OrInternal;

/// The state of `shouxin dev`.
pub(super) struct StateFolder(PathBuf);

impl StateFolder {
    /// The folder named on the command line, else the usual one: `/var/lib/shouxin` for root,
    /// whose home the unprivileged user of PostgreSQL may not enter, and `shouxin` in the state
    /// folder of everybody else (XDG Base Directory Specification).
    ///
    /// # Errors
    /// When there is no name and no home.
    pub(super) fn choose(
        named: Option<&Path>,
        environment: &Environment,
    ) -> Result<Self, RunError> {
        let path = match named {
            Some(path) => path.to_owned(),
            None if geteuid().is_root() => PathBuf::from("/var/lib/shouxin"),
            None => usual(environment).ok_or_else(|| {
                RunError::Usage(
                    "there is no home folder; name a folder with --state-dir".to_owned(),
                )
            })?,
        };
        std::path::absolute(&path)
            .map(Self)
            .map_err(RunError::file("resolve", &path))
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Where PostgreSQL keeps its data.
    pub(super) fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }

    /// Where the tokens go unless the command line says otherwise.
    pub(super) fn tokens(&self) -> PathBuf {
        self.0.join("tokens.json")
    }

    fn master_keys(&self) -> PathBuf {
        self.0.join("master-keys")
    }

    /// Makes the folder. Root's may be passed through, because PostgreSQL runs as another user;
    /// the secrets in it are protected one by one.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn create(&self) -> Result<(), RunError> {
        if let Some(parent) = self.0.parent() {
            fs::create_dir_all(parent).map_err(RunError::file("make the folder", parent))?;
        }
        let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
        match DirBuilder::new().mode(mode).create(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(RunError::file("make the folder", &self.0)(error))
            }
            _ => Ok(()),
        }
    }

    /// Throws away the database, and the keys and tokens that are worth nothing without it.
    ///
    /// # Errors
    /// When the database is in use, or the system refuses.
    pub(super) fn reset(&self) -> Result<(), RunError> {
        devdb::reset(&self.postgres())?;
        DevelopmentKeys::remove(&self.0)?;
        for path in [self.master_keys(), self.tokens()] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(RunError::file("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The keys that protect what is in the database, made the first time.
    ///
    /// # Errors
    /// When the system refuses, or the file is not one of ours.
    pub(super) fn keys(&self) -> Result<Arc<MasterKeys>, RunError> {
        let path = self.master_keys();
        if !path.exists() {
            let text = MasterKeys::generate().or_internal()?;
            private_file::create_once(&path, &text)?;
        }
        let text = private_file::read(&path)?;
        MasterKeys::parse(&text).map(Arc::new).map_err(|error| {
            RunError::Refused(format!(
                "the keys in {} cannot be used ({error}); start with --reset to begin anew",
                path.display()
            ))
        })
    }
}

fn usual(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name: &str| {
        environment
            .get(name)
            .map(PathBuf::from)
            // Relative ones are to be ignored, says the specification.
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("shouxin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_folder_follows_the_base_directory_specification() {
        let usual = |variables: &[(&str, &str)]| usual(&Environment::of(variables));
        let home = ("HOME", "/home/li");
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(usual(&[home]), path("/home/li/.local/state/shouxin"));
        assert_eq!(usual(&[home, ("XDG_STATE_HOME", "/s")]), path("/s/shouxin"));
        assert_eq!(
            usual(&[home, ("XDG_STATE_HOME", "relative")]),
            path("/home/li/.local/state/shouxin")
        );
        assert_eq!(usual(&[]), None);
    }

    #[test]
    fn keys_are_made_once_and_thrown_away_by_a_reset() {
        let name = format!("shouxin-state-{}", std::process::id());
        let folder = StateFolder(std::env::temp_dir().join(name));
        folder.create().unwrap();
        folder.keys().unwrap();
        let first = fs::read(folder.master_keys()).unwrap();
        folder.keys().unwrap();
        assert_eq!(fs::read(folder.master_keys()).unwrap(), first);
        folder.reset().unwrap();
        assert!(!folder.master_keys().exists());
        fs::remove_dir_all(folder.path()).unwrap();
    }
}
