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
    "credit_group.changed": "A credit group got another name or basis.";
    "credit_group.created": "A credit group was set up.";
    "credit_group.member_joined": "A customer joined a credit group; its exposure counts there.";
    "credit_group.member_left": "A customer left a credit group, or its last day there was corrected.";
    "customer.changed": "A customer archive was changed.";
    "customer.created": "A customer archive was opened.";
    "product.changed": "A product was changed.";
    "product.created": "A product was added to the catalogue.";
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
