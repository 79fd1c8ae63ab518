//! What the run is asked for on the command line.

use std::time::Duration;

/// Every measurement, in the order it is made.
pub const NAMES: [&str; 6] = ["spread", "hot", "checks", "mixed", "growth", "batch"];

const USAGE: &str = "cargo bench -- [--quick] [--only NAME]... [--seconds N] [--rounds N] [--open-each N] [--batches N]
names: spread, hot, checks, mixed, growth, batch";

/// What the run is asked for.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// Measurements to make; all where none is named.
    pub only: Vec<String>,
    /// How long each period of load is.
    pub period: Duration,
    /// Rounds, of which the median counts.
    pub rounds: usize,
    /// Whether it is only to be seen that everything works: short rounds, a small company, and
    /// numbers of connections and clients that are not tried out.
    pub quick: bool,
    /// Open reservations, and as many receivables, of each customer of the company that has been at
    /// work for long.
    pub open_each: usize,
    /// Batches of a thousand reservations each.
    pub batches: u64,
}

impl Arguments {
    /// Reads the arguments of the process.
    pub fn read() -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let mut arguments = if words.iter().any(|word| word == "--quick") {
            Self::in_a_minute()
        } else {
            Self::in_ten_minutes()
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().expect(USAGE);
            match word.as_str() {
                "--only" => arguments.only.push(value().clone()),
                "--seconds" => {
                    let seconds = value().parse().expect(USAGE);
                    arguments.period = Duration::try_from_secs_f64(seconds).expect(USAGE);
                }
                "--rounds" => arguments.rounds = value().parse().expect(USAGE),
                "--open-each" => arguments.open_each = value().parse().expect(USAGE),
                "--batches" => arguments.batches = value().parse().expect(USAGE),
                // Cargo says so to every bench.
                "--quick" | "--bench" => {}
                other => panic!("{other} is not known\n{USAGE}"),
            }
        }
        let known = |name: &String| NAMES.contains(&name.as_str());
        assert!(arguments.only.iter().all(known), "{USAGE}");
        assert!(
            arguments.rounds > 0 && !arguments.period.is_zero(),
            "{USAGE}"
        );
        arguments
    }

    fn in_ten_minutes() -> Self {
        Self {
            only: Vec::new(),
            period: Duration::from_secs(3),
            rounds: 5,
            quick: false,
            open_each: 100,
            batches: 500,
        }
    }

    fn in_a_minute() -> Self {
        Self {
            only: Vec::new(),
            period: Duration::from_millis(400),
            rounds: 3,
            quick: true,
            open_each: 20,
            batches: 21,
        }
    }

    /// Whether a measurement is to be made.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }

    /// Groups of the company; each has ten customers.
    pub fn groups(&self) -> usize {
        if self.quick { 50 } else { 1_000 }
    }

    /// How long a load goes on before it is measured: statements get prepared, caches filled.
    pub fn warming(&self) -> Duration {
        (self.period / 2).min(Duration::from_secs(1))
    }
}
