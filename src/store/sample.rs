//! What the loader of the sample company needs to know about the database it loads into.

use diesel::prelude::*;

use super::schema::{audit_entries, customer_codes, customers};
use super::tx::Reader;
use crate::domain::ids::CustomerId;

/// Whether a step of the loader is on record.
pub fn is_recorded(reader: &mut Reader<'_>, subject: &str, action: &str) -> QueryResult<bool> {
    let recorded = audit_entries::table
        .filter(audit_entries::subject.eq(subject))
        .filter(audit_entries::action.eq(action))
        .filter(audit_entries::principal.eq(&reader.actor.principal));
    diesel::select(diesel::dsl::exists(recorded)).get_result(reader.connection)
}

/// Whether anybody has opened an archive here.
pub fn has_customers(reader: &mut Reader<'_>) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(customers::table.select(customers::id)))
        .get_result(reader.connection)
}

/// The customer that holds a social credit code.
pub fn customer_with_code(reader: &mut Reader<'_>, code: &str) -> QueryResult<Option<CustomerId>> {
    customer_codes::table
        .find(code)
        .select(customer_codes::customer_id)
        .first(reader.connection)
        .optional()
}
