//! Documents that are published version by version, over HTTP: what publishes one, how a version is
//! shown, and the three handlers that publish, list and read it.

use crate::error::Error;

/// How a document is sent and shown.
pub(crate) trait Shown<D>: Sized {
    /// The document as it is shown.
    fn of(document: D) -> Self;

    /// The document as it was sent.
    ///
    /// # Errors
    /// A 422 at what cannot be read.
    fn read(self) -> Result<D, Error>;
}

/// Declares the body that publishes a document, a version as it is shown, and a page of them.
macro_rules! document_types {
    (
        $(#[$body_meta:meta])*
        $body:ident {
            $(#[$effective_meta:meta])* effective_from,
            $(#[$sent_meta:meta])* $field:ident: $shown:ty,
        }

        $(#[$view_meta:meta])*
        $view:ident of $document:ty, under $path:literal, $beginning:ident {
            $(#[$shown_meta:meta])* $again:ident,
        }

        $(#[$page_meta:meta])*
        $page:ident by $parameters:ident
    ) => {
        use crate::platform::http::moulds::documents::Shown;
        use crate::platform::http::moulds::*;
        use crate::platform::store::documents::{self, Publication, Version};

        #[derive(Debug, serde::Deserialize, validator::Validate, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$body_meta])*
        pub struct $body {
            $(#[$effective_meta])*
            pub effective_from: Date,
            /// Why it is published.
            #[serde(default)]
            pub note: Option<Text<500>>,
            $(#[$sent_meta])*
            pub $field: $shown,
        }

        crate::platform::http::moulds::documents::version_view! {
            $beginning
            $(#[$view_meta])*
            $view {
                $(#[$shown_meta])*
                $again: $shown,
            }
        }

        impl Representation for $view {
            fn version(&self) -> i64 {
                self.version.into()
            }

            fn location(&self) -> String {
                format!("/v1/{}/{}", $path, self.version)
            }
        }

        impl From<Version<$document>> for $view {
            fn from(version: Version<$document>) -> Self {
                Self {
                    version: version.number,
                    effective_from: version.effective_from.map(Date),
                    note: version.note.map(Text),
                    published_by: version.published_by.map(Principal),
                    published_at: version.published_at,
                    confirmed_by: version.confirmed_by.map(Principal),
                    $field: Shown::of(version.document),
                }
            }
        }

        crate::page! {
            $(#[$page_meta])*
            $page of $view
        }

        crate::listing_parameters! {
            /// Pages of the versions.
            $parameters {}
        }
    };
}

/// The version of a document, which says of itself whether there is one before the first.
macro_rules! version_view {
    (built_in $($rest:tt)*) => {
        crate::platform::http::moulds::documents::version_view! {
            @ "Version; 0 is the built-in one.", "First day of effect; null for the built-in one.",
            [required = true], [required = true], [required = true]; $($rest)*
        }
    };
    (published $($rest:tt)*) => {
        crate::platform::http::moulds::documents::version_view! {
            @ "Version, from 1.", "First day of effect.",
            [value_type = Date], [value_type = Principal], [value_type = DateTime<Utc>]; $($rest)*
        }
    };
    (
        @ $version:literal, $effective:literal, [$($from:tt)*], [$($by:tt)*], [$($at:tt)*];
        $(#[$meta:meta])*
        $view:ident { $(#[$field_meta:meta])* $field:ident: $shown:ty, }
    ) => {
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        $(#[$meta])*
        pub struct $view {
            #[doc = $version]
            pub version: i32,
            #[doc = $effective]
            #[schema($($from)*)]
            pub effective_from: Option<Date>,
            /// Why it was published.
            #[schema(required = true)]
            pub note: Option<Text<500>>,
            /// Who published it: issuer and subject.
            #[schema($($by)*)]
            pub published_by: Option<Principal>,
            /// Instant of publication.
            #[schema($($at)*)]
            pub published_at: Option<DateTime<Utc>>,
            /// Who confirmed it: issuer and subject.
            #[schema(required = true)]
            pub confirmed_by: Option<Principal>,
            $(#[$field_meta])*
            pub $field: $shown,
        }
    };
}

/// Writes the handlers of a document, each from its words and its scope. What is published waits for
/// a second person, by the use cases and with the view that the caller names: of which area they are
/// is not known here.
macro_rules! document_handlers {
    (
        $document:ty, by $publishing:ident as $change:ident, tagged $tag:literal,
        $view:ident at $member:literal,
        $page:ident at $collection:literal with $parameters:ident;

        $(#[$publish_doc:meta])*
        pub async fn $publish:ident, $publish_id:literal: $write:ty, $body:ident($field:ident);

        $(#[$list_doc:meta])*
        pub async fn $list:ident, $list_id:literal: $see:ty;

        $(#[$get_doc:meta])*
        pub async fn $get:ident, $get_id:literal: $read:ty;
    ) => {
        $(#[$publish_doc])*
        #[utoipa::path(post, path = $collection, tag = $tag, operation_id = $publish_id)]
        pub async fn $publish(
            guard: Require<$write>,
            command: KeyedCommand<$body>,
        ) -> Reply<Accepted<$change>> {
            let (body, repeatable) = command.into_parts();
            let new: Publication<$document> = Publication {
                document: body.$field.read()?,
                effective_from: body.effective_from.0,
                note: body.note.map(|note| note.0),
            };
            guard
                .write($publishing::PROPOSE, repeatable, move |tx| {
                    Ok(Accepted($publishing::publish(tx, &new)?.into()))
                })
                .await
        }

        $(#[$list_doc])*
        #[utoipa::path(get, path = $collection, tag = $tag, operation_id = $list_id)]
        pub async fn $list(
            guard: Require<$see>,
            parameters: Parameters<$parameters>,
        ) -> Result<Listing<$page>, Error> {
            let load = |reader: &mut Reader<'_>, _: &$parameters, before, limit| {
                let versions = documents::list::<$document>(reader, before, limit)?;
                Ok(versions.into_iter().map($view::from).collect())
            };
            listing(&guard, parameters, load, |view: &$view| view.version).await
        }

        $(#[$get_doc])*
        #[utoipa::path(get, path = $member, tag = $tag, operation_id = $get_id)]
        pub async fn $get(
            guard: Require<$read>,
            version: PathVersion,
        ) -> Result<Resource<$view>, Error> {
            guard
                .read(move |reader| {
                    let today = reader.today;
                    let found = match version.0 {
                        Some(number) => documents::version::<$document>(reader, number)?,
                        None => Some(documents::in_force(reader, today)?),
                    };
                    Ok(Resource(found.ok_or_else(Error::not_found)?.into()))
                })
                .await
        }
    };
}

pub(crate) use {document_handlers, document_types, version_view};
