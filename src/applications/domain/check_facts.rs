//! What checks look at, and what they find.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::rules::domain::credit_policies::CheckName;
use crate::scores::domain::scores::ScoreFacts;

crate::text_enum! {
    /// How a check came out.
    pub enum CheckOutcome {
        /// Nothing in the way.
        Pass = "pass",
        /// Worth knowing, and no reason to refuse.
        Warn = "warn",
        /// Needs exceptional approval, or is refused, as the policy says.
        Fail = "fail",
        /// The policy does not ask for it, or it does not apply. A missing fact is none of these: how
        /// that comes out the policy says.
        NotEvaluated = "not_evaluated",
    }
}

/// The result of one check, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Which check.
    pub check: CheckName,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// In words, in English.
    pub detail_en: String,
    /// In words, in Chinese.
    pub detail_zh: String,
    /// The numbers behind it.
    pub numbers: Vec<(String, String)>,
}

/// A document that an application refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Type, such as `business_licence`.
    pub kind: String,
    /// Where it is kept.
    pub reference: String,
    /// Last day of validity, where it has one.
    pub valid_until: Option<NaiveDate>,
}

/// The company's net capital.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetCapital {
    /// Amount; `None` when it cannot be measured for want of a rate.
    pub minor: Option<i64>,
    /// Of which day it is.
    pub as_of: NaiveDate,
}

/// What the checks look at.
#[derive(Debug, Clone)]
pub struct CheckFacts {
    /// Business date.
    pub today: NaiveDate,
    /// What the customer has after the application: the limit of the line, or the total where that is
    /// more; `None` without a limit.
    pub limit_after_minor: Option<i64>,
    /// Payment term asked for.
    pub payment_term_days: Option<i32>,
    /// Deposit share asked for, in basis points.
    pub deposit_share_bp: Option<i32>,
    /// Latest score of the customer, or of each member of the group; none of who was never scored.
    pub scores: Vec<Option<ScoreFacts>>,
    /// First business with the customer; `None` when there was none.
    pub first_business_on: Option<NaiveDate>,
    /// Whether it is about a group, which has no first business.
    pub is_group: bool,
    /// Expected sales of twelve months.
    pub expected_sales_minor: Option<i64>,
    /// The company's net capital, where it is on record.
    pub net_capital: Option<NetCapital>,
    /// Total credit of the group, or of the customer where it is in none, after the application;
    /// `None` without a limit.
    pub group_total_after_minor: Option<i64>,
    /// What is overdue; `None` when a part of it cannot be measured for want of a rate.
    pub overdue_minor: Option<i64>,
    /// Documents by reference.
    pub attachments: Vec<Attachment>,
}

/// Where the results lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The ordinary chain.
    Ordinary,
    /// The exceptional chain.
    Exceptional,
    /// Nowhere: these checks refuse.
    Refused(Vec<CheckName>),
}
