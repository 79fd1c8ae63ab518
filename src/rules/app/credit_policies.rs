//! The credit policy as a document.

use crate::approvals::app::publishing::Confirmed;
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::error::Bilingual;
use crate::platform::store::documents::{Document, in_range};
use crate::rules::domain::credit_policies::CreditPolicy;
use crate::rules::domain::events;
use crate::values::event_kinds::EventKind;

impl Confirmed for CreditPolicy {
    const KIND: ChangeKind = ChangeKind::CreditPolicy;
}

impl Document for CreditPolicy {
    const NOUN: &'static str = "credit_policies";
    const ACTION: &'static str = "credit_policy.publish";
    const EVENT: EventKind = events::CREDIT_POLICY_PUBLISHED;

    fn built_in() -> Option<Self> {
        Some(Self::default())
    }

    fn check(&self) -> Result<(), (String, Bilingual)> {
        in_range(self.out_of_range())
    }
}
