//! Kinds of events of the archive.

use crate::values::event_kinds::event_kinds;

event_kinds! {
    CUSTOMER_CHANGED = "customer.changed": "A customer archive was changed.";
    CUSTOMER_CREATED = "customer.created": "A customer archive was opened.";
}
