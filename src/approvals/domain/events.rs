//! Kinds of events of approvals.

use crate::values::event_kinds::event_kinds;

event_kinds! {
    APPROVAL_DECIDED = "approval.decided": "A step of an approval case was decided.";
    APPROVAL_DELEGATED = "approval.delegated": "Somebody lent approval authority to a colleague.";
    APPROVAL_DELEGATION_REVOKED = "approval.delegation_revoked": "A delegation of approval authority was revoked.";
    APPROVAL_ESCALATED = "approval.escalated": "A step of an approval case has waited too long; its escalation may decide it too.";
    APPROVAL_REQUESTED = "approval.requested": "An approval case was opened.";
    APPROVAL_WITHDRAWN = "approval.withdrawn": "An approval case was withdrawn by its requester.";
    AUTHORITY_RULES_PUBLISHED = "authority_rules.published": "A version of the authority matrix was published.";
    PENDING_CHANGE_CARRIED_OUT = "pending_change.carried_out": "A change was confirmed by a second person, and carried out.";
    PENDING_CHANGE_PROPOSED = "pending_change.proposed": "A change waits for a second person.";
    PENDING_CHANGE_REJECTED = "pending_change.rejected": "A change was refused by a second person.";
    PENDING_CHANGE_WITHDRAWN = "pending_change.withdrawn": "A change was taken back by who asked for it.";
}
