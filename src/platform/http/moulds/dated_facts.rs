//! Facts of customers that a later one takes the place of, over HTTP: how one is shown, and the
//! three handlers that record, list and read it.

/// Declares how a fact is shown, and a page of them: what is stated, between whom it is about and who
/// recorded it. The fields are those of the body that it is recorded with.
macro_rules! fact_types {
    (
        $(#[$meta:meta])*
        $view:ident of $fact:ident as $id:ident, stated by $body:ident, under $path:literal {
            $($(#[$field_meta:meta])* $field:ident: $kind:ty,)*
        }

        $(#[$page_meta:meta])*
        $page:ident by $parameters:ident
    ) => {
        use crate::platform::http::moulds::*;
        use crate::platform::store::dated_facts::FactRow;

        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        $(#[$meta])*
        pub struct $view {
            /// Identifier.
            pub id: $id,
            /// Customer.
            pub customer_id: CustomerId,
            $($(#[$field_meta])* pub $field: $kind,)*
            /// Who recorded it: issuer and subject.
            pub recorded_by: Principal,
            /// Instant of recording.
            pub recorded_at: DateTime<Utc>,
            /// Who confirmed it, where somebody had to: issuer and subject.
            #[schema(required = true)]
            pub confirmed_by: Option<Principal>,
        }

        impl Representation for $view {
            fn version(&self) -> i64 {
                1
            }

            fn location(&self) -> String {
                format!("/v1/customers/{}/{}/{}", self.customer_id, $path, self.id)
            }
        }

        impl From<FactRow<$fact>> for $view {
            fn from(row: FactRow<$fact>) -> Self {
                Self {
                    id: row.id,
                    customer_id: row.customer_id,
                    $($field: row.fact.$field.into(),)*
                    recorded_by: Principal(row.recorded_by),
                    recorded_at: row.recorded_at,
                    confirmed_by: row.confirmed_by.map(Principal),
                }
            }
        }

        impl From<$body> for $fact {
            fn from(body: $body) -> Self {
                Self { $($field: body.$field.into()),* }
            }
        }

        crate::page! {
            $(#[$page_meta])*
            $page of $view
        }

        crate::listing_parameters! {
            /// Where a page of them begins.
            $parameters {}
        }
    };
}

/// Writes the handlers of a fact, each from its words and its scope. The modules of the use cases and
/// of what waits are named by the caller: which area they are of is not known here.
macro_rules! fact_handlers {
    (
        $fact:ident by $facts:ident, or $waiting:ident, tagged $tag:literal,
        $view:ident at $member:literal,
        $page:ident at $collection:literal with $parameters:ident;

        $(#[$record_doc:meta])*
        pub async fn $record:ident, $record_id:literal: $write:ty, $body:ident;

        $(#[$list_doc:meta])*
        pub async fn $list:ident, $list_id:literal: $see:ty;

        $(#[$get_doc:meta])*
        pub async fn $get:ident, $get_id:literal: $read:ty, $entity:ident;
    ) => {
        $(#[$record_doc])*
        #[utoipa::path(post, path = $collection, tag = $tag, operation_id = $record_id)]
        pub async fn $record(
            guard: Require<$write>,
            customer: PathId<CustomerEntity>,
            command: KeyedCommand<$body>,
        ) -> Reply<$waiting::MayWait<Created<$view>>> {
            let (body, repeatable) = command.into_parts();
            let fact = $fact::try_from(body)?;
            guard
                .write(<$fact as $facts::Recordable>::ACTION, repeatable, move |tx| {
                    let done = $facts::record(tx, customer.0, fact.clone())?;
                    $waiting::may_wait(done, |row| Ok(Created(row.into())))
                })
                .await
        }

        $(#[$list_doc])*
        #[utoipa::path(get, path = $collection, tag = $tag, operation_id = $list_id)]
        pub async fn $list(
            guard: Require<$see>,
            customer: PathId<CustomerEntity>,
            parameters: Parameters<$parameters>,
        ) -> Result<Listing<$page>, Error> {
            let load = move |reader: &mut Reader<'_>, _: &$parameters, after, limit| {
                let rows = $facts::list::<$fact>(reader, customer.0, after, limit)?;
                Ok(rows.into_iter().map($view::from).collect())
            };
            listing(&guard, parameters, load, |view: &$view| view.id).await
        }

        $(#[$get_doc])*
        #[utoipa::path(get, path = $member, tag = $tag, operation_id = $get_id)]
        pub async fn $get(
            guard: Require<$read>,
            customer: PathId<CustomerEntity>,
            id: PathId<$entity>,
        ) -> Result<Resource<$view>, Error> {
            guard
                .read(move |reader| {
                    let row = $facts::find::<$fact>(reader, customer.0, id.0)?;
                    Ok(Resource(row.into()))
                })
                .await
        }
    };
}

pub(crate) use {fact_handlers, fact_types};
