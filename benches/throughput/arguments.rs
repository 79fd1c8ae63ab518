//! What the run is asked for on the command line.

/// Every measurement, in the order it is made.
pub const NAMES: [&str; 6] = ["spread", "hot", "checks", "mixed", "growth", "batch"];

const USAGE: &str = "cargo bench -- [--quick] [--only NAME]... [--seconds N] [--rounds N]
names: spread, hot, checks, mixed, growth, batch";

/// What the run is asked for.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// Measurements to make; all where none is named.
    pub only: Vec<String>,
    /// Seconds of each period of load.
    pub seconds: u64,
    /// Rounds, of which the median counts.
    pub rounds: usize,
    /// Whether it is only to be seen that everything works: one short round, a small company.
    pub quick: bool,
}

impl Arguments {
    /// Reads the arguments of the process.
    pub fn read() -> Self {
        let mut arguments = Self {
            only: Vec::new(),
            seconds: 0,
            rounds: 0,
            quick: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().expect(USAGE);
            match word.as_str() {
                "--quick" => arguments.quick = true,
                "--only" => arguments.only.push(value()),
                "--seconds" => arguments.seconds = value().parse().expect(USAGE),
                "--rounds" => arguments.rounds = value().parse().expect(USAGE),
                // Cargo says so to every bench.
                "--bench" => {}
                other => panic!("{other} is not known\n{USAGE}"),
            }
        }
        let known = |name: &String| NAMES.contains(&name.as_str());
        assert!(arguments.only.iter().all(known), "{USAGE}");
        let (seconds, rounds) = if arguments.quick { (1, 1) } else { (5, 5) };
        if arguments.seconds == 0 {
            arguments.seconds = seconds;
        }
        if arguments.rounds == 0 {
            arguments.rounds = rounds;
        }
        arguments
    }

    /// Whether a measurement is to be made.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }

    /// Groups of the company; each has ten customers.
    pub fn groups(&self) -> usize {
        if self.quick { 50 } else { 1_000 }
    }

    /// Open reservations, and as many receivables, of each customer: in a young company, and in
    /// one that has been at work for long.
    pub fn open_each(&self) -> [usize; 2] {
        if self.quick { [1, 20] } else { [1, 100] }
    }

    /// Batches of a thousand reservations each.
    pub fn batches(&self) -> u64 {
        if self.quick { 20 } else { 1_000 }
    }
}
