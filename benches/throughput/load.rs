//! The binary under load: a client that knows as much HTTP as the service answers with.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shouxin::clock::{Clock, SystemClock};
use shouxin::domain::ids::LineId;

use super::company::{PRODUCT, Seeded};

/// Connections kept busy.
pub const CONNECTIONS: usize = 16;

/// The binary under load.
pub struct Service {
    process: Child,
    port: u16,
    token: String,
    expires_at: String,
}

impl Service {
    /// Starts the binary on a database that is seeded already.
    pub fn start(folder: &Path, url: &str) -> Self {
        let tokens: PathBuf = folder.join("tokens.json");
        let mut process = Command::new(env!("CARGO_BIN_EXE_shouxin"))
            .args(["dev", "--port", "0", "--state-dir"])
            .arg(folder.join("state"))
            .arg("--tokens-file")
            .arg(&tokens)
            .env("DATABASE_URL", url)
            .env("SHOUXIN_LOG_FILTER", "warn")
            .env("SHOUXIN_REQUESTS_PER_MINUTE", "0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                line.strip_prefix("READY http://127.0.0.1:")?
                    .trim()
                    .parse()
                    .ok()
            })
            .expect("the service gets ready");
        let tokens: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&tokens).unwrap()).unwrap();
        let expires_at = (SystemClock.now() + chrono::TimeDelta::days(7))
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string();
        Self {
            process,
            port,
            token: tokens["integration"].as_str().unwrap().to_owned(),
            expires_at,
        }
    }

    /// Resident memory of the process.
    pub fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .unwrap_or_default();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap_or("0");
        line.split_whitespace()
            .nth(1)
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
            / 1024
    }

    fn head(&self, method: &str, path: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n",
            self.token
        )
    }

    /// Reads a line.
    pub fn read_request(&self, line: LineId) -> Vec<u8> {
        format!(
            "{}\r\n",
            self.head("GET", &format!("/v1/credit-lines/{line}"))
        )
        .into_bytes()
    }

    /// Reserves for a customer, under a key of its own.
    pub fn reserve_request(&self, seeded: &Seeded, round: u64, number: u64) -> Vec<u8> {
        let body = format!(
            r#"{{"customer_id":"{}","product":"{PRODUCT}","amount":"1.00","currency":"CNY","reference":"{round}-{number}","expires_at":"{}"}}"#,
            seeded.customer, self.expires_at
        );
        let mut text = self.head("POST", "/v1/reservations");
        let _ = write!(
            text,
            "Content-Type: application/json\r\nIdempotency-Key: {round}-{number}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        text.into_bytes()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a period of load came to.
pub struct Load {
    /// Answers, all of them 2xx.
    pub answers: u64,
    /// Answers a second.
    pub per_second: f64,
    /// How long each took.
    pub micros: Vec<u32>,
}

/// Keeps `CONNECTIONS` connections busy for a while, or until `requests` are answered.
pub fn load(
    service: &Service,
    window: Duration,
    requests: Option<u64>,
    request: &(dyn Fn(u64) -> Vec<u8> + Sync),
) -> Load {
    let next = AtomicU64::new(0);
    let started = Instant::now();
    let micros: Vec<u32> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(service.port);
                    let mut micros = Vec::new();
                    while started.elapsed() < window {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if requests.is_some_and(|most| number >= most) {
                            break;
                        }
                        let asked = Instant::now();
                        let status = connection.exchange(&request(number));
                        assert!((200..300).contains(&status), "answered {status}");
                        micros.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
                    }
                    micros
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    let answers = micros.len() as u64;
    Load {
        answers,
        per_second: answers as f64 / started.elapsed().as_secs_f64(),
        micros,
    }
}

/// A kept-alive HTTP/1.1 connection that knows as much HTTP as the service answers with.
struct Connection {
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Connection {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
            body: Vec::new(),
        }
    }

    fn exchange(&mut self, request: &[u8]) -> u16 {
        self.stream.get_mut().write_all(request).unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).unwrap();
        status
    }
}
