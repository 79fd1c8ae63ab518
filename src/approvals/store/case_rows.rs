//! Cases, steps and decisions as stored.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::approvals::domain::approvals::{CaseStatus, Decision, StepStatus};
use crate::platform::store::locking::dated;
use crate::platform::store::schema::{approval_cases, approval_decisions, approval_steps};
use crate::platform::store::telling::{About, Subject};
use crate::values::ids::CaseId;
use crate::values::organisation::OrgPath;

/// A case as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_cases)]
pub struct CaseRow {
    pub bucket: i16,
    /// Identifier.
    pub id: CaseId,
    pub kind: String,
    /// What is to be approved, as `noun/id`.
    pub subject: String,
    pub org_path: OrgPath,
    pub requested_by: String,
    pub status: CaseStatus,
    pub version: i64,
    pub requested_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// Version of the rules that gave the steps; 0 for the built-in ones.
    pub rule_set_version: i32,
    /// The rule that gave the steps.
    pub rule_name: String,
    /// What the rules were asked with.
    pub facts: Value,
    /// The step that waits, or that waited last.
    pub current_step: i16,
    /// Business date of the request.
    pub requested_on: NaiveDate,
}

dated!(CaseRow: requested_at, closed_at);

impl Subject for CaseRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, None)
    }
}

/// A step as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_steps)]
pub struct StepRow {
    pub bucket: i16,
    pub case_id: Uuid,
    /// Order, from 1.
    pub step_number: i16,
    /// Scope that may decide it.
    pub required_scope: String,
    /// Organisation the decider must stand at or above.
    pub org_path: OrgPath,
    pub status: StepStatus,
    /// Name of the step in the rule.
    pub name: String,
    pub deadline_days: Option<i32>,
    /// Instant at which it began to wait.
    pub waiting_since: Option<DateTime<Utc>>,
    /// Instant from which the escalation may decide it too.
    pub due_at: Option<DateTime<Utc>>,
    /// Scope that may decide it from then on.
    pub escalation_scope: Option<String>,
    /// Organisation the escalation must stand at or above.
    pub escalation_org_path: Option<OrgPath>,
    /// Instant at which the escalation was announced.
    pub escalated_at: Option<DateTime<Utc>>,
}

impl StepRow {
    /// Begins to wait.
    pub fn wait_from(&mut self, now: DateTime<Utc>) {
        self.waiting_since = Some(now);
        self.due_at = self
            .deadline_days
            .map(|days| now + TimeDelta::days(days.into()));
    }
}

/// A decision as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_decisions)]
pub struct DecisionRow {
    pub bucket: i16,
    pub case_id: Uuid,
    pub step_number: i16,
    pub decision: Decision,
    pub decided_by: String,
    pub comment: String,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// Principal whose authority was lent.
    pub on_behalf_of: Option<String>,
}
