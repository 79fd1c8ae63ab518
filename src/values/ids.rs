//! Identifiers that carry their home.
//!
//! Every identifier is a UUIDv7 (RFC 9562) whose `rand_a` field holds, in its upper ten bits, the
//! bucket of the customer or group that owns the row. A lookup by identifier alone therefore
//! knows the full primary key `(bucket, id)`, and a later distribution by bucket needs no map.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Number of buckets. Fixed for ever: identifiers carry the bucket.
pub const BUCKETS: u16 = 1024;

/// The home of a customer or group, 0 to 1023.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u16);

impl Bucket {
    /// Picks a bucket from random bits.
    pub fn from_random(bits: u16) -> Self {
        Self(bits % BUCKETS)
    }

    /// The bucket as stored in the database.
    #[expect(clippy::cast_possible_wrap, reason = "a bucket is at most 1023")]
    pub fn as_i16(self) -> i16 {
        self.0 as i16
    }
}

/// Names the thing an identifier identifies.
pub trait Entity: 'static {
    /// Name of the identifier's schema in the OpenAPI document, such as `CustomerId`.
    const SCHEMA: &'static str;
    /// The thing in audit subjects and events, such as `customer`.
    const NOUN: &'static str;
    /// Collection in the API that serves the thing, such as `customers`.
    const COLLECTION: &'static str;
    /// Parameter of a path that holds its identifier, such as `customer_id`.
    const PARAMETER: &'static str;
}

/// Identifier of an `E`.
pub struct Id<E> {
    value: Uuid,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity> Id<E> {
    /// Mints an identifier.
    ///
    /// `unix_millis` and `random` come from outside, so that the function stays pure.
    pub fn mint(bucket: Bucket, unix_millis: u64, random: [u8; 9]) -> Self {
        let mut bytes = [0_u8; 16];
        bytes[..6].copy_from_slice(&unix_millis.to_be_bytes()[2..]);
        let spare = u16::from(random[0] & 0b11);
        let rand_a = (0x7 << 12) | (bucket.0 << 2) | spare;
        bytes[6..8].copy_from_slice(&rand_a.to_be_bytes());
        bytes[8..].copy_from_slice(&random[1..]);
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self::from_uuid(Uuid::from_bytes(bytes))
    }

    /// Takes an identifier as it came from a caller or the database. Identifiers that were not
    /// minted here name nothing and are simply never found.
    pub fn from_uuid(value: Uuid) -> Self {
        Self {
            value,
            entity: PhantomData,
        }
    }

    /// The plain UUID.
    pub fn uuid(self) -> Uuid {
        self.value
    }

    /// The home of the row.
    pub fn bucket(self) -> Bucket {
        let bytes = self.value.as_bytes();
        Bucket((u16::from_be_bytes([bytes[6], bytes[7]]) & 0x0fff) >> 2)
    }

    /// The primary key `(bucket, id)`.
    pub fn key(self) -> (i16, Uuid) {
        (self.bucket().as_i16(), self.value)
    }

    /// The thing as `noun/id`, as audit entries and events name it.
    pub fn subject(self) -> String {
        format!("{}/{}", E::NOUN, self.value)
    }
}

impl<E> Clone for Id<E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E> Copy for Id<E> {}
impl<E> PartialEq for Id<E> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<E> Eq for Id<E> {}
impl<E> PartialOrd for Id<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Id<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}
impl<E> Hash for Id<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}
impl<E> fmt::Debug for Id<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}
impl<E> fmt::Display for Id<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}
impl<E: Entity> FromStr for Id<E> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Only the hyphenated form: the document says format uuid, and one spelling per thing.
        let hyphenated: Hyphenated = text.parse()?;
        Ok(Self::from_uuid(hyphenated.into_uuid()))
    }
}
impl<E> serde::Serialize for Id<E> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}
impl<'de, E: Entity> serde::Deserialize<'de> for Id<E> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| serde::de::Error::custom("expected a hyphenated UUID"))
    }
}

/// Declares identifiers, each with the name of its thing, of the collection of such things, and of
/// the parameter in a path. One that only its area knows is declared beside the types of its noun;
/// those below are known more widely.
#[macro_export]
macro_rules! identifiers {
    ($(
        $(#[$doc:meta])*
        $entity:ident, $id:ident, $noun:literal, $collection:literal, $parameter:literal;
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $entity {}
        impl $crate::values::ids::Entity for $entity {
            const SCHEMA: &'static str = stringify!($id);
            const NOUN: &'static str = $noun;
            const COLLECTION: &'static str = $collection;
            const PARAMETER: &'static str = $parameter;
        }
        $(#[$doc])*
        pub type $id = $crate::values::ids::Id<$entity>;
    )*};
}

identifiers! {
    /// A customer.
    CustomerEntity, CustomerId, "customer", "customers", "customer_id";
    /// A credit group.
    GroupEntity, GroupId, "credit_group", "credit-groups", "group_id";
    /// A credit application.
    ApplicationEntity, ApplicationId, "credit_application", "credit-applications", "application_id";
    /// An approval case.
    CaseEntity, CaseId, "approval", "approvals", "approval_id";
    /// A score of a customer.
    ScoreEntity, ScoreId, "customer_score", "customer-scores", "score_id";
    /// A credit line.
    LineEntity, LineId, "credit_line", "credit-lines", "line_id";
    /// A reservation.
    ReservationEntity, ReservationId, "reservation", "reservations", "reservation_id";
    /// A receivable.
    ReceivableEntity, ReceivableId, "receivable", "receivables", "receivable_id";
    /// An exclusion of a customer from credit.
    ExclusionEntity, ExclusionId, "credit_exclusion", "credit-exclusions", "exclusion_id";
    /// A supply hold of a customer.
    SupplyHoldEntity, SupplyHoldId, "supply_hold", "supply-holds", "hold_id";
    /// A dunning level of a customer.
    DunningLevelEntity, DunningLevelId, "dunning_level", "dunning-levels", "level_id";
    /// A referral of an order.
    ReferralEntity, ReferralId, "referral", "referrals", "referral_id";
    /// An audit entry.
    AuditEntity, AuditId, "audit_entry", "audit-entries", "audit_entry_id";
    /// An event of the change feed.
    EventEntity, EventId, "event", "events", "event_id";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_identifier_remembers_its_bucket_and_is_a_version_7_uuid(bits: u16, millis in 0..(1_u64 << 48), random: [u8; 9]) {
            let bucket = Bucket::from_random(bits);
            let id = CustomerId::mint(bucket, millis, random);
            prop_assert_eq!(id.bucket(), bucket);
            prop_assert_eq!(id.uuid().get_version_num(), 7);
            prop_assert_eq!(id.uuid().get_variant(), uuid::Variant::RFC4122);
            let again: CustomerId = id.to_string().parse().unwrap();
            prop_assert_eq!(again, id);
        }

        #[test]
        fn identifiers_sort_by_time(first in 0..(1_u64 << 47), later in 1..1_000_000_u64, random: [u8; 9], other: [u8; 9]) {
            let early = CustomerId::mint(Bucket::from_random(1023), first, random);
            let late = CustomerId::mint(Bucket::from_random(0), first + later, other);
            prop_assert!(early < late);
        }
    }

    #[test]
    fn only_the_hyphenated_form_is_an_identifier() {
        assert!(
            "0190b6c8e2a47c3d8f00112233445566"
                .parse::<CustomerId>()
                .is_err()
        );
        assert!(
            "0190b6c8-e2a4-7c3d-8f00-112233445566"
                .parse::<CustomerId>()
                .is_ok()
        );
        assert!("".parse::<CustomerId>().is_err());
    }
}
