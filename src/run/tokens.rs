//! Tokens of the development key.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::error::RunError;
use super::private_file;
use super::say::Say;
use super::state_folder::StateFolder;
use crate::auth::development::{DevelopmentKeys, LIFETIME_MAX, MintRequest};
use crate::auth::scopes::{self, TIERS};
use crate::clock::{Clock, SystemClock};
use crate::config::{Environment, Settings};
use crate::crypto::random_bytes;
use crate::error::OrInternal;
use crate::values::ids::CustomerId;
use crate::values::organisation::OrgPath;

/// Where in the sample company each tier stands, in the order of the tokens file.
const PLACES: &[(&str, &str)] = &[
    ("integration", "head-office"),
    ("clerk", "head-office/east/shanghai/sales-1"),
    ("account_manager", "head-office/east/shanghai/sales-1"),
    ("department_head", "head-office/east/shanghai"),
    ("credit_officer_branch", "head-office/east"),
    ("credit_officer_head_office", "head-office"),
    ("executive", "head-office"),
    ("auditor", "head-office"),
    ("administrator", "head-office"),
    ("customer", "head-office/east/shanghai/sales-1"),
];

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Somebody of a permission tier.
    Tier(String),
    /// Somebody with these scopes, separated by spaces.
    Scopes(String),
}

/// What `shouxin token` is asked for.
#[derive(Debug, Clone)]
pub struct TokenOptions {
    /// Who may do what.
    pub holder: Holder,
    /// Place in the organisation; without it, where the sample company has the tier.
    pub org_path: Option<OrgPath>,
    /// The customer of a self-service token.
    pub customer_id: Option<Uuid>,
    /// Name of the person; without it, the name of the tier.
    pub subject: Option<String>,
    /// How long it lives.
    pub lifetime_minutes: u32,
    /// State folder with the key.
    pub state_dir: Option<PathBuf>,
}

/// Prints a token of the development key.
///
/// # Errors
/// When a real issuer is configured, the key is missing, or the options make no sense.
pub fn token(
    settings: &Settings,
    environment: &Environment,
    options: &TokenOptions,
    say: Say,
) -> Result<(), RunError> {
    refuse_beside_an_issuer(settings, "token")?;
    let folder = StateFolder::choose(options.state_dir.as_deref(), environment)?;
    let order = Order::of(options)?;
    let keys = DevelopmentKeys::load(folder.path()).map_err(|error| {
        RunError::Refused(format!(
            "{error}; start `shouxin dev` first, with the same --state-dir"
        ))
    })?;
    say(&order.fill(&keys, SystemClock.now())?);
    Ok(())
}

/// Anybody with access to the state folder can sign development tokens, so they do not mix with
/// tokens of a real issuer.
pub(super) fn refuse_beside_an_issuer(settings: &Settings, command: &str) -> Result<(), RunError> {
    match settings.issuers.first() {
        None => Ok(()),
        Some(issuer) => Err(RunError::Refused(format!(
            "`shouxin {command}` works with development tokens, which anybody on this machine can \
             make, and the issuer {} is configured; take it out of the settings, or ask that \
             issuer for a token",
            issuer.issuer
        ))),
    }
}

/// Writes one token for each tier, by name. The customer's is left out when there is none.
///
/// # Errors
/// When the system refuses to write the file.
pub(super) fn write_all(
    path: &Path,
    keys: &DevelopmentKeys,
    now: DateTime<Utc>,
    customer: Option<CustomerId>,
) -> Result<(), RunError> {
    let mut lines = Vec::new();
    for (tier, _) in PLACES {
        let options = TokenOptions {
            holder: Holder::Tier((*tier).to_owned()),
            org_path: None,
            customer_id: customer.map(CustomerId::uuid),
            subject: None,
            lifetime_minutes: 24 * 60,
            state_dir: None,
        };
        match Order::of(&options) {
            Ok(order) => lines.push(format!("  \"{tier}\": \"{}\"", order.fill(keys, now)?)),
            // The only thing that a tier of the table can lack.
            Err(_) if customer.is_none() => {}
            Err(error) => return Err(error),
        }
    }
    // One token a line, so that `sed` can take one out where there is no `jq`.
    private_file::replace(path, &format!("{{\n{}\n}}\n", lines.join(",\n")))
}

/// A token as it will be signed.
struct Order<'a> {
    subject: String,
    scopes: Vec<&'a str>,
    org_path: OrgPath,
    customer_id: Option<Uuid>,
    lifetime: TimeDelta,
}

