//! Who has come with a token that was accepted, and what the latest one allowed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::schema::people_seen;
use crate::values::actor::Actor;
use crate::values::ids::CustomerId;
use crate::values::organisation::OrgPath;

/// Somebody as seen last.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = people_seen)]
pub struct PersonRow {
    /// Issuer and subject.
    pub principal: String,
    /// Organisation they stand at.
    pub org_path: OrgPath,
    /// Scopes, in order.
    pub scopes: Vec<Option<String>>,
    /// Customer of a self-service token.
    pub customer_id: Option<CustomerId>,
    /// When the token was first seen like this.
    pub seen_at: DateTime<Utc>,
}

impl PersonRow {
    /// Somebody who comes now.
    pub fn of(actor: &Actor, now: DateTime<Utc>) -> Self {
        Self {
            principal: actor.principal.clone(),
            org_path: actor.org_path.clone(),
            scopes: actor.scopes.iter().cloned().map(Some).collect(),
            customer_id: actor.customer_id,
            seen_at: now,
        }
    }
}

/// Writes what has changed about people; what a later token said stays. In the order of their
/// names, so that two instances never wait for each other.
pub fn note(connection: &mut PgConnection, people: &[PersonRow]) -> QueryResult<()> {
    use people_seen as p;
    let upsert = diesel::insert_into(p::table)
        .values(people)
        .on_conflict(p::principal)
        .do_update()
        .set((
            p::org_path.eq(excluded(p::org_path)),
            p::scopes.eq(excluded(p::scopes)),
            p::customer_id.eq(excluded(p::customer_id)),
            p::seen_at.eq(excluded(p::seen_at)),
        ));
    diesel::query_dsl::methods::FilterDsl::filter(upsert, p::seen_at.le(excluded(p::seen_at)))
        .execute(connection)
        .map(drop)
}

/// Finds some of them by their names.
pub fn find(connection: &mut PgConnection, principals: &[String]) -> QueryResult<Vec<PersonRow>> {
    people_seen::table
        .filter(people_seen::principal.eq_any(principals))
        .select(PersonRow::as_select())
        .load(connection)
}
