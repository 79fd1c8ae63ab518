//! What the loader of the sample company needs to know about the database it loads into.

use diesel::prelude::*;
use serde_json::Value;

use crate::platform::store::schema::{audit_entries, customer_codes, customers};
use crate::platform::store::tx::Reader;
use crate::values::ids::CustomerId;

/// The steps of the loader that are on record, in order: action and details.
pub fn recorded(
    reader: &mut Reader<'_>,
    subject: &str,
    client_id: &str,
) -> QueryResult<Vec<(String, Value)>> {
    audit_entries::table
        .filter(audit_entries::subject.eq(subject))
        .filter(audit_entries::client_id.eq(client_id))
        .order(audit_entries::seq)
        .select((audit_entries::action, audit_entries::details))
        .load(reader.connection)
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
