//! Reserving limit for an order, and resolving it (X2).

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::exposure::{Asked, Behind, Ledger, Request, check, org_path};
use super::receivables;
use super::referrals;
use crate::domain::check_rules::OrderTerms;
use crate::domain::counted::Part;
use crate::domain::credit_lines::{Level, MovementKind};
use crate::domain::exposure::{Assessment, CreditDecision};
use crate::domain::ids::{CustomerId, ReservationId};
use crate::domain::referrals::Passing;
use crate::domain::reservations::ReservationStatus;
use crate::error::{Error, FieldError, Problem, Reason};
use crate::error_codes::ProblemCode;
use crate::store::counted::Counts;
use crate::store::errors::on_violation;
use crate::store::exposure as store;
use crate::store::referrals::ReferralRow;
use crate::store::reservations::{self as rows, ReservationRow};
use crate::store::tx::{Event, Tx};

/// Days a reservation is held when the caller does not say.
pub const HOLD_DAYS_DEFAULT: i64 = 7;
/// Days a reservation may be held at most.
pub const HOLD_DAYS_MAX: i64 = 366;

/// What is to be reserved.
#[derive(Debug, Clone)]
pub struct NewReservation {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: String,
    /// Amount, more than nothing, and what secures it.
    pub asked: Asked,
    /// The caller's own reference.
    pub reference: String,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the order brings along.
    pub order: OrderTerms,
}

/// A receivable a capture turns into.
#[derive(Debug, Clone)]
pub struct CapturedReceivable {
    /// Number.
    pub number: String,
    /// Day the term starts.
    pub issued_on: NaiveDate,
    /// Term in calendar days; that of the line when left out.
    pub payment_term_days: Option<i32>,
}

/// Sets limit aside at every level, or refuses with every reason. The caller's reference names the
/// order: asking for the same again gives the reservation there is, in whatever state it is by
/// now, and takes nothing.
///
/// # Errors
/// 422 with the first refusal as the code and all of them in `reasons`; 409 when the reference
/// names another order.
pub fn reserve(tx: &mut Tx<'_>, new: &NewReservation) -> Result<ReservationRow, Error> {
    let customer = store::customer(&mut tx.reader(), new.customer_id)?;
    let Some((status, org)) = customer else {
        let (id, product) = (new.customer_id, &new.product);
        let assessment = check(&mut tx.reader(), id, product, new.asked, &new.order)?;
        return Err(refused_by(&assessment));
    };
    let terms = store::product(tx.connection, &new.product)?;
    let mut ledger = Ledger::lock_for_customer(tx, new.customer_id)?;
    // Under the locks of the lines nobody else reserves for the customer.
    let known = rows::by_reference(tx.connection, new.customer_id, &new.reference)?;
    let conflict = known.as_ref().map(|known| differences(known, new));
    if let (Some(known), Some(None)) = (&known, &conflict) {
        let details = json!({"reference": known.reference, "again": true});
        tx.record("reservation.create", known.id.subject(), details)?;
        return Ok(known.clone());
    }
    let expires_at = expiry(new.expires_at, tx.now)?;
    let request = Request {
        customer: status,
        product_active: terms.map(|terms| terms.active),
        product: &new.product,
        claim: new.asked.of(terms),
        order: Some(&new.order),
    };
    let assessment = ledger.assess_with_due(tx, &request)?;
    let release = release_of(tx, new, &assessment)?;
    let passes = assessment.decision() == CreditDecision::Approved || release.is_some();
    let (true, Some(product)) = (passes, assessment.counted_at(Level::Product)) else {
        return Err(refused_by(&assessment));
    };
    // What credit refuses is refused for that, whatever it is called.
    if let Some(problem) = conflict.flatten() {
        return Err(problem.into());
    }
    let id: ReservationId = tx.mint(new.customer_id.bucket())?;
    let mut row = ReservationRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: new.customer_id,
        org_path: org,
        product: new.product.clone(),
        reference: new.reference.clone(),
        amount_minor: new.asked.amount.minor(),
        currency: new.asked.amount.currency().code().to_owned(),
        captured_minor: 0,
        released_minor: 0,
        expired_minor: 0,
        status: ReservationStatus::Held,
        expires_at,
        product_line_id: product.line_id,
        customer_line_id: None,
        group_line_id: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        deposit_minor: new.asked.deposit_minor,
        exposure_treatment: request.claim.treatment,
        product_exposure_minor: product.exposure_minor,
        customer_exposure_minor: None,
        group_exposure_minor: None,
        conversions: None,
    };
    for level in Level::EVERY {
        row.count_at(*level, assessment.counted_at(*level));
    }
    let behind = Behind {
        reservation_id: Some(id.uuid()),
        over_limit_released: release.is_some() && assessment.lacks_only_room(),
        ..Behind::default()
    };
    let whole = Part::whole(row.amount_minor);
    ledger.post_part(tx, &row, whole, MovementKind::Reserve, behind)?;
    rows::insert(tx.connection, &row).map_err(|error| {
        // The customer got its first line meanwhile, and somebody was faster.
        on_violation(error, "reservations_reference", || {
            Problem::new(ProblemCode::RequestInProgress)
        })
    })?;
    ledger.write(tx)?;
    if let Some(release) = release {
        referrals::use_up(tx, release, id)?;
    }
    record(
        tx,
        "reservation.create",
        "reservation.created",
        &row,
        row.amount_minor,
    )?;
    Ok(row)
}

