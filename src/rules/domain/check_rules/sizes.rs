//! What rules lead to, and those about how large things may be.

use serde::{Deserialize, Serialize};

crate::text_enum! {
    /// What a rule that is not met leads to.
    pub enum RuleEffect {
        /// Somebody with authority decides.
        Refer = "refer",
        /// The order is declined.
        Decline = "decline",
    }
}

crate::text_enum! {
    /// A part of what a customer owes or has ordered.
    pub enum ExposureComponent {
        /// Everything that is outstanding, with what is asked for.
        OpenReceivables = "open_receivables",
        /// What of it is overdue.
        OverdueReceivables = "overdue_receivables",
        /// Orders that are not delivered yet, with what is asked for.
        OpenOrders = "open_orders",
    }
}

/// The largest order, alone and with what was ordered shortly before: an order is no smaller for coming
/// in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargestDocumentRule {
    /// Largest amount.
    pub amount_max_minor: i64,
    /// What a larger one leads to. One that cannot be measured, for want of a rate, is declined.
    pub effect: RuleEffect,
    /// Days back for which orders count together; with none each counts alone.
    #[serde(default = "one_day")]
    pub within_days: i32,
}

fn one_day() -> i32 {
    1
}

/// What a customer may have of each component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentLimits {
    /// Most that may be outstanding with what is asked for.
    #[serde(default)]
    pub open_receivables_max_minor: Option<i64>,
    /// Most that may be overdue.
    #[serde(default)]
    pub overdue_receivables_max_minor: Option<i64>,
    /// Most that may be on order with what is asked for.
    #[serde(default)]
    pub open_orders_max_minor: Option<i64>,
    /// What more leads to.
    pub effect: RuleEffect,
}

impl ComponentLimits {
    /// The limit of a component, if it has one.
    pub fn limit_of(&self, component: ExposureComponent) -> Option<i64> {
        match component {
            ExposureComponent::OpenReceivables => self.open_receivables_max_minor,
            ExposureComponent::OverdueReceivables => self.overdue_receivables_max_minor,
            ExposureComponent::OpenOrders => self.open_orders_max_minor,
        }
    }
}
