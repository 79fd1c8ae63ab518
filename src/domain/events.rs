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
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The first text in quotes of every statement that publishes: after `emit…(`, or in a
    /// field `kind`.
    fn published(source: &str) -> Vec<&str> {
        let calls = source.split("emit").skip(1);
        let fields = source.split("kind:").skip(1);
        calls
            .chain(fields)
            .filter_map(|rest| rest.split(';').next()?.split('"').nth(1))
            .filter(|text| text.contains('.') && !text.contains(' '))
            .collect()
    }

    #[test]
    fn types_are_sorted_and_every_published_type_is_listed() {
        assert!(EVENT_TYPES.is_sorted_by_key(|event| event.name));
        let listed: BTreeSet<_> = EVENT_TYPES.iter().map(|event| event.name).collect();
        assert_eq!(listed.len(), EVENT_TYPES.len());
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app");
        let mut found = BTreeSet::new();
        for file in fs::read_dir(folder).unwrap() {
            let source = fs::read_to_string(file.unwrap().path()).unwrap();
            found.extend(published(&source).into_iter().map(str::to_owned));
        }
        assert!(found.contains("credit_group.member_left"));
        for name in found {
            assert!(listed.contains(name.as_str()), "{name} is not listed");
        }
    }
}
