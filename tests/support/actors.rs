//! Who calls: people and systems of each permission tier, where the policies place them.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use shouxin::auth::development::MintRequest;
use shouxin::auth::scopes;
use shouxin::clock::{Clock, SetClock};
use shouxin::values::organisation::OrgPath;
use uuid::Uuid;

use super::client::Client;
use super::server::{TestServer, development_keys};

/// Where the sales people of the tests work.
pub const SALES: &str = "head-office/east/shanghai/sales-1";
/// A department that none of them can see.
pub const ELSEWHERE: &str = "head-office/west/chengdu/sales-1";

/// Everything a token says about its bearer.
#[derive(Debug, Clone)]
pub struct Identity {
    pub subject: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    pub org_path: String,
    pub customer_id: Option<Uuid>,
}

impl Identity {
    /// A token issued now.
    pub fn token(&self, now: DateTime<Utc>) -> String {
        let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        development_keys()
            .mint(&MintRequest {
                subject: &self.subject,
                client_id: &self.client_id,
                scopes: &scopes,
                org_path: &OrgPath::parse(&self.org_path).unwrap(),
                customer_id: self.customer_id,
                issued_at: now,
                lifetime: TimeDelta::minutes(15),
                token_id: "a-test-token",
            })
            .unwrap()
    }

    /// The principal as audit entries name it.
    pub fn principal(&self) -> String {
        format!(
            "{}|{}",
            shouxin::auth::development::DevelopmentKeys::issuer(),
            self.subject
        )
    }
}

/// What a client sends as its `Authorization`.
#[derive(Clone)]
pub enum Credentials {
    /// Nothing.
    None,
    /// This token, whatever it is.
    Token(String),
    /// A token of this identity, minted anew for every request, so that it never expires.
    Identity(Identity, Arc<SetClock>),
}

impl Credentials {
    /// The token of the next request.
    pub fn token(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Token(token) => Some(token.clone()),
            Self::Identity(identity, clock) => Some(identity.token(clock.now())),
        }
    }
}

/// Where a tier of the policies stands in the sample organisation.
pub fn home_of(tier: &str) -> &'static str {
    match tier {
        "customer" | "account_manager" | "clerk" => SALES,
        "department_head" => "head-office/east/shanghai",
        "credit_officer_branch" => "head-office/east",
        _ => "head-office",
    }
}

impl TestServer {
    /// A member of a tier, with the scopes of its bundle, at the tier's place.
    pub fn as_tier(&self, tier: &str) -> Client {
        self.as_tier_at(tier, home_of(tier))
    }

    /// A member of a tier somewhere else in the organisation.
    pub fn as_tier_at(&self, tier: &str, org_path: &str) -> Client {
        let bundle = scopes::tier(tier).unwrap_or_else(|| panic!("there is no tier {tier}"));
        assert!(!bundle.self_service, "use as_customer");
        self.with(&bundle.scopes().collect::<Vec<_>>(), org_path, tier)
    }

    /// A caller with these scopes.
    pub fn with(&self, scopes: &[&str], org_path: &str, subject: &str) -> Client {
        self.client_of(Identity {
            subject: subject.to_owned(),
            client_id: "tests".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            org_path: org_path.to_owned(),
            customer_id: None,
        })
    }

    /// A caller with every scope there is, at the root of the organisation.
    pub fn with_everything(&self) -> Client {
        let all: Vec<&str> = scopes::ALL.iter().map(|scope| scope.name).collect();
        self.with(&all, "head-office", "everything")
    }

    /// A customer that looks after itself.
    pub fn as_customer(&self, customer_id: &str) -> Client {
        let bundle = scopes::tier("customer").unwrap();
        self.client_of(Identity {
            subject: format!("customer-{customer_id}"),
            client_id: "self-service".to_owned(),
            scopes: bundle.scopes().map(str::to_owned).collect(),
            org_path: SALES.to_owned(),
            customer_id: Some(customer_id.parse().unwrap()),
        })
    }

    /// Nobody: no token at all.
    pub fn as_nobody(&self) -> Client {
        Client::new(self.url(), Credentials::None)
    }

    /// A caller that sends this token, whatever it is.
    pub fn with_token(&self, token: &str) -> Client {
        Client::new(self.url(), Credentials::Token(token.to_owned()))
    }

    /// A caller of this identity.
    pub fn client_of(&self, identity: Identity) -> Client {
        Client::new(
            self.url(),
            Credentials::Identity(identity, self.clock.clone()),
        )
    }
}
