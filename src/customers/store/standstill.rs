//! What is decided about a customer stands still while something is recorded that the decisions look
//! at: whoever did not see it was earlier, and is dated so.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::credit_lines as lines;
use crate::platform::store::tx::Tx;
use crate::values::ids::CustomerId;

/// Locks the lines of a customer, on which every decision about it waits: unified limits before
/// products, then by identifier, as everywhere.
pub fn lock_decisions(tx: &mut Tx<'_>, id: CustomerId) -> QueryResult<()> {
    tx.lock(|reader| {
        lines::table
            .of((lines::bucket, lines::customer_id), id)
            .order((lines::product.is_not_null(), lines::id))
            .select((lines::updated_at, lines::moved_at))
            .for_no_key_update()
            .load::<(DateTime<Utc>, DateTime<Utc>)>(reader.connection)
    })
    .map(drop)
}
