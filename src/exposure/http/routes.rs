//! The operations of what is granted, held and owed, each with the refusals of its business.

use super::{
    adverse_events, checks, contracts, groups, line_versions, lines, payments, receivables,
    referrals, reservation_batches, reservations, summaries,
};
use crate::error_codes::ProblemCode::{self, *};
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[
    (
        "credit-groups",
        "Customers under one control, and who belonged when.",
    ),
    (
        "credit-lines",
        "Approved limits, their balances and movements.",
    ),
    ("payments", "Money received, allocated, reversed."),
    ("receivables", "What is owed, since when, and due when."),
    (
        "referrals",
        "Orders that the rules refer, who lets them through, and what came of it.",
    ),
    (
        "reservations",
        "Limit set aside for orders: reserve, capture, release.",
    ),
];

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
    DepositMissing,
    LimitExceeded,
];

/// Each of them, once.
#[expect(clippy::too_many_lines, reason = "a table: one entry an operation")]
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(groups::create, OutsideOrganisation),
            route!(groups::list, InvalidCursor),
            route!(groups::get),
            route!(groups::patch, ApprovalRequired, LimitExceeded),
            route!(groups::members, InvalidCursor),
            route!(
                groups::join,
                AlreadyMember,
                ApprovalRequired,
                CurrencyRateMissing,
                LimitExceeded
            ),
            route!(groups::member),
            route!(groups::leave, InvalidTransition, ApprovalRequired),
            route!(summaries::get),
            route!(adverse_events::create, ChangeWaiting),
            route!(adverse_events::list, InvalidCursor),
            route!(adverse_events::get),
            route!(lines::list, InvalidCursor),
            route!(lines::get),
            route!(lines::movements, InvalidCursor),
            route!(
                contracts::record_contract,
                InvalidTransition,
                FourEyesRequired,
                ApprovalRequired,
                DuplicateContract
            ),
            route!(contracts::contracts),
            route!(contracts::record_review, InvalidTransition),
            route!(contracts::reviews, InvalidCursor),
            route!(contracts::due, InvalidCursor),
            route!(line_versions::history, InvalidCursor),
            route!(lines::suspend, InvalidTransition),
            route!(lines::resume, InvalidTransition, ApprovalRequired),
            route!(lines::close, InvalidTransition, ApprovalRequired),
            route!(checks::run),
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
                ReservationCaptured,
                ReservationReleased,
                ReservationExpired,
                CustomerNotFound;
                CREDIT_REFUSALS
            ),
            route!(
                reservations::create,
                ReferenceReused,
                ReservationCaptured,
                ReservationReleased,
                ReservationExpired,
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
                TermExceeded,
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
                DuplicatePaymentReference,
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
        ],
    )
}
