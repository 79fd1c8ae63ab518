//! What makes sense of expected sales, and what is told of them.

use serde_json::{Value, json};

use crate::approvals::domain::pending_changes::ChangeKind;
use crate::customers::app::dated_facts::Recordable;
use crate::error::Error;
use crate::scores::domain::events;
use crate::scores::domain::expected_sales::{self, ExpectedSales};
use crate::values::event_kinds::EventKind;
use crate::values::ids::CustomerId;

impl Recordable for ExpectedSales {
    const ACTION: &'static str = "expected_sales.record";
    const EVENT: EventKind = events::EXPECTED_SALES_RECORDED;
    const CHANGE: ChangeKind = ChangeKind::ExpectedSales;

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn loosens(&self, before: Option<&Self>) -> bool {
        expected_sales::loosens(before, self)
    }

    fn evidence(&self) -> Option<&str> {
        Some(&self.evidence)
    }

    fn details(&self, customer_id: CustomerId) -> Value {
        json!({
            "customer_id": customer_id, "amount_minor": self.amount_minor, "currency": self.currency,
            "as_of": self.as_of,
        })
    }
}
