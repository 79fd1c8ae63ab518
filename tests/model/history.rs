//! What clients did and what they were told: operations, answers, and when.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// Minor units.
pub type Minor = i64;
/// Names a reservation, receivable, payment, membership or application within its history.
pub type Name = u32;

/// Something that somebody does. Customers, groups and lines are numbered as the company has them;
/// instants are minutes since the history began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Reserve {
        customer: usize,
        reservation: Name,
        amount: Minor,
        until: i64,
    },
    Amend {
        reservation: Name,
        total: Minor,
    },
    Capture {
        reservation: Name,
        amount: Option<Minor>,
        last: bool,
        receivable: Name,
        term: i64,
    },
    Release {
        reservation: Name,
        amount: Option<Minor>,
    },
    ReserveAll {
        atomic: bool,
        until: i64,
        /// Customer, reservation, amount.
        items: Vec<(usize, Name, Minor)>,
    },
    Post {
        customer: usize,
        receivable: Name,
        amount: Minor,
        term: i64,
    },
    Pay {
        customer: usize,
        payment: Name,
        amount: Minor,
        spread: bool,
    },
    Reverse {
        payment: Name,
    },
    Join {
        customer: usize,
        group: usize,
        membership: Name,
    },
    Leave {
        membership: Name,
    },
    /// Approves an application for a member to leave.
    LetGo {
        membership: Name,
    },
    Suspend {
        line: usize,
    },
    /// Approves an application for a line to be resumed.
    Resume {
        line: usize,
        application: Name,
    },
    /// Submits an application for another limit.
    Submit {
        line: usize,
        application: Name,
        from: Minor,
        to: Minor,
    },
    Approve {
        application: Name,
    },
    Check {
        customer: usize,
        amount: Minor,
    },
    ReadReservation {
        reservation: Name,
    },
    ReadLine {
        line: usize,
    },
    /// Time passes.
    Wait {
        minutes: i64,
    },
    /// The background job gives back what has expired.
    Sweep {
        customer: usize,
    },
}

impl Op {
    /// Whether time passes.
    pub fn is_wait(&self) -> bool {
        matches!(self, Self::Wait { .. })
    }
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub code: String,
    pub level: Option<String>,
    pub available: Option<Minor>,
}

/// A reservation as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub amount: Minor,
    pub held: Minor,
    pub captured: Minor,
    pub released: Minor,
    pub expired: Minor,
    pub status: String,
}

/// What somebody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Reservation(Shown),
    Receivable {
        over_limit: bool,
    },
    Payment {
        unapplied: Minor,
        /// By receivable.
        allocated: BTreeMap<Name, Minor>,
        reversed: bool,
    },
    Line {
        limit: Minor,
        held: Minor,
        drawn: Minor,
        suspended: bool,
    },
    Checked {
        available: Option<Minor>,
        reasons: Vec<Reason>,
    },
    /// Each item of a batch.
    Each(Vec<Outcome>),
    Refused {
        code: String,
        reasons: Vec<Reason>,
    },
}

/// One operation of one client. Moments are counted over all clients.
#[derive(Debug, Clone)]
pub struct Record {
    pub client: usize,
    pub op: Op,
    pub invoked: u64,
    /// When the answer was there, and what it said; `None` where there never was one. What was done
    /// then may have taken effect at any time since, or never.
    pub answered: Option<(u64, Outcome)>,
}

impl Record {
    pub fn new(client: usize, op: Op, invoked: u64, answered: u64, outcome: Outcome) -> Self {
        Self {
            client,
            op,
            invoked,
            answered: Some((answered, outcome)),
        }
    }

    /// When it was over; never, where nobody knows.
    pub fn over_at(&self) -> u64 {
        self.answered.as_ref().map_or(u64::MAX, |(at, _)| *at)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client,
            op,
            invoked,
            answered,
        } = self;
        match answered {
            Some((at, outcome)) => {
                write!(
                    formatter,
                    "{invoked:4}..{at:<4} client {client}  {op:?}  ->  {outcome:?}"
                )
            }
            None => write!(
                formatter,
                "{invoked:4}..     client {client}  {op:?}  ->  nobody knows"
            ),
        }
    }
}

/// The whole history, one operation a line in the order they began.
pub fn written_out(records: &[Record]) -> String {
    let mut records: Vec<&Record> = records.iter().collect();
    records.sort_by_key(|record| record.invoked);
    records.iter().map(|record| format!("{record}\n")).collect()
}

impl Outcome {
    /// Reads an answer. `names` gives the name of a receivable by its identifier.
    pub fn read(op: &Op, status: u16, body: &Value, names: &BTreeMap<String, Name>) -> Self {
        if status >= 300 {
            return Self::refused(body);
        }
        match op {
            Op::Reserve { .. }
            | Op::Amend { .. }
            | Op::Capture { .. }
            | Op::Release { .. }
            | Op::ReadReservation { .. } => Self::Reservation(shown(body)),
            Op::ReserveAll { .. } => {
                Self::Each(list(&body["items"], |item| match item["status"].as_str() {
                    Some("done") => Self::Reservation(shown(&item["reservation"])),
                    _ => Self::refused(&item["problem"]),
                }))
            }
            Op::Post { .. } => Self::Receivable {
                over_limit: body["over_limit"] == true,
            },
            Op::Pay { .. } | Op::Reverse { .. } => Self::Payment {
                unapplied: minor(&body["unapplied"]),
                allocated: list(&body["allocations"], |part| {
                    let id = part["receivable_id"].as_str().unwrap();
                    (names[id], minor(&part["amount"]))
                })
                .into_iter()
                .collect(),
                reversed: body["status"] == "reversed",
            },
            Op::Suspend { .. } | Op::ReadLine { .. } => Self::Line {
                limit: minor(&body["limit"]["amount"]),
                held: minor(&body["held"]),
                drawn: minor(&body["drawn"]),
                suspended: body["status"] == "suspended",
            },
            Op::Check { .. } => Self::Checked {
                available: body["available"].as_str().map(minor_of),
                reasons: reasons(body),
            },
            Op::Join { .. }
            | Op::Leave { .. }
            | Op::LetGo { .. }
            | Op::Resume { .. }
            | Op::Submit { .. }
            | Op::Approve { .. }
            | Op::Wait { .. }
            | Op::Sweep { .. } => Self::Done,
        }
    }

    /// Whether anything was refused.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    fn refused(problem: &Value) -> Self {
        Self::Refused {
            code: problem["code"].as_str().unwrap().to_owned(),
            reasons: reasons(problem),
        }
    }
}

fn shown(body: &Value) -> Shown {
    Shown {
        amount: minor(&body["amount"]),
        held: minor(&body["held"]),
        captured: minor(&body["captured"]),
        released: minor(&body["released"]),
        expired: minor(&body["expired"]),
        status: body["status"].as_str().unwrap().to_owned(),
    }
}

fn reasons(body: &Value) -> Vec<Reason> {
    list(&body["reasons"], |reason| Reason {
        code: reason["code"].as_str().unwrap().to_owned(),
        level: reason["level"].as_str().map(str::to_owned),
        available: reason["available"].as_str().map(minor_of),
    })
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value
        .as_array()
        .map(|items| items.iter().map(read).collect())
        .unwrap_or_default()
}

/// An amount in JSON.
pub fn minor(value: &Value) -> Minor {
    minor_of(value.as_str().unwrap())
}

fn minor_of(text: &str) -> Minor {
    text.replace('.', "").parse().unwrap()
}

/// An amount as requests have it.
pub fn decimal(minor: Minor) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
