//! What an application is to those who decide: the turns it takes, what is checked once more when it
//! is approved, and what that opens or changes.

use serde_json::{Value, json};

use super::checks::{self, Checked};
use super::effects;
use crate::applications::domain::applications::{ApplicationStatus, effective};
use crate::applications::domain::checks::Route;
use crate::applications::domain::events;
use crate::applications::store::applications::{self as store, ApplicationRow};
use crate::approvals::app::lifecycle::{self, Case, Turn};
use crate::approvals::domain::authority_rules::CaseSubject;
use crate::approvals::store::pending_changes;
use crate::auth::scopes::{CreditApplicationsRead, Scope};
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::app::groups::{self, NewMember};
use crate::exposure::app::lines::{self as credit_lines, ChangedLine, NewLine};
use crate::exposure::domain::line_terms::ApplicationAction;
use crate::exposure::store::lines::LineRow;
use crate::exposure::store::parties;
use crate::platform::store::dated_facts::DatedFact;
use crate::platform::store::tx::{Reader, Tx};
use crate::scores::domain::expected_sales::ExpectedSales;
use crate::scores::domain::scores::Score;
use crate::values::ids::{ApplicationEntity, ApplicationId, CaseId};

/// Kind of the approval cases of applications.
pub const KIND: &str = "credit_application";

/// It is submitted.
pub(super) const SUBMITTED: Turn<ApplicationStatus> = Turn {
    next: ApplicationStatus::Submitted,
    action: "credit_application.submit",
    kind: events::CREDIT_APPLICATION_SUBMITTED,
};

/// Its author is asked to change it.
pub(super) const SENT_BACK: Turn<ApplicationStatus> = Turn {
    next: ApplicationStatus::Draft,
    action: "credit_application.send_back",
    kind: events::CREDIT_APPLICATION_SENT_BACK,
};

impl Case for ApplicationRow {
    type Entity = ApplicationEntity;
    type Status = ApplicationStatus;

    const READ: &'static str = CreditApplicationsRead::NAME;
    const NAME: (&'static str, &'static str) = ("application", "申请");
    const APPROVED: Turn<ApplicationStatus> = Turn {
        next: ApplicationStatus::Approved,
        action: "credit_application.approve",
        kind: events::CREDIT_APPLICATION_APPROVED,
    };
    const REJECTED: Turn<ApplicationStatus> = Turn {
        next: ApplicationStatus::Rejected,
        action: "credit_application.reject",
        kind: events::CREDIT_APPLICATION_REJECTED,
    };
    const WITHDRAWN: Turn<ApplicationStatus> = Turn {
        next: ApplicationStatus::Withdrawn,
        action: "credit_application.withdraw",
        kind: events::CREDIT_APPLICATION_WITHDRAWN,
    };

    fn find(reader: &mut Reader<'_>, id: ApplicationId) -> Result<Option<Self>, Error> {
        Ok(store::find(reader, id)?)
    }

    fn anywhere(reader: &mut Reader<'_>, id: ApplicationId) -> Result<Option<Self>, Error> {
        Ok(store::anywhere(reader.connection, id)?)
    }

    fn find_locked(tx: &mut Tx<'_>, id: ApplicationId) -> Result<Option<Self>, Error> {
        Ok(store::find_locked(tx, id)?)
    }

    fn lock(tx: &mut Tx<'_>, id: ApplicationId) -> Result<Option<Self>, Error> {
        Ok(store::lock(tx, id)?)
    }

    fn write(&self, tx: &mut Tx<'_>, before: ApplicationStatus) -> Result<bool, Error> {
        Ok(store::advance(tx.connection, self, before)?)
    }

    fn status(&self) -> ApplicationStatus {
        self.status
    }

    fn stand(&mut self, next: ApplicationStatus, tx: &Tx<'_>) {
        self.status = next;
        self.version += 1;
        self.updated_at = tx.now;
    }

    fn latest_case(&self) -> Option<CaseId> {
        self.case_id
    }

    /// A draft that was sent back still names the case that did so.
    fn waiting_case(&self) -> Option<CaseId> {
        let waits = self.status == ApplicationStatus::Submitted;
        self.case_id.filter(|_| waits)
    }

    fn details(&self) -> Value {
        json!({
            "customer_id": self.customer_id, "group_id": self.group_id, "action": self.action.as_str(),
            "product": self.product, "currency": self.currency, "amount_minor": self.amount_minor,
            "status": self.status.as_str(), "credit_line_id": self.credit_line_id, "approval_id": self.case_id,
            "exceptional": self.exceptional,
        })
    }

    /// The line or the group is changed, if the checks still allow it.
    fn carry_out(&mut self, tx: &mut Tx<'_>, case: CaseId) -> Result<(), Error> {
        check_again(tx, self, case)?;
        self.credit_line_id = carry_out(tx, self)?.map(|line| line.id);
        Ok(())
    }

    fn makers(&self, tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
        let about = checks::customers_of(&mut tx.reader(), self)?;
        let mut makers = Score::makers_of(tx.connection, &about, tx.today)?;
        makers.extend(ExpectedSales::makers_of(tx.connection, &about, tx.today)?);
        makers.extend(pending_changes::makers_of(tx.connection, &about)?);
        Ok(makers)
    }

    fn may_be_withdrawn(&self, tx: &Tx<'_>) -> Result<(), Error> {
        only_by_its_author(tx, self)
    }
}

