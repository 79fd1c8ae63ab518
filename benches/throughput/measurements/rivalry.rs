//! The service beside pgbench, in turns, so that a machine whose speed drifts drifts for both.

use std::time::Duration;

use super::super::company::CUSTOMERS_OF_A_GROUP;
use super::super::ground::Ground;
use super::super::load::{Pace, load};
use super::super::pgbench::Script;
use super::super::report::{Line, Spread};
use super::super::requests::{Kind, Requests};
use super::super::scripts;
use super::super::service::Service;
use super::{CONNECTIONS, ResponseTimes, Simple, processors};

/// A comparison with pgbench.
pub struct Rivalry {
    pub name: &'static str,
    kind: Kind,
    /// How many times what pgbench does is aimed at.
    target: f64,
    /// Whether all requests are about one group, so that they meet on its line.
    one_group: bool,
    /// Numbers of connections, of which the best counts, as with pgbench's clients.
    connections: &'static [usize],
}

/// Reservations that rarely meet, reservations that always meet, and checks.
pub const ALL: [Rivalry; 3] = [
    Rivalry {
        name: "spread",
        kind: Kind::Reserve,
        target: 2.0,
        one_group: false,
        connections: &[CONNECTIONS],
    },
    Rivalry {
        name: "hot",
        kind: Kind::Reserve,
        target: 8.0,
        one_group: true,
        connections: &[CONNECTIONS, 128, 256],
    },
    Rivalry {
        name: "checks",
        kind: Kind::Check,
        target: 0.6,
        one_group: false,
        connections: &[CONNECTIONS],
    },
];

impl Rivalry {
    /// Measures rounds in turns.
    pub fn measure(
        &self,
        ground: &Ground,
        url: &str,
        service: &Service,
        requests: &mut Requests,
    ) -> Vec<Line> {
        let period = ground.arguments.period;
        let warming = ground.arguments.warming();
        let mut work = self.work(requests);
        let text = match self.kind {
            Kind::Check => scripts::check(work.among),
            _ => scripts::reserve(work.among),
        };
        let mut rival = Script::new(&ground.programs, &ground.folder, url, self.name, &text);
        let connections = if ground.arguments.quick {
            load(service, CONNECTIONS, warming, Pace::Flood, &mut work);
            CONNECTIONS
        } else {
            rival.try_clients(self.name, warming);
            self.best_connections(service, warming, &mut work)
        };
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let mut times = ResponseTimes::default();
        for round in 1..=ground.arguments.rounds {
            let load = load(service, connections, period, Pace::Flood, &mut work);
            let other = rival.measure(period);
            println!(
                "{} round {round}: {:.0}/s, pgbench {other:.0}/s; {}",
                self.name,
                load.per_second,
                processors(&load)
            );
            times.measure(service, connections, period, load.per_second, &mut work);
            ratios.push(load.per_second / other);
            ours.push(load.per_second);
            theirs.push(other);
        }
        let [peak, rival, ratio] = [ours, theirs, ratios].map(Spread::of);
        let (times, _) = times.line(self.name);
        vec![
            Line::aimed(
                self.name,
                &format!(">= {} x pgbench", self.target),
                format!("{ratio:.2} x: {peak:.0}/s, pgbench {rival:.0}/s"),
                ratio.median >= self.target,
            ),
            times,
        ]
    }

    /// With how many connections most is answered. What this period does besides is not measured:
    /// statements are prepared.
    fn best_connections(
        &self,
        service: &Service,
        period: Duration,
        work: &mut Simple<'_>,
    ) -> usize {
        let warm = |connections: usize, work: &mut Simple<'_>| {
            let load = load(service, connections, period, Pace::Flood, work);
            println!(
                "{}: {connections} connections {:.0}/s",
                self.name, load.per_second
            );
            (load.per_second, connections)
        };
        if let [only] = self.connections {
            return warm(*only, work).1;
        }
        warm(CONNECTIONS, work);
        let tried = self.connections.iter().map(|count| warm(*count, work));
        let best = tried.max_by(|a, b| a.0.total_cmp(&b.0));
        best.map_or(CONNECTIONS, |(_, connections)| connections)
    }

    /// What is asked.
    pub fn work<'a>(&self, requests: &'a mut Requests) -> Simple<'a> {
        let among = if self.one_group {
            CUSTOMERS_OF_A_GROUP
        } else {
            requests.customers()
        };
        Simple {
            requests,
            kind: self.kind,
            among,
        }
    }
}
