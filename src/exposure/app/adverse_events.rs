//! What makes sense of an adverse event, and what it does to the lines of the customer at once.

use serde_json::{Value, json};

use super::stopping;
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::customers::app::dated_facts::Recordable;
use crate::error::{Error, Problem};
use crate::exposure::domain::adverse_events::AdverseEvent;
use crate::exposure::domain::events;
use crate::exposure::store::adverse_events as store;
use crate::platform::store::dated_facts::DatedFact;
use crate::platform::store::documents;
use crate::platform::store::tx::Tx;
use crate::rules::domain::credit_policies::CreditPolicy;
use crate::values::event_kinds::EventKind;
use crate::values::ids::CustomerId;

impl Recordable for AdverseEvent {
    const ACTION: &'static str = "adverse_event.record";
    const EVENT: EventKind = events::ADVERSE_EVENT_RECORDED;
    const CHANGE: ChangeKind = ChangeKind::AdverseEvent;

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// That something did not happen after all is for two people.
    fn loosens(&self, _: Option<&Self>) -> bool {
        self.reverses.is_some()
    }

    fn evidence(&self) -> Option<&str> {
        Some(&self.evidence)
    }

    fn fits(&self, tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<(), Error> {
        let Some(id) = self.reverses else {
            return Ok(());
        };
        let found = Self::find(tx.connection, customer_id, id)?;
        let is_one =
            found.is_some_and(|row| row.fact.reverses.is_none() && row.fact.kind == self.kind);
        if is_one && !store::is_reversed(tx.connection, id)? {
            return Ok(());
        }
        Err(Problem::field(
            "reverses",
            "names no adverse event of this kind and customer that is not reversed yet",
            "不是该客户同类且尚未撤销的不利事件",
        )
        .into())
    }

    /// Lines are suspended, or due for review, as the credit policy says. That it did not happen after
    /// all resumes nothing: that is a decision of its own.
    fn takes_effect(&self, tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<(), Error> {
        if self.reverses.is_some() {
            return Ok(());
        }
        let today = tx.today;
        let policy = documents::in_force::<CreditPolicy>(&mut tx.reader(), today)?.document;
        let reason = format!("adverse event: {}", self.kind.as_str());
        stopping::stop(tx, customer_id, policy.on_adverse(self.kind), &reason)
    }

    fn details(&self, customer_id: CustomerId) -> Value {
        json!({
            "customer_id": customer_id, "kind": self.kind, "occurred_on": self.occurred_on,
            "reverses": self.reverses,
        })
    }
}
