//! Submitting, checking and deciding credit applications over HTTP.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::applications::{CreditApplicationView, view};
use crate::applications::app::effects::Whole;
use crate::applications::app::{applications as app, checks};
use crate::applications::domain::checks::{CheckOutcome, CheckResult, Route};
use crate::applications::store::applications::{self as store, ApplicationRow, ChecksRow};
use crate::approvals::app::lifecycle;
use crate::auth::scopes;
use crate::error::{Error, OrInternal};
use crate::platform::http::Reply;
use crate::platform::http::answers::{Computed, Resource};
use crate::platform::http::bodies::{Approve, NoDetails, NumberView, TurnDown};
use crate::platform::http::command::{Honoured, IfMatch, KeyedAction, KeyedCommand, OfDecision};
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::PathId;
use crate::platform::http::types::{Amount, Text};
use crate::rules::domain::credit_policies::CheckName;
use crate::values::currency::Currency;
use crate::values::ids::{ApplicationEntity, ApplicationId, CaseId};

/// The result of one check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalCheck, example = json!({
    "check": "concentration", "outcome": "warn", "detail": "The total of the group is a large share of net capital.",
    "detail_zh": "集团授信总额占净资本比例较高。",
    "numbers": [{"name": "total_after", "value": "1200000.00"}, {"name": "net_capital", "value": "10000000.00"},
        {"name": "share", "value": "12.00"}],
}))]
pub struct CheckView {
    /// Which check.
    pub check: CheckName,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// In words, in English.
    #[schema(max_length = 500, pattern = "^[^\\u0000]*$")]
    pub detail: String,
    /// In words, in Chinese.
    #[schema(max_length = 500, pattern = "^[^\\u0000]*$")]
    pub detail_zh: String,
    /// The numbers behind it: amounts in the company's currency, shares in percent.
    #[schema(max_items = 20)]
    pub numbers: Vec<NumberView>,
}

/// What is granted after an application, with everything that was open: amounts in the company's
/// currency, null without a limit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GrantedAfter, example = json!({
    "line": "500000.00", "customer": "900000.00", "group": "1400000.00", "pending": [],
}))]
pub struct WholeView {
    /// By the line it is about.
    #[schema(required = true)]
    pub line: Option<Amount>,
    /// To the customer; in a group, to whom most is granted.
    #[schema(required = true)]
    pub customer: Option<Amount>,
    /// To the group with all its members; to the customer where it is in none.
    #[schema(required = true)]
    pub group: Option<Amount>,
    /// Open applications that count in.
    #[schema(max_items = 1000)]
    pub pending: Vec<ApplicationId>,
}

impl From<Whole> for WholeView {
    fn from(whole: Whole) -> Self {
        let amount = |minor: i64| Amount::of(minor, Currency::COMPANY);
        Self {
            line: whole.line_minor.map(amount),
            customer: whole.customer_minor.map(amount),
            group: whole.group_minor.map(amount),
            pending: whole.pending,
        }
    }
}

/// When and why checks were run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalCheckRun)]
pub struct CheckRunView {
    /// Counts the runs that were kept; null for a preview.
    #[schema(required = true)]
    pub run_number: Option<i32>,
    /// `submission`, `approval`, or `preview`.
    #[schema(max_length = 20, pattern = "^[a-z]+$")]
    pub stage: String,
    /// Version of the credit policy; 0 for the built-in one.
    pub policy_version: i32,
    /// Instant.
    pub run_at: DateTime<Utc>,
    /// Whether more becomes usable by the application; what does not has no checks. Null in runs of
    /// earlier releases.
    #[schema(required = true)]
    pub raises: Option<bool>,
    /// What is granted after it, which decides who decides. Null in runs of earlier releases.
    #[schema(required = true)]
    pub measured: Option<WholeView>,
    /// Where they lead: `ordinary`, `exceptional` or `refused`; null for runs that were kept.
    #[schema(required = true, max_length = 20, pattern = "^[a-z]+$")]
    pub route: Option<&'static str>,
    /// Every result.
    #[schema(max_items = 50)]
    pub results: Vec<CheckView>,
}

