//! What a caller may see: its own organisation and below, or, for a customer itself, its own; and
//! how one such row is found.

/// Writes `visible_to` for a table with `org_path` and `customer_id` columns.
macro_rules! visible_to {
    ($table:ident) => {
        type Visible<'a> = Box<
            dyn diesel::BoxableExpression<
                    $table::table,
                    diesel::pg::Pg,
                    SqlType = diesel::sql_types::Bool,
                > + 'a,
        >;

        /// The rows that the caller may know of.
        fn visible_to(actor: &crate::values::actor::Actor) -> Visible<'_> {
            use diesel::prelude::*;
            match actor.customer_id {
                Some(own) => Box::new($table::customer_id.assume_not_null().eq(own)),
                None => at_or_below(&actor.org_path),
            }
        }

        /// The rows of an organisation and everything below it.
        fn at_or_below(org_path: &crate::values::organisation::OrgPath) -> Visible<'_> {
            use diesel::prelude::*;
            Box::new(
                $table::org_path
                    .eq(org_path)
                    .or($table::org_path.like(format!("{org_path}/%"))),
            )
        }
    };
}

/// Writes, of the ways to get at one row of a table, those that are named: `find` for a reader,
/// `find_locked` for a change, and `anywhere` and `lock` where somebody reads and decides what only
/// another may see.
/// The table has the key `(bucket, id)`, and its file a `visible_to`; what is locked is dated.
macro_rules! found {
    ($table:ident, $row:ty, $id:ty: $($name:ident),+) => {
        $(crate::platform::store::visibility::found!(@$name $table, $row, $id);)+
    };
    (@find $table:ident, $row:ty, $id:ty) => {
        /// Finds one that the caller may know of.
        pub fn find(
            reader: &mut crate::platform::store::tx::Reader<'_>,
            id: $id,
        ) -> diesel::QueryResult<Option<$row>> {
            use diesel::prelude::*;
            $table::table
                .find(id.key())
                .filter(visible_to(reader.actor))
                .select(<$row>::as_select())
                .first(reader.connection)
                .optional()
        }
    };
    (@find_locked $table:ident, $row:ty, $id:ty) => {
        /// Finds one that the caller may know of, and locks it until the end of the transaction.
        pub fn find_locked(
            tx: &mut crate::platform::store::tx::Tx<'_>,
            id: $id,
        ) -> diesel::QueryResult<Option<$row>> {
            use diesel::prelude::*;
            tx.lock(|reader| {
                $table::table
                    .find(id.key())
                    .filter(visible_to(reader.actor))
                    .select(<$row>::as_select())
                    .for_no_key_update()
                    .first(reader.connection)
                    .optional()
            })
        }
    };
    (@anywhere $table:ident, $row:ty, $id:ty) => {
        /// Finds one whoever may see it: for those who may know of it through its approval.
        pub fn anywhere(
            connection: &mut diesel::PgConnection,
            id: $id,
        ) -> diesel::QueryResult<Option<$row>> {
            use diesel::prelude::*;
            $table::table
                .find(id.key())
                .select(<$row>::as_select())
                .first(connection)
                .optional()
        }
    };
    (@lock $table:ident, $row:ty, $id:ty) => {
        /// Locks one whoever may see it: for a delegate, who decides where somebody else would.
        pub fn lock(
            tx: &mut crate::platform::store::tx::Tx<'_>,
            id: $id,
        ) -> diesel::QueryResult<Option<$row>> {
            use diesel::prelude::*;
            tx.lock(|reader| {
                $table::table
                    .find(id.key())
                    .select(<$row>::as_select())
                    .for_no_key_update()
                    .first(reader.connection)
                    .optional()
            })
        }
    };
}

pub(crate) use found;
pub(crate) use visible_to;
