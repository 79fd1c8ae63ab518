//! Whom an instance has seen, and what of it is still to be written down. What somebody lends ends
//! with their own authority, which stands in their tokens and nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::platform::store::people::PersonRow;
use crate::values::actor::Actor;

/// People remembered before all are forgotten, and written down anew as they come.
const PEOPLE_MAX: usize = 10_000;

/// Minutes after which somebody is written down again: another instance may have seen them with
/// another token meanwhile.
const REMEMBERED_MINUTES: i64 = 10;

/// Whom this instance has seen.
#[derive(Debug, Default)]
pub struct SeenPeople(Mutex<People>);

#[derive(Debug, Default)]
struct People {
    written: HashMap<String, PersonRow>,
    waiting: BTreeMap<String, PersonRow>,
}

impl SeenPeople {
    /// Notes who comes. Nothing is to be written where the same was written a moment ago.
    pub fn note(&self, actor: &Actor, now: DateTime<Utc>) {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = people.written.get(&actor.principal).is_some_and(|known| {
            now - known.seen_at < TimeDelta::minutes(REMEMBERED_MINUTES) && is(known, actor)
        });
        if fresh {
            // An older token that waits to be written is not what they came with last.
            people.waiting.remove(&actor.principal);
            return;
        }
        people
            .waiting
            .insert(actor.principal.clone(), PersonRow::of(actor, now));
    }

    /// What is still to be written down, by name.
    pub fn waiting(&self) -> Vec<PersonRow> {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.waiting.values().cloned().collect()
    }

    /// Remembers that these were written down.
    pub fn written(&self, rows: Vec<PersonRow>) {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if people.written.len() + rows.len() > PEOPLE_MAX {
            people.written.clear();
        }
        for row in rows {
            // Whoever came with another token meanwhile still waits.
            if people.waiting.get(&row.principal) == Some(&row) {
                people.waiting.remove(&row.principal);
            }
            people.written.insert(row.principal.clone(), row);
        }
    }
}

/// Whether somebody comes as they are known.
fn is(known: &PersonRow, actor: &Actor) -> bool {
    known.org_path == actor.org_path
        && known.customer_id == actor.customer_id
        && known.scopes.iter().flatten().eq(actor.scopes.iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::organisation::OrgPath;

    fn actor(scopes: &[&str]) -> Actor {
        Actor {
            principal: "ann".to_owned(),
            client_id: String::new(),
            scopes: scopes
                .iter()
                .map(|&scope| scope.to_owned())
                .collect::<std::collections::BTreeSet<_>>()
                .into(),
            org_path: OrgPath::root(),
            customer_id: None,
            request_id: uuid::Uuid::nil(),
        }
    }

    #[test]
    fn somebody_is_written_down_once_and_again_when_the_token_says_otherwise() {
        let seen = SeenPeople::default();
        let now = DateTime::<Utc>::default();
        let waiting = |at| {
            let rows = seen.waiting();
            let scopes: Vec<usize> = rows.iter().map(|row| row.scopes.len()).collect();
            seen.written(rows);
            assert_eq!(seen.waiting(), [], "{at}");
            scopes
        };
        seen.note(&actor(&["a", "b"]), now);
        assert_eq!(waiting("the first time"), [2]);
        seen.note(&actor(&["a", "b"]), now);
        assert_eq!(waiting("the same"), [0; 0]);
        seen.note(&actor(&["a"]), now);
        assert_eq!(waiting("another token"), [1]);
        seen.note(&actor(&["a"]), now + TimeDelta::minutes(10));
        assert_eq!(waiting("a while later"), [1]);
    }

    #[test]
    fn what_comes_while_something_is_written_is_not_lost() {
        let seen = SeenPeople::default();
        let now = DateTime::<Utc>::default();
        seen.note(&actor(&["a", "b"]), now);
        let rows = seen.waiting();
        seen.note(&actor(&["a"]), now);
        seen.written(rows);
        assert_eq!(seen.waiting().len(), 1);
    }
}
