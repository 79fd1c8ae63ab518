//! Asking our own service how it is, with nothing but a socket.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The status of `GET path`.
///
/// # Errors
/// When there is no answer within `limit`, or none that is HTTP.
pub fn status(address: SocketAddr, path: &str, limit: Duration) -> io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = [0_u8; 12];
    stream.read_exact(&mut head)?;
    parse_status(&head).ok_or_else(|| io::Error::other("the answer is not HTTP"))
}

fn parse_status(head: &[u8; 12]) -> Option<u16> {
    let text = std::str::from_utf8(head).ok()?;
    let (version, status) = text.split_once(' ')?;
    version.starts_with("HTTP/1.").then_some(())?;
    status.parse().ok()
}

/// Where to reach a service that listens on `listen`: "all addresses" is none to connect to.
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_status_is_read_and_everything_else_is_an_error() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", Some(200)),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", Some(503)),
            ("SSH-2.0-OpenSSH_9\r\n", None),
            ("HTTP/1.1", None),
        ] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 512];
                assert!(stream.read(&mut request).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            });
            let status = status(address, "/livez", Duration::from_secs(5)).ok();
            server.join().unwrap();
            assert_eq!(status, expected, "{answer:?}");
        }
    }

    #[test]
    fn all_addresses_are_reached_through_this_machine() {
        let reach = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(reach("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reach("[::]:8080"), "[::1]:8080");
        assert_eq!(reach("10.0.0.7:80"), "10.0.0.7:80");
    }
}
