//! Referring an order to somebody with authority, and the release that lets it through once (X5).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::checks::{Asked, shippable};
use super::ledger::Ledger;
use super::ledger::request::Request;
use super::ledger::worth::Amending;
use super::refusing::refused_by;
use super::reservations::reusing::reference_reused;
use crate::approvals::app::approvals;
use crate::approvals::app::lifecycle::{self, Case, Turn};
use crate::approvals::domain::authority_rules::CaseSubject;
use crate::approvals::store::pending_changes;
use crate::auth::scopes::{ReferralsRead, Scope};
use crate::catalogue::app::exchange_rates as rates;
use crate::catalogue::domain::products::ProductCode;
use crate::customers::store::customers;
use crate::error::{Error, OrInternal, Reason};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::assessment::{Assessment, CreditDecision};
use crate::exposure::domain::events;
use crate::exposure::domain::referrals::{Passing, ReferralStatus, Release, amount_max_minor};
use crate::exposure::store::referrals::{self as store, ReferralRow};
use crate::exposure::store::{groups, parties as loads, receivables, reservations};
use crate::platform::store::dated_facts::DatedFact;
use crate::platform::store::tx::{Reader, Tx};
use crate::rules::app::check_rules;
use crate::rules::domain::check_rules::OrderTerms;
use crate::scores::domain::scores::{Rating, Score};
use crate::values::ids::{CaseId, CustomerId, ReferralEntity, ReferralId, ReservationId};
use crate::values::money::Money;
use crate::values::organisation::OrgPath;
use crate::values::text_keys::compared;

/// Kind of the approval cases.
pub const KIND: &str = "referral";

/// An order to be referred.
#[derive(Debug, Clone)]
pub struct NewReferral {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Amount and what secures it.
    pub asked: Asked,
    /// The caller's own reference of the order.
    pub reference: String,
    /// What it brings along.
    pub order: OrderTerms,
    /// Why it should be let through.
    pub reason: String,
}

/// Opens a case about an order that the check refers. Where the order is reserved already, the
/// amount is what it is to be worth, and the check is about what that is more.
///
/// # Errors
/// 409 when the check approves it, 422 with every reason when it declines it, 422 when no rule
/// says who decides. Where the order is reserved already, 409 when that is resolved or expired and
/// when it is about something else.
pub fn request(tx: &mut Tx<'_>, new: &NewReferral) -> Result<ReferralRow, Error> {
    shippable(&new.order, tx.today)?;
    let assessment = assess(tx, new)?;
    match assessment.decision() {
        CreditDecision::Approved => return Err(ProblemCode::ReferralNotNeeded.into()),
        CreditDecision::Declined => return Err(refused_by(&assessment)),
        CreditDecision::Referred => {}
    }
    let mut reader = tx.reader();
    let (_, organisation) = customers::status_and_organisation(&mut reader, new.customer_id)?
        .ok_or_else(Error::not_found)?;
    let set = check_rules::in_force(&mut reader)?
        .rule_set
        .ok_or_else(|| Error::internal("referred without a rule set"))?;
    let id: ReferralId = tx.mint(new.customer_id.bucket())?;
    let amount = new.asked.amount;
    let most = Money::new(
        amount_max_minor(amount.minor(), set.rules.release_tolerance_bp),
        amount.currency(),
    )
    .or_internal()?;
    let about = About {
        customer_id: new.customer_id,
        product: &new.product,
        org_path: &organisation,
        amount_max: most,
        requested_at: None,
    };
    let facts = subject(tx, about)?;
    let case_id = approvals::request(tx, id.bucket(), id.subject(), &facts)?;
    let row = ReferralRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: new.customer_id,
        org_path: organisation,
        product: new.product.clone(),
        reference: new.reference.clone(),
        amount_minor: amount.minor(),
        currency: amount.currency(),
        deposit_minor: new.asked.deposit_minor,
        documents: json!(new.order.documents),
        reason: new.reason.clone(),
        rule_set_version: set.version,
        reasons: kept(&assessment.refusals()),
        amount_max_minor: most.minor(),
        valid_days: set.rules.release_valid_days,
        status: ReferralStatus::Requested,
        requested_by: tx.actor.principal.clone(),
        case_id,
        released_on: None,
        valid_until: None,
        reservation_id: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        reference_key: compared(&new.reference),
    };
    store::insert(tx.connection, &row)?;
    tx.tell(
        "referral.request",
        events::REFERRAL_REQUESTED,
        &row,
        row.details(),
    )?;
    Ok(row)
}