/// The checks of an application: those that were kept, and how they come out now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalCheckReport, example = json!({
    "now": {"run_number": null, "stage": "preview", "policy_version": 0, "run_at": "2026-01-05T02:00:00Z", "raises": true,
        "measured": {"line": "500000.00", "customer": "500000.00", "group": "500000.00", "pending": []}, "route": "ordinary", "results": []},
    "kept": [],
}))]
pub struct CheckReportView {
    /// How they come out now.
    pub now: CheckRunView,
    /// Those that were kept, the latest first.
    #[schema(max_items = 100)]
    pub kept: Vec<CheckRunView>,
}

/// The approval that an application waits for, or waited for last.
fn approval_of(row: &ApplicationRow) -> Option<CaseId> {
    row.case_id
}

fn check_view(result: CheckResult) -> CheckView {
    CheckView {
        check: result.check,
        outcome: result.outcome,
        detail: result.detail_en,
        detail_zh: result.detail_zh,
        numbers: result
            .numbers
            .into_iter()
            .map(|(name, value)| NumberView {
                name,
                value: Text(value),
            })
            .collect(),
    }
}

fn kept_view(row: ChecksRow) -> Result<CheckRunView, Error> {
    let results: Vec<CheckResult> = serde_json::from_value(row.results).or_internal()?;
    Ok(CheckRunView {
        run_number: Some(row.run_number),
        stage: row.stage,
        policy_version: row.policy_version,
        run_at: row.run_at,
        raises: row.raises,
        measured: match row.measured {
            Some(stored) => Some(
                serde_json::from_value::<Whole>(stored)
                    .or_internal()?
                    .into(),
            ),
            None => None,
        },
        route: None,
        results: results.into_iter().map(check_view).collect(),
    })
}

/// Read the checks of a credit application
///
/// How every check comes out now, without keeping it, and what was kept when the application was
/// submitted and approved. Whoever may decide the application reads them too.
#[utoipa::path(
    get,
    path = "/v1/credit-applications/{application_id}/checks",
    tag = "credit-applications",
    operation_id = "getCreditApplicationChecks"
)]
pub async fn checks(
    guard: Require<scopes::CreditApplicationsRead>,
    id: PathId<ApplicationEntity>,
) -> Result<Computed<CheckReportView>, Error> {
    guard
        .read_snapshot(move |reader| {
            let row: ApplicationRow = lifecycle::readable(reader, id.0)?;
            let now = checks::run(reader, &row)?;
            let kept = store::checks(reader.connection, id.0)?;
            Ok(Computed(CheckReportView {
                now: CheckRunView {
                    run_number: None,
                    stage: "preview".to_owned(),
                    policy_version: now.policy_version,
                    run_at: reader.now,
                    raises: Some(now.effects.raises),
                    measured: Some(now.effects.whole.into()),
                    route: Some(match now.route {
                        Route::Ordinary => "ordinary",
                        Route::Exceptional => "exceptional",
                        Route::Refused(_) => "refused",
                    }),
                    results: now.results.into_iter().map(check_view).collect(),
                },
                kept: kept.into_iter().map(kept_view).collect::<Result<_, _>>()?,
            }))
        })
        .await
}

/// Submit a credit application
///
/// It is checked, and the steps that decide it are fixed by the authority matrix of today. A
/// failed check sends it to the exceptional chain or refuses it, as the credit policy says.
/// Nobody decides what they asked for.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/submit",
    tag = "credit-applications",
    operation_id = "submitCreditApplication"
)]
pub async fn submit(
    guard: Require<scopes::CreditApplicationsWrite>,
    id: PathId<ApplicationEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<NoDetails>,
) -> Reply<Resource<CreditApplicationView>> {
    guard
        .write("credit_application.submit", command.repeatable, move |tx| {
            let seen = if_match.seen(view);
            let row = app::submit(tx, id.0, &seen)?;
            Ok(Resource(view(&mut tx.reader(), row)?))
        })
        .await
}

