//! How the books stand in the end: as the database has them, and as the model does.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::history::{Minor, Name, Shown};
use super::reference::{Company, State};
use super::world::World;

/// The books of one company. Expiry follows from the instant, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// With the group on whose line it counts while it is held.
    pub reservations: BTreeMap<Name, (Shown, Option<usize>)>,
    /// What is owed, whether it went over a limit, and the group on whose line it counts.
    pub receivables: BTreeMap<Name, (Minor, bool, Option<usize>)>,
    /// What is not applied, and whether it is reversed.
    pub payments: BTreeMap<Name, (Minor, bool)>,
    /// Limit, suspended, held, drawn.
    pub lines: Vec<(Minor, bool, Minor, Minor)>,
    /// The group of each customer.
    pub groups: Vec<Option<usize>>,
}

impl Ending {
    /// As the model has them.
    pub fn of(company: &Company, state: &State) -> Self {
        let reservations = state.reservations.iter().map(|(name, row)| {
            let shown = row.shown(state.now);
            let group = row.group.filter(|_| shown.held > 0);
            (*name, (shown, group))
        });
        let receivables = state.receivables.iter().map(|(name, row)| {
            let group = row.group.filter(|_| row.outstanding > 0);
            (*name, (row.outstanding, row.over_limit, group))
        });
        let payments = state
            .payments
            .iter()
            .map(|(name, row)| (*name, (row.unapplied, row.reversed)));
        let lines = (0..company.lines()).map(|line| {
            let (held, drawn) = state.balance(company, line);
            let row = &state.lines[line];
            (row.limit, row.suspended, held, drawn)
        });
        Self {
            reservations: reservations.collect(),
            receivables: receivables.collect(),
            payments: payments.collect(),
            lines: lines.collect(),
            groups: (0..company.customers)
                .map(|customer| state.group_of(customer))
                .collect(),
        }
    }

    /// As the database has them, read at an instant. Lines that do not exist are as in `beginning`.
    pub fn read(world: &World, books: &Value, beginning: &Self, now: DateTime<Utc>) -> Self {
        let place = |ids: &[String], id: &Value| {
            let id = id.as_str().unwrap_or("none");
            ids.iter().position(|other| other == id)
        };
        let group_of_line = |row: &Value| {
            let first = world.lines.len() - world.groups.len();
            place(&world.lines[first..], &row["group_line_id"])
        };
        let mut reservations = BTreeMap::new();
        // What is still in the books of lines although its time has come.
        let mut due: BTreeMap<String, Minor> = BTreeMap::new();
        for row in rows(books, "reservations") {
            let until: DateTime<Utc> = row["expires_at"].as_str().unwrap().parse().unwrap();
            let stored = row["status"].as_str().unwrap();
            let [amount, captured, released, expired] =
                ["amount", "captured", "released", "expired"].map(|part| minor(row, part));
            let rest = amount - captured - released - expired;
            let is_due = stored == "held" && until <= now;
            if is_due {
                for line in ["product_line_id", "customer_line_id", "group_line_id"] {
                    if let Some(id) = row[line].as_str() {
                        *due.entry(id.to_owned()).or_default() += rest;
                    }
                }
            }
            let shown = Shown {
                amount,
                held: if is_due { 0 } else { rest },
                captured,
                released,
                expired: if is_due { rest } else { expired },
                status: if is_due { "expired" } else { stored }.to_owned(),
            };
            let group = group_of_line(row).filter(|_| shown.held > 0);
            reservations.insert(name_in(&row["reference"]), (shown, group));
        }
        let receivables = rows(books, "receivables").map(|row| {
            let outstanding = minor(row, "outstanding");
            let group = group_of_line(row).filter(|_| outstanding > 0);
            let over_limit = row["over_limit"] == true;
            (name_in(&row["number"]), (outstanding, over_limit, group))
        });
        let payments = rows(books, "payments").map(|row| {
            let reversed = row["status"] == "reversed";
            (
                name_in(&row["reference"]),
                (minor(row, "unapplied"), reversed),
            )
        });
        let mut lines = beginning.lines.clone();
        for row in rows(books, "lines") {
            let line = place(&world.lines, &row["id"]).unwrap();
            let id = row["id"].as_str().unwrap();
            lines[line] = (
                minor(row, "limit"),
                row["status"] == "suspended",
                minor(row, "held") - due.get(id).copied().unwrap_or(0),
                minor(row, "drawn"),
            );
        }
        let mut groups = vec![None; world.customers.len()];
        for row in rows(books, "members") {
            let customer = place(&world.customers, &row["customer_id"]).unwrap();
            groups[customer] = place(&world.groups, &row["group_id"]);
        }
        Self {
            receivables: receivables.collect(),
            payments: payments.collect(),
            reservations,
            lines,
            groups,
        }
    }
}

/// The receivables on record, by name.
pub fn receivable_ids(books: &Value) -> BTreeMap<Name, String> {
    rows(books, "receivables")
        .map(|row| {
            (
                name_in(&row["number"]),
                row["id"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn rows<'a>(books: &'a Value, what: &str) -> impl Iterator<Item = &'a Value> {
    books[what].as_array().unwrap().iter()
}

fn minor(row: &Value, what: &str) -> Minor {
    row[format!("{what}_minor")].as_i64().unwrap()
}

/// The name at the end of a reference or number, as `W7-12`.
fn name_in(text: &Value) -> Name {
    let (_, name) = text.as_str().unwrap().rsplit_once('-').unwrap();
    name.parse().unwrap()
}
