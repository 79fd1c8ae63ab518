//! What personal values of customers are found by, and what of them is not sealed yet.

use diesel::prelude::*;

use crate::customers::domain::personal::NAME;
use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::{
    customer_blind_indexes as indexes, customer_versions, customers,
};
use crate::values::ids::CustomerId;

/// A keyed digest of a value in a field.
pub type Digest = Vec<u8>;

/// A digest of a value that a customer has in a field.
#[derive(Debug, Insertable)]
#[diesel(table_name = indexes)]
pub struct IndexRow {
    bucket: i16,
    customer_id: CustomerId,
    field: &'static str,
    digest: Digest,
}

impl IndexRow {
    /// Of a customer.
    pub fn new(id: CustomerId, field: &'static str, digest: [u8; 16]) -> Self {
        Self {
            bucket: id.bucket().as_i16(),
            customer_id: id,
            field,
            digest: digest.to_vec(),
        }
    }
}

/// Puts digests in the place of those that these fields had.
pub fn replace(
    connection: &mut PgConnection,
    id: CustomerId,
    fields: &[&str],
    digests: &[IndexRow],
) -> QueryResult<()> {
    let (bucket, _) = id.key();
    let old = indexes::table
        .filter(indexes::bucket.eq(bucket))
        .filter(indexes::customer_id.eq(id))
        .filter(indexes::field.eq_any(fields));
    diesel::delete(old).execute(connection)?;
    diesel::insert_into(indexes::table)
        .values(digests)
        // Two contacts may have one telephone.
        .on_conflict_do_nothing()
        .execute(connection)
        .map(drop)
}

/// Digests of the name of a person.
pub fn of_name(connection: &mut PgConnection, id: CustomerId) -> QueryResult<Vec<Digest>> {
    indexes::table
        .of((indexes::bucket, indexes::customer_id), id)
        .filter(indexes::field.eq(NAME))
        .select(indexes::digest)
        .load(connection)
}

/// Customers of whom something is from before it was sealed and indexed, the archive or a version.
pub fn unsealed(connection: &mut PgConnection, limit: i64) -> QueryResult<Vec<CustomerId>> {
    let mut found: Vec<CustomerId> = customers::table
        .filter(customers::is_sealed.eq(false))
        .order((customers::bucket, customers::id))
        .limit(limit)
        .select(customers::id)
        .load(connection)?;
    if found.is_empty() {
        found = customer_versions::table
            .filter(customer_versions::is_sealed.eq(false))
            .distinct()
            .limit(limit)
            .select(customer_versions::customer_id)
            .load(connection)?;
    }
    Ok(found)
}