/// Approve a credit application
///
/// Decides the waiting step, for which its scope is needed too. After the last approval the
/// checks are run again and the application is carried out: `credit_line_id` names the line. The
/// answer is the application at every step. Four eyes: neither the requester, nor their delegates,
/// nor who decided before; `four_eyes` and `step` of the refusal say which of these it is. Who may
/// decide a later step as well names the `step` that is meant, so that nobody is spent on a lower
/// one without meaning it.
///
/// A decision is about what was read: `If-Match` carries its ETag, or `approval_id` names the
/// approval that was read. What was sent back and submitted again waits for another approval.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/approve",
    tag = "credit-applications",
    operation_id = "approveCreditApplication"
)]
pub async fn approve(
    guard: Require<scopes::CreditApplicationsApprove>,
    id: PathId<ApplicationEntity>,
    if_match: IfMatch<OfDecision>,
    command: KeyedAction<Approve>,
) -> Reply<Resource<CreditApplicationView>> {
    let (body, repeatable) = command.into_parts();
    let deciding = if_match.or_approval(body.approval_id)?;
    let verdict = body.into();
    guard
        .write("credit_application.approve", repeatable, move |tx| {
            let seen = deciding.seen(view, approval_of);
            let row = app::approve(tx, id.0, &seen, &verdict)?;
            Ok(Resource(view(&mut tx.reader(), row)?))
        })
        .await
}

/// Reject a credit application
///
/// Decides the waiting step, and with it the application. The reason is kept.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/reject",
    tag = "credit-applications",
    operation_id = "rejectCreditApplication"
)]
pub async fn reject(
    guard: Require<scopes::CreditApplicationsApprove>,
    id: PathId<ApplicationEntity>,
    if_match: IfMatch<OfDecision>,
    command: KeyedCommand<TurnDown>,
) -> Reply<Resource<CreditApplicationView>> {
    let (body, repeatable) = command.into_parts();
    let deciding = if_match.or_approval(body.approval_id)?;
    let verdict = body.into();
    guard
        .write("credit_application.reject", repeatable, move |tx| {
            let seen = deciding.seen(view, approval_of);
            let row = lifecycle::reject(tx, id.0, &seen, &verdict)?;
            Ok(Resource(view(&mut tx.reader(), row)?))
        })
        .await
}

/// Send a credit application back
///
/// Decides the waiting step: the application is a draft again, and its author is asked to change
/// it. Submitting it again opens another case with steps of its own.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/send-back",
    tag = "credit-applications",
    operation_id = "sendBackCreditApplication"
)]
pub async fn send_back(
    guard: Require<scopes::CreditApplicationsApprove>,
    id: PathId<ApplicationEntity>,
    if_match: IfMatch<OfDecision>,
    command: KeyedCommand<TurnDown>,
) -> Reply<Resource<CreditApplicationView>> {
    let (body, repeatable) = command.into_parts();
    let deciding = if_match.or_approval(body.approval_id)?;
    let verdict = body.into();
    guard
        .write("credit_application.send_back", repeatable, move |tx| {
            let seen = deciding.seen(view, approval_of);
            let row = app::send_back(tx, id.0, &seen, &verdict)?;
            Ok(Resource(view(&mut tx.reader(), row)?))
        })
        .await
}

/// Withdraw a credit application
///
/// Only who drew it up, and only until it is decided.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/withdraw",
    tag = "credit-applications",
    operation_id = "withdrawCreditApplication"
)]
pub async fn withdraw(
    guard: Require<scopes::CreditApplicationsWrite>,
    id: PathId<ApplicationEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedAction<NoDetails>,
) -> Reply<Resource<CreditApplicationView>> {
    guard
        .write(
            "credit_application.withdraw",
            command.repeatable,
            move |tx| {
                let seen = if_match.seen(view);
                let row = lifecycle::withdraw(tx, id.0, &seen)?;
                Ok(Resource(view(&mut tx.reader(), row)?))
            },
        )
        .await
}
