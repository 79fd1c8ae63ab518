//! pgbench, which does the same in one transaction for each request.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use shouxin::devdb::Programs;

/// Client counts of which the best is taken; the first, where they are not tried out.
const CLIENTS: [usize; 3] = [16, 4, 64];

/// A script of pgbench and where it runs.
pub struct Script {
    program: PathBuf,
    file: PathBuf,
    url: String,
    clients: usize,
}

impl Script {
    /// Writes the script down.
    pub fn new(programs: &Programs, folder: &Path, url: &str, name: &str, text: &str) -> Self {
        let file = folder.join(format!("{name}.sql"));
        std::fs::write(&file, text).unwrap();
        Self {
            program: programs.bin_dir.join("pgbench"),
            file,
            url: url.to_owned(),
            clients: CLIENTS[0],
        }
    }

    /// Finds out with how many clients it is fastest.
    pub fn try_clients(&mut self, name: impl Display, period: Duration) {
        let mut best = 0.0;
        for clients in CLIENTS {
            let reached = self.run(clients, period);
            println!("{name}: pgbench with {clients} clients {reached:.0}/s");
            if reached > best {
                (best, self.clients) = (reached, clients);
            }
        }
    }

    /// Transactions a second, with the best number of clients.
    pub fn measure(&self, period: Duration) -> f64 {
        self.run(self.clients, period)
    }

    fn run(&self, clients: usize, period: Duration) -> f64 {
        // It knows only whole seconds.
        let seconds = period.as_secs_f64().ceil() as u64;
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