/// What the check says of the order, or of what more is asked for of the reservation there is. As it
/// is kept what the order was refused for, the lines are locked as for a reservation.
fn assess(tx: &mut Tx<'_>, new: &NewReferral) -> Result<Assessment, Error> {
    let mut ledger = Ledger::lock_for_decision(tx, &[new.customer_id], BTreeSet::new())?;
    ledger.ask_rules(tx)?;
    let terms = loads::product(tx.connection, &new.product)?;
    let key = compared(&new.reference);
    let order = [(new.customer_id, key.as_str())];
    let reserved = reservations::by_references(tx.connection, order)?.pop();
    let reserved = match reserved {
        Some(row) if tx.actor.knows(row.customer_id, &row.org_path) => row,
        _ => {
            let request = Request {
                customer_id: new.customer_id,
                terms,
                product: &new.product,
                claim: new.asked.of(terms),
                order: Some(&new.order),
                more_of: None,
            };
            return ledger.assess(tx, &request);
        }
    };
    let amount = new.asked.amount;
    let same = [
        ("product", reserved.product == new.product),
        ("currency", reserved.currency == amount.currency()),
    ];
    if let Some(problem) = reference_reused(&reserved, &same) {
        return Err(problem.into());
    }
    reserved.facts().amend(amount.minor(), tx.now)?;
    let captures = match reserved.captured_minor {
        0 => Vec::new(),
        _ => receivables::captured_from(tx.connection, &[reserved.id])?,
    };
    let deposit_minor = new.asked.deposit_minor;
    let amending = Amending::of(&reserved, &captures, amount.minor(), deposit_minor)?;
    if !amending.grows() {
        return Err(ProblemCode::ReferralNotNeeded.into());
    }
    let request = Request::for_more(&amending, terms, &new.order)?;
    ledger.assess(tx, &request)
}

/// Reasons as they are kept.
fn kept(reasons: &[Reason]) -> Value {
    reasons
        .iter()
        .map(|reason| {
            let facts: Vec<_> = reason
                .facts
                .iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect();
            json!({
                "code": reason.code.as_str(), "level": reason.level, "detail": reason.detail.en,
                "detail_zh": reason.detail.zh, "facts": facts,
            })
        })
        .collect()
}

/// What a case is about.
#[derive(Clone, Copy)]
struct About<'a> {
    customer_id: CustomerId,
    product: &'a ProductCode,
    org_path: &'a OrgPath,
    amount_max: Money,
    /// When it was requested, once it is.
    requested_at: Option<DateTime<Utc>>,
}

/// Days for which a release that was used still counts.
const WEIGHING_DAYS: i64 = 30;

/// The most that a release would let through, with what else was referred of the customer and its
/// group, in the company's currency: an order is no smaller for coming in pieces. Without a rate it is
/// the largest number. What came later counts this one, and not the other way round.
fn whole_minor(tx: &mut Tx<'_>, about: About<'_>) -> Result<i64, Error> {
    let customers = match groups::open_group_of(tx.connection, about.customer_id)? {
        Some(group) => groups::open_members_of(tx.connection, group)?,
        None => vec![about.customer_id],
    };
    let since = tx.today - TimeDelta::days(WEIGHING_DAYS);
    let days = (since, tx.today);
    let others = store::weighing(tx.connection, &customers, days, about.requested_at)?;
    let own = (about.amount_max.currency(), about.amount_max.minor());
    let mut whole: i64 = 0;
    for (currency, minor) in others.into_iter().chain([own]) {
        match rates::in_company_currency(&mut tx.reader(), minor, currency)? {
            Some(minor) => whole = whole.saturating_add(minor),
            None => return Ok(i64::MAX),
        }
    }
    Ok(whole)
}

/// What the authority matrix is asked about.
fn subject(tx: &mut Tx<'_>, about: About<'_>) -> Result<CaseSubject, Error> {
    let amount_minor = whole_minor(tx, about)?;
    let score = Score::latest(tx.connection, about.customer_id, tx.today)?;
    let rating = Rating::of(score.map(|score| score.facts()), tx.today);
    Ok(CaseSubject {
        kind: KIND.to_owned(),
        action: None,
        product: Some(about.product.as_str().to_owned()),
        grade: Some(rating.as_str().to_owned()),
        data_class: None,
        amount_minor,
        related_party: loads::is_related_party(tx.connection, &[about.customer_id])?,
        exceptional: false,
        org_path: about.org_path.clone(),
    })
}

fn amount_max(row: &ReferralRow) -> Result<Money, Error> {
    Money::new(row.amount_max_minor, row.currency).or_internal()
}

impl Case for ReferralRow {
    type Entity = ReferralEntity;
    type Status = ReferralStatus;

    const READ: &'static str = ReferralsRead::NAME;
    const NAME: (&'static str, &'static str) = ("referral", "转审");
    const APPROVED: Turn<ReferralStatus> = Turn {
        next: ReferralStatus::Released,
        action: "referral.approve",
        kind: events::REFERRAL_RELEASED,
    };
    const REJECTED: Turn<ReferralStatus> = Turn {
        next: ReferralStatus::Rejected,
        action: "referral.reject",
        kind: events::REFERRAL_REJECTED,
    };
    const WITHDRAWN: Turn<ReferralStatus> = Turn {
        next: ReferralStatus::Withdrawn,
        action: "referral.withdraw",
        kind: events::REFERRAL_WITHDRAWN,
    };

