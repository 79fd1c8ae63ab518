//! Every route, once: the router, the document and the permission grid are made from this list.
//!
//! Method, path and words stand in the attributes of the handler; scope, body, parameters and
//! answer in its signature; what remains are the problems of its business.

use std::sync::LazyLock;

use crate::applications::http::{applications, decisions};
use crate::approvals::http::{approvals, authority_rules, delegations};
use crate::catalogue::http::{company_figures, exchange_rates, products};
use crate::customers::http::customers;
use crate::error_codes::ProblemCode::{self, *};
use crate::exposure::http::{
    checks, contracts, groups, line_versions, lines, payments, receivables, referrals,
    reservation_batches, reservations, summaries,
};
use crate::platform::http::operation::Operation;
use crate::platform::http::problems;
use crate::reports::http::{events, portfolios};
use crate::rules::http::{
    check_rule_sets, credit_exclusions, credit_policies, dunning_levels, supply_holds,
};
use crate::scores::http::scores;

/// What a decision about credit can refuse a known customer for.
const CREDIT_REFUSALS: &[ProblemCode] = &[
    CustomerClosed,
    CustomerExcluded,
    ProductUnknown,
    LineNotFound,
    CurrencyRateMissing,
    LineNotActive,
    LineSuspended,
    LineNotYetValid,
    LineExpired,
    SupplyHold,
    GradeCashOnly,
    OverdueExceeded,
    DunningLevelExceeded,
    DocumentsMissing,
    DocumentTooLarge,
    OldestItemExceeded,
    ComponentLimitExceeded,
    LimitExceeded,
];

/// Joins a handler with its attributes.
macro_rules! route {
    ($module:ident :: $handler:ident $(, $problem:ident)* $(,)?) => {
        route!($module::$handler $(, $problem)*; &[])
    };
    ($module:ident :: $handler:ident $(, $problem:ident)*; $more:expr) => {
        pastey::paste! {
            Operation::new::<$module::[<__path_ $handler>], _, _>(
                $module::$handler,
                &[&[$($problem as ProblemCode),*], $more as &[ProblemCode]].concat(),
            )
        }
    };
}

/// Every operation of the API, described once: that takes longer than starting a server.
pub fn operations() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(every_operation);
    &OPERATIONS
}

#[expect(clippy::too_many_lines, reason = "a table: one entry an operation")]
fn every_operation() -> Vec<Operation> {
    vec![
        route!(company_figures::record),
        route!(company_figures::list, InvalidCursor),
        route!(company_figures::get),
        route!(groups::create, OutsideOrganisation),
        route!(groups::list, InvalidCursor),
        route!(groups::get),
        route!(groups::patch),
        route!(groups::members, InvalidCursor),
        route!(
            groups::join,
            AlreadyMember,
            CurrencyRateMissing,
            LimitExceeded
        ),
        route!(groups::member),
        route!(groups::leave, AlreadyMember),
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
        route!(summaries::get),
        route!(
            applications::create,
            NotFound,
            ProductUnknown,
            InvalidTransition,
            LineOverlaps,
        ),
        route!(applications::list, InvalidCursor),
        route!(applications::get),
        route!(applications::patch, InvalidTransition),
        route!(decisions::checks),
        route!(
            decisions::submit,
            InvalidTransition,
            FourEyesRequired,
            LineOverlaps,
            LimitBelowUse,
            ApprovalCheckFailed,
            AuthorityRuleMissing,
            CurrencyRateMissing,
        ),
        route!(
            decisions::approve,
            InvalidTransition,
            FourEyesRequired,
            LineOverlaps,
            ApplicationOutdated,
            ApprovalChecksChanged,
            LimitBelowUse,
            CurrencyRateMissing,
            AlreadyMember,
        ),
        route!(decisions::reject, InvalidTransition, FourEyesRequired),
        route!(decisions::send_back, InvalidTransition, FourEyesRequired),
        route!(decisions::withdraw, InvalidTransition, FourEyesRequired),
        route!(lines::list, InvalidCursor),
        route!(lines::get),
        route!(lines::movements, InvalidCursor),
        route!(
            contracts::record_contract,
            InvalidTransition,
            DuplicateContract
        ),
        route!(contracts::contracts),
        route!(contracts::record_review, InvalidTransition),
        route!(contracts::reviews, InvalidCursor),
        route!(contracts::due, InvalidCursor),
        route!(line_versions::history, InvalidCursor),
        route!(lines::suspend, InvalidTransition),
        route!(lines::resume, InvalidTransition),
        route!(lines::close, InvalidTransition),
        route!(approvals::list, InvalidCursor).naming::<approvals::ApprovalRole>(),
        route!(approvals::get),
        route!(approvals::simulate, AuthorityRuleMissing),
        route!(delegations::create, NothingToDelegate),
        route!(delegations::list, InvalidCursor),
        route!(delegations::get),
        route!(delegations::revoke, InvalidTransition, FourEyesRequired),
        route!(authority_rules::publish),
        route!(authority_rules::list, InvalidCursor),
        route!(authority_rules::get),
        route!(credit_policies::publish),
        route!(credit_policies::list, InvalidCursor),
        route!(credit_policies::get),
        route!(scores::create),
        route!(scores::list, InvalidCursor),
        route!(checks::run),
        route!(check_rule_sets::publish),
        route!(check_rule_sets::list, InvalidCursor),
        route!(check_rule_sets::get),
        route!(credit_exclusions::record, NotFound),
        route!(credit_exclusions::list, InvalidCursor),
        route!(credit_exclusions::get),
        route!(credit_exclusions::end, InvalidTransition),
        route!(supply_holds::record, NotFound),
        route!(supply_holds::list, InvalidCursor),
        route!(supply_holds::get),
        route!(supply_holds::end, InvalidTransition),
        route!(dunning_levels::record),
        route!(dunning_levels::list, InvalidCursor),
        route!(
            referrals::request,
            ReferralNotNeeded,
            AuthorityRuleMissing,
            CustomerNotFound,
            ReferenceReused,
            ReservationCaptured,
            ReservationReleased,
            ReservationExpired;
            CREDIT_REFUSALS
        ),
        route!(referrals::list, InvalidCursor),
        route!(referrals::get),
        route!(
            referrals::approve,
            InvalidTransition,
            FourEyesRequired,
            ApprovalChecksChanged,
        ),
        route!(referrals::reject, InvalidTransition, FourEyesRequired),
        route!(referrals::withdraw, InvalidTransition, FourEyesRequired),
        route!(
            reservation_batches::create,
            ReferenceReused,
            CustomerNotFound;
            CREDIT_REFUSALS
        ),
        route!(
            reservations::create,
            ReferenceReused,
            CustomerNotFound;
            CREDIT_REFUSALS
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
            reservations::amend,
            ReservationCaptured,
            ReservationReleased,
            ReservationExpired,
            ExceedsReservation;
            CREDIT_REFUSALS
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
        route!(products::versions, InvalidCursor),
        route!(portfolios::concentration),
        route!(portfolios::portfolio),
    ]
}
