//! Documents that are published version by version and never rewritten: the authority matrix, the
//! credit policy and the rules of credit checks. Each has a table of its own; what is asked of one
//! is asked of all.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::days::not_before_today;
use crate::error::{Bilingual, Error, FieldError, OrInternal, Place, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::made::Made;
use crate::platform::store::telling::About;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::event_kinds::EventKind;

/// A document of the domain; the table its versions are kept in is named by `versioned!`.
pub trait Versioned: Serialize + DeserializeOwned {
    /// The table.
    const TABLE: &'static str;
    /// The column of the document, and its field in a request.
    const FIELD: &'static str;

    /// The version in force on a day: the latest of those that have begun.
    fn begun(connection: &mut PgConnection, day: NaiveDate) -> QueryResult<Option<VersionRow>>;

    /// Finds a version.
    fn find(connection: &mut PgConnection, version: i32) -> QueryResult<Option<VersionRow>>;

    /// A page of versions, newest first, before `before`.
    fn list(
        connection: &mut PgConnection,
        before: Option<i32>,
        limit: i64,
    ) -> QueryResult<Vec<VersionRow>>;

    /// The latest version.
    fn latest(connection: &mut PgConnection) -> QueryResult<Option<i32>>;

    /// Writes a new version; says whether its number was still free.
    fn insert(connection: &mut PgConnection, row: &VersionRow) -> QueryResult<bool>;
}

/// A document that can be published.
pub trait Document: Versioned {
    /// What audit entries and events call it.
    const NOUN: &'static str;
    /// What publishing it is called in the audit trail.
    const ACTION: &'static str;
    /// The type of event that tells of it.
    const EVENT: EventKind;

    /// What holds, as version 0, until something else is published.
    fn built_in() -> Option<Self> {
        None
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// The place in it that does not, and why.
    fn check(&self) -> Result<(), (String, Bilingual)>;

    /// Whether it stays above what no version of it may go below.
    ///
    /// # Errors
    /// The place in it that does not, and why.
    fn floor(&self) -> Result<(), (String, Bilingual)> {
        Ok(())
    }

    /// What audit entry and event say of a version.
    fn details(&self, version: i32, effective_from: NaiveDate) -> Value {
        json!({"version": version, "effective_from": effective_from})
    }
}

/// The answer of a check that names the first field that is out of range, and what it should be.
///
/// # Errors
/// Where there is such a field.
pub fn in_range(found: Option<(&str, &str)>) -> Result<(), (String, Bilingual)> {
    match found {
        Some((field, detail)) => Err((field.to_owned(), Bilingual::new(detail, "超出允许范围"))),
        None => Ok(()),
    }
}

/// A version as stored.
#[derive(Debug, Clone, Queryable)]
pub struct VersionRow {
    /// Its number, from 1.
    pub version: i32,
    /// First day of effect.
    pub effective_from: NaiveDate,
    /// The document.
    pub document: Value,
    /// Why it was published.
    pub note: Option<String>,
    /// Who published it.
    pub published_by: String,
    /// When.
    pub published_at: DateTime<Utc>,
    /// Who confirmed it.
    pub confirmed_by: Option<String>,
}

/// A version to be published.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Publication<D> {
    /// All of it.
    pub document: D,
    /// First day of effect.
    pub effective_from: NaiveDate,
    /// Why it is published.
    pub note: Option<String>,
}

/// A version of a document. Nobody has published the built-in one.
#[derive(Debug, Clone)]
pub struct Version<D> {
    /// Its number; 0 is the built-in one.
    pub number: i32,
    /// What it says.
    pub document: D,
    /// First day of effect.
    pub effective_from: Option<NaiveDate>,
    /// Why it was published.
    pub note: Option<String>,
    /// Who published it.
    pub published_by: Option<String>,
    /// When.
    pub published_at: Option<DateTime<Utc>>,
    /// Who confirmed it.
    pub confirmed_by: Option<String>,
}

impl<D: Document> Version<D> {
    fn built_in() -> Option<Self> {
        D::built_in().map(|document| Self {
            number: 0,
            document,
            effective_from: None,
            note: None,
            published_by: None,
            published_at: None,
            confirmed_by: None,
        })
    }

    fn stored(row: VersionRow) -> Result<Self, Error> {
        Ok(Self {
            number: row.version,
            document: read(row.document)?,
            effective_from: Some(row.effective_from),
            note: row.note,
            published_by: Some(row.published_by),
            published_at: Some(row.published_at),
            confirmed_by: row.confirmed_by,
        })
    }
}

/// The document of a stored version.
///
/// # Errors
/// When it cannot be read.
pub fn read<D: Document>(document: Value) -> Result<D, Error> {
    serde_json::from_value(document).or_internal()
}

/// The version in force on a day.
///
/// # Errors
/// 404 where none was published and none is built in.
pub fn in_force<D: Document>(reader: &mut Reader<'_>, day: NaiveDate) -> Result<Version<D>, Error> {
    match D::begun(reader.connection, day)? {
        Some(row) => Version::stored(row),
        None => Version::built_in().ok_or_else(Error::not_found),
    }
}

/// A version, by its number.
///
/// # Errors
/// When it cannot be read.
pub fn version<D: Document>(
    reader: &mut Reader<'_>,
    number: i32,
) -> Result<Option<Version<D>>, Error> {
    if number == 0 {
        return Ok(Version::built_in());
    }
    let row = D::find(reader.connection, number)?;
    row.map(Version::stored).transpose()
}

/// A page of versions, newest first, before `before`.
///
/// # Errors
/// When one of them cannot be read.
pub fn list<D: Document>(
    reader: &mut Reader<'_>,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Version<D>>, Error> {
    let rows = D::list(reader.connection, before, limit)?;
    rows.into_iter().map(Version::stored).collect()
}

/// Checks what is to be published.
///
/// # Errors
/// 422 for what makes no sense or goes below the floor, or when it would begin in the past.
pub fn check<D: Document>(new: &Publication<D>, today: NaiveDate) -> Result<(), Error> {
    let at = |code: ProblemCode| {
        move |(place, detail): (String, Bilingual)| {
            Problem::new(code).at(FieldError {
                place: Place::Pointer(format!("#/{}/{place}", D::FIELD)),
                detail,
            })
        }
    };
    let document = &new.document;
    document
        .check()
        .map_err(at(ProblemCode::ValidationFailed))?;
    document.floor().map_err(at(ProblemCode::AuthorityFloor))?;
    not_before_today("effective_from", new.effective_from, today)
}

/// The number of the next version. Whoever asks for it waits until no other publication of the
/// document is under way, so that two at once become two versions in a row.
///
/// # Errors
/// When the database cannot serve.
pub fn next_version<D: Document>(tx: &mut Tx<'_>) -> Result<i32, Error> {
    wait_for_turn(tx.connection, D::TABLE)?;
    let version = D::latest(tx.connection)?.unwrap_or(0) + 1;
    tx.time_after_locks(tx.now);
    Ok(version)
}

/// Publishes a new version of the whole document, with the number that [`next_version`] gave.
///
/// # Errors
/// As [`check`].
pub fn publish<D: Document>(
    tx: &mut Tx<'_>,
    new: &Publication<D>,
    version: i32,
    made: Made,
) -> Result<Version<D>, Error> {
    check(new, tx.today)?;
    let row = VersionRow {
        version,
        effective_from: new.effective_from,
        document: json!(new.document),
        note: new.note.clone(),
        published_by: made.by,
        published_at: tx.now,
        confirmed_by: made.confirmed_by,
    };
    // An instance of an older release does not wait for its turn.
    if !D::insert(tx.connection, &row)? {
        return Err(Error::Retry("somebody else published the same version"));
    }
    let details = new.document.details(version, new.effective_from);
    let subject = format!("{}/{version}", D::NOUN);
    tx.tell(D::ACTION, D::EVENT, &About::of_company(subject), details)?;
    Version::stored(row)
}

/// Waits until nobody else publishes the document that is kept in the table; the turn ends with the
/// transaction. Locks of two numbers are never those of one number, which stand for keys of
/// requests.
fn wait_for_turn(connection: &mut PgConnection, table: &str) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock($1::regclass::oid::int4, 0)")
        .bind::<Text, _>(table)
        .execute(connection)
        .map(drop)
}

