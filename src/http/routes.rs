//! Every route, once: the router, the document and the permission grid are made from this list.
//!
//! Method, path and words stand in the attributes of the handler; scope, body, parameters and
//! answer in its signature; what remains are the problems of its business.

use super::operation::Operation;
use super::{credit_groups, customers, events, problems, products};
use crate::error_codes::ProblemCode::{self, *};

/// Joins a handler with its attributes.
macro_rules! route {
    ($module:ident :: $handler:ident $(, $problem:ident)* $(,)?) => {
        pastey::paste! {
            Operation::new::<$module::[<__path_ $handler>], _, _>($module::$handler, &[$($problem as ProblemCode),*])
        }
    };
}

/// Every operation of the API.
pub fn operations() -> Vec<Operation> {
    vec![
        route!(credit_groups::create, OutsideOrganisation),
        route!(credit_groups::list, InvalidCursor),
        route!(credit_groups::get),
        route!(credit_groups::patch),
        route!(credit_groups::members, InvalidCursor),
        route!(credit_groups::join, AlreadyMember),
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
        route!(events::list, InvalidCursor, CursorExpired),
        route!(problems::list),
        route!(problems::get),
        route!(products::list, InvalidCursor),
        route!(products::create, DuplicateProductCode),
        route!(products::get),
        route!(products::patch),
    ]
}
