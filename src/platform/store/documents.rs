//! Documents that are published version by version and never rewritten: the authority matrix, the
//! credit policy and the rules of credit checks.

use diesel::prelude::*;
use diesel::sql_types::Text;

/// Writes the rows and queries of a table of versions.
macro_rules! versioned {
    ($table:ident, $document:ident) => {
        use chrono::{DateTime, NaiveDate, Utc};
        use diesel::prelude::*;
        use serde_json::Value;

        use crate::platform::store::schema::$table;

        /// A version as stored.
        #[derive(Debug, Clone, Queryable, Selectable, Insertable)]
        #[diesel(table_name = $table)]
        pub struct VersionRow {
            /// Version, from 1.
            pub version: i32,
            /// First day of effect.
            pub effective_from: NaiveDate,
            /// The document.
            pub $document: Value,
            /// Why it was published.
            pub note: Option<String>,
            /// Who published it.
            pub published_by: String,
            /// When.
            pub published_at: DateTime<Utc>,
        }

        /// The version in force on a day: the latest of those that have begun.
        pub fn in_force(
            connection: &mut PgConnection,
            day: NaiveDate,
        ) -> QueryResult<Option<VersionRow>> {
            $table::table
                .filter($table::effective_from.le(day))
                .order($table::version.desc())
                .select(VersionRow::as_select())
                .first(connection)
                .optional()
        }

        /// Finds a version.
        pub fn find(
            connection: &mut PgConnection,
            version: i32,
        ) -> QueryResult<Option<VersionRow>> {
            $table::table
                .find(version)
                .select(VersionRow::as_select())
                .first(connection)
                .optional()
        }

        /// A page of versions, newest first, before `before`.
        pub fn list(
            connection: &mut PgConnection,
            before: Option<i32>,
            limit: i64,
        ) -> QueryResult<Vec<VersionRow>> {
            $table::table
                .filter($table::version.lt(before.unwrap_or(i32::MAX)))
                .order($table::version.desc())
                .limit(limit)
                .select(VersionRow::as_select())
                .load(connection)
        }

        /// The number of the next version. Whoever asks for it waits until no other publication of
        /// the document is under way, so that two at once become two versions in a row.
        pub fn next_version(connection: &mut PgConnection) -> QueryResult<i32> {
            crate::platform::store::documents::wait_for_turn(connection, stringify!($table))?;
            let latest: Option<i32> = $table::table
                .select(diesel::dsl::max($table::version))
                .first(connection)?;
            Ok(latest.unwrap_or(0) + 1)
        }

        /// Writes a new version.
        ///
        /// # Errors
        /// [`Error::Retry`](crate::error::Error::Retry) when the number is taken: by an instance
        /// of an older release, which does not wait for its turn.
        pub fn insert(
            connection: &mut PgConnection,
            row: &VersionRow,
        ) -> Result<(), crate::error::Error> {
            let written = diesel::insert_into($table::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(connection)?;
            match written {
                1 => Ok(()),
                _ => Err(crate::error::Error::Retry(
                    "somebody else published the same version",
                )),
            }
        }
    };
}

/// Waits until nobody else publishes the document that is kept in the table; the turn ends with the
/// transaction. Locks of two numbers are never those of one number, which stand for keys of
/// requests.
pub(crate) fn wait_for_turn(connection: &mut PgConnection, table: &str) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock($1::regclass::oid::int4, 0)")
        .bind::<Text, _>(table)
        .execute(connection)
        .map(drop)
}

pub(crate) use versioned;
