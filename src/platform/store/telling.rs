//! What was done, on record and to others in one call: audit entry and event cannot drift apart.

use serde_json::Value;

use super::events::writing::EventRow;
use super::tx::Tx;
use crate::error::Error;
use crate::values::event_kinds::EventKind;
use crate::values::ids::{CustomerId, Entity, EventEntity, EventId, Id};
use crate::values::organisation::OrgPath;

/// What audit entries and events name as the thing something was done to.
#[derive(Debug, Clone)]
pub struct About {
    /// The thing, as `noun/id`.
    pub subject: String,
    /// Organisation that may read of it.
    pub org_path: OrgPath,
    /// Customer it belongs to.
    pub customer_id: Option<CustomerId>,
}

impl About {
    /// A thing of an organisation.
    pub fn new<E: Entity>(id: Id<E>, org_path: &OrgPath, customer_id: Option<CustomerId>) -> Self {
        Self {
            subject: id.subject(),
            org_path: org_path.clone(),
            customer_id,
        }
    }

    /// A thing of the whole company.
    pub fn of_company(subject: String) -> Self {
        Self {
            subject,
            org_path: OrgPath::root(),
            customer_id: None,
        }
    }
}

/// A thing that something is done to. Rows are, where they know their organisation.
pub trait Subject {
    /// What audit entries and events name.
    fn about(&self) -> About;
}

impl Subject for About {
    fn about(&self) -> About {
        self.clone()
    }
}

impl Tx<'_> {
    /// Records what was done to a thing, and publishes it with the commit under the same details:
    /// ids, amounts and states, never classified values.
    ///
    /// # Errors
    /// When no randomness can be had for the identifiers.
    pub fn tell(
        &mut self,
        action: &str,
        kind: EventKind,
        subject: &impl Subject,
        details: Value,
    ) -> Result<(), Error> {
        let about = subject.about();
        self.record(action, about.subject.clone(), details.clone())?;
        self.append(kind, about, details)
    }

    /// Publishes an event with the commit, for what is on record otherwise.
    ///
    /// # Errors
    /// When no randomness can be had for the identifier.
    pub fn publish(
        &mut self,
        kind: EventKind,
        subject: &impl Subject,
        data: Value,
    ) -> Result<(), Error> {
        self.append(kind, subject.about(), data)
    }

    fn append(&mut self, kind: EventKind, about: About, data: Value) -> Result<(), Error> {
        let id: EventId = self.mint_home::<EventEntity>()?;
        self.journal.events.push(EventRow {
            id: id.uuid(),
            kind: kind.name().to_owned(),
            subject: about.subject,
            org_path: about.org_path,
            customer_id: about.customer_id.map(CustomerId::uuid),
            data,
            occurred_at: self.now,
        });
        Ok(())
    }
}
