//! Scopes, and the permission tiers of the company's policies as bundles of them.
//!
//! A scope is `resource:action[:qualifier]`. Nothing is implied: a tier holds exactly what its
//! bundle lists, and an operation needs exactly the scope in its signature.

/// A permission, as a type: `Require<CustomersRead>` in a handler's signature is the check.
pub trait Scope: 'static {
    /// The scope as it stands in a token.
    const NAME: &'static str;
    /// What it allows, for the OpenAPI document.
    const DESCRIPTION: &'static str;
}

/// A scope as a row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeEntry {
    /// The scope as it stands in a token.
    pub name: &'static str,
    /// What it allows.
    pub description: &'static str,
}

macro_rules! scopes {
    ($($scope:ident = $name:literal, $description:literal;)*) => {
        $(
            #[doc = $description]
            #[derive(Debug)]
            pub enum $scope {}
            impl Scope for $scope {
                const NAME: &'static str = $name;
                const DESCRIPTION: &'static str = $description;
            }
        )*
        /// Every scope, sorted by name.
        pub const ALL: &[ScopeEntry] = &[$(ScopeEntry { name: $name, description: $description }),*];
    };
}

scopes! {
    AdverseEventsRead = "adverse-events:read", "See what happened to customers and concerns their credit.";
    AdverseEventsWrite = "adverse-events:write", "Record what happened to customers and concerns their credit.";
    ApprovalsDecideBranch = "approvals:decide:branch", "Decide approval steps of a branch.";
    ApprovalsDecideExecutive = "approvals:decide:executive", "Decide approval steps of the executive.";
    ApprovalsDecideHeadOffice = "approvals:decide:head-office", "Decide approval steps of the head office.";
    ApprovalsDecideRelatedParty = "approvals:decide:related-party", "Decide approval steps about related parties.";
    ApprovalsDelegate = "approvals:delegate", "Lend own approval authority during absence.";
    ApprovalsRead = "approvals:read", "See approval cases and simulate them.";
    AuthorityRulesRead = "authority-rules:read", "See the authority matrix.";
    AuthorityRulesWrite = "authority-rules:write", "Publish the authority matrix.";
    CheckRuleSetsRead = "check-rule-sets:read", "See the rules of credit checks.";
    CheckRuleSetsWrite = "check-rule-sets:write", "Publish the rules of credit checks.";
    CompanyFiguresRead = "company-figures:read", "See figures of the company, such as its net capital.";
    CompanyFiguresWrite = "company-figures:write", "Record figures of the company.";
    CreditApplicationsApprove = "credit-applications:approve", "Decide credit applications.";
    CreditApplicationsRead = "credit-applications:read", "See credit applications.";
    CreditApplicationsWrite = "credit-applications:write", "Draw up, submit and withdraw credit applications.";
    CreditChecksRun = "credit-checks:run", "Ask whether an order could ship on credit.";
    CreditExclusionsRead = "credit-exclusions:read", "See exclusions of customers from credit, with their reasons.";
    CreditExclusionsWrite = "credit-exclusions:write", "Exclude customers from credit, and end exclusions.";
    CreditGroupsRead = "credit-groups:read", "See credit groups and their members.";
    CreditGroupsWrite = "credit-groups:write", "Maintain credit groups and their members.";
    CreditLinesContract = "credit-lines:contract", "Record signed contracts of credit lines.";
    CreditLinesRead = "credit-lines:read", "See credit lines, their balances and movements.";
    CreditLinesReview = "credit-lines:review", "Record reviews of credit lines.";
    CreditLinesSuspend = "credit-lines:suspend", "Suspend, resume and close credit lines.";
    CreditPoliciesRead = "credit-policies:read", "See the credit policy.";
    CreditPoliciesWrite = "credit-policies:write", "Publish the credit policy.";
    CustomersRead = "customers:read", "See customer archives, classified fields masked.";
    CustomersWrite = "customers:write", "Maintain customer archives.";
    DunningLevelsRead = "dunning-levels:read", "See dunning levels of customers.";
    DunningLevelsWrite = "dunning-levels:write", "Record dunning levels of customers.";
    EventsRead = "events:read", "Read the change feed.";
    ExchangeRatesRead = "exchange-rates:read", "See exchange rates.";
    ExchangeRatesWrite = "exchange-rates:write", "Publish exchange rates.";
    ExpectedSalesRead = "expected-sales:read", "See the sales that are expected of customers.";
    ExpectedSalesWrite = "expected-sales:write", "Record the sales that are expected of customers.";
    InternalNotesRead = "internal-notes:read", "See internal notes, such as the comments of reviews.";
    PaymentsRead = "payments:read", "See payments and their allocations.";
    PaymentsReverse = "payments:reverse", "Reverse payments.";
    PaymentsWrite = "payments:write", "Record payments and allocate them.";
    PendingChangesApprove = "pending-changes:approve", "Decide changes that wait for a second person.";
    PendingChangesRead = "pending-changes:read", "See changes that wait for a second person.";
    PendingChangesWrite = "pending-changes:write", "Withdraw own changes that wait for a second person.";
    ProductsRead = "products:read", "See the product catalogue.";
    ProductsWrite = "products:write", "Maintain the product catalogue.";
    ReceivablesRead = "receivables:read", "See receivables.";
    ReceivablesWrite = "receivables:write", "Post receivables.";
    ReferralsApprove = "referrals:approve", "Decide referrals.";
    ReferralsRead = "referrals:read", "See referrals.";
    ReferralsWrite = "referrals:write", "Refer orders, and withdraw referrals.";
    ReportsRead = "reports:read", "Read reports over the whole portfolio of the organisation.";
    ReservationsRead = "reservations:read", "See reservations.";
    ReservationsWrite = "reservations:write", "Reserve, capture and release limit.";
    ScoresRead = "scores:read", "See scores of customers.";
    ScoresWrite = "scores:write", "Record scores of customers.";
    SupplyHoldsRead = "supply-holds:read", "See supply holds of customers, with their reasons.";
    SupplyHoldsWrite = "supply-holds:write", "Hold the supply of customers, and end holds.";
}

