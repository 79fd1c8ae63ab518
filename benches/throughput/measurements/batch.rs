//! A thousand reservations in one request, many times: how fast, and whether the memory of the
//! service stays what it is.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::super::connection::find;
use super::super::ground::Ground;
use super::super::load::{Pace, Work, load};
use super::super::report::{Line, Spread, percentiles};
use super::super::requests::{Kind, Requests};
use super::super::service::Service;

/// Reservations in a batch.
const SIZE: usize = 1_000;
/// Batches under way at once.
const CONNECTIONS: usize = 4;
/// What the memory may grow by over the second half, in MiB: noise of the allocator.
const NOISE_MIB: u64 = 32;

struct Batches<'a> {
    requests: &'a mut Requests,
    service: &'a Service,
    answered: u64,
    /// Resident memory after every so many batches.
    resident_mib: Vec<u64>,
    every: u64,
}

impl Work for Batches<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> Kind {
        self.requests.batch(SIZE, into)
    }

    fn answered(&mut self, _: Kind, body: &[u8]) {
        assert!(
            find(body, br#""status":"refused""#).is_none(),
            "a reservation of a batch was refused"
        );
        self.answered += 1;
        if self.answered.is_multiple_of(self.every) {
            self.resident_mib.push(self.service.resident_mib());
        }
    }
}

/// Sends all batches; tells so where the service has none.
pub fn measure(ground: &Ground) -> Vec<Line> {
    let url = ground.young("batches");
    let (service, mut requests) = ground.serve(&url);
    if !is_offered(&service) {
        return vec![Line::told("batch", "the service has no batches".to_owned())];
    }
    let rounds = ground.arguments.rounds as u64;
    let each_round = (ground.arguments.batches / rounds).max(1);
    let batches = each_round * rounds;
    let mut work = Batches {
        requests: &mut requests,
        service: &service,
        answered: 0,
        resident_mib: Vec::new(),
        every: (batches / 20).max(1),
    };
    let limit = Duration::from_secs(1_200);
    let (mut rates, mut halves, mut tails) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let pace = Pace::Until(each_round);
        let loaded = load(&service, CONNECTIONS, limit, pace, &mut work);
        let [p50, p99, _] = percentiles(loaded.micros);
        rates.push(loaded.per_second * SIZE as f64);
        halves.push(p50);
        tails.push(p99);
    }
    assert!(
        work.answered == batches,
        "batches took longer than {limit:?}"
    );
    let resident = work.resident_mib;
    // Buffers and caches fill during the first half.
    let (first, second) = resident.split_at(resident.len() / 2);
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let grown = most(second).saturating_sub(most(first));
    let [rate, p50, p99] = [rates, halves, tails].map(Spread::of);
    println!("batch: resident memory in MiB {resident:?}");
    vec![
        Line::told(
            "batch",
            format!(
                "{rate:.0} reservations/s; a batch of {SIZE}: p50 {p50:.0} ms, p99 {p99:.0} ms"
            ),
        ),
        Line::aimed(
            &format!("batch, memory over {} reservations", batches * SIZE as u64),
            "flat",
            format!("{} MiB, then {} MiB at most", most(first), most(second)),
            grown <= NOISE_MIB,
        ),
    ]
}

/// Whether there is anything at the address of batches.
fn is_offered(service: &Service) -> bool {
    let mut stream = TcpStream::connect(("127.0.0.1", service.port)).unwrap();
    let request = format!(
        "POST /v1/reservation-batches HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: probe\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}",
        service.token
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    find(&answer, b"HTTP/1.1 404").is_none()
}
