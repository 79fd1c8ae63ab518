//! The service beside pgbench, in turns, so that a machine whose speed drifts drifts for both.

use super::super::company::CUSTOMERS_OF_A_GROUP;
use super::super::ground::Ground;
use super::super::load::Pace;
use super::super::pgbench::Script;
use super::super::report::{Line, median};
use super::super::requests::{Kind, Requests};
use super::super::scripts;
use super::super::service::Service;
use super::{Simple, at_share_of_peak, load_for, processors};

/// A comparison with pgbench.
pub struct Rivalry {
    pub name: &'static str,
    kind: Kind,
    /// How many times what pgbench does is aimed at.
    target: f64,
    /// Whether all requests are about one group, so that they meet on its line.
    one_group: bool,
}

/// Reservations that rarely meet, reservations that always meet, and checks.
pub const ALL: [Rivalry; 3] = [
    Rivalry {
        name: "spread",
        kind: Kind::Reserve,
        target: 2.0,
        one_group: false,
    },
    Rivalry {
        name: "hot",
        kind: Kind::Reserve,
        target: 8.0,
        one_group: true,
    },
    Rivalry {
        name: "checks",
        kind: Kind::Check,
        target: 0.6,
        one_group: false,
    },
];

impl Rivalry {
    /// Measures rounds in turns, then response times.
    pub fn measure(
        &self,
        ground: &Ground,
        url: &str,
        service: &Service,
        requests: &mut Requests,
    ) -> Vec<Line> {
        let seconds = ground.arguments.seconds;
        let mut work = self.work(requests);
        let text = match self.kind {
            Kind::Check => scripts::check(work.among),
            _ => scripts::reserve(work.among),
        };
        let rival = Script::prepare(
            &ground.programs,
            &ground.folder,
            url,
            self.name,
            &text,
            seconds,
        );
        // Not measured: connections are opened and statements prepared.
        load_for(service, seconds.min(2), Pace::Flood, &mut work);
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 1..=ground.arguments.rounds {
            let load = load_for(service, seconds, Pace::Flood, &mut work);
            let other = rival.measure(seconds);
            println!(
                "{} round {round}: {:.0}/s, pgbench {other:.0}/s; {}",
                self.name,
                load.per_second,
                processors(&load)
            );
            ratios.push(load.per_second / other);
            ours.push(load.per_second);
            theirs.push(other);
        }
        let (peak, rival, ratio) = (median(ours), median(theirs), median(ratios));
        let (times, _) = at_share_of_peak(self.name, service, seconds * 2, peak, &mut work);
        vec![
            Line::aimed(
                self.name,
                &format!(">= {} x pgbench", self.target),
                format!("{ratio:.2} x: {peak:.0}/s, pgbench {rival:.0}/s"),
                ratio >= self.target,
            ),
            times,
        ]
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