/// A permission tier: who it is, and the scopes it bundles.
#[derive(Debug, Clone, Copy)]
pub struct Tier {
    /// Name in `shouxin token --tier` and in the tokens file.
    pub name: &'static str,
    /// Whom the policies mean.
    pub description: &'static str,
    /// Whether a token of the tier needs the identifier of a customer.
    pub self_service: bool,
    bundles: &'static [&'static [&'static str]],
}

impl Tier {
    /// The scopes of the tier.
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        self.bundles
            .iter()
            .flat_map(|bundle| bundle.iter().copied())
    }

    /// Whether the tier holds a scope.
    pub fn holds(&self, scope: &str) -> bool {
        self.scopes().any(|own| own == scope)
    }
}

/// Everything that shows business data without classified fields.
const READS: &[&str] = &[
    "adverse-events:read",
    "approvals:read",
    "authority-rules:read",
    "check-rule-sets:read",
    "company-figures:read",
    "credit-applications:read",
    "credit-groups:read",
    "credit-lines:read",
    "credit-policies:read",
    "customers:read",
    "dunning-levels:read",
    "exchange-rates:read",
    "expected-sales:read",
    "payments:read",
    "pending-changes:read",
    "products:read",
    "receivables:read",
    "referrals:read",
    "reservations:read",
    "scores:read",
    "supply-holds:read",
];

