//! What a caller may see: its own organisation and below, or, for a customer itself, its own.

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

pub(crate) use visible_to;
