//! The load: one thread drives every connection, so that it takes little of the machine that the
//! service is measured on.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::{TimeSpec, TimeValLike};

use super::connection::Exchange;
use super::requests::Kind;
use super::service::{Service, own_cpu_seconds};

/// What is asked, and what becomes of the answers.
pub trait Work {
    /// Puts the next request together.
    fn next(&mut self, into: &mut Vec<u8>) -> Kind;

    /// Sees an answer, which has the status that was expected.
    fn answered(&mut self, _kind: Kind, _body: &[u8]) {}
}

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// On every connection the next as soon as the last is answered.
    Flood,
    /// So many a second whatever becomes of them. The time of each counts from when it was due, so
    /// that waiting for a free connection is not hidden.
    PerSecond(f64),
    /// As the flood, until so many are answered.
    Until(u64),
}

/// What a period of load came to.
#[derive(Debug, Default)]
pub struct Load {
    /// Answers a second.
    pub per_second: f64,
    /// How long each took.
    pub micros: Vec<u32>,
    /// Processors kept busy by the generator and by the service.
    pub processors: [f64; 2],
}

/// Loads a service over so many connections for a while.
pub fn load(
    service: &Service,
    connections: usize,
    window: Duration,
    pace: Pace,
    work: &mut dyn Work,
) -> Load {
    let streams: Vec<TcpStream> = (0..connections).map(|_| open(service.port)).collect();
    let mut polled: Vec<PollFd<'_>> = streams
        .iter()
        .map(|stream| PollFd::new(stream.as_fd(), PollFlags::POLLIN))
        .collect();
    let mut exchanges: Vec<Exchange> = streams.iter().map(|_| Exchange::idle()).collect();
    let mut due: Vec<Instant> = vec![Instant::now(); connections];
    let mut idle: VecDeque<usize> = (0..connections).collect();
    let cpu_before = [own_cpu_seconds(), service.cpu_seconds()];
    let started = Instant::now();
    let end = started + window;
    let mut sent: u64 = 0;
    let mut micros = Vec::new();
    let mut in_time: u64 = 0;
    loop {
        let now = Instant::now();
        let mut wake = end;
        while let Some(index) = idle.front().copied() {
            let intended = match pace {
                Pace::Flood => now,
                Pace::Until(most) if sent < most => now,
                Pace::Until(_) => end,
                Pace::PerSecond(rate) => started + Duration::from_secs_f64(sent as f64 / rate),
            };
            if intended >= end {
                break;
            }
            if intended > now {
                wake = intended;
                break;
            }
            idle.pop_front();
            sent += 1;
            due[index] = intended;
            exchanges[index].begin(&streams[index], |into| work.next(into));
            watch(&mut polled[index], &exchanges[index]);
        }
        let finished = now >= end || matches!(pace, Pace::Until(most) if sent >= most);
        if finished && idle.len() == connections {
            break;
        }
        let left = wake.saturating_duration_since(now);
        let wait = if finished || left.is_zero() {
            Duration::from_millis(100)
        } else {
            left
        };
        let wait = TimeSpec::nanoseconds(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
        ppoll(&mut polled, Some(wait), None).expect("poll");
        for index in 0..connections {
            let ready = polled[index].revents().unwrap_or(PollFlags::empty());
            if ready.is_empty() {
                continue;
            }
            if ready.contains(PollFlags::POLLOUT) {
                exchanges[index].send(&streams[index]);
                watch(&mut polled[index], &exchanges[index]);
            }
            let kind = exchanges[index].kind();
            if let Some(body) = exchanges[index].receive(&streams[index]) {
                let answered = Instant::now();
                work.answered(kind, body);
                idle.push_back(index);
                in_time += u64::from(answered <= end);
                let took = answered.saturating_duration_since(due[index]).as_micros();
                micros.push(u32::try_from(took).unwrap_or(u32::MAX));
            }
        }
    }
    let elapsed = started.elapsed().as_secs_f64();
    let measured = match pace {
        Pace::Until(_) => elapsed,
        _ => window.as_secs_f64(),
    };
    Load {
        per_second: in_time as f64 / measured,
        micros,
        processors: [
            (own_cpu_seconds() - cpu_before[0]) / elapsed,
            (service.cpu_seconds() - cpu_before[1]) / elapsed,
        ],
    }
}

fn open(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the service listens");
    stream.set_nodelay(true).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

fn watch(polled: &mut PollFd<'_>, exchange: &Exchange) {
    let writing = if exchange.is_sending() {
        PollFlags::POLLOUT
    } else {
        PollFlags::empty()
    };
    polled.set_events(PollFlags::POLLIN | writing);
}
