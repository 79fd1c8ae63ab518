//! Settings as they were given, and what can be wrong with them.

use std::collections::BTreeMap;

/// One setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Name of the setting, or of the unknown thing.
    pub name: String,
    /// Where the value came from.
    pub from: String,
    /// What is wrong and what was expected. Never repeats the value: it may be a secret.
    pub why: String,
}

/// Values as they were given, all as text.
#[derive(Default)]
pub(super) struct Given(pub(super) BTreeMap<&'static str, (String, String)>);

impl Given {
    /// A complaint about a setting, with where its value came from.
    pub(super) fn wrong(&self, name: &str, why: String) -> Wrong {
        let from = self.0.get(name).map_or_else(
            || "environment or file".to_owned(),
            |(_, from)| from.clone(),
        );
        Wrong {
            name: name.to_owned(),
            from,
            why,
        }
    }
}
