//! Scores of customers, as recorded.

use diesel::prelude::*;

use crate::platform::store::dated_facts::dated_fact;
use crate::platform::store::schema::customers;
use crate::platform::store::sql_types::words;
use crate::scores::domain::scores::{Grade, Score, ScoreFacts};
use crate::values::ids::{CustomerId, ScoreEntity};

words!(Grade);
dated_fact!(Score in customer_scores as ScoreEntity, from scored_on { grade, scored_on, valid_until, source });

/// Keeps the latest score of a customer in its row, which every decision reads.
pub fn keep_latest(
    connection: &mut PgConnection,
    id: CustomerId,
    latest: ScoreFacts,
) -> QueryResult<()> {
    let columns = (
        customers::grade.eq(Some(latest.grade)),
        customers::graded_on.eq(Some(latest.scored_on)),
        customers::grade_valid_until.eq(Some(latest.valid_until)),
    );
    let row = diesel::update(customers::table.find(id.key())).set(columns);
    row.execute(connection).map(drop)
}
