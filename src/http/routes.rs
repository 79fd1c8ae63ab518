//! Every route, once: the router, the document and the permission grid are made from this list.
//!
//! Method, path and words stand in the attributes of the handler; scope, body, parameters and
//! answer in its signature; what remains are the problems of its business.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use actix_web::http::Method;

use super::operation::Operation;
use super::{
    credit_applications, credit_checks, credit_groups, credit_lines, credit_summaries, customers,
    events, exchange_rates, payments, problems, products, receivables, reservations,
};
use crate::error_codes::ProblemCode::{self, *};

/// Joins a handler with its attributes.
macro_rules! route {
    ($module:ident :: $handler:ident $(, $problem:ident)* $(,)?) => {
        pastey::paste! {
            Operation::new::<$module::[<__path_ $handler>], _, _>($module::$handler, &[$($problem as ProblemCode),*])
        }
    };
}

/// Whether the operation at a path template takes query parameters.
pub fn takes_query(method: &Method, path: &str) -> bool {
    static TAKERS: LazyLock<BTreeSet<(String, String)>> = LazyLock::new(|| {
        let takers = operations().into_iter().filter(|one| one.takes_query);
        takers
            .map(|one| (one.method.to_string(), one.path))
            .collect()
    });
    let method = if *method == Method::HEAD {
        Method::GET
    } else {
        method.clone()
    };
    TAKERS.contains(&(method.to_string(), path.to_owned()))
}

/// Every operation of the API.
pub fn operations() -> Vec<Operation> {
    vec![
        route!(credit_groups::create, OutsideOrganisation),
        route!(credit_groups::list, InvalidCursor),
        route!(credit_groups::get),
        route!(credit_groups::patch),
        route!(credit_groups::members, InvalidCursor),
        route!(
            credit_groups::join,
            AlreadyMember,
            CurrencyRateMissing,
            LimitExceeded
        ),
        route!(credit_groups::member),
        route!(credit_groups::leave, AlreadyMember),
        route!(
            customers::create,
            DuplicateSocialCreditCode,
            OutsideOrganisation
        ),
        route!(customers::list, InvalidCursor),
        route!(customers::search),
        route!(customers::get),
        route!(customers::patch, DuplicateSocialCreditCode),
        route!(customers::history, InvalidCursor),
        route!(credit_summaries::get),
        route!(credit_applications::create, NotFound, ProductUnknown),
        route!(credit_applications::list, InvalidCursor),
        route!(credit_applications::get),
        route!(credit_applications::submit, InvalidTransition),
        route!(
            credit_applications::approve,
            InvalidTransition,
            FourEyesRequired,
            LineOverlaps
        ),
        route!(
            credit_applications::reject,
            InvalidTransition,
            FourEyesRequired
        ),
        route!(
            credit_applications::withdraw,
            InvalidTransition,
            FourEyesRequired
        ),
        route!(credit_lines::list, InvalidCursor),
        route!(credit_lines::get),
        route!(credit_lines::movements, InvalidCursor),
        route!(credit_lines::suspend, InvalidTransition),
        route!(credit_lines::resume, InvalidTransition),
        route!(credit_lines::close, InvalidTransition),
        route!(credit_checks::run),
        route!(
            reservations::create,
            CustomerNotFound,
            CustomerClosed,
            ProductUnknown,
            LineNotFound,
            CurrencyRateMissing,
            LineNotActive,
            LineSuspended,
            LineNotYetValid,
            LineExpired,
            LimitExceeded,
        ),
        route!(reservations::list, InvalidCursor),
        route!(reservations::get),
        route!(
            reservations::capture,
            ReservationCaptured,
            ReservationReleased,
            ReservationExpired,
            ExceedsReservation,
            DuplicateReceivableNumber,
        ),
        route!(
            reservations::release,
            ReservationCaptured,
            ReservationReleased,
            ReservationExpired,
            ExceedsReservation,
        ),
        route!(
            receivables::create,
            NotFound,
            ProductUnknown,
            DuplicateReceivableNumber
        ),
        route!(receivables::list, InvalidCursor),
        route!(receivables::get),
        route!(
            payments::create,
            NotFound,
            CurrencyMismatch,
            AllocationExceedsOutstanding,
            AllocationExceedsPayment,
        ),
        route!(payments::list, InvalidCursor),
        route!(payments::get),
        route!(
            payments::allocate,
            PaymentReversed,
            CurrencyMismatch,
            AllocationExceedsOutstanding,
            AllocationExceedsPayment,
        ),
        route!(payments::reverse, PaymentReversed),
        route!(events::list, InvalidCursor, CursorExpired),
        route!(exchange_rates::publish),
        route!(exchange_rates::list, InvalidCursor),
        route!(exchange_rates::get),
        route!(exchange_rates::import),
        route!(exchange_rates::look_up, CurrencyRateMissing),
        route!(problems::list),
        route!(problems::get),
        route!(products::list, InvalidCursor),
        route!(products::create, DuplicateProductCode),
        route!(products::get),
        route!(products::patch),
    ]
}
