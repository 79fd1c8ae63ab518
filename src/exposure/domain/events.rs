//! Kinds of events of what is granted, held and owed.

use crate::values::event_kinds::event_kinds;

event_kinds! {
    ADVERSE_EVENT_RECORDED = "adverse_event.recorded": "Something happened to a customer that concerns its credit, or did not after all.";
    CREDIT_GROUP_CHANGED = "credit_group.changed": "A credit group got another name or basis.";
    CREDIT_GROUP_CREATED = "credit_group.created": "A credit group was set up.";
    CREDIT_GROUP_MEMBER_JOINED = "credit_group.member_joined": "A customer joined a credit group; its exposure counts there.";
    CREDIT_GROUP_MEMBER_LEFT = "credit_group.member_left": "A customer left a credit group, or its last day there was corrected.";
    CREDIT_LINE_CHANGED = "credit_line.changed": "A credit line got other terms by an approved application.";
    CREDIT_LINE_CLOSED = "credit_line.closed": "A credit line was closed for good.";
    CREDIT_LINE_CONTRACT_SIGNED = "credit_line.contract_signed": "The signed contract of a credit line was recorded.";
    CREDIT_LINE_OPENED = "credit_line.opened": "A credit line was opened by an approved application.";
    CREDIT_LINE_RESUMED = "credit_line.resumed": "A suspended credit line takes new exposure again.";
    CREDIT_LINE_REVIEWED = "credit_line.reviewed": "A credit line was reviewed.";
    CREDIT_LINE_SUSPENDED = "credit_line.suspended": "A credit line takes no new exposure any more.";
    PAYMENT_ALLOCATED = "payment.allocated": "What was unapplied of a payment was allocated.";
    PAYMENT_RECEIVED = "payment.received": "A payment was recorded, and allocated as asked.";
    PAYMENT_REVERSED = "payment.reversed": "A payment was taken back.";
    RECEIVABLE_CASH_ONLY = "receivable.cash_only": "A receivable was recorded although the customer pays before delivery.";
    RECEIVABLE_DISPUTED = "receivable.disputed": "A receivable is disputed.";
    RECEIVABLE_OVER_LIMIT = "receivable.over_limit": "A receivable was recorded although over the limit or without a usable line.";
    RECEIVABLE_POSTED = "receivable.posted": "A receivable was recorded, from a reservation or as a fact.";
    RECEIVABLE_TERM_EXCEEDED = "receivable.term_exceeded": "A receivable was recorded although it is due later than the lines and the product allow.";
    REFERRAL_REJECTED = "referral.rejected": "A referral was rejected.";
    REFERRAL_RELEASED = "referral.released": "The last step of a referral was approved: one reservation may pass.";
    REFERRAL_REQUESTED = "referral.requested": "An order was referred to somebody with authority.";
    REFERRAL_USED = "referral.used": "A reservation has passed by a released referral.";
    REFERRAL_WITHDRAWN = "referral.withdrawn": "A referral was withdrawn.";
    RESERVATION_AMENDED = "reservation.amended": "A reservation became worth another total, or is held until another instant.";
    RESERVATION_CAPTURED = "reservation.captured": "A part of a reservation, or all of it, became a receivable.";
    RESERVATION_CREATED = "reservation.created": "Limit was set aside.";
    RESERVATION_EXPIRED = "reservation.expired": "What was left of a reservation went back to the limit by expiry.";
    RESERVATION_RELEASED = "reservation.released": "A part of a reservation, or all of it, was given back.";
}
