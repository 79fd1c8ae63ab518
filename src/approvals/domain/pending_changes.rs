//! Changes that wait for a second person: what may be changed in that way, and where one stands. The
//! four eyes, the steps, the deadlines and the delegations are those of its approval case.

use super::lifecycle::Standing;

crate::identifiers! {
    /// A change that waits for a second person.
    PendingChangeEntity, PendingChangeId, "pending_change", "pending-changes", "change_id";
}

/// Kind of the approval cases; the kind of the change is the action of the case.
pub const CASE_KIND: &str = "change";

crate::text_enum! {
    /// What waits for a second person.
    pub enum ChangeKind {
        /// The authority matrix.
        AuthorityRules = "authority_rules",
        /// The credit policy.
        CreditPolicy = "credit_policy",
        /// The rules of credit checks.
        CheckRuleSet = "check_rule_set",
        /// A change of a product.
        Product = "product",
        /// A figure of the company.
        CompanyFigure = "company_figure",
        /// Exchange rates that depart from the last ones.
        ExchangeRates = "exchange_rates",
        /// A score that is better than what there is.
        CustomerScore = "customer_score",
        /// Expected sales that are higher than the ones there are.
        ExpectedSales = "expected_sales",
        /// A customer that is open again, or no related party any more.
        Customer = "customer",
        /// A lower dunning level.
        DunningLevel = "dunning_level",
        /// The end of an exclusion or of a supply hold.
        RestrictionEnd = "restriction_end",
        /// That an adverse event did not happen after all.
        AdverseEvent = "adverse_event",
    }
}

crate::text_enum! {
    /// Where a change stands.
    pub enum ChangeStatus {
        /// Waits for a second person.
        Waiting = "waiting",
        /// Confirmed, and carried out.
        CarriedOut = "carried_out",
        /// Refused.
        Rejected = "rejected",
        /// Taken back by who asked.
        Withdrawn = "withdrawn",
    }
}

impl Standing for ChangeStatus {
    fn may_become(self, next: Self) -> bool {
        self == Self::Waiting && next != Self::Waiting
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_is_decided() {
        for from in ChangeStatus::EVERY {
            for to in ChangeStatus::EVERY {
                let expected = *from == ChangeStatus::Waiting && *to != ChangeStatus::Waiting;
                assert_eq!(from.may_become(*to), expected, "{from:?} {to:?}");
            }
        }
    }
}
