//! Scores of customers, as recorded.

use crate::platform::store::dated_facts::dated_fact;
use crate::platform::store::sql_types::words;
use crate::scores::domain::scores::{Grade, Score};
use crate::values::ids::ScoreEntity;

words!(Grade);
dated_fact!(Score in customer_scores as ScoreEntity, from scored_on { grade, scored_on, valid_until, source });
