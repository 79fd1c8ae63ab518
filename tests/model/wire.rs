//! A client as cheap as can be: thousands of histories are mostly requests.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A request of somebody.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
    /// Under which key, for writes.
    pub key: Option<String>,
    pub token: String,
}

/// A connection to one instance, opened again when it broke.
pub struct Wire {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Wire {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Asks once. An error says that no answer came, and nothing of what was done. A connection on
    /// which nothing came was an old one that the service had closed meanwhile: it is opened anew,
    /// which the key makes harmless.
    pub fn ask(&mut self, request: &Request) -> Result<(u16, Value)> {
        let was_open = self.stream.is_some();
        let mut asked = self.exchange(request);
        if asked.is_err() {
            self.stream = None;
            if was_open {
                asked = self.exchange(request);
            }
        }
        if asked.is_err() {
            self.stream = None;
        }
        asked
    }

    fn exchange(&mut self, request: &Request) -> Result<(u16, Value)> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                none.insert(BufReader::new(stream))
            }
        };
        stream.get_mut().write_all(&request.bytes())?;
        let mut line = String::new();
        let mut next = |line: &mut String| {
            line.clear();
            match stream.read_line(line)? {
                0 => Err(Error::from(ErrorKind::UnexpectedEof)),
                _ => Ok(()),
            }
        };
        next(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.ok_or(ErrorKind::InvalidData)?;
        let mut length = 0;
        loop {
            next(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| ErrorKind::InvalidData)?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok((status, serde_json::from_slice(&body)?))
    }
}

impl Request {
    fn bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nHost: model\r\nAuthorization: Bearer {}\r\n",
            self.method, self.path, self.token
        );
        if let Some(key) = &self.key {
            text.push_str(&format!("Idempotency-Key: {key}\r\n"));
        }
        if self.method == "PATCH" {
            text.push_str("If-Match: *\r\n");
        }
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        if self.body.is_some() {
            let kind = match self.method {
                "PATCH" => "application/merge-patch+json",
                _ => "application/json",
            };
            text.push_str(&format!(
                "Content-Type: {kind}\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        text.push_str("\r\n");
        text.push_str(&body);
        text.into_bytes()
    }
}
