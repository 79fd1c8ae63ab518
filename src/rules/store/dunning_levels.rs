//! Dunning levels of customers, as recorded.

use crate::platform::store::dated_facts::dated_fact;
use crate::rules::domain::check_rules::DunningFact;
use crate::values::ids::DunningLevelEntity;

dated_fact!(DunningFact in customer_dunning_levels as DunningLevelEntity, from as_of { level, as_of });