/// Keeps a document of the domain in a column of a table of versions.
macro_rules! versioned {
    ($document:ty, $table:ident.$column:ident) => {
        const _: () = {
            use chrono::NaiveDate;
            use diesel::prelude::*;

            use crate::platform::store::documents::{VersionRow, Versioned};
            use crate::platform::store::schema::$table as t;

            const COLUMNS: (
                t::version,
                t::effective_from,
                t::$column,
                t::note,
                t::published_by,
                t::published_at,
                t::confirmed_by,
            ) = (
                t::version,
                t::effective_from,
                t::$column,
                t::note,
                t::published_by,
                t::published_at,
                t::confirmed_by,
            );

            impl Versioned for $document {
                const TABLE: &'static str = stringify!($table);
                const FIELD: &'static str = stringify!($column);

                fn begun(
                    connection: &mut PgConnection,
                    day: NaiveDate,
                ) -> QueryResult<Option<VersionRow>> {
                    t::table
                        .filter(t::effective_from.le(day))
                        .order(t::version.desc())
                        .select(COLUMNS)
                        .first(connection)
                        .optional()
                }

                fn find(
                    connection: &mut PgConnection,
                    version: i32,
                ) -> QueryResult<Option<VersionRow>> {
                    let found = t::table.find(version).select(COLUMNS);
                    found.first(connection).optional()
                }

                fn list(
                    connection: &mut PgConnection,
                    before: Option<i32>,
                    limit: i64,
                ) -> QueryResult<Vec<VersionRow>> {
                    t::table
                        .filter(t::version.lt(before.unwrap_or(i32::MAX)))
                        .order(t::version.desc())
                        .limit(limit)
                        .select(COLUMNS)
                        .load(connection)
                }

                fn latest(connection: &mut PgConnection) -> QueryResult<Option<i32>> {
                    let latest = t::table.select(diesel::dsl::max(t::version));
                    latest.first(connection)
                }

                fn insert(connection: &mut PgConnection, row: &VersionRow) -> QueryResult<bool> {
                    diesel::insert_into(t::table)
                        .values((
                            t::version.eq(row.version),
                            t::effective_from.eq(row.effective_from),
                            t::$column.eq(&row.document),
                            t::note.eq(&row.note),
                            t::published_by.eq(&row.published_by),
                            t::published_at.eq(row.published_at),
                            t::confirmed_by.eq(&row.confirmed_by),
                        ))
                        .on_conflict_do_nothing()
                        .execute(connection)
                        .map(|written| written == 1)
                }
            }
        };
    };
}

pub(crate) use versioned;
