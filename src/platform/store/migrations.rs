//! Schema migrations, built into the binary.

use diesel::connection::SimpleConnection;
use diesel::migration::Migration;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::Error;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Any number that nothing else locks: "shouxin" in ASCII.
const MIGRATION_LOCK: i64 = 0x0073_686f_7578_696e;

/// Applies what is missing and returns the names of what was applied.
///
/// Safe to run from several instances at once: they queue behind an advisory lock, and whoever
/// comes second finds nothing to do.
pub fn apply(database_url: &str) -> Result<Vec<String>, Error> {
    with_lock(database_url, |connection| {
        connection
            .run_pending_migrations(MIGRATIONS)
            .map(|versions| versions.iter().map(ToString::to_string).collect())
    })
}

/// Takes back every migration. For tests: production only goes forward.
pub fn revert_all(database_url: &str) -> Result<usize, Error> {
    with_lock(database_url, |connection| {
        connection
            .revert_all_migrations(MIGRATIONS)
            .map(|versions| versions.len())
    })
}

/// Versions built into the binary that the database does not have yet.
///
/// Before the first migration there is no list of applied ones, or none that the role of the
/// service may read: then all of them are missing.
pub fn missing(connection: &mut PgConnection) -> Result<Vec<String>, Error> {
    let readable: ListReadable = diesel::sql_query(
        "SELECT coalesce(has_table_privilege(\
         to_regclass('public.__diesel_schema_migrations'), 'SELECT'), false) AS readable",
    )
    .get_result(connection)?;
    let applied: Vec<String> = if readable.readable {
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations")
            .load::<AppliedVersion>(connection)?
            .into_iter()
            .map(|row| row.version)
            .collect()
    } else {
        Vec::new()
    };
    let built_in =
        <EmbeddedMigrations as diesel::migration::MigrationSource<Pg>>::migrations(&MIGRATIONS)
            .map_err(Error::Internal)?;
    Ok(built_in
        .iter()
        .map(|migration| Migration::<Pg>::name(migration).version().to_string())
        .filter(|version| !applied.contains(version))
        .collect())
}

/// Whether the server answers but lacks the role of the service, which the first migration makes.
pub(crate) fn is_role_missing(connection: &mut PgConnection) -> bool {
    diesel::sql_query("SELECT 1 FROM pg_roles WHERE rolname = 'shouxin_service'")
        .execute(connection)
        .is_ok_and(|found| found == 0)
}

/// Makes a database in a private server, unless it is there.
pub fn ensure_database(server_url: &str, name: &str) -> Result<(), Error> {
    let mut connection = PgConnection::establish(server_url)
        .map_err(|error| Error::Unavailable(error.to_string()))?;
    let found = diesel::sql_query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind::<diesel::sql_types::Text, _>(name)
        .execute(&mut connection)?;
    if found == 0 {
        let name = name.replace('"', "\"\"");
        connection.batch_execute(&format!("CREATE DATABASE \"{name}\""))?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct ListReadable {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    readable: bool,
}

#[derive(QueryableByName)]
struct AppliedVersion {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

fn with_lock<T>(
    database_url: &str,
    work: impl FnOnce(&mut PgConnection) -> Result<T, Box<dyn std::error::Error + Send + Sync>>,
) -> Result<T, Error> {
    let mut connection = PgConnection::establish(database_url)
        .map_err(|error| Error::Unavailable(error.to_string()))?;
    connection.batch_execute(&format!(
        "SET client_min_messages = warning; SELECT pg_advisory_lock({MIGRATION_LOCK})"
    ))?;
    let result = work(&mut connection).map_err(Error::Internal);
    connection.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
    result
}
