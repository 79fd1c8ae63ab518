//! Business as it comes: of twenty requests twelve are checks, five reservations, two captures and
//! one a release.

use std::collections::VecDeque;

use super::super::ground::Ground;
use super::super::load::{Pace, Work, load};
use super::super::report::{Line, Spread};
use super::super::requests::{IdText, Kind, Requests};
use super::super::service::Service;
use super::{CONNECTIONS, ResponseTimes, id_of, processors};

/// The mix.
pub struct Mixed<'a> {
    requests: &'a mut Requests,
    /// Reservations to be captured or released.
    held: VecDeque<IdText>,
}

impl<'a> Mixed<'a> {
    pub fn new(requests: &'a mut Requests) -> Self {
        Self {
            requests,
            held: VecDeque::new(),
        }
    }
}

impl Work for Mixed<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> Kind {
        let among = self.requests.customers();
        let rolled = self.requests.roll(20);
        if rolled < 12 {
            return self.requests.check(among, into);
        }
        match (rolled, self.held.front()) {
            (17 | 18, Some(id)) => {
                let kind = self.requests.capture(id, into);
                self.held.pop_front();
                kind
            }
            (19, Some(id)) => {
                let kind = self.requests.release(id, into);
                self.held.pop_front();
                kind
            }
            _ => self.requests.reserve(among, into),
        }
    }

    fn answered(&mut self, kind: Kind, body: &[u8]) {
        if kind == Kind::Reserve {
            self.held.push_back(id_of(body));
        }
    }
}

/// Its own peak and response times, in turns. Any answer but the expected one ends the run.
pub fn measure(ground: &Ground, service: &Service, requests: &mut Requests) -> Vec<Line> {
    let period = ground.arguments.period;
    let warming = ground.arguments.warming();
    let mut work = Mixed::new(requests);
    load(service, CONNECTIONS, warming, Pace::Flood, &mut work);
    let (mut peaks, mut times) = (Vec::new(), ResponseTimes::default());
    for round in 1..=ground.arguments.rounds {
        let load = load(service, CONNECTIONS, period, Pace::Flood, &mut work);
        println!(
            "mixed round {round}: {:.0}/s; {}",
            load.per_second,
            processors(&load)
        );
        times.measure(service, CONNECTIONS, period, load.per_second, &mut work);
        peaks.push(load.per_second);
    }
    let peak = Spread::of(peaks);
    let (times, p99) = times.line("mixed");
    let Line { name, measured, .. } = times;
    vec![
        Line::told("mixed", format!("{peak:.0}/s at most")),
        Line::aimed(&name, "p99 < 25 ms", measured, p99 < 25.0),
    ]
}
