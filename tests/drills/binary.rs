//! The program itself, as a process that can be killed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::support::Client;
use crate::support::actors::Credentials;

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("shouxin-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _only_a_leftover = std::fs::remove_dir_all(&self.0);
    }
}

/// A running `shouxin`, killed when it is dropped.
pub struct Binary {
    process: Child,
    /// Address of the service.
    pub url: String,
}

impl Binary {
    /// `shouxin dev` on a database, without the sample company, once it says that it is ready.
    pub fn dev(folder: &Folder, port: u16, database_url: &str) -> Self {
        let mut command = dev(folder, port, database_url);
        Self::until_ready(command.arg("--no-sample")).0
    }

    /// The same with the sample company, and what is printed until it is ready.
    pub fn dev_with_sample(folder: &Folder, port: u16, database_url: &str) -> (Self, Vec<String>) {
        Self::until_ready(&mut dev(folder, port, database_url))
    }

    /// The same, not waited for.
    pub fn dev_begun(folder: &Folder, port: u16, database_url: &str) -> Self {
        let mut command = dev(folder, port, database_url);
        let process = command.stdout(Stdio::null()).spawn().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        Self { process, url }
    }

    fn until_ready(command: &mut Command) -> (Self, Vec<String>) {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut printed = Vec::new();
        let url = loop {
            let mut line = String::new();
            let read = output.read_line(&mut line).unwrap();
            assert!(read > 0, "the service ended before it was ready");
            if let Some(url) = line.strip_prefix("READY ") {
                break url.trim().to_owned();
            }
            printed.push(line);
        };
        // What comes later is read too, so that the process never waits for a full pipe.
        std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
        (Self { process, url }, printed)
    }

    /// Any command with these variables, not waited for.
    pub fn spawn(arguments: &[&str], variables: &BTreeMap<&str, String>, url: String) -> Self {
        let process = Command::new(env!("CARGO_BIN_EXE_shouxin"))
            .args(arguments)
            .envs(variables)
            .env("SHOUXIN_LOG_FILTER", "error")
            // Meant for the tests; the program refuses variables it does not know.
            .env_remove("SHOUXIN_UPDATE")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, url }
    }

    /// A caller with the token of a tier.
    pub fn as_tier(&self, folder: &Folder, tier: &str) -> Client {
        let tokens = std::fs::read(folder.path().join("tokens.json")).unwrap();
        let tokens: serde_json::Value = serde_json::from_slice(&tokens).unwrap();
        Client::new(
            self.url.clone(),
            Credentials::Token(tokens[tier].as_str().unwrap().to_owned()),
        )
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, and the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.process.wait().unwrap().code()
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped_already = self.process.wait();
    }
}

fn dev(folder: &Folder, port: u16, database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shouxin"));
    command
        .args(["dev", "--port", &port.to_string()])
        .arg("--state-dir")
        .arg(folder.path().join("state"))
        .arg("--tokens-file")
        .arg(folder.path().join("tokens.json"))
        .env("DATABASE_URL", database_url)
        .env("SHOUXIN_LOG_FILTER", "error")
        // Meant for the tests; the program refuses variables it does not know.
        .env_remove("SHOUXIN_UPDATE");
    command
}

/// What a command says about a database, and how it ends.
pub fn ask(arguments: &[&str], database_url: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shouxin"))
        .args(arguments)
        .env("DATABASE_URL", database_url)
        .output()
        .unwrap()
}

/// A port that was free a moment ago.
pub fn a_free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
