//! What is asked of reservations, and what comes of it.

use chrono::{DateTime, Utc};

use crate::catalogue::domain::products::ProductCode;
use crate::error::Error;
use crate::exposure::app::checks::Asked;
use crate::exposure::app::receivables::CapturedReceivable;
use crate::exposure::app::referrals::OrderName;
use crate::exposure::store::receivables::CaptureRow;
use crate::exposure::store::reservations::ReservationRow;
use crate::rules::domain::check_rules::OrderTerms;
use crate::values::ids::{CustomerId, ReservationId};
use crate::values::text_keys::compared;

/// What is to be reserved.
#[derive(Debug, Clone)]
pub struct NewReservation {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Amount, more than nothing, and what secures it.
    pub asked: Asked,
    /// The caller's own reference.
    pub reference: String,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the order brings along.
    pub order: OrderTerms,
}

impl NewReservation {
    /// What the order is called.
    pub(super) fn name(&self) -> OrderName {
        (self.customer_id, compared(&self.reference))
    }
}

/// Reads the amount of a request in the currency of the reservation; `None` means all that is left.
pub type AmountOf = Box<dyn Fn(&ReservationRow) -> Result<Option<i64>, Error> + Send + Sync>;

/// Refuses a reservation that is not as the caller has read it.
pub type SeenReservation = Box<dyn Fn(Decided) -> Result<(), Error> + Send + Sync>;

/// What a reservation is to become.
pub struct Amendment {
    /// The total; as it is when left out.
    pub total: AmountOf,
    /// The deposit; as it is when left out.
    pub deposit: AmountOf,
    /// When it expires; as it is when left out.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the order brings along.
    pub order: OrderTerms,
}

/// What is asked of reservations.
pub enum Command {
    /// Set limit aside.
    Reserve(NewReservation),
    /// Turn a part, or all that is left, into a receivable.
    Capture {
        /// Which one.
        id: ReservationId,
        /// How much.
        amount: AmountOf,
        /// Whether the rest goes back.
        is_final: bool,
        /// The receivable it turns into.
        receivable: CapturedReceivable,
        /// As what it was read, where the caller says so.
        seen: Option<SeenReservation>,
    },
    /// Give a part, or all that is left, back.
    Release {
        /// Which one.
        id: ReservationId,
        /// How much.
        amount: AmountOf,
        /// As what it was read, where the caller says so.
        seen: Option<SeenReservation>,
    },
    /// Make it worth another total, or hold it until another instant.
    Amend {
        /// Which one.
        id: ReservationId,
        /// What it is to become.
        amendment: Amendment,
        /// As what it was read, where the caller says so.
        seen: Option<SeenReservation>,
    },
}

impl Command {
    /// The reservation it is about, if that exists already.
    pub(super) fn about(&self) -> Option<ReservationId> {
        match self {
            Self::Reserve(_) => None,
            Self::Capture { id, .. } | Self::Release { id, .. } | Self::Amend { id, .. } => {
                Some(*id)
            }
        }
    }

    /// The reservation that has to be as it was read, if the caller says so.
    pub(super) fn seen(&self) -> Option<(ReservationId, &SeenReservation)> {
        match self {
            Self::Reserve(_) => None,
            Self::Capture { id, seen, .. }
            | Self::Release { id, seen, .. }
            | Self::Amend { id, seen, .. } => Some((*id, seen.as_ref()?)),
        }
    }

    /// Whether it may ask for more limit.
    pub(super) fn may_take(&self) -> bool {
        matches!(self, Self::Reserve(_) | Self::Amend { .. })
    }
}

/// A reservation as a command left it.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The reservation.
    pub row: ReservationRow,
    /// What was captured from it so far.
    pub captures: Vec<CaptureRow>,
    /// The instant of the decision.
    pub now: DateTime<Utc>,
    /// Whether the command made it; asking for it again did not.
    pub made: bool,
}