/// The release by which a referred order passes, locked.
fn release_of(
    tx: &mut Tx<'_>,
    new: &NewReservation,
    assessment: &Assessment,
) -> Result<Option<ReferralRow>, Error> {
    if assessment.decision() != CreditDecision::Referred {
        return Ok(None);
    }
    let order = (new.customer_id, new.reference.clone());
    let mut releases = referrals::released(tx, std::slice::from_ref(&order))?;
    let of_order = releases.remove(&order).unwrap_or_default();
    let passing = Passing {
        product: &new.product,
        amount: new.asked.amount,
        deposit_minor: new.asked.deposit_minor,
    };
    referrals::passing(&of_order, passing, assessment, tx.today)
}

/// In what a request differs from the reservation that its reference names already; `None` when it
/// asks for the same.
fn differences(known: &ReservationRow, new: &NewReservation) -> Option<Problem> {
    let same = [
        ("product", known.product == new.product),
        ("amount", known.amount_minor == new.asked.amount.minor()),
        (
            "currency",
            known.currency == new.asked.amount.currency().code(),
        ),
        ("deposit", known.deposit_minor == new.asked.deposit_minor),
        (
            "expires_at",
            new.expires_at.is_none_or(|asked| asked == known.expires_at),
        ),
    ];
    let mut problem =
        Problem::new(ProblemCode::ReferenceReused).with_member("reservation_id", json!(known.id));
    for (field, _) in same.into_iter().filter(|(_, same)| !same) {
        problem = problem.at(FieldError::field(
            field,
            "differs from the reservation of that reference",
            "与该编号的预占不一致",
        ));
    }
    (!problem.errors.is_empty()).then_some(problem)
}

/// Turns a part, or all that is left, into a receivable. The last capture gives back the rest.
///
/// # Errors
/// 404, 409 when already resolved or expired, 422 when more than is left, 409 for a number that
/// is taken.
pub fn capture(
    tx: &mut Tx<'_>,
    id: ReservationId,
    amount: &AmountOf<'_>,
    is_final: bool,
    receivable: &CapturedReceivable,
) -> Result<ReservationRow, Error> {
    let (mut row, mut ledger) = lock(tx, id)?;
    let amount_minor = amount(&row)?;
    let before = row.facts();
    let (after, captured, returned) = before.capture(amount_minor, is_final, tx.now)?;
    let taken = before.next_part(captured);
    let receivable = receivables::from_reservation(tx, &mut ledger, &row, taken, receivable)?;
    if returned > 0 {
        let behind = Behind {
            reservation_id: Some(id.uuid()),
            ..Behind::default()
        };
        let rest = Part::rest(row.amount_minor, returned);
        ledger.post_part(tx, &row, rest, MovementKind::Release, behind)?;
    }
    row.take(after, tx.now);
    rows::write(tx.connection, &row)?;
    ledger.write(tx)?;
    receivables::announce(tx, &receivable)?;
    record(
        tx,
        "reservation.capture",
        "reservation.captured",
        &row,
        captured,
    )?;
    Ok(row)
}

