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
    CreditApplicationsApprove = "credit-applications:approve", "Decide credit applications.";
    CreditApplicationsRead = "credit-applications:read", "See credit applications.";
    CreditApplicationsWrite = "credit-applications:write", "Draw up, submit and withdraw credit applications.";
    CreditChecksRun = "credit-checks:run", "Ask whether an order could ship on credit.";
    CreditGroupsRead = "credit-groups:read", "See credit groups and their members.";
    CreditGroupsWrite = "credit-groups:write", "Maintain credit groups and their members.";
    CreditLinesRead = "credit-lines:read", "See credit lines, their balances and movements.";
    CreditLinesSuspend = "credit-lines:suspend", "Suspend, resume and close credit lines.";
    CustomersRead = "customers:read", "See customer archives, classified fields masked.";
    CustomersWrite = "customers:write", "Maintain customer archives.";
    EventsRead = "events:read", "Read the change feed.";
    ExchangeRatesRead = "exchange-rates:read", "See exchange rates.";
    ExchangeRatesWrite = "exchange-rates:write", "Publish exchange rates.";
    PaymentsRead = "payments:read", "See payments and their allocations.";
    PaymentsReverse = "payments:reverse", "Reverse payments.";
    PaymentsWrite = "payments:write", "Record payments and allocate them.";
    ProductsRead = "products:read", "See the product catalogue.";
    ProductsWrite = "products:write", "Maintain the product catalogue.";
    ReceivablesRead = "receivables:read", "See receivables.";
    ReceivablesWrite = "receivables:write", "Post receivables.";
    ReservationsRead = "reservations:read", "See reservations.";
    ReservationsWrite = "reservations:write", "Reserve, capture and release limit.";
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
    "credit-applications:read",
    "credit-groups:read",
    "credit-lines:read",
    "customers:read",
    "exchange-rates:read",
    "payments:read",
    "products:read",
    "receivables:read",
    "reservations:read",
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
            "events:read",
            "exchange-rates:read",
            "exchange-rates:write",
            "payments:read",
            "payments:reverse",
            "payments:write",
            "products:read",
            "receivables:read",
            "receivables:write",
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
                "credit-applications:write",
                "credit-checks:run",
                "credit-groups:write",
                "customers:write",
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
                "customers:write",
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
                "credit-applications:approve",
                "credit-applications:write",
                "credit-checks:run",
                "credit-groups:write",
                "credit-lines:suspend",
                "payments:reverse",
                "payments:write",
                "receivables:write",
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
                "credit-applications:approve",
                "credit-applications:write",
                "credit-checks:run",
                "credit-groups:write",
                "credit-lines:suspend",
                "events:read",
                "exchange-rates:write",
                "payments:reverse",
                "payments:write",
                "products:write",
                "receivables:write",
            ],
        ],
    },
    Tier {
        name: "executive",
        description: "Approves exceptional credit and disclosure outside the company (P04, P09).",
        self_service: false,
        bundles: &[READS, &["credit-applications:approve"]],
    },
    Tier {
        name: "auditor",
        description: "Reads business data and the change feed; writes nothing (P03, P04).",
        self_service: false,
        bundles: &[READS, &["events:read"]],
    },
    Tier {
        name: "administrator",
        description: "Maintains products, exchange rates and technical settings; sees no customer data.",
        self_service: false,
        bundles: &[&[
            "exchange-rates:read",
            "exchange-rates:write",
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
