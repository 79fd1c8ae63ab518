//! The binary under load, and what it takes of the machine.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The binary under load.
pub struct Service {
    process: Child,
    /// Where it listens.
    pub port: u16,
    /// A token of an order system.
    pub token: String,
    /// Resident memory once it was ready, in MiB.
    pub resident_at_start_mib: u64,
}

impl Service {
    /// Starts the binary on a database, with its settings as they come: only the quota of one
    /// caller is lifted, because here one caller is everybody.
    pub fn start(folder: &Path, url: &str) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let tokens = folder.join("tokens.json");
        let mut process = Command::new(env!("CARGO_BIN_EXE_shouxin"))
            .args(["dev", "--no-sample", "--port", "0", "--state-dir"])
            .arg(folder.join("state"))
            .arg("--tokens-file")
            .arg(&tokens)
            .env("DATABASE_URL", url)
            .env("SHOUXIN_LOG_FILTER", "warn")
            .env("SHOUXIN_REQUESTS_PER_MINUTE", "0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let port = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.strip_prefix("READY http://127.0.0.1:")?;
                port.trim().parse().ok()
            })
            .expect("the service gets ready");
        let tokens: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&tokens).unwrap()).unwrap();
        let mut service = Self {
            process,
            port,
            token: tokens["integration"].as_str().unwrap().to_owned(),
            resident_at_start_mib: 0,
        };
        service.resident_at_start_mib = service.resident_mib();
        service
    }

    /// Resident memory of the process now, in MiB.
    pub fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .unwrap_or_default();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap_or_default();
        let kib = line.split_whitespace().nth(1).unwrap_or("0");
        kib.parse::<u64>().unwrap_or(0) / 1024
    }

    /// Processor time it has taken, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.process.id().to_string())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped_already = self.process.wait();
    }
}

/// Processor time this process has taken itself, in seconds.
pub fn own_cpu_seconds() -> f64 {
    cpu_seconds("self")
}

fn cpu_seconds(process: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name of the program, in brackets, may have spaces; what follows has none.
    let after_name = text.rsplit(") ").next().unwrap_or_default();
    let ticks = |field: usize| -> u32 {
        let word = after_name.split(' ').nth(field).unwrap_or("0");
        word.parse().unwrap_or(0)
    };
    // User and system time in hundredths of a second.
    f64::from(ticks(11) + ticks(12)) / 100.0
}

/// What `shouxin verify ledger` says about a database; anything but its consent ends the run.
pub fn verify_ledger(url: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_shouxin"))
        .args(["verify", "ledger"])
        .env("DATABASE_URL", url)
        .env("SHOUXIN_STATEMENT_TIMEOUT_MS", "600000")
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "the ledger contradicts itself:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    println!("ledger: {}", said.lines().next().unwrap_or_default());
}
