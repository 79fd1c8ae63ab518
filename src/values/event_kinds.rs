//! Kinds of events: what the change feed tells of. Each area declares its own, in `domain/events.rs`.

/// A kind of event and when it is published. There is none but those that `event_kinds!` declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKind {
    name: &'static str,
    description: &'static str,
}

impl EventKind {
    /// The kind that `event_kinds!` declares.
    pub(crate) const fn declared(name: &'static str, description: &'static str) -> Self {
        Self { name, description }
    }

    /// Its name, as `resource.past_tense`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// When it is published.
    pub const fn description(self) -> &'static str {
        self.description
    }
}

/// Declares the kinds of events of an area, and `EVERY` one of them.
macro_rules! event_kinds {
    ($($kind:ident = $name:literal: $description:literal;)*) => {
        $(
            #[doc = $description]
            pub const $kind: $crate::values::event_kinds::EventKind =
                $crate::values::event_kinds::EventKind::declared($name, $description);
        )*

        /// Every kind of event of this area, by name.
        pub const EVERY: &[$crate::values::event_kinds::EventKind] = &[$($kind),*];
    };
}

pub(crate) use event_kinds;