/// Gives back a part, or all that is left.
///
/// # Errors
/// As [`capture`].
pub fn release(
    tx: &mut Tx<'_>,
    id: ReservationId,
    amount: &AmountOf<'_>,
) -> Result<ReservationRow, Error> {
    let (mut row, mut ledger) = lock(tx, id)?;
    let amount_minor = amount(&row)?;
    let before = row.facts();
    let (after, released) = before.release(amount_minor, tx.now)?;
    let behind = Behind {
        reservation_id: Some(id.uuid()),
        ..Behind::default()
    };
    let part = before.next_part(released);
    ledger.post_part(tx, &row, part, MovementKind::Release, behind)?;
    row.take(after, tx.now);
    rows::write(tx.connection, &row)?;
    ledger.write(tx)?;
    record(
        tx,
        "reservation.release",
        "reservation.released",
        &row,
        released,
    )?;
    Ok(row)
}

/// Reads the amount of a request in the currency of the reservation; `None` means all that is
/// left.
pub type AmountOf<'a> = dyn Fn(&ReservationRow) -> Result<Option<i64>, Error> + 'a;

/// Gives back what expired reservations of a customer and its group still hold. For the sweep:
/// decisions do not wait for it.
///
/// # Errors
/// When the database cannot serve.
pub fn sweep(tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<usize, Error> {
    let mut ledger = Ledger::lock_for_customer(tx, customer_id)?;
    let expired = ledger.expire_due(tx)?;
    ledger.write(tx)?;
    tx.record(
        "reservation.sweep",
        customer_id.subject(),
        json!({"expired": expired}),
    )?;
    Ok(expired)
}

/// Locks the lines of a reservation, then the reservation.
fn lock(tx: &mut Tx<'_>, id: ReservationId) -> Result<(ReservationRow, Ledger), Error> {
    let found = rows::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
    let ledger = Ledger::lock_in_use(tx, found.customer_id, &found.lines())?;
    let row = rows::lock(tx.connection, id)?;
    if !ledger.holds(&row.lines()) {
        return Err(Error::Retry(
            "the reservation moved to another group's line",
        ));
    }
    Ok((row, ledger))
}

fn expiry(asked: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let expires_at = asked.unwrap_or_else(|| now + TimeDelta::days(HOLD_DAYS_DEFAULT));
    if expires_at <= now {
        return Err(Problem::field("expires_at", "is not in the future", "不在未来").into());
    }
    if expires_at > now + TimeDelta::days(HOLD_DAYS_MAX) {
        return Err(
            Problem::field("expires_at", "is more than 366 days away", "超过 366 天").into(),
        );
    }
    Ok(expires_at)
}

/// The problem of a decision that does not approve: as [`refused`], and whether somebody with
/// authority could let it through.
pub fn refused_by(assessment: &Assessment) -> Error {
    match refused(&assessment.refusals()) {
        Error::Refused(problem) => {
            let decision = json!(assessment.decision());
            (*problem).with_member("decision", decision).into()
        }
        other => other,
    }
}

/// The problem of a refused decision: the first reason names it, all are in it.
pub fn refused(reasons: &[Reason]) -> Error {
    match reasons.first() {
        Some(first) => {
            let mut problem = Problem::new(first.code);
            problem.detail = Some(first.detail.clone());
            problem.reasons = reasons.to_vec();
            problem.into()
        }
        None => Error::internal("refused without a reason"),
    }
}

fn record(
    tx: &mut Tx<'_>,
    action: &str,
    kind: &'static str,
    row: &ReservationRow,
    amount_minor: i64,
) -> Result<(), Error> {
    let details = json!({
        "customer_id": row.customer_id, "product": row.product, "reference": row.reference,
        "currency": row.currency, "amount_minor": amount_minor, "status": row.status.as_str(),
    });
    tx.record(action, row.id.subject(), details.clone())?;
    tx.emit(Event {
        kind,
        subject: row.id.subject(),
        org_path: org_path(&row.org_path)?,
        customer_id: Some(row.customer_id.uuid()),
        data: details,
    })
}
