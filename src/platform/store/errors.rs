//! What a database error means to a caller.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;

/// Messages of connections that are gone or of a server that cannot serve now. PostgreSQL tells
/// these apart by SQLSTATE, which diesel keeps to itself, so the words have to do.
const GONE: &[&str] = &[
    "server closed the connection",
    "terminating connection",
    "the database system is",
    "no connection to the server",
    "could not receive data from server",
    "could not send data to server",
    "connection not open",
    "SSL connection has been closed",
    "too many clients",
    "remaining connection slots",
];

/// Messages of statements that were cut off by a time limit.
const TIMED_OUT: &[&str] = &[
    "due to statement timeout",
    "due to lock timeout",
    "due to user request",
];

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = &error else {
            return match error {
                DieselError::NotFound => Self::not_found(),
                DieselError::BrokenTransactionManager => {
                    Self::Unavailable("the connection broke inside a transaction".to_owned())
                }
                other => Self::Internal(Box::new(other)),
            };
        };
        let message = information.message();
        let says = |needles: &[&str]| needles.iter().any(|needle| message.contains(needle));
        match kind {
            DatabaseErrorKind::SerializationFailure => Self::Retry("serialization failure"),
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable(message.to_owned()),
            _ if message.contains("deadlock detected") => Self::Retry("deadlock"),
            _ if says(TIMED_OUT) => Problem::new(ProblemCode::Overloaded)
                .with_header("Retry-After", "1")
                .into(),
            _ if says(GONE) => Self::Unavailable(message.to_owned()),
            _ => Self::Internal(Box::new(error)),
        }
    }
}

/// The unique constraint that was violated.
pub fn violated(error: &DieselError) -> Option<&str> {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
            information.constraint_name()
        }
        _ => None,
    }
}

/// Turns the violation of one unique constraint into the problem it stands for.
pub fn on_violation(
    error: DieselError,
    constraint: &str,
    problem: impl FnOnce() -> Problem,
) -> Error {
    match violated(&error) == Some(constraint) {
        true => problem().into(),
        false => error.into(),
    }
}
