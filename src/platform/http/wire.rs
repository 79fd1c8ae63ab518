//! The connection under the framework: gives words to what the framework refuses by itself.
//!
//! A request that cannot be read (malformed, a head that never ends, one that takes too long)
//! never reaches a handler or a middleware: actix writes a bare status line and closes. Every
//! answer of ours carries `x-request-id`, so a bare refusal is recognised on its way out and
//! replaced by a problem (RFC 9457) with the same status.
//!
//! It has to be done here: the contract promises a problem for every refusal, and actix-http's
//! dispatcher answers 400, 408 and 431 before it calls any service. `HttpServer::on_connect` only
//! lends the stream to look at, `HttpServer::listen` takes no other stream than its own, and the
//! settings of HTTP/1 are about sizes and times.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use actix_web::http::StatusCode;
use actix_web::http::header::HttpDate;
use actix_web::rt::net::{ActixStream, TcpStream};
use actix_web::web;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, Ready};

use super::middleware;
use super::problem::{self, Language, Wording};
use super::state::{RequestIdentity, State};

/// End of a head, and of a refusal without a body.
const END: &[u8] = b"\r\n\r\n";

/// A connection whose bare refusals are put into words.
pub struct Connection {
    stream: TcpStream,
    state: web::Data<State>,
    /// The problem under way in place of a refusal.
    worded: Option<Worded>,
}

struct Worded {
    bytes: Vec<u8>,
    written: usize,
}

impl Connection {
    /// Takes over an accepted connection.
    pub fn new(stream: TcpStream, state: web::Data<State>) -> Self {
        Self {
            stream,
            state,
            worded: None,
        }
    }
}

/// Where a bare refusal of the framework begins in what it wants to write, and its status.
fn bare_refusal(bytes: &[u8]) -> Option<(usize, StatusCode)> {
    // Almost every write ends with a JSON body: one comparison, and out.
    let head = bytes.strip_suffix(END)?;
    let start = head
        .windows(b"HTTP/1.1 4".len())
        .rposition(|window| window == b"HTTP/1.1 4")?;
    let mut lines = head[start..].split(|byte| *byte == b'\n');
    let status = lines.next()?.get(9..12)?;
    let named = |line: &[u8], name: &[u8]| {
        line.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    if lines.any(|line| line == b"\r" || named(line, b"x-request-id:")) {
        return None;
    }
    Some((start, StatusCode::from_bytes(status).ok()?))
}

/// The problem in place of a bare refusal, head and body. The request was not read, so nothing is
/// known about its language.
fn in_words(status: StatusCode, state: &State) -> Vec<u8> {
    let identity = RequestIdentity::new(None);
    let wording = Wording {
        language: Language::English,
        request_id: identity.request_id,
    };
    let answer = problem::render(&problem::for_status(status), &wording);
    let mut response = problem::respond(&answer);
    middleware::decorate(response.headers_mut(), &identity, Some(state), None);
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in response.headers() {
        let value = value.to_str().unwrap_or_default();
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "date: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        HttpDate::from(SystemTime::from(state.db.clock().now())),
        answer.body.len()
    ));
    [head.as_bytes(), &answer.body].concat()
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.worded.is_none() {
            match bare_refusal(bytes) {
                Some((0, status)) => {
                    this.state
                        .metrics
                        .observe("none", "none", status.as_u16(), 0.0);
                    this.worded = Some(Worded {
                        bytes: in_words(status, &this.state),
                        written: 0,
                    });
                }
                // What was answered before goes out first; the refusal is offered again.
                Some((start, _)) => {
                    return Pin::new(&mut this.stream).poll_write(context, &bytes[..start]);
                }
                None => return Pin::new(&mut this.stream).poll_write(context, bytes),
            }
        }
        while let Some(worded) = &mut this.worded {
            let rest = &worded.bytes[worded.written..];
            if rest.is_empty() {
                this.worded = None;
                break;
            }
            match Pin::new(&mut this.stream).poll_write(context, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => worded.written += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl ActixStream for Connection {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.stream, context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.stream, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_refusal_at_the_end_is_recognised() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        assert_eq!(bare_refusal(bare), Some((0, too_large)));
        let ours = b"HTTP/1.1 200 OK\r\nx-request-id: 1\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(bare_refusal(ours), None);
        let both = [&ours[..], &bare[..]].concat();
        assert_eq!(bare_refusal(&both), Some((ours.len(), too_large)));
        assert_eq!(
            bare_refusal(b"HTTP/1.1 404 Not Found\r\nX-Request-Id: 1\r\ncontent-length: 0\r\n\r\n"),
            None
        );
        assert_eq!(bare_refusal(b"HTTP/1.1 304 Not Modified\r\n\r\n"), None);
        assert_eq!(
            bare_refusal(b"HTTP/1.1 400 \r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
            None
        );
        assert_eq!(bare_refusal(b"\r\n\r\n"), None);
    }
}
