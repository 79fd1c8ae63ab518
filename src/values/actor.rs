//! Who is asking, as far as decisions and visibility care.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::ids::CustomerId;
use super::organisation::OrgPath;

crate::text_enum! {
    /// Whom a field of an answer is for.
    pub enum Audience {
        /// Whoever may read the thing, the customer itself included.
        Own = "own",
        /// The company's people and systems, and not the customer itself.
        Staff = "staff",
        /// Those of them who see internal notes.
        Officers = "officers",
    }
}

/// The scope that makes an officer of a reader.
pub const INTERNAL_NOTES: &str = "internal-notes:read";

/// The caller of one request, taken from a verified token.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Issuer and subject: who is answerable. Two tokens of one person have one principal.
    pub principal: String,
    /// The client (system) that asked on the principal's behalf.
    pub client_id: String,
    /// Granted scopes.
    pub scopes: Arc<BTreeSet<String>>,
    /// Organisation the caller stands at; it reaches everything at and below it.
    pub org_path: OrgPath,
    /// Set on self-service tokens: the one customer the caller may see.
    pub customer_id: Option<CustomerId>,
    /// Identifier of the request, in the answer, the log and the audit entry.
    pub request_id: Uuid,
}

impl Actor {
    /// Whether the caller may reach things of `org_path` (policy P04: each department looks
    /// after its own customers).
    pub fn reaches(&self, org_path: &OrgPath) -> bool {
        self.customer_id.is_none() && self.org_path.contains(org_path)
    }

    /// Which audience the caller belongs to. A customer itself is never more than that, whatever its
    /// token allows.
    pub fn audience(&self) -> Audience {
        if self.customer_id.is_some() {
            Audience::Own
        } else if self.scopes.contains(INTERNAL_NOTES) {
            Audience::Officers
        } else {
            Audience::Staff
        }
    }

    /// Whether the caller may know of a customer: its own, or one of its organisation.
    pub fn knows(&self, customer_id: CustomerId, org_path: &OrgPath) -> bool {
        match self.customer_id {
            Some(own) => own == customer_id,
            None => self.org_path.contains(org_path),
        }
    }
}
