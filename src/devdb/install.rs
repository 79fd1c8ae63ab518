//! Which command installs PostgreSQL here: part of the message when it is missing.

use std::fs;

/// Said when the platform is none that we know.
const UNKNOWN: &str = "your package manager: the package of the PostgreSQL server";

/// The command that installs PostgreSQL on this machine.
pub(super) fn command() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17";
    }
    let os_release = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    command_for(&os_release)
}

/// The command for the distribution that an `os-release` file describes: by its own
/// name first, then by those it is like, in its order.
fn command_for(os_release: &str) -> &'static str {
    let value_of = |key: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_default()
            .trim_matches(['"', '\''])
    };
    std::iter::once(value_of("ID"))
        .chain(value_of("ID_LIKE").split_whitespace())
        .find_map(command_for_id)
        .unwrap_or(UNKNOWN)
}

fn command_for_id(id: &str) -> Option<&'static str> {
    Some(match id {
        "debian" | "ubuntu" => "sudo apt-get install postgresql",
        "fedora" | "rhel" | "centos" | "amzn" => {
            "sudo dnf install postgresql-server postgresql-contrib"
        }
        "alpine" => "sudo apk add postgresql postgresql-contrib",
        "arch" => "sudo pacman -S postgresql",
        "suse" | "opensuse" | "sles" => "sudo zypper install postgresql-server postgresql-contrib",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distribution_gets_its_own_command() {
        let table = [
            ("ID=debian\n", "apt-get"),
            (
                "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
                "apt-get",
            ),
            ("ID=fedora\n", "dnf"),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "dnf"),
            ("ID=alpine\n", "apk add"),
            ("ID=arch\n", "pacman -S"),
            (
                "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n",
                "zypper",
            ),
            ("ID=plan9\n", "package manager"),
            ("", "package manager"),
        ];
        for (os_release, expected) in table {
            let command = command_for(os_release);
            assert!(
                command.contains(expected),
                "{os_release:?} gave {command:?}"
            );
        }
    }
}
