//! pgbench, which does the same in one transaction for each request.

use std::path::{Path, PathBuf};
use std::process::Command;

use shouxin::devdb::Programs;

/// Client counts of which the best is taken.
const CLIENTS: [usize; 3] = [4, 16, 64];

/// A script of pgbench and where it runs.
pub struct Script {
    program: PathBuf,
    file: PathBuf,
    url: String,
    clients: usize,
}

impl Script {
    /// Writes the script down and finds out with how many clients it is fastest.
    pub fn prepare(
        programs: &Programs,
        folder: &Path,
        url: &str,
        name: &str,
        text: &str,
        seconds: u64,
    ) -> Self {
        let file = folder.join(format!("{name}.sql"));
        std::fs::write(&file, text).unwrap();
        let mut script = Self {
            program: programs.bin_dir.join("pgbench"),
            file,
            url: url.to_owned(),
            clients: 0,
        };
        let mut best = 0.0;
        for clients in CLIENTS {
            let reached = script.run(clients, seconds);
            println!("{name}: pgbench with {clients} clients {reached:.0}/s");
            if reached > best {
                (best, script.clients) = (reached, clients);
            }
        }
        script
    }

    /// Transactions a second, with the best number of clients.
    pub fn measure(&self, seconds: u64) -> f64 {
        self.run(self.clients, seconds)
    }

    fn run(&self, clients: usize, seconds: u64) -> f64 {
        let output = Command::new(&self.program)
            .args(["-n", "-M", "prepared", "-j", "2", "-c"])
            .arg(clients.to_string())
            .arg("-T")
            .arg(seconds.to_string())
            .arg("-f")
            .arg(&self.file)
            .arg(&self.url)
            .output()
            .expect("pgbench");
        let text = String::from_utf8_lossy(&output.stdout);
        let failed = !text.contains("number of failed transactions: 0 (");
        let reached = text.lines().find_map(|line| {
            let number = line.strip_prefix("tps = ")?.split(' ').next()?;
            number.parse::<f64>().ok()
        });
        match reached {
            Some(reached) if output.status.success() && !failed => reached,
            _ => panic!(
                "pgbench failed: {text}{}",
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
}
