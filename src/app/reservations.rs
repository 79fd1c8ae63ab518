//! Reserving limit for an order, and resolving it (X2).
//!
//! Commands are decided in batches: what all of them need is loaded and locked once, each is
//! decided in its turn and sees what those before it took, and what came of it is written once. One
//! command is a batch of one.

mod amending;
mod batch;
mod held;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

pub(super) use self::amending::more_of;
use self::batch::Batch;
pub(super) use self::batch::reference_reused;
use super::exposure::Asked;
use super::ledger::Ledger;
use crate::domain::check_rules::OrderTerms;
use crate::domain::exposure::Assessment;
use crate::domain::ids::{CustomerId, ReservationId};
use crate::domain::products::ProductCode;
use crate::error::{Error, Problem, Reason};
use crate::store::receivables::CaptureRow;
use crate::store::reservations::ReservationRow;
use crate::store::tx::{Many, Tx};

/// Refused requests of a batch that are named at most.
const REFUSED_SHOWN_MAX: usize = 1000;

/// What is to be reserved.
#[derive(Debug, Clone)]
pub struct NewReservation {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Amount, more than nothing, and what secures it.
    pub asked: Asked,
    /// The caller's own reference.
    pub reference: String,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the order brings along.
    pub order: OrderTerms,
}

/// Reads the amount of a request in the currency of the reservation; `None` means all that is left.
pub type AmountOf = Box<dyn Fn(&ReservationRow) -> Result<Option<i64>, Error> + Send + Sync>;

/// What is asked of reservations.
pub enum Command {
    /// Set limit aside.
    Reserve(NewReservation),
    /// Turn a part, or all that is left, into a receivable.
    Capture {
        /// Which one.
        id: ReservationId,
        /// How much.
        amount: AmountOf,
        /// Whether the rest goes back.
        is_final: bool,
        /// The receivable it turns into.
        receivable: CapturedReceivable,
    },
    /// Give a part, or all that is left, back.
    Release {
        /// Which one.
        id: ReservationId,
        /// How much.
        amount: AmountOf,
    },
    /// Make it worth another total, or hold it until another instant.
    Amend {
        /// Which one.
        id: ReservationId,
        /// The total; as it is when left out.
        total: AmountOf,
        /// When it expires; as it is when left out.
        expires_at: Option<DateTime<Utc>>,
        /// What the order brings along.
        order: OrderTerms,
    },
}

impl Command {
    /// The reservation it is about, if that exists already.
    fn about(&self) -> Option<ReservationId> {
        match self {
            Self::Reserve(_) => None,
            Self::Capture { id, .. } | Self::Release { id, .. } | Self::Amend { id, .. } => {
                Some(*id)
            }
        }
    }

    /// Whether it may ask for more limit.
    fn may_take(&self) -> bool {
        matches!(self, Self::Reserve(_) | Self::Amend { .. })
    }
}

/// A reservation as a command left it.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The reservation.
    pub row: ReservationRow,
    /// What was captured from it so far.
    pub captures: Vec<CaptureRow>,
    /// The instant of the decision.
    pub now: DateTime<Utc>,
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

/// Decides commands in their order, each for its own caller.
///
/// # Errors
/// When the database cannot serve: nothing is decided then. What one of the commands is refused
/// for stands in its place among the results.
pub fn decide_many(
    many: &mut Many<'_>,
    commands: &[&Command],
) -> Result<Vec<Result<Decided, Error>>, Error> {
    let mut batch = many.on_behalf_of_all(|tx| Batch::open(tx, commands))?;
    let mut decided = Vec::with_capacity(commands.len());
    for (index, command) in commands.iter().enumerate() {
        decided.push(many.on_behalf_of(index, |tx| batch.decide(tx, command)));
        if let Some(broken) = batch.broken.take() {
            return Err(broken);
        }
    }
    many.on_behalf_of_all(|tx| batch.close(tx))?;
    Ok(decided)
}

/// Decides one command.
///
/// # Errors
/// For [`Command::Reserve`], 422 with the first refusal as the code and all of them in `reasons`,
/// 409 when the reference names another order. For the others 404, 409 when already resolved or
/// expired, 422 when more than is left, and for a capture 409 when its number is taken.
pub fn decide(tx: &mut Tx<'_>, command: &Command) -> Result<Decided, Error> {
    let mut batch = Batch::open(tx, &[command])?;
    let decided = batch.decide(tx, command)?;
    batch.close(tx)?;
    Ok(decided)
}

/// Decides many reservations of one caller in their order; each sees what those before it took.
/// A request that could not be read stands in its place with its problem.
///
/// With `atomic` all are made or none.
///
/// # Errors
/// When the database cannot serve, and with `atomic` the problem of the first that is refused,
/// with all of them in its member `refused`.
pub fn reserve_many(
    tx: &mut Tx<'_>,
    requests: &[Result<Command, Box<Problem>>],
    atomic: bool,
) -> Result<Vec<Result<Decided, Box<Problem>>>, Error> {
    let commands: Vec<&Command> = requests.iter().flatten().collect();
    let mut batch = Batch::open(tx, &commands)?;
    let mut results = Vec::with_capacity(requests.len());
    for request in requests {
        results.push(match request {
            Ok(command) => match batch.decide(tx, command) {
                Ok(decided) => Ok(decided),
                Err(error) => {
                    let problem = error.into_refusal()?;
                    if !atomic {
                        tx.record_refusal("reservation.create", &problem)?;
                    }
                    Err(problem)
                }
            },
            Err(unread) => Err(unread.clone()),
        });
        if let Some(broken) = batch.broken.take() {
            return Err(broken);
        }
    }
    if let (true, Some(problem)) = (atomic, none_of(&results)) {
        return Err(problem.into());
    }
    batch.close(tx)?;
    let refused = results.iter().filter(|result| result.is_err()).count();
    let subject = format!("reservation_batch/{}", tx.actor.request_id);
    let details = json!({"requested": results.len(), "refused": refused, "atomic": atomic});
    tx.record("reservation_batch.create", subject, details)?;
    Ok(results)
}

/// The problem of a batch of which nothing is done: that of the first that was refused, with all
/// of them.
fn none_of(results: &[Result<Decided, Box<Problem>>]) -> Option<Problem> {
    let refused = || {
        let places = results.iter().enumerate();
        places.filter_map(|(index, result)| Some((index, result.as_ref().err()?)))
    };
    let (_, first) = refused().next()?;
    let all: Vec<serde_json::Value> = refused()
        .take(REFUSED_SHOWN_MAX)
        .map(|(index, problem)| json!({"index": index, "code": problem.code.as_str()}))
        .collect();
    Some(Problem::clone(first).with_member("refused", json!(all)))
}

/// Gives back what expired reservations of a customer and its group still hold. For the sweep:
/// decisions do not wait for it.
///
/// # Errors
/// When the database cannot serve.
pub fn sweep(tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<usize, Error> {
    let mut ledger = Ledger::lock_for_decision(tx, &[customer_id], BTreeSet::new())?;
    let expired = ledger.expire_due(tx)?;
    ledger.write(tx);
    tx.record(
        "reservation.sweep",
        customer_id.subject(),
        json!({"expired": expired}),
    )?;
    Ok(expired)
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
