//! Approval cases over HTTP: what waits for whom, what was decided, and which steps a case would
//! need. Deciding is done on what the case is about.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::app::approvals::decider;
use crate::approvals::app::authority_rules;
use crate::approvals::domain::approvals::{CaseStatus, Decision, StepStatus};
use crate::approvals::domain::authority_rules::CaseSubject;
use crate::approvals::store::approvals::{
    self as store, CaseFilter, CaseRow, DecisionRow, Role, StepRow,
};
use crate::auth::scopes;
use crate::error::{Error, OrInternal};
use crate::platform::http::answers::{Computed, Listing, Resource};
use crate::platform::http::command::Query;
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::ids::{CaseEntity, CaseId};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page, resource};

crate::text_enum! {
    /// Whose cases a listing shows.
    pub enum ApprovalRole {
        /// Those the caller could decide now, by own or lent authority.
        WaitingForMe = "waiting_for_me",
        /// Those the caller decided a step of.
        DecidedByMe = "decided_by_me",
        /// Those the caller asked for.
        AskedByMe = "asked_by_me",
    }
}

/// A decision on a step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalDecision)]
pub struct DecisionView {
    /// What was decided.
    pub decision: Decision,
    /// By whom: issuer and subject.
    pub decided_by: Principal,
    /// Whose authority was used, when it was lent.
    #[schema(required = true)]
    pub on_behalf_of: Option<Principal>,
    /// Comment or reason.
    #[schema(max_length = 1000, pattern = "^[^\\u0000]*$")]
    pub comment: String,
    /// Instant.
    pub decided_at: DateTime<Utc>,
}

/// A step of a case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalStep)]
pub struct StepView {
    /// Order, from 1.
    pub number: i16,
    /// Name of the step in the rule.
    #[schema(max_length = 60, pattern = "^[a-z0-9_]+$")]
    pub name: String,
    /// Scope that decides it.
    #[schema(max_length = 60, pattern = "^[a-z:-]+$")]
    pub required_scope: String,
    /// Organisation the decider must stand at or above.
    pub org_path: OrgPath,
    /// Where it stands.
    pub status: StepStatus,
    /// Since when it has waited; null while an earlier step waits.
    #[schema(required = true)]
    pub waiting_since: Option<DateTime<Utc>>,
    /// Instant from which the escalation may decide it too.
    #[schema(required = true)]
    pub due_at: Option<DateTime<Utc>>,
    /// Scope of the escalation.
    #[schema(required = true, max_length = 60, pattern = "^[a-z:-]+$")]
    pub escalation_scope: Option<String>,
    /// Whether the escalation may decide it now.
    pub escalated: bool,
    /// The decision, once there is one.
    #[schema(required = true)]
    pub decision: Option<DecisionView>,
}

/// An approval case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "kind": "credit_application",
    "subject": "credit_application/01940c9e-7a3b-7d2c-8f00-3b9aca001234", "org_path": "head-office/east/shanghai",
    "requested_by": "https://issuer.internal.test|ann", "status": "pending", "rule_set_version": 0, "rule": "branch",
    "action": "open", "product": "goods_on_credit", "grade": null, "data_class": null, "amount": "500000.00",
    "currency": "CNY", "related_party": false, "exceptional": false, "current_step": 1,
    "steps": [{"number": 1, "name": "branch", "required_scope": "approvals:decide:branch",
        "org_path": "head-office/east/shanghai", "status": "pending", "waiting_since": "2026-01-05T02:00:00Z",
        "due_at": "2026-01-08T02:00:00Z", "escalation_scope": "approvals:decide:head-office", "escalated": false,
        "decision": null}],
    "version": 1, "requested_at": "2026-01-05T02:00:00Z", "closed_at": null,
}))]
pub struct ApprovalView {
    /// Identifier.
    pub id: CaseId,
    /// Kind of request.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub kind: String,
    /// What is to be approved, as `noun/id`.
    #[schema(max_length = 200, pattern = "^[a-z_]+/.+$")]
    pub subject: String,
    /// Organisation it belongs to.
    pub org_path: OrgPath,
    /// Who asked: issuer and subject.
    pub requested_by: Principal,
    /// Where it stands.
    pub status: CaseStatus,
    /// Version of the authority matrix that gave the steps; 0 for the built-in one.
    pub rule_set_version: i32,
    /// The rule that gave the steps.
    #[schema(max_length = 60, pattern = "^[a-z0-9_]+$")]
    pub rule: String,
    /// What is asked for.
    #[schema(required = true)]
    pub action: Option<Text<60>>,
    /// Product it is about.
    #[schema(required = true)]
    pub product: Option<Text<60>>,
    /// Grade of the customer at the time, of a group its weakest member's; `ungraded` without a valid one.
    #[schema(required = true)]
    pub grade: Option<Text<20>>,
    /// Class of data it is about.
    #[schema(required = true)]
    pub data_class: Option<Text<60>>,
    /// Amount in the company's currency; null without a limit.
    #[schema(required = true)]
    pub amount: Option<Amount>,
    /// The company's currency.
    pub currency: Currency,
    /// Whether the customer is related to the company.
    pub related_party: bool,
    /// Whether it needs exceptional approval.
    pub exceptional: bool,
    /// The step that waits, or that waited last.
    pub current_step: i16,
    /// Every step, in order.
    #[schema(max_items = 5)]
    pub steps: Vec<StepView>,
    /// Version.
    pub version: i64,
    /// Instant of the request.
    pub requested_at: DateTime<Utc>,
    /// Instant of the last decision or of the withdrawal.
    #[schema(required = true)]
    pub closed_at: Option<DateTime<Utc>>,
}

