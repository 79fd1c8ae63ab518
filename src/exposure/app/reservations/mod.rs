//! Reserving limit for an order, and resolving it (X2).
//!
//! Commands are decided in batches: what all of them need is loaded and locked once, each is
//! decided in its turn and sees what those before it took, and what came of it is written once. One
//! command is a batch of one.

mod amending;
mod batch;
pub mod commands;
mod held;
mod outcomes;
pub mod reusing;

use std::collections::BTreeSet;

use serde_json::json;

use self::batch::Batch;
pub use self::commands::{Amendment, AmountOf, Command, Decided, NewReservation, SeenReservation};
use super::ledger::Ledger;
use crate::error::{Error, Problem};
use crate::platform::store::tx::{Many, Tx};
use crate::values::ids::CustomerId;

/// Refused requests of a batch that are named at most.
const REFUSED_SHOWN_MAX: usize = 1000;

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
