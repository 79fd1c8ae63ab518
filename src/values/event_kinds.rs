//! Types of events: what the change feed tells of.

/// A type of event and when it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// Type, as `resource.past_tense`.
    pub name: &'static str,
    /// When it is published.
    pub description: &'static str,
}

macro_rules! event_types {
    ($($name:literal: $description:literal;)*) => {
        /// Every type of event, by name. A type that is published but not listed here fails a test.
        pub const EVENT_TYPES: &[EventType] =
            &[$(EventType { name: $name, description: $description }),*];
    };
}

event_types! {
    "approval.decided": "A step of an approval case was decided.";
    "approval.delegated": "Somebody lent approval authority to a colleague.";
    "approval.delegation_revoked": "A delegation of approval authority was revoked.";
    "approval.escalated": "A step of an approval case has waited too long; its escalation may decide it too.";
    "approval.requested": "An approval case was opened.";
    "approval.withdrawn": "An approval case was withdrawn by its requester.";
    "authority_rules.published": "A version of the authority matrix was published.";
    "check_rule_set.published": "A version of the rules of credit checks was published.";
    "company_figure.recorded": "A figure of the company was recorded or corrected.";
    "credit_application.amended": "A draft of a credit application was changed.";
    "credit_application.approved": "The last step of a credit application was approved, and it was carried out.";
    "credit_application.drawn_up": "A credit application was drawn up.";
    "credit_application.rejected": "A credit application was rejected.";
    "credit_application.sent_back": "A credit application was sent back for a change.";
    "credit_application.submitted": "A credit application was submitted.";
    "credit_application.withdrawn": "A credit application was withdrawn.";
    "credit_exclusion.ended": "An exclusion of a customer from credit was ended before its last day.";
    "credit_exclusion.recorded": "A customer was excluded from credit.";
    "credit_group.changed": "A credit group got another name or basis.";
    "credit_group.created": "A credit group was set up.";
    "credit_group.member_joined": "A customer joined a credit group; its exposure counts there.";
    "credit_group.member_left": "A customer left a credit group, or its last day there was corrected.";
    "credit_line.changed": "A credit line got other terms by an approved application.";
    "credit_line.closed": "A credit line was closed for good.";
    "credit_line.contract_signed": "The signed contract of a credit line was recorded.";
    "credit_line.opened": "A credit line was opened by an approved application.";
    "credit_line.resumed": "A suspended credit line takes new exposure again.";
    "credit_line.reviewed": "A credit line was reviewed.";
    "credit_line.suspended": "A credit line takes no new exposure any more.";
    "credit_policy.published": "A version of the credit policy was published.";
    "customer.changed": "A customer archive was changed.";
    "customer.created": "A customer archive was opened.";
    "customer_score.recorded": "A score of a customer was recorded.";
    "dunning_level.recorded": "The dunning level of a customer was recorded.";
    "exchange_rates.published": "Exchange rates were published.";
    "payment.allocated": "What was unapplied of a payment was allocated.";
    "payment.received": "A payment was recorded, and allocated as asked.";
    "payment.reversed": "A payment was taken back.";
    "product.changed": "A product was changed.";
    "product.created": "A product was added to the catalogue.";
    "receivable.disputed": "A receivable is disputed.";
    "receivable.over_limit": "A receivable was recorded although over the limit or without a usable line.";
    "receivable.posted": "A receivable was recorded, from a reservation or as a fact.";
    "referral.rejected": "A referral was rejected.";
    "referral.released": "The last step of a referral was approved: one reservation may pass.";
    "referral.requested": "An order was referred to somebody with authority.";
    "referral.used": "A reservation has passed by a released referral.";
    "referral.withdrawn": "A referral was withdrawn.";
    "reservation.amended": "A reservation became worth another total, or is held until another instant.";
    "reservation.captured": "A part of a reservation, or all of it, became a receivable.";
    "reservation.created": "Limit was set aside.";
    "reservation.expired": "What was left of a reservation went back to the limit by expiry.";
    "reservation.released": "A part of a reservation, or all of it, was given back.";
    "supply_hold.ended": "A supply hold of a customer was ended before its last day.";
    "supply_hold.recorded": "The supply of a customer was put on hold.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sorted_and_listed_once() {
        let names: Vec<_> = EVENT_TYPES.iter().map(|event| event.name).collect();
        assert!(names.is_sorted_by(|one, next| one < next));
    }
}
