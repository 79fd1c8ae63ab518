//! What becomes of the throughput when the company has been at work for long.
//!
//! Rounds alternate between a fresh copy of the young company and the grown one. What a round
//! itself adds is little to the grown company, and would be much to the young one: therefore fresh.

use super::super::ground::Ground;
use super::super::load::{Pace, Work};
use super::super::report::{Line, median};
use super::super::requests::Requests;
use super::super::service::{Service, verify_ledger};
use super::mixed::Mixed;
use super::rivalry;
use super::{CONNECTIONS, load_for};

const NAMES: [&str; 4] = ["spread", "hot", "checks", "mixed"];
/// The database of the young company.
const FRESH: &str = "fresh";

/// Compares the throughput of each kind of load.
pub fn measure(ground: &Ground) -> Vec<Line> {
    let url = ground.grown();
    verify_ledger(&url);
    let (grown, mut to_grown) = ground.serve(&url);
    let mut lines = Vec::new();
    for name in NAMES {
        let (mut before, mut after, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ground.arguments.rounds {
            let fresh = ground.young(FRESH);
            let (young, mut to_young) = ground.serve(&fresh);
            let small = throughput(ground, name, &young, &mut to_young);
            drop(young);
            let large = throughput(ground, name, &grown, &mut to_grown);
            ratios.push(large / small);
            before.push(small);
            after.push(large);
        }
        let (small, large, ratio) = (median(before), median(after), median(ratios));
        println!("growth, {name}: {small:.0}/s, grown {large:.0}/s");
        lines.push(Line::aimed(
            &format!("growth, {name}"),
            "< 25 % less",
            format!(
                "{:+.1} %: {small:.0}/s, grown {large:.0}/s",
                (ratio - 1.0) * 100.0
            ),
            ratio > 0.75,
        ));
    }
    ground.remove(FRESH);
    lines
}

fn throughput(ground: &Ground, name: &str, service: &Service, requests: &mut Requests) -> f64 {
    let rivalry = rivalry::ALL.iter().find(|one| one.name == name);
    let mut work: Box<dyn Work + '_> = match rivalry {
        Some(rivalry) => Box::new(rivalry.work(requests)),
        None => Box::new(Mixed::new(requests)),
    };
    let seconds = ground.arguments.seconds;
    load_for(
        service,
        CONNECTIONS,
        seconds.min(2),
        Pace::Flood,
        work.as_mut(),
    );
    load_for(service, CONNECTIONS, seconds, Pace::Flood, work.as_mut()).per_second
}
