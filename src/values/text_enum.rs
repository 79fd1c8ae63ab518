//! Closed sets of words: stored as TEXT with a CHECK, spelt the same in the API.

/// Declares an enum whose variants are words.
#[macro_export]
macro_rules! text_enum {
    (
        $(#[doc = $doc:expr])*
        pub enum $name:ident { $($(#[doc = $variant_doc:expr])* $variant:ident = $word:literal,)* }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[doc = $variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        // By hand: the derive of utoipa does not see a word that comes through a macro, and would
        // document the names of the variants instead.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let meanings = [$(($word, concat!($($variant_doc, "\n"),*).trim())),*];
                $crate::values::text_enum::schema(concat!($($doc, "\n"),*).trim(), &meanings)
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl $name {
            /// Every word, in order.
            pub const EVERY: &'static [Self] = &[$(Self::$variant,)*];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Finds the variant of a word.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

/// A string of these words, each with what it means.
pub fn schema(
    description: &str,
    meanings: &[(&'static str, &'static str)],
) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    use utoipa::openapi::extensions::ExtensionsBuilder;
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    let by_word: serde_json::Map<String, serde_json::Value> = meanings
        .iter()
        .map(|(word, meaning)| ((*word).to_owned(), (*meaning).into()))
        .collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(meanings.iter().map(|(word, _)| *word)))
        .extensions(Some(
            ExtensionsBuilder::new()
                .add("x-enum-descriptions", by_word)
                .build(),
        ))
        .into()
}
