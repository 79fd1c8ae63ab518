//! What makes sense of a score, and what is told of it.

use serde_json::{Value, json};

use crate::approvals::domain::pending_changes::ChangeKind;
use crate::customers::app::dated_facts::Recordable;
use crate::error::{Error, days};
use crate::platform::store::dated_facts::DatedFact;
use crate::platform::store::tx::Tx;
use crate::scores::domain::events;
use crate::scores::domain::scores::{self, Score};
use crate::scores::store::scores as store;
use crate::values::event_kinds::EventKind;
use crate::values::ids::CustomerId;

impl Recordable for Score {
    const ACTION: &'static str = "customer_score.record";
    const EVENT: EventKind = events::CUSTOMER_SCORE_RECORDED;
    const CHANGE: ChangeKind = ChangeKind::CustomerScore;

    fn check(&self) -> Result<(), Error> {
        days::window(
            ("scored_on", self.scored_on),
            ("valid_until", self.valid_until),
        )
    }

    fn loosens(&self, before: Option<&Self>) -> bool {
        scores::loosens(before.map(Self::facts), self.facts())
    }

    fn evidence(&self) -> Option<&str> {
        Some(&self.source)
    }

    /// The latest is kept where every decision reads it.
    fn takes_effect(&self, tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<(), Error> {
        if let Some(latest) = Self::latest(tx.connection, customer_id, tx.today)? {
            store::keep_latest(tx.connection, customer_id, latest.facts())?;
        }
        Ok(())
    }

    fn details(&self, _: CustomerId) -> Value {
        json!({"grade": self.grade, "scored_on": self.scored_on, "valid_until": self.valid_until})
    }
}
