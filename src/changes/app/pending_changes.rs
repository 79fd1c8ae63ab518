//! A change that waits is a case: its last approval carries it out, in the same transaction and with
//! every check of the use case again. What the use case refuses by then takes the decision with it, so
//! that the change still waits; it can be rejected or withdrawn.

use serde_json::Value;

use crate::approvals::app::lifecycle::{Case, Turn};
use crate::approvals::app::publishing;
use crate::approvals::domain::authority_rules::AuthorityRule;
use crate::approvals::domain::events;
use crate::approvals::domain::pending_changes::{
    ChangeKind, ChangeStatus, PendingChangeEntity, PendingChangeId,
};
use crate::approvals::store::pending_changes::{self as store, PendingChangeRow};
use crate::auth::scopes::{PendingChangesRead, Scope as _};
use crate::catalogue::app::{company_figures, exchange_rates, products};
use crate::customers::app::{customers, dated_facts};
use crate::error::Error;
use crate::exposure::domain::adverse_events::AdverseEvent;
use crate::platform::store::tx::{Reader, Tx};
use crate::rules::app::restrictions;
use crate::rules::domain::check_rules::{CheckRules, DunningFact};
use crate::rules::domain::credit_policies::CreditPolicy;
use crate::scores::domain::expected_sales::ExpectedSales;
use crate::scores::domain::scores::Score;
use crate::values::ids::CaseId;

impl Case for PendingChangeRow {
    type Entity = PendingChangeEntity;
    type Status = ChangeStatus;

    const READ: &'static str = PendingChangesRead::NAME;
    const NAME: (&'static str, &'static str) = ("change", "变更");
    const APPROVED: Turn<ChangeStatus> = Turn {
        next: ChangeStatus::CarriedOut,
        action: "pending_change.approve",
        kind: events::PENDING_CHANGE_CARRIED_OUT,
    };
    const REJECTED: Turn<ChangeStatus> = Turn {
        next: ChangeStatus::Rejected,
        action: "pending_change.reject",
        kind: events::PENDING_CHANGE_REJECTED,
    };
    const WITHDRAWN: Turn<ChangeStatus> = Turn {
        next: ChangeStatus::Withdrawn,
        action: "pending_change.withdraw",
        kind: events::PENDING_CHANGE_WITHDRAWN,
    };

    fn find(reader: &mut Reader<'_>, id: PendingChangeId) -> Result<Option<Self>, Error> {
        Ok(store::find(reader, id)?)
    }

    fn anywhere(reader: &mut Reader<'_>, id: PendingChangeId) -> Result<Option<Self>, Error> {
        Ok(store::anywhere(reader.connection, id)?)
    }

    fn find_locked(tx: &mut Tx<'_>, id: PendingChangeId) -> Result<Option<Self>, Error> {
        Ok(store::find_locked(tx, id)?)
    }

    fn lock(tx: &mut Tx<'_>, id: PendingChangeId) -> Result<Option<Self>, Error> {
        Ok(store::lock(tx, id)?)
    }

    fn write(&self, tx: &mut Tx<'_>, before: ChangeStatus) -> Result<bool, Error> {
        Ok(store::advance(tx.connection, self, before)?)
    }

    fn status(&self) -> ChangeStatus {
        self.status
    }

    fn stand(&mut self, next: ChangeStatus, tx: &Tx<'_>) {
        self.status = next;
        self.version += 1;
        self.updated_at = tx.now;
    }

    fn latest_case(&self) -> Option<CaseId> {
        Some(self.case_id)
    }

    fn waiting_case(&self) -> Option<CaseId> {
        Some(self.case_id)
    }

    fn details(&self) -> Value {
        PendingChangeRow::details(self)
    }

    fn carry_out(&mut self, tx: &mut Tx<'_>, _case: CaseId) -> Result<(), Error> {
        self.result = Some(carry_out(tx, self)?);
        Ok(())
    }
}

/// Does what was asked for; says what came of it, as `noun/id`.
fn carry_out(tx: &mut Tx<'_>, row: &PendingChangeRow) -> Result<String, Error> {
    match row.kind {
        ChangeKind::AuthorityRules => publishing::carry_out::<Vec<AuthorityRule>>(tx, row),
        ChangeKind::CreditPolicy => publishing::carry_out::<CreditPolicy>(tx, row),
        ChangeKind::CheckRuleSet => publishing::carry_out::<CheckRules>(tx, row),
        ChangeKind::Product => products::carry_out(tx, row),
        ChangeKind::CompanyFigure => company_figures::carry_out(tx, row),
        ChangeKind::ExchangeRates => exchange_rates::carry_out(tx, row),
        ChangeKind::CustomerScore => dated_facts::carry_out::<Score>(tx, row),
        ChangeKind::Customer => customers::carry_out(tx, row),
        ChangeKind::RestrictionEnd => restrictions::carry_out(tx, row),
        ChangeKind::DunningLevel => dated_facts::carry_out::<DunningFact>(tx, row),
        ChangeKind::ExpectedSales => dated_facts::carry_out::<ExpectedSales>(tx, row),
        ChangeKind::AdverseEvent => dated_facts::carry_out::<AdverseEvent>(tx, row),
    }
}
