//! One kept-alive connection that never blocks, with as much HTTP/1.1 as the service answers with.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::requests::Kind;

/// A request on its way and what has come back of its answer.
pub struct Exchange {
    request: Vec<u8>,
    sent: usize,
    answer: Vec<u8>,
    /// Where the answer ends, once its head is there.
    length: Option<usize>,
    kind: Kind,
}

impl Exchange {
    pub fn idle() -> Self {
        Self {
            request: Vec::new(),
            sent: 0,
            answer: Vec::with_capacity(16 * 1024),
            length: None,
            kind: Kind::Check,
        }
    }

    /// Begins with a request that is put together by `fill`.
    pub fn begin(&mut self, stream: &TcpStream, fill: impl FnOnce(&mut Vec<u8>) -> Kind) {
        self.request.clear();
        self.answer.clear();
        self.length = None;
        self.sent = 0;
        self.kind = fill(&mut self.request);
        self.send(stream);
    }

    /// What the request is for.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether a part of the request is still to be sent.
    pub fn is_sending(&self) -> bool {
        self.sent < self.request.len()
    }

    /// Sends what the connection takes.
    pub fn send(&mut self, mut stream: &TcpStream) {
        while self.is_sending() {
            match stream.write(&self.request[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("the service took no request: {error}"),
            }
        }
    }

    /// Takes what has come; the whole answer's body when it is complete.
    pub fn receive(&mut self, mut stream: &TcpStream) -> Option<&[u8]> {
        let mut part = [0_u8; 16 * 1024];
        loop {
            match stream.read(&mut part) {
                Ok(0) => panic!("the service hung up"),
                Ok(read) => self.answer.extend_from_slice(&part[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => panic!("the service gave no answer: {error}"),
            }
            if self.length.is_none() {
                self.length = whole_length(&self.answer);
            }
            if self.length == Some(self.answer.len()) {
                break;
            }
        }
        let head = find(&self.answer, b"\r\n\r\n").unwrap_or(0);
        let body = &self.answer[head + 4..];
        let status = status(&self.answer);
        assert!(
            status == self.kind.status(),
            "{:?} was answered {status}: {}",
            self.kind,
            String::from_utf8_lossy(&body[..body.len().min(2000)])
        );
        Some(body)
    }
}

fn status(answer: &[u8]) -> u16 {
    let digits = answer.get(9..12).unwrap_or(b"000");
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// Length of head and body, once the head is complete.
fn whole_length(answer: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length: ";
    let head = find(answer, b"\r\n\r\n")?;
    let value = answer[..head]
        .windows(NAME.len())
        .position(|window| window.eq_ignore_ascii_case(NAME))?
        + NAME.len();
    let body = answer[value..head]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Some(head + 4 + body)
}

/// Where `what` begins.
pub fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