resource! { ApprovalView { id } at "/v1/approvals/{id}" }

page! {
    /// A page of approval cases.
    ApprovalPage of ApprovalView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListApprovals {
        /// Whose; everything the caller may know of when left out.
        role: ApprovalRole,
        /// Kind of request.
        kind: Text<60>,
        /// Where it stands.
        status: CaseStatus,
        /// What is to be approved, as `noun/id`.
        subject: Text<200>,
    }
}

/// A case that somebody thinks of opening.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "credit_application", "action": "open", "product": "goods_on_credit", "amount": "1500000.00",
    "org_path": "head-office/east/shanghai",
}))]
pub struct SimulateApproval {
    /// Kind of request.
    pub kind: Text<60>,
    /// What is asked for.
    #[serde(default)]
    pub action: Option<Text<60>>,
    /// Product.
    #[serde(default)]
    pub product: Option<Text<60>>,
    /// Grade of the customer; `ungraded` when left out.
    #[serde(default)]
    pub grade: Option<Text<20>>,
    /// Class of data.
    #[serde(default)]
    pub data_class: Option<Text<60>>,
    /// Amount in the company's currency; without a limit when left out.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// Whether the customer is related to the company.
    #[serde(default)]
    pub related_party: bool,
    /// Whether a check failed that needs exceptional approval.
    #[serde(default)]
    pub exceptional: bool,
    /// Organisation of the case; the caller's own when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, pattern = "^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$", example = "head-office/east")]
    pub org_path: Option<OrgPath>,
}

/// A step that a case would need.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlannedApprovalStep)]
pub struct PlannedStepView {
    /// Name of the step in the rule.
    #[schema(max_length = 60, pattern = "^[a-z0-9_]+$")]
    pub name: String,
    /// Scope that decides it.
    #[schema(max_length = 60, pattern = "^[a-z:-]+$")]
    pub required_scope: String,
    /// Organisation the decider must stand at or above.
    pub org_path: OrgPath,
    /// Days it may wait before it is escalated.
    #[schema(required = true)]
    pub deadline_days: Option<i32>,
    /// Scope of the escalation.
    #[schema(required = true, max_length = 60, pattern = "^[a-z:-]+$")]
    pub escalation_scope: Option<String>,
}

/// The steps that a case would need today.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalSimulation, example = json!({
    "rule_set_version": 0, "rule": "head_office",
    "steps": [{"name": "head_office", "required_scope": "approvals:decide:head-office", "org_path": "head-office",
        "deadline_days": 5, "escalation_scope": "approvals:decide:executive"}],
}))]
pub struct ApprovalSimulationView {
    /// Version of the authority matrix; 0 for the built-in one.
    pub rule_set_version: i32,
    /// The rule that gives the steps.
    #[schema(max_length = 60, pattern = "^[a-z0-9_]+$")]
    pub rule: String,
    /// The steps, in order.
    #[schema(max_items = 5)]
    pub steps: Vec<PlannedStepView>,
}

fn views(reader: &mut Reader<'_>, cases: Vec<CaseRow>) -> Result<Vec<ApprovalView>, Error> {
    let steps = store::steps_of(reader.connection, &cases)?;
    let decisions = store::decisions_of(reader.connection, &cases)?;
    let now = reader.now;
    cases
        .into_iter()
        .map(|case| view(case, &steps, &decisions, now))
        .collect()
}

