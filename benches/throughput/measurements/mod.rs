//! The measurements, each with what it is aimed at.

pub mod batch;
pub mod growth;
pub mod mixed;
pub mod rivalry;

use std::fmt::Display;
use std::time::Duration;

use super::load::{Load, Pace, Work, load};
use super::report::{Line, Spread, percentiles};
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

/// Response times at a share of the peak, round by round: each right after the peak it is a share
/// of, because what the machine does meanwhile changes both.
#[derive(Default)]
pub struct ResponseTimes {
    rates: Vec<f64>,
    percentiles: [Vec<f64>; 3],
}

impl ResponseTimes {
    /// Measures once more.
    pub fn measure(
        &mut self,
        service: &Service,
        connections: usize,
        period: Duration,
        peak: f64,
        work: &mut dyn Work,
    ) {
        let rate = peak * SHARE_OF_PEAK;
        let load = load(service, connections, period, Pace::PerSecond(rate), work);
        self.rates.push(load.per_second);
        let found = percentiles(load.micros);
        for (all, one) in self.percentiles.iter_mut().zip(found) {
            all.push(one);
        }
        println!("  {}", told(load.per_second, found));
    }

    /// The medians of all rounds as a line of the table, and that of the 99th percentile.
    pub fn line(self, name: &str) -> (Line, f64) {
        let spreads = self.percentiles.map(Spread::of);
        let told = told(Spread::of(self.rates), spreads);
        (
            Line::told(&format!("{name}, 70 % of peak"), told),
            spreads[1].median,
        )
    }
}

fn told<T: Display>(per_second: T, [p50, p99, p999]: [T; 3]) -> String {
    format!("at {per_second:.0}/s: p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms")
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