/// The tiers of the policies, from the outside in.
pub const TIERS: &[Tier] = &[
    Tier {
        name: "customer",
        description: "A customer itself: sees its own archive, lines, receivables and payments (P03, P11).",
        self_service: true,
        bundles: &[&[
            "credit-lines:read",
            "customers:read",
            "payments:read",
            "products:read",
            "receivables:read",
        ]],
    },
    Tier {
        name: "integration",
        description: "Order, delivery and finance systems: checks, reservations, receivables, payments and the feed.",
        self_service: false,
        bundles: &[&[
            "credit-checks:run",
            "credit-groups:read",
            "credit-lines:read",
            "customers:read",
            "dunning-levels:read",
            "dunning-levels:write",
            "events:read",
            "exchange-rates:read",
            "payments:read",
            "payments:reverse",
            "payments:write",
            "pending-changes:write",
            "products:read",
            "receivables:read",
            "receivables:write",
            "referrals:read",
            "referrals:write",
            "reservations:read",
            "reservations:write",
        ]],
    },
    Tier {
        name: "clerk",
        description: "Enters and views the minimum; never prints, copies, forwards or exports (P04, P15, P16).",
        self_service: false,
        bundles: &[&[
            "customers:read",
            "customers:write",
            "pending-changes:write",
            "products:read",
            "receivables:read",
        ]],
    },
    Tier {
        name: "account_manager",
        description: "Maintains own customers and submits applications (P04, P17, P19).",
        self_service: false,
        bundles: &[
            READS,
            &[
                "credit-lines:contract",
                "credit-applications:write",
                "credit-checks:run",
                "referrals:write",
                "credit-groups:write",
                "customers:write",
                "pending-changes:write",
            ],
        ],
    },
    Tier {
        name: "department_head",
        description: "Answers for the department's customers and approves internal access (P04, P09).",
        self_service: false,
        bundles: &[
            READS,
            &[
                "credit-applications:write",
                "credit-checks:run",
                "referrals:write",
                "customers:write",
                "pending-changes:write",
                "reports:read",
            ],
        ],
    },
    Tier {
        name: "credit_officer_branch",
        description: "Scores, and approves lines inside branch authority (P02, P12).",
        self_service: false,
        bundles: &[
            READS,
            &[
                "adverse-events:write",
                "approvals:decide:branch",
                "approvals:delegate",
                "credit-lines:contract",
                "credit-lines:review",
                "expected-sales:write",
                "scores:write",
                "credit-applications:approve",
                "credit-applications:write",
                "credit-checks:run",
                "credit-exclusions:read",
                "credit-exclusions:write",
                "dunning-levels:write",
                "internal-notes:read",
                "referrals:approve",
                "referrals:write",
                "supply-holds:write",
                "credit-groups:write",
                "credit-lines:suspend",
                "payments:reverse",
                "pending-changes:approve",
                "pending-changes:write",
                "reports:read",
            ],
        ],
    },
    Tier {
        name: "credit_officer_head_office",
        description: "Approves above branch authority and sets credit policy (P12).",
        self_service: false,
        bundles: &[
            READS,
            &[
                "adverse-events:write",
                "approvals:decide:branch",
                "approvals:decide:head-office",
                "approvals:decide:related-party",
                "approvals:delegate",
                "authority-rules:write",
                "credit-lines:contract",
                "credit-lines:review",
                "check-rule-sets:write",
                "credit-policies:write",
                "expected-sales:write",
                "scores:write",
                "company-figures:write",
                "credit-applications:approve",
                "credit-applications:write",
                "credit-checks:run",
                "credit-exclusions:read",
                "credit-exclusions:write",
                "dunning-levels:write",
                "internal-notes:read",
                "referrals:approve",
                "referrals:write",
                "supply-holds:write",
                "credit-groups:write",
                "credit-lines:suspend",
                "events:read",
                "exchange-rates:write",
                "payments:reverse",
                "products:write",
                "pending-changes:approve",
                "pending-changes:write",
                "reports:read",
            ],
        ],
    },
    Tier {
        name: "executive",
        description: "Approves exceptional credit and disclosure outside the company (P04, P09).",
        self_service: false,
        bundles: &[
            READS,
            &[
                "approvals:decide:branch",
                "approvals:decide:executive",
                "approvals:decide:head-office",
                "approvals:delegate",
                "credit-applications:approve",
                "credit-exclusions:read",
                "internal-notes:read",
                "referrals:approve",
                "pending-changes:approve",
                "reports:read",
            ],
        ],
    },
    Tier {
        name: "auditor",
        description: "Reads business data and the change feed; writes nothing (P03, P04).",
        self_service: false,
        bundles: &[
            READS,
            &[
                "credit-exclusions:read",
                "events:read",
                "internal-notes:read",
                "reports:read",
            ],
        ],
    },
    Tier {
        name: "administrator",
        description: "Maintains products, exchange rates, figures of the company and technical settings; sees no customer data.",
        self_service: false,
        bundles: &[&[
            "authority-rules:read",
            "authority-rules:write",
            "check-rule-sets:read",
            "check-rule-sets:write",
            "company-figures:read",
            "company-figures:write",
            "credit-policies:read",
            "credit-policies:write",
            "exchange-rates:read",
            "exchange-rates:write",
            "pending-changes:read",
            "pending-changes:write",
            "products:read",
            "products:write",
        ]],
    },
];

/// Finds a tier by name.
pub fn tier(name: &str) -> Option<&'static Tier> {
    TIERS.iter().find(|tier| tier.name == name)
}

/// Whether a scope exists.
pub fn exists(name: &str) -> bool {
    ALL.iter().any(|scope| scope.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_sorted_and_every_tier_bundles_existing_ones_once() {
        assert!(ALL.is_sorted_by_key(|scope| scope.name));
        for tier in TIERS {
            let mut seen = std::collections::BTreeSet::new();
            for scope in tier.scopes() {
                assert!(exists(scope), "{} names {scope}", tier.name);
                assert!(seen.insert(scope), "{} names {scope} twice", tier.name);
            }
        }
    }

    #[test]
    fn auditors_and_customers_write_nothing() {
        for name in ["auditor", "customer"] {
            let tier = tier(name).unwrap();
            assert!(
                tier.scopes().all(|scope| scope.ends_with(":read")),
                "{name}"
            );
        }
    }
}
