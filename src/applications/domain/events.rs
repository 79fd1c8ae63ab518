//! Kinds of events of applications.

use crate::values::event_kinds::event_kinds;

event_kinds! {
    CREDIT_APPLICATION_AMENDED = "credit_application.amended": "A draft of a credit application was changed.";
    CREDIT_APPLICATION_APPROVED = "credit_application.approved": "The last step of a credit application was approved, and it was carried out.";
    CREDIT_APPLICATION_DRAWN_UP = "credit_application.drawn_up": "A credit application was drawn up.";
    CREDIT_APPLICATION_REJECTED = "credit_application.rejected": "A credit application was rejected.";
    CREDIT_APPLICATION_SENT_BACK = "credit_application.sent_back": "A credit application was sent back for a change.";
    CREDIT_APPLICATION_SUBMITTED = "credit_application.submitted": "A credit application was submitted.";
    CREDIT_APPLICATION_WITHDRAWN = "credit_application.withdrawn": "A credit application was withdrawn.";
}
