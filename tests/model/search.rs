//! Whether a history can be explained: by some order of its operations that is true to real time
//! and in which the reference model gives every answer that was given (linearizability; Wing and
//! Gong's search, with Lowe's memory of configurations that led nowhere).

use std::collections::HashSet;

use super::history::{Op, Outcome, Record};
use super::reference::{Company, State};

/// What was found out about a history.
#[derive(Debug)]
pub enum Verdict {
    /// An order that explains it, as places in the history.
    Explained(Vec<usize>),
    /// No order does. The longest explanation there is of a beginning, and what the model would
    /// have answered next.
    Impossible(Vec<usize>, Vec<String>),
}

impl Verdict {
    pub fn is_explained(&self) -> bool {
        matches!(self, Self::Explained(_))
    }
}

struct Search<'a> {
    company: &'a Company,
    records: &'a [Record],
    /// Whether a state is how the books stood in the end.
    is_end: &'a dyn Fn(&State) -> bool,
    /// When time passed: from when, until when, how many minutes.
    waits: Vec<(u64, u64, i64)>,
    /// Operations that somebody was answered: all of them are to be explained.
    answered: u64,
    seen: HashSet<(u64, State)>,
    order: Vec<usize>,
    longest: Vec<usize>,
    /// What the model would have answered behind the longest.
    expected: Vec<String>,
}

/// Looks for an order that explains the history and leaves the books as they were in the end.
pub fn explain(
    company: &Company,
    beginning: &State,
    records: &[Record],
    is_end: &dyn Fn(&State) -> bool,
) -> Verdict {
    assert!(records.len() <= 64, "a history is short");
    let answered = (0..records.len())
        .filter(|index| records[*index].answered.is_some() && !records[*index].op.is_wait())
        .fold(0, |mask, index| mask | 1 << index);
    let waits = records.iter().filter_map(|record| match record.op {
        Op::Wait { minutes } => Some((record.invoked, record.over_at(), minutes)),
        _ => None,
    });
    let mut search = Search {
        waits: waits.collect(),
        company,
        records,
        is_end,
        answered,
        seen: HashSet::new(),
        order: Vec::new(),
        longest: Vec::new(),
        expected: Vec::new(),
    };
    if search.from(0, beginning) {
        Verdict::Explained(search.order)
    } else {
        Verdict::Impossible(search.longest, search.expected)
    }
}

impl Search<'_> {
    fn from(&mut self, done: u64, state: &State) -> bool {
        if done & self.answered == self.answered {
            let now = self.waits.iter().map(|(_, _, minutes)| minutes).sum();
            let end = State {
                now,
                ..state.clone()
            };
            if (self.is_end)(&end) {
                return true;
            }
        }
        if !self.seen.insert((done, state.clone())) {
            return false;
        }
        let is_longest = self.order.len() > self.longest.len();
        if is_longest {
            self.longest.clone_from(&self.order);
            self.expected.clear();
        }
        let records = self.records;
        let open = |index: &usize| done & 1 << index == 0 && !records[*index].op.is_wait();
        // Whatever began after another was over comes after it.
        let first_over = (0..self.records.len())
            .filter(open)
            .map(|index| self.records[index].over_at())
            .min()
            .unwrap_or(u64::MAX);
        for index in (0..self.records.len()).filter(open) {
            let record = &self.records[index];
            if record.invoked > first_over {
                continue;
            }
            for after in self.next(index, state, is_longest) {
                self.order.push(index);
                if self.from(done | 1 << index, &after) {
                    return true;
                }
                self.order.pop();
            }
        }
        false
    }
}

impl Search<'_> {
    /// What the clock may have shown to somebody while an operation lasted. Time is not an
    /// operation among others: whoever decides looks at the clock and commits a moment later.
    fn clocks(&self, record: &Record) -> Vec<i64> {
        let mut clocks = vec![0];
        for (from, until, minutes) in &self.waits {
            if *until < record.invoked {
                clocks.iter_mut().for_each(|clock| *clock += minutes);
            } else if *from < record.over_at() {
                clocks.extend(clocks.clone().iter().map(|clock| clock + minutes));
            }
        }
        clocks.sort_unstable();
        clocks.dedup();
        clocks
    }

    /// The states after an operation, where what was answered is what the model expects of it.
    fn next(&mut self, index: usize, state: &State, is_longest: bool) -> Vec<State> {
        let record = &self.records[index];
        let mut states = Vec::new();
        for clock in self.clocks(record) {
            let mut after = state.clone();
            let Some(expected) = after.perform(self.company, &record.op, clock) else {
                continue;
            };
            if is_longest {
                let line = format!("{:?} -> {expected:?}", record.op);
                self.expected.push(line);
            }
            states.extend(self.agree(record, &expected, state, (after, clock)));
        }
        states.dedup();
        states
    }

    /// The state after an operation, if what was answered is what the model expects.
    fn agree(
        &self,
        record: &Record,
        expected: &Outcome,
        before: &State,
        (after, clock): (State, i64),
    ) -> Option<State> {
        let given = record.answered.as_ref().map(|(_, outcome)| outcome);
        match (&record.op, given) {
            // Nobody was told: anything may have come of it.
            (_, None) => Some(after),
            // Whether an application is worth submitting is told ahead and binds nobody; but what is
            // said of the use of a line is so.
            (Op::Submit { line, to, .. }, Some(Outcome::Refused { code, .. })) => {
                let is_so =
                    code != "limit_below_use" || *to < before.used_at(self.company, *line, clock);
                is_so.then(|| before.clone())
            }
            // All or nothing: how a batch that is refused as a whole says so is its own matter.
            (Op::ReserveAll { atomic: true, .. }, Some(given)) if refuses(expected) => {
                let took_nothing = match given {
                    Outcome::Each(items) => items.iter().all(Outcome::is_refusal),
                    other => other.is_refusal(),
                };
                took_nothing.then_some(after)
            }
            (_, Some(given)) => (given == expected).then_some(after),
        }
    }
}

/// Whether anything in a batch is refused.
fn refuses(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Each(items) if items.iter().any(Outcome::is_refusal))
}

/// The same history without what can be left out, while it still cannot be explained: answers that
/// changed nothing are no part of a contradiction between others.
pub fn shrink(
    company: &Company,
    beginning: &State,
    records: &[Record],
    is_end: &dyn Fn(&State) -> bool,
) -> Vec<Record> {
    let mut left = records.to_vec();
    let mut index = 0;
    while index < left.len() {
        let changed_nothing = matches!(
            (&left[index].op, &left[index].answered),
            (
                Op::Check { .. }
                    | Op::ReadLine { .. }
                    | Op::ReadReservation { .. }
                    | Op::Sweep { .. },
                _
            ) | (_, Some((_, Outcome::Refused { .. })))
        );
        if changed_nothing {
            let removed = left.remove(index);
            if !explain(company, beginning, &left, is_end).is_explained() {
                continue;
            }
            left.insert(index, removed);
        }
        index += 1;
    }
    left
}
