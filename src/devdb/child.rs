//! How every program of the cluster is called: with an environment of its own.

use std::path::Path;
use std::process::{Command, Stdio};

/// The system's own tools, for `rm` and `sleep`; NixOS keeps them in the last folder.
const SYSTEM_PATH: &str = "/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin";

/// A command that inherits neither our environment nor our working folder.
///
/// PostgreSQL's programs read dozens of `PG…` variables, and each version may add one;
/// starting from nothing also keeps our keys out of their environment. `LC_ALL=C`
/// makes their messages readable by the code that looks for one. The working folder is
/// the root because an unprivileged user may not be able to enter ours.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", SYSTEM_PATH)
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null());
    command
}
