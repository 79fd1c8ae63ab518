//! What becomes of the throughput when the company has been at work for long.
//!
//! Rounds alternate between a fresh copy of the young company and the grown one. What a round
//! itself adds is little to the grown company, and would in the end be much to the young one:
//! therefore fresh, and in each round first what adds the least.

use super::super::ground::Ground;
use super::super::load::{Pace, Work, load};
use super::super::report::{Line, Spread};
use super::super::requests::Requests;
use super::super::service::{Service, verify_ledger};
use super::CONNECTIONS;
use super::mixed::Mixed;
use super::rivalry;

const NAMES: [&str; 4] = ["checks", "hot", "spread", "mixed"];
/// The database of the young company.
const FRESH: &str = "fresh";

/// What the rounds of one kind of load came to.
#[derive(Default)]
struct Rounds {
    young: Vec<f64>,
    grown: Vec<f64>,
    /// In per cent.
    changes: Vec<f64>,
}

/// Compares the throughput of each kind of load.
pub fn measure(ground: &Ground) -> Vec<Line> {
    let url = ground.grown();
    verify_ledger(&url);
    let (grown, mut to_grown) = ground.serve(&url);
    let mut kinds = NAMES.map(|name| (name, Rounds::default()));
    for round in 1..=ground.arguments.rounds {
        let (young, mut to_young) = ground.serve(&ground.young(FRESH));
        for (name, rounds) in &mut kinds {
            let small = throughput(ground, name, &young, &mut to_young);
            let large = throughput(ground, name, &grown, &mut to_grown);
            println!("growth round {round}, {name}: {small:.0}/s, grown {large:.0}/s");
            rounds.changes.push(100.0 * (large / small - 1.0));
            rounds.young.push(small);
            rounds.grown.push(large);
        }
    }
    ground.remove(FRESH);
    kinds
        .into_iter()
        .map(|(name, rounds)| rounds.line(name))
        .collect()
}

impl Rounds {
    fn line(self, name: &str) -> Line {
        let [small, large, change] = [self.young, self.grown, self.changes].map(Spread::of);
        Line::aimed(
            &format!("growth, {name}"),
            "< 25 % less",
            format!("{change:.1} %: {small:.0}/s, grown {large:.0}/s"),
            change.median > -25.0,
        )
    }
}

fn throughput(ground: &Ground, name: &str, service: &Service, requests: &mut Requests) -> f64 {
    let rivalry = rivalry::ALL.iter().find(|one| one.name == name);
    let mut work: Box<dyn Work + '_> = match rivalry {
        Some(rivalry) => Box::new(rivalry.work(requests)),
        None => Box::new(Mixed::new(requests)),
    };
    let mut flood = |period| load(service, CONNECTIONS, period, Pace::Flood, work.as_mut());
    flood(ground.arguments.warming());
    flood(ground.arguments.period).per_second
}
