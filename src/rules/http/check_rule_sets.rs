//! The rules of credit checks over HTTP.

pub use super::check_rules::CheckRulesView;
use crate::approvals::app::publishing;
use crate::approvals::http::pending_change_views::PendingChangeView;
use crate::auth::scopes::{CheckRuleSetsRead, CheckRuleSetsWrite};
use crate::platform::http::moulds::documents::{document_handlers, document_types};
use crate::rules::domain::check_rules::CheckRules;

document_types! {
    /// A whole rule set.
    #[schema(example = json!({
        "effective_from": "2026-04-01", "note": "Late payers are referred.",
        "rules": {"room": {"effect": "decline", "refer_up_to_bp": 500},
            "overdue": {"refer": {"days_max": 10}, "decline": {"days_max": 60, "amount_max": "500000.00"}, "ignore_below": "100.00"}},
    }))]
    PublishCheckRuleSet {
        /// First day of effect: today or later.
        effective_from,
        /// The rules; what is left out is not configured.
        rules: CheckRulesView,
    }

    /// A version of the rule set of credit checks.
    #[schema(as = CheckRuleSet, example = json!({
        "version": 1, "effective_from": "2026-04-01", "note": "Late payers are referred.",
        "published_by": "https://issuer.internal.test|ann", "published_at": "2026-03-20T02:00:00Z",
        "confirmed_by": "https://issuer.internal.test|bob",
        "rules": {"room": {"effect": "decline", "refer_up_to_bp": 500}, "grade": null,
            "overdue": {"refer": {"days_max": 10, "amount_max": null}, "decline": {"days_max": 60, "amount_max": "500000.00"},
                "ignore_below": "100.00", "include_disputed": false},
            "dunning": null, "supply_hold": null, "documents": null, "largest_document": null, "oldest_open_item": null,
            "component_limits": null, "release_tolerance_bp": 0, "release_valid_days": 7},
    }))]
    CheckRuleSetView of CheckRules, under "check-rule-sets", published {
        /// The rules.
        rules,
    }

    /// A page of versions of the rule set of credit checks.
    CheckRuleSetPage by ListCheckRuleSets
}

document_handlers! {
    CheckRules, by publishing as PendingChangeView, tagged "credit-checks",
    CheckRuleSetView at "/v1/check-rule-sets/{version}",
    CheckRuleSetPage at "/v1/check-rule-sets" with ListCheckRuleSets;

    /// Publish the rule set of credit checks
    ///
    /// A new version of all of it, which waits until somebody else has confirmed it. It holds from its
    /// first day on, and no earlier than confirmed. What is left out is not configured, which every
    /// check says.
    pub async fn publish, "publishCheckRuleSet": CheckRuleSetsWrite, PublishCheckRuleSet(rules);

    /// List versions of the rule set of credit checks
    ///
    /// Newest first. Without any, nothing but the room and the state of lines decides.
    pub async fn list, "listCheckRuleSets": CheckRuleSetsRead;

    /// Read a version of the rule set of credit checks
    ///
    /// By its number, or `current` for the one in force today; 404 while there is none.
    pub async fn get, "getCheckRuleSet": CheckRuleSetsRead;
}
