//! Adverse events of customers, as recorded.

use diesel::prelude::*;

use crate::exposure::domain::adverse_events::{AdverseEvent, AdverseEventEntity, AdverseEventId};
use crate::platform::store::dated_facts::dated_fact;
use crate::platform::store::schema::customer_adverse_events as events;
use crate::platform::store::sql_types::words;
use crate::rules::domain::credit_policies::AdverseKind;

words!(AdverseKind);
dated_fact!(AdverseEvent in customer_adverse_events as AdverseEventEntity, from occurred_on {
    kind, occurred_on, evidence, reverses,
});

/// Whether another one says that it did not happen after all.
pub fn is_reversed(connection: &mut PgConnection, id: AdverseEventId) -> QueryResult<bool> {
    let (bucket, _) = id.key();
    let reversal = events::table.filter(events::bucket.eq(bucket).and(events::reverses.eq(id)));
    diesel::select(diesel::dsl::exists(reversal)).get_result(connection)
}
