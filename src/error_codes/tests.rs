//! The table of codes: unique, sorted, and each with its place among what is kept.

use std::collections::BTreeSet;

use super::*;

#[test]
fn codes_are_unique_snake_case_and_sorted_by_status() {
    let names: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), ProblemCode::ALL.len());
    for code in ProblemCode::ALL {
        assert!(
            code.as_str()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        );
        assert!((400..=599).contains(&code.status()));
    }
    assert!(ProblemCode::ALL.is_sorted_by_key(|code| code.status()));
}

/// Every code and what becomes of its answer, written down a second time: a new code has to be
/// put somewhere on purpose, and none changes its place unnoticed.
const GRID: &[(Finality, &str)] = &[
    (
        Finality::Decided,
        "duplicate_social_credit_code duplicate_product_code duplicate_receivable_number
         already_member line_overlaps invalid_transition approval_required reservation_captured
         reservation_released reservation_expired payment_reversed duplicate_contract
         application_outdated approval_checks_changed change_waiting change_outdated reference_reused referral_not_needed
         validation_failed currency_mismatch exceeds_reservation allocation_exceeds_outstanding
         allocation_exceeds_payment customer_not_found customer_closed customer_excluded
         product_unknown line_not_found currency_rate_missing limit_below_use
         authority_floor authority_rule_missing approval_check_failed nothing_to_delegate line_not_active
         line_suspended line_not_yet_valid line_expired supply_hold grade_cash_only
         overdue_exceeded dunning_level_exceeded documents_missing document_too_large
         oldest_item_exceeded component_limit_exceeded deposit_missing term_exceeded
         limit_exceeded duplicate_payment_reference",
    ),
    (
        Finality::Denied,
        "insufficient_scope four_eyes_required outside_organisation",
    ),
    (
        Finality::Unfit,
        "malformed_request malformed_body unknown_field invalid_field invalid_parameter
         unknown_parameter invalid_cursor idempotency_key_missing idempotency_key_invalid
         unauthenticated invalid_token not_found method_not_allowed not_acceptable
         cursor_expired precondition_failed body_too_large uri_too_long unsupported_media_type
         idempotency_key_reused precondition_required headers_too_large",
    ),
    (
        Finality::Transient,
        "request_timeout request_in_progress rate_limited internal_error overloaded
         unavailable",
    ),
];

#[test]
fn every_code_has_a_place_in_the_grid_of_what_is_kept() {
    let mut placed = BTreeSet::new();
    for (finality, codes) in GRID {
        for name in codes.split_whitespace() {
            let code = ProblemCode::find(name).unwrap_or_else(|| panic!("no code {name}"));
            assert_eq!(code.entry().finality, *finality, "{name}");
            assert!(placed.insert(code), "{name} stands twice");
        }
    }
    for code in ProblemCode::ALL {
        assert!(placed.contains(code), "{} has no place", code.as_str());
    }
}

#[test]
fn only_decisions_are_kept_and_nothing_that_passes_is_on_record() {
    for code in ProblemCode::ALL {
        let of = (code.is_kept(), code.is_on_record(), code.is_transient());
        let expected = match code.entry().finality {
            Finality::Decided => (true, true, false),
            Finality::Denied => (false, true, false),
            Finality::Unfit => (false, false, false),
            Finality::Transient => (false, false, true),
        };
        assert_eq!(of, expected, "{}", code.as_str());
        // What the status says for certain: a server at fault has decided nothing.
        let is_ours = code.status() >= 500;
        assert!(!is_ours || code.is_transient(), "{}", code.as_str());
    }
}