pub(super) fn only_by_its_author(tx: &Tx<'_>, row: &ApplicationRow) -> Result<(), Error> {
    if row.requested_by == tx.actor.principal {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::FourEyesRequired)
        .because(
            "Only who drew up an application may change, submit or withdraw it.",
            "只有申请人本人可以修改、提交或撤回申请。",
        )
        .into())
}

/// Whether others than the applicant made the facts that it relies on.
pub(super) fn with_facts_of_others(tx: &mut Tx<'_>, row: &ApplicationRow) -> Result<(), Error> {
    if !row.makers(tx)?.contains(&tx.actor.principal) {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::FourEyesRequired)
        .because(
            "Who made the facts about a customer does not apply with them.",
            "制作依据者不得据以申请。",
        )
        .into())
}

/// What the authority matrix is asked about.
pub(super) fn subject(
    tx: &mut Tx<'_>,
    row: &ApplicationRow,
    checked: &Checked,
) -> Result<CaseSubject, Error> {
    let about = checks::customers_of(&mut tx.reader(), row)?;
    let related_party = parties::is_related_party(tx.connection, &about)?;
    Ok(CaseSubject {
        kind: KIND.to_owned(),
        action: Some(
            effective(row.action, checked.effects.is_more())
                .as_str()
                .to_owned(),
        ),
        product: row.product.clone().map(String::from),
        grade: Some(checked.rating.as_str().to_owned()),
        data_class: None,
        // An admission is about an exception, not about a sum: nothing small enough for a lower chain.
        amount_minor: match row.action {
            ApplicationAction::AdmitMember => i64::MAX,
            _ => checked.effects.whole.most_minor().unwrap_or(i64::MAX),
        },
        related_party,
        exceptional: row.exceptional,
        org_path: row.org_path.clone(),
    })
}

/// Checks once more what was asked for, and by whom it has to be decided.
fn check_again(tx: &mut Tx<'_>, row: &ApplicationRow, case: CaseId) -> Result<(), Error> {
    if row.valid_until.is_some_and(|last| last < tx.today) {
        return Err(Problem::new(ProblemCode::ApplicationOutdated)
            .because("The period it asks for has passed.", "所申请的期间已过。")
            .into());
    }
    effects::hold(tx, row)?;
    if let (Some(line_id), Some(version)) = (row.credit_line_id, row.line_version) {
        credit_lines::expect_terms(tx, line_id, version)?;
    }
    let checked = checks::run(&mut tx.reader(), row)?;
    if checked.effects.breaks && !row.exceptional {
        return Err(Problem::new(ProblemCode::ApprovalChecksChanged)
            .because(
                "The ceiling of the group would be exceeded by it, and was not when it was submitted.",
                "集团额度将被突破，而提交时并未突破。",
            )
            .into());
    }
    if !checked.effects.is_more() {
        return Ok(());
    }
    match checked.route {
        Route::Ordinary => {}
        Route::Exceptional if row.exceptional => {}
        Route::Exceptional | Route::Refused(_) => {
            return Err(checks::problem(
                ProblemCode::ApprovalChecksChanged,
                &checked.results,
            ));
        }
    }
    let facts = subject(tx, row, &checked)?;
    lifecycle::still_decided_by(tx, case, &facts)?;
    match checked.effects.raises {
        true => checks::keep(tx, row.id, "approval", &checked),
        false => Ok(()),
    }
}

/// Does what an approved application asks for.
fn carry_out(tx: &mut Tx<'_>, row: &ApplicationRow) -> Result<Option<LineRow>, Error> {
    match (row.action, row.group_id, row.member_customer_id) {
        (ApplicationAction::Open, _, _) => {
            let new = NewLine {
                application_id: row.id,
                customer_id: row.customer_id,
                group_id: row.group_id,
                org_path: row.org_path.clone(),
                product: row.product.clone(),
                currency: row.currency,
                asked: row.asked(),
                reason: row.purpose.clone().unwrap_or_default(),
                requested_by: row.requested_by.clone(),
            };
            credit_lines::open(tx, new).map(Some)
        }
        (ApplicationAction::AdmitMember, Some(group_id), Some(customer_id)) => {
            let new = NewMember {
                customer_id,
                from: row.valid_from.unwrap_or(tx.today),
                evidence: row.purpose.clone(),
            };
            groups::admit(tx, group_id, &new)?;
            Ok(None)
        }
        (ApplicationAction::ReleaseMember, Some(group_id), Some(customer_id)) => {
            groups::release(tx, group_id, customer_id, row.purpose.clone())?;
            Ok(None)
        }
        (ApplicationAction::ChangeMode, Some(group_id), _) => {
            let mode = store::limit_mode(tx.connection, row.id)?;
            let (Some(mode), Some(submitted)) = (mode, row.line_version) else {
                return Err(Error::internal("an application for no mode"));
            };
            groups::set_mode(tx, group_id, submitted, mode)?;
            Ok(None)
        }
        _ => {
            let (Some(line_id), Some(submitted)) = (row.credit_line_id, row.line_version) else {
                return Err(Error::internal("an application that is about no line"));
            };
            let changed = ChangedLine {
                application_id: row.id,
                customer_id: row.customer_id,
                group_id: row.group_id,
                line_id,
                version: submitted,
                action: row.action,
                asked: row.asked(),
                reason: row.purpose.clone().unwrap_or_default(),
            };
            credit_lines::carry_out(tx, &changed).map(Some)
        }
    }
}
