//! What was measured, beside what is aimed at.

use std::fmt;

/// One line of the table.
pub struct Line {
    pub name: String,
    pub target: String,
    pub measured: String,
    /// `None` where nothing is aimed at, or it could not be measured.
    pub reached: Option<bool>,
}

impl Line {
    /// A number that is aimed at.
    pub fn aimed(name: &str, target: &str, measured: String, reached: bool) -> Self {
        Self {
            name: name.to_owned(),
            target: target.to_owned(),
            measured,
            reached: Some(reached),
        }
    }

    /// A number that is only told.
    pub fn told(name: &str, measured: String) -> Self {
        Self {
            name: name.to_owned(),
            target: String::new(),
            measured,
            reached: None,
        }
    }
}

/// Prints the table.
pub fn print(lines: &[Line]) {
    let width = |of: fn(&Line) -> usize| lines.iter().map(of).max().unwrap_or(0);
    let (names, targets) = (
        width(|line| line.name.len()),
        width(|line| line.target.len()).max("target".len()),
    );
    println!(
        "\n{:names$}  {:targets$}  result  measured: median of the rounds [least to most]",
        "", "target"
    );
    for line in lines {
        let reached = match line.reached {
            Some(true) => "pass",
            Some(false) => "MISS",
            None => "",
        };
        println!(
            "{:names$}  {:targets$}  {reached:6}  {}",
            line.name, line.target, line.measured
        );
    }
}

/// What some rounds came to: the one in the middle, with the least and the most of them.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// That of some rounds.
    pub fn of(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        Self {
            median: rounds[rounds.len() / 2],
            least: rounds[0],
            most: rounds[rounds.len() - 1],
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median,
            least,
            most,
        } = self;
        let places = formatter.precision().unwrap_or(0);
        write!(
            formatter,
            "{median:.places$} [{least:.places$} to {most:.places$}]"
        )
    }
}

/// The share of a sorted list that took no longer, in milliseconds.
pub fn percentile(sorted_micros: &[u32], share: f64) -> f64 {
    let last = sorted_micros.len().saturating_sub(1);
    sorted_micros
        .get((last as f64 * share) as usize)
        .map_or(0.0, |micros| f64::from(*micros) / 1000.0)
}

/// The usual percentiles of a list.
pub fn percentiles(mut micros: Vec<u32>) -> [f64; 3] {
    micros.sort_unstable();
    [0.5, 0.99, 0.999].map(|share| percentile(&micros, share))
}
