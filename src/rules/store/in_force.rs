//! What the company has published and is in force, read in one statement.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::Value;

use crate::platform::store::schema::{check_rule_sets, credit_policies};

/// What the company has published and is in force: the credit policy, and the version and rules of
/// its rule set. `None` where nothing was published.
pub type DocumentsRow = (Option<Value>, Option<i32>, Option<Value>);

/// Documents in force on a day: of each the latest version of those that have begun.
pub fn documents(connection: &mut PgConnection, day: NaiveDate) -> QueryResult<DocumentsRow> {
    let policy = credit_policies::table
        .filter(credit_policies::effective_from.le(day))
        .order(credit_policies::version.desc())
        .limit(1);
    let rule_set = check_rule_sets::table
        .filter(check_rule_sets::effective_from.le(day))
        .order(check_rule_sets::version.desc())
        .limit(1);
    diesel::select((
        policy.select(credit_policies::policy).single_value(),
        rule_set.select(check_rule_sets::version).single_value(),
        rule_set.select(check_rule_sets::rules).single_value(),
    ))
    .get_result(connection)
}