impl<'a> Order<'a> {
    fn of(options: &'a TokenOptions) -> Result<Self, RunError> {
        let usage = |text: String| Err(RunError::Usage(text));
        let lifetime = TimeDelta::minutes(options.lifetime_minutes.into());
        if lifetime > LIFETIME_MAX || lifetime.is_zero() {
            return usage("--lifetime-minutes must be from 1 to 1440".to_owned());
        }
        let (name, scopes, customer_id) = match &options.holder {
            Holder::Tier(name) => {
                let Some(tier) = scopes::tier(name) else {
                    let names: Vec<_> = TIERS.iter().map(|tier| tier.name).collect();
                    return usage(format!(
                        "there is no tier {name}; there are {}",
                        names.join(", ")
                    ));
                };
                if tier.self_service && options.customer_id.is_none() {
                    return usage(format!("a token of the tier {name} needs --customer"));
                }
                let customer_id = options.customer_id.filter(|_| tier.self_service);
                (tier.name, tier.scopes().collect(), customer_id)
            }
            Holder::Scopes(text) => {
                let scopes: Vec<_> = text.split_whitespace().collect();
                if let Some(unknown) = scopes.iter().find(|scope| !scopes::exists(scope)) {
                    return usage(format!(
                        "there is no scope {unknown}; `shouxin openapi --permissions` lists them"
                    ));
                }
                ("developer", scopes, options.customer_id)
            }
        };
        let usual_place = PLACES.iter().find(|(tier, _)| *tier == name);
        let org_path = match (&options.org_path, usual_place) {
            (Some(path), _) => path.clone(),
            (None, Some((_, place))) => OrgPath::parse(place).or_internal()?,
            (None, None) => return usage("a token with --scope needs --org".to_owned()),
        };
        Ok(Self {
            subject: options.subject.clone().unwrap_or_else(|| name.to_owned()),
            scopes,
            org_path,
            customer_id,
            lifetime,
        })
    }

    fn fill(&self, keys: &DevelopmentKeys, now: DateTime<Utc>) -> Result<String, RunError> {
        let random = random_bytes::<16>().or_internal()?;
        let token_id = uuid::Builder::from_random_bytes(random)
            .into_uuid()
            .to_string();
        Ok(keys.mint(&MintRequest {
            subject: &self.subject,
            client_id: "shouxin-dev",
            scopes: &self.scopes,
            org_path: &self.org_path,
            customer_id: self.customer_id,
            issued_at: now,
            lifetime: self.lifetime,
            token_id: &token_id,
        })?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::auth::jwks::KeySet;
    use crate::auth::key_holder::KeyHolder;
    use crate::run::service::Trust;

    fn options(holder: Holder) -> TokenOptions {
        TokenOptions {
            holder,
            org_path: None,
            customer_id: None,
            subject: None,
            lifetime_minutes: 60,
            state_dir: None,
        }
    }

    fn read_all(path: &Path) -> BTreeMap<String, String> {
        serde_json::from_str(&private_file::read(path).unwrap()).unwrap()
    }

    fn tier(name: &str) -> Holder {
        Holder::Tier(name.to_owned())
    }

    #[test]
    fn every_tier_has_a_place_and_every_place_a_tier() {
        let mut places: Vec<_> = PLACES.iter().map(|(tier, _)| *tier).collect();
        let mut tiers: Vec<_> = TIERS.iter().map(|tier| tier.name).collect();
        places.sort_unstable();
        tiers.sort_unstable();
        assert_eq!(places, tiers);
    }

    #[test]
    fn the_file_holds_a_token_for_each_tier_that_the_service_accepts() {
        let folder = std::env::temp_dir().join(format!("shouxin-tokens-{}", std::process::id()));
        let keys = DevelopmentKeys::load_or_create(&folder).unwrap();
        let path = folder.join("tokens.json");
        let customer = CustomerId::from_uuid(Uuid::from_u128(7));
        let now = SystemClock.now();
        write_all(&path, &keys, now, Some(customer)).unwrap();
        let tokens = read_all(&path);
        assert_eq!(tokens.len(), PLACES.len());
        let trust = Trust::in_development(&keys).unwrap();
        for (tier, place) in PLACES {
            let token = trust.verifier.verify(&tokens[*tier], now).unwrap();
            assert_eq!(token.subject, *tier);
            assert_eq!(token.org_path.as_str(), *place);
            assert_eq!(token.customer_id.is_some(), *tier == "customer");
            assert_eq!(
                token.scopes.len(),
                scopes::tier(tier).unwrap().scopes().count()
            );
        }
        write_all(&path, &keys, now, None).unwrap();
        assert!(!read_all(&path).contains_key("customer"));
        let set = KeySet::from_json(
            keys.jwks_json().as_bytes(),
            &[jsonwebtoken::Algorithm::EdDSA],
        );
        assert!(KeyHolder::fixed(set.unwrap()).is_fresh(now));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn orders_that_make_no_sense_are_usage_errors() {
        let customer = Some(Uuid::from_u128(1));
        let head_office = Some(OrgPath::root());
        for wrong in [
            options(tier("boss")),
            options(tier("customer")),
            options(Holder::Scopes("customers:read".to_owned())),
            TokenOptions {
                org_path: head_office.clone(),
                ..options(Holder::Scopes("customers:read customers:eat".to_owned()))
            },
            TokenOptions {
                lifetime_minutes: 1441,
                ..options(tier("auditor"))
            },
            TokenOptions {
                lifetime_minutes: 0,
                ..options(tier("auditor"))
            },
        ] {
            let error = Order::of(&wrong).err().unwrap();
            assert_eq!(error.exit_code(), 2, "{error}");
        }
        let fine = TokenOptions {
            customer_id: customer,
            ..options(tier("customer"))
        };
        assert_eq!(Order::of(&fine).unwrap().customer_id, customer);
    }
}