    fn find(reader: &mut Reader<'_>, id: ReferralId) -> Result<Option<Self>, Error> {
        Ok(store::find(reader, id)?)
    }

    fn anywhere(reader: &mut Reader<'_>, id: ReferralId) -> Result<Option<Self>, Error> {
        Ok(store::anywhere(reader.connection, id)?)
    }

    fn find_locked(tx: &mut Tx<'_>, id: ReferralId) -> Result<Option<Self>, Error> {
        Ok(store::find_locked(tx, id)?)
    }

    fn lock(tx: &mut Tx<'_>, id: ReferralId) -> Result<Option<Self>, Error> {
        Ok(store::lock(tx, id)?)
    }

    fn makers(&self, tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
        let about = [self.customer_id];
        let mut makers = Score::makers_of(tx.connection, &about, tx.today)?;
        makers.extend(pending_changes::makers_of(tx.connection, &about)?);
        Ok(makers)
    }

    fn write(&self, tx: &mut Tx<'_>, before: ReferralStatus) -> Result<bool, Error> {
        Ok(store::advance(tx.connection, self, before)?)
    }

    fn status(&self) -> ReferralStatus {
        self.status
    }

    fn stand(&mut self, next: ReferralStatus, tx: &Tx<'_>) {
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
        json!({
            "customer_id": self.customer_id, "product": self.product, "reference": self.reference,
            "currency": self.currency, "amount_minor": self.amount_minor, "status": self.status.as_str(),
            "approval_id": self.case_id, "valid_until": self.valid_until, "reservation_id": self.reservation_id,
            "stated_documents": self.documents,
        })
    }

    /// The order is released, for some days.
    fn carry_out(&mut self, tx: &mut Tx<'_>, case: CaseId) -> Result<(), Error> {
        let about = About {
            customer_id: self.customer_id,
            product: &self.product,
            org_path: &self.org_path,
            amount_max: amount_max(self)?,
            requested_at: Some(self.created_at),
        };
        let facts = subject(tx, about)?;
        lifecycle::still_decided_by(tx, case, &facts)?;
        self.released_on = Some(tx.today);
        self.valid_until = Some(tx.today + TimeDelta::days(self.valid_days.into()));
        Ok(())
    }
}

/// An order by whom it is for and the caller's own reference, as it is compared.
pub type OrderName = (CustomerId, String);

/// Releases of these orders that nobody has used and that are in their days, locked: of every
/// order the first that was asked for comes first. Lock the lines before.
///
/// # Errors
/// When the database cannot serve.
pub fn released(
    tx: &mut Tx<'_>,
    orders: &[OrderName],
) -> Result<BTreeMap<OrderName, Vec<ReferralRow>>, Error> {
    let mut found: BTreeMap<OrderName, Vec<ReferralRow>> = BTreeMap::new();
    if orders.is_empty() {
        return Ok(found);
    }
    let (customers, references): (Vec<CustomerId>, Vec<String>) = orders.iter().cloned().unzip();
    for row in store::lock_released(tx.connection, &customers, &references, tx.today)? {
        let order = (row.customer_id, row.reference_key.clone());
        if orders.contains(&order) {
            found.entry(order).or_default().push(row);
        }
    }
    Ok(found)
}

/// The release among these by which an order passes.
///
/// # Errors
/// When stored values are none: a bug.
pub fn passing(
    releases: &[ReferralRow],
    order: Passing<'_>,
    assessment: &Assessment,
    today: NaiveDate,
) -> Result<Option<ReferralRow>, Error> {
    for row in releases {
        if release(row)?.is_some_and(|one| one.lets_through(order, assessment, today)) {
            return Ok(Some(row.clone()));
        }
    }
    Ok(None)
}

fn release(row: &ReferralRow) -> Result<Option<Release>, Error> {
    let Some(valid_until) = row.valid_until else {
        return Ok(None);
    };
    let codes: BTreeSet<String> = row
        .reasons
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|reason| reason["code"].as_str().map(str::to_owned))
        .collect();
    Ok(Some(Release {
        product: row.product.clone(),
        amount_max: amount_max(row)?,
        deposit_minor: row.deposit_minor,
        valid_until,
        codes,
    }))
}

/// Uses a release up for a reservation. The caller writes it after the reservation, with
/// [`write_used`].
///
/// # Errors
/// When no identifier can be minted.
pub fn use_up(
    tx: &mut Tx<'_>,
    row: &mut ReferralRow,
    reservation: ReservationId,
) -> Result<(), Error> {
    row.reservation_id = Some(reservation);
    row.stand(ReferralStatus::Used, tx);
    tx.tell("referral.use", events::REFERRAL_USED, row, row.details())
}

/// Writes a release that was used up.
///
/// # Errors
/// When somebody else was faster.
pub fn write_used(tx: &mut Tx<'_>, row: &ReferralRow) -> Result<(), Error> {
    match store::advance(tx.connection, row, ReferralStatus::Released)? {
        true => Ok(()),
        false => Err(Error::Retry("the release was used meanwhile")),
    }
}
