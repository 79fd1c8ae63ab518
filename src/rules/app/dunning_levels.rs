//! What makes sense of a dunning level, and what is told of it.

use serde_json::{Value, json};

use crate::approvals::domain::pending_changes::ChangeKind;
use crate::customers::app::dated_facts::Recordable;
use crate::error::{Error, Problem};
use crate::rules::domain::check_rules::{DUNNING_LEVEL_MAX, DunningFact};
use crate::rules::domain::events;
use crate::values::event_kinds::EventKind;
use crate::values::ids::CustomerId;

impl Recordable for DunningFact {
    const ACTION: &'static str = "dunning_level.record";
    const EVENT: EventKind = events::DUNNING_LEVEL_RECORDED;
    const CHANGE: ChangeKind = ChangeKind::DunningLevel;

    fn check(&self) -> Result<(), Error> {
        if (0..=DUNNING_LEVEL_MAX).contains(&self.level) {
            return Ok(());
        }
        Err(Problem::field("level", "is not between 0 and 9", "不在 0 与 9 之间").into())
    }

    fn loosens(&self, before: Option<&Self>) -> bool {
        // An earlier level than the one that is known changes nothing.
        before.is_some_and(|known| self.as_of >= known.as_of && self.level < known.level)
    }

    fn details(&self, customer_id: CustomerId) -> Value {
        json!({"customer_id": customer_id, "level": self.level, "as_of": self.as_of})
    }
}
