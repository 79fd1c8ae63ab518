//! What the credit decision looks at.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::lines::LineFacts;
use crate::catalogue::domain::counted::{Claim, Exposure, Uncounted};
use crate::catalogue::domain::exchange_rates::Rates;
use crate::customers::domain::customers::CustomerStatus;
use crate::rules::domain::check_rules::{OrderTerms, Standing};
use crate::values::ids::LineId;

/// Everything the decision looks at, loaded under lock for a reservation.
#[derive(Debug, Clone)]
pub struct ExposureFacts {
    /// Status of the customer; `None` when there is none the caller may know of.
    pub customer: Option<CustomerStatus>,
    /// Whether the product is offered; `None` when there is no such product.
    pub product_active: Option<bool>,
    /// Lines of the customer for the product, its unified limit, and its group.
    pub lines: Vec<LineFacts>,
    /// Rates of the day from the currency of the request into those of the lines.
    pub rates: Rates,
    /// Business date of the decision.
    pub today: NaiveDate,
    /// Where the customer stands, as far as the rule set in force asks.
    pub standing: Standing,
    /// What the order brings along.
    pub order: OrderTerms,
    /// What lines are asked for, where that is not what is claimed: of business that counts already.
    pub asked: BTreeMap<LineId, Result<Exposure, Uncounted>>,
    /// What the whole order is worth, and what secures it; `None` for what is a fact already.
    pub secured: Option<Claim>,
    /// Share of an order that a deposit has to secure where the line of the product does not say, in
    /// basis points.
    pub product_share_bp: Option<i32>,
}