fn view(
    case: CaseRow,
    steps: &[StepRow],
    decisions: &[DecisionRow],
    now: DateTime<Utc>,
) -> Result<ApprovalView, Error> {
    let facts: CaseSubject = serde_json::from_value(case.facts).or_internal()?;
    let own = steps
        .iter()
        .filter(|step| step.case_id == case.id.uuid())
        .map(|step| {
            let decision = decisions
                .iter()
                .find(|one| one.case_id == step.case_id && one.step_number == step.step_number);
            StepView {
                number: step.step_number,
                name: step.name.clone(),
                required_scope: step.required_scope.clone(),
                org_path: step.org_path.clone(),
                status: step.status,
                waiting_since: step.waiting_since,
                due_at: step.due_at,
                escalation_scope: step.escalation_scope.clone(),
                escalated: step.status == StepStatus::Pending
                    && case.status == CaseStatus::Pending
                    && step.escalation_scope.is_some()
                    && step.due_at.is_some_and(|due| due <= now),
                decision: decision.map(|one| DecisionView {
                    decision: one.decision,
                    decided_by: Principal(one.decided_by.clone()),
                    on_behalf_of: one.on_behalf_of.clone().map(Principal),
                    comment: one.comment.clone(),
                    decided_at: one.decided_at,
                }),
            }
        })
        .collect();
    Ok(ApprovalView {
        id: case.id,
        kind: case.kind,
        subject: case.subject,
        org_path: case.org_path,
        requested_by: Principal(case.requested_by),
        status: case.status,
        rule_set_version: case.rule_set_version,
        rule: case.rule_name,
        action: facts.action.map(Text),
        product: facts.product.map(Text),
        grade: facts.grade.map(Text),
        data_class: facts.data_class.map(Text),
        amount: in_company_currency(facts.amount_minor),
        currency: Currency::COMPANY,
        related_party: facts.related_party,
        exceptional: facts.exceptional,
        current_step: case.current_step,
        steps: own,
        version: case.version,
        requested_at: case.requested_at,
        closed_at: case.closed_at,
    })
}

/// An amount as rules see it; the largest number stands for "without a limit".
fn in_company_currency(minor: i64) -> Option<Amount> {
    (minor != i64::MAX).then(|| Amount::of(minor, Currency::COMPANY))
}

/// List approvals
///
/// Newest first: what waits for the caller, what the caller decided or asked for, or everything
/// the caller may know of.
#[utoipa::path(
    get,
    path = "/v1/approvals",
    tag = "approvals",
    operation_id = "listApprovals"
)]
pub async fn list(
    guard: Require<scopes::ApprovalsRead>,
    parameters: Parameters<ListApprovals>,
) -> Result<Listing<ApprovalPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListApprovals, after, limit| {
        let filter = CaseFilter {
            role: match values.role {
                None => Role::Visible,
                Some(ApprovalRole::WaitingForMe) => Role::WaitingForMe,
                Some(ApprovalRole::DecidedByMe) => Role::DecidedByMe,
                Some(ApprovalRole::AskedByMe) => Role::AskedByMe,
            },
            kind: values.kind.clone().map(|kind| kind.0),
            status: values.status,
            subject: values.subject.clone().map(|subject| subject.0),
        };
        let who = decider(reader)?;
        let moment = (reader.now, reader.today);
        let cases = store::list(reader.connection, &filter, &who, moment, after, limit)?;
        views(reader, cases)
    };
    listing(&guard, parameters, load, |view: &ApprovalView| view.id).await
}

/// Read an approval
///
/// With every step, who may decide it, and what was decided.
#[utoipa::path(
    get,
    path = "/v1/approvals/{approval_id}",
    tag = "approvals",
    operation_id = "getApproval"
)]
pub async fn get(
    guard: Require<scopes::ApprovalsRead>,
    id: PathId<CaseEntity>,
) -> Result<Resource<ApprovalView>, Error> {
    guard
        .read_snapshot(move |reader| {
            let who = decider(reader)?;
            let case = store::find(reader.connection, id.0, &who)?.ok_or_else(Error::not_found)?;
            views(reader, vec![case])?
                .pop()
                .map(Resource)
                .ok_or_else(|| Error::internal("a case that was just read is gone"))
        })
        .await
}

/// Simulate an approval
///
/// Which steps a case would need by the authority matrix of today. Opens nothing.
#[utoipa::path(
    post,
    path = "/v1/approval-simulations",
    tag = "approvals",
    operation_id = "simulateApproval"
)]
pub async fn simulate(
    guard: Require<scopes::ApprovalsRead>,
    query: Query<SimulateApproval>,
) -> Result<Computed<ApprovalSimulationView>, Error> {
    let body = query.body;
    let amount_minor = match &body.amount {
        Some(amount) => amount.in_currency(Currency::COMPANY, "amount")?.minor(),
        None => i64::MAX,
    };
    guard
        .read(move |reader| {
            let subject = CaseSubject {
                kind: body.kind.0.clone(),
                action: body.action.clone().map(|text| text.0),
                product: body.product.clone().map(|text| text.0),
                grade: body.grade.clone().map(|text| text.0),
                data_class: body.data_class.clone().map(|text| text.0),
                amount_minor,
                related_party: body.related_party,
                exceptional: body.exceptional,
                org_path: body
                    .org_path
                    .clone()
                    .unwrap_or_else(|| reader.actor.org_path.clone()),
            };
            let chain = authority_rules::chain(reader, &subject)?;
            Ok(Computed(ApprovalSimulationView {
                rule_set_version: chain.version,
                rule: chain.rule,
                steps: chain
                    .steps
                    .into_iter()
                    .map(|step| PlannedStepView {
                        name: step.name,
                        required_scope: step.competence.scope,
                        org_path: step.competence.org_path.clone(),
                        deadline_days: step.deadline_days,
                        escalation_scope: step.escalation.map(|one| one.scope),
                    })
                    .collect(),
            }))
        })
        .await
}
