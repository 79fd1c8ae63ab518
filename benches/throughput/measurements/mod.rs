//! The measurements, each with what it is aimed at.

pub mod batch;
pub mod growth;
pub mod mixed;
pub mod rivalry;

use std::time::Duration;

use super::load::{Load, Pace, Work, load};
use super::report::{Line, percentiles};
use super::requests::{IdText, Kind, Requests};
use super::service::Service;

/// Connections that most measurements keep open.
pub const CONNECTIONS: usize = 64;
/// The share of the peak at which response times are measured.
pub const SHARE_OF_PEAK: f64 = 0.7;

/// One kind of request about any of the first so many customers.
pub struct Simple<'a> {
    pub requests: &'a mut Requests,
    pub kind: Kind,
    pub among: usize,
}

impl Work for Simple<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> Kind {
        match self.kind {
            Kind::Check => self.requests.check(self.among, into),
            _ => self.requests.reserve(self.among, into),
        }
    }
}

/// Loads over so many connections for some seconds.
pub fn load_for(
    service: &Service,
    connections: usize,
    seconds: u64,
    pace: Pace,
    work: &mut dyn Work,
) -> Load {
    load(
        service,
        connections,
        Duration::from_secs(seconds),
        pace,
        work,
    )
}

/// Response times at a share of the peak: the lines of the table, and the 99th percentile.
pub fn at_share_of_peak(
    name: &str,
    service: &Service,
    connections: usize,
    seconds: u64,
    peak: f64,
    work: &mut dyn Work,
) -> (Line, f64) {
    let rate = peak * SHARE_OF_PEAK;
    let load = load_for(service, connections, seconds, Pace::PerSecond(rate), work);
    let [p50, p99, p999] = percentiles(load.micros);
    let told = format!(
        "at {:.0}/s: p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms",
        load.per_second
    );
    println!("{name}: {told}");
    (Line::told(&format!("{name}, 70 % of peak"), told), p99)
}

/// What kept the processors busy.
pub fn processors(load: &Load) -> String {
    let [generator, service] = load.processors;
    format!("processors: generator {generator:.2}, service {service:.2}")
}

/// The identifier of the reservation in an answer: the first member of its body.
pub fn id_of(body: &[u8]) -> IdText {
    const BEFORE: &[u8] = b"{\"id\":\"";
    let found = body
        .strip_prefix(BEFORE)
        .and_then(|rest| rest.first_chunk::<36>());
    *found.expect("an answer that begins with the identifier of a reservation")
}
