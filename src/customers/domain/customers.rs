//! Customers: what an archive holds, and which changes to it are major.

use serde_json::Value;

crate::text_enum! {
    /// Legal kind of a customer.
    pub enum CustomerKind {
        /// A company under Chinese law.
        Company = "company",
        /// An individual business (个体工商户).
        IndividualBusiness = "individual_business",
        /// A farmers' cooperative.
        Cooperative = "cooperative",
        /// A government body.
        Government = "government",
        /// A public institution (事业单位).
        PublicInstitution = "public_institution",
        /// An association, foundation or private non-enterprise unit.
        SocialOrganisation = "social_organisation",
        /// A company under foreign law.
        ForeignCompany = "foreign_company",
        /// A natural person; the name is classified.
        Individual = "individual",
    }
}

crate::text_enum! {
    /// What a customer is to the company.
    pub enum CustomerRole {
        /// Buys from the company.
        Buyer = "buyer",
        /// Sells the company's goods on.
        Dealer = "dealer",
        /// Sells to the company.
        Supplier = "supplier",
        /// Works with the company.
        Partner = "partner",
        /// Serves the company: lawyers, banks, carriers.
        ServiceProvider = "service_provider",
    }
}

crate::text_enum! {
    /// Whether new credit business is possible at all.
    pub enum CustomerStatus {
        /// Open for business.
        Active = "active",
        /// No new credit business; the archive stays.
        Closed = "closed",
    }
}

crate::text_enum! {
    /// Classification by time (P05).
    pub enum TimeClass {
        /// Not a customer yet.
        Future = "future",
        /// A customer since lately.
        New = "new",
        /// A customer for long.
        Existing = "existing",
    }
}

crate::text_enum! {
    /// Classification by trading (P05).
    pub enum TradingClass {
        /// Traded in the past.
        Past = "past",
        /// Trades now.
        Current = "current",
        /// Is expected to trade.
        Future = "future",
    }
}

crate::text_enum! {
    /// Classification by nature (P05).
    pub enum CustomerNature {
        /// Government procurement.
        Government = "government",
        /// A company with special business.
        SpecialBusiness = "special_business",
        /// An ordinary company.
        Ordinary = "ordinary",
        /// A consumer.
        Consumer = "consumer",
        /// A partner.
        Partner = "partner",
    }
}

crate::text_enum! {
    /// Classification by market weight (P05).
    pub enum MarketWeight {
        /// A key customer.
        Key = "key",
        /// A regular customer.
        Regular = "regular",
        /// An occasional customer.
        Occasional = "occasional",
    }
}

crate::text_enum! {
    /// Value to the company (P13).
    pub enum ValueClass {
        /// High value and loyalty.
        A = "a",
        /// Medium.
        B = "b",
        /// Low.
        C = "c",
    }
}

crate::text_enum! {
    /// Service tier (P10).
    pub enum ServiceTier {
        /// First attention.
        Gold = "gold",
        /// Second.
        Silver = "silver",
        /// Everybody else.
        Standard = "standard",
    }
}

/// Fields whose change is worth telling everybody who relies on the archive.
const MAJOR_FIELDS: &[&str] = &[
    "kind",
    "legal_representative",
    "name",
    "org_path",
    "related_party",
    "status",
    "unified_social_credit_code",
];

/// A changed field between two versions of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Name of the field.
    pub field: String,
    /// Value before; null where it was empty.
    pub before: Value,
    /// Value after; null where it is empty.
    pub after: Value,
}

/// The fields that differ between two snapshots, by name.
pub fn changes(before: &Value, after: &Value) -> Vec<FieldChange> {
    let empty = serde_json::Map::new();
    let old = before.as_object().unwrap_or(&empty);
    let new = after.as_object().unwrap_or(&empty);
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| {
            let before = old.get(name).cloned().unwrap_or(Value::Null);
            let after = new.get(name).cloned().unwrap_or(Value::Null);
            (before != after).then(|| FieldChange {
                field: name.clone(),
                before,
                after,
            })
        })
        .collect()
}

/// Whether any of the changed fields is a major one.
pub fn is_major(changes: &[FieldChange]) -> bool {
    changes
        .iter()
        .any(|change| MAJOR_FIELDS.contains(&change.field.as_str()))
}

/// Whether more may pass for a customer than before: it is open again, or no related party any more.
pub fn loosens(before: (CustomerStatus, bool), after: (CustomerStatus, bool)) -> bool {
    let reopened = before.0 == CustomerStatus::Closed && after.0 == CustomerStatus::Active;
    reopened || (before.1 && !after.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_name_every_field_that_differs_and_no_other() {
        let before = json!({"name": "a", "industry": "steel", "fax": "1"});
        let after = json!({"name": "b", "industry": "steel", "website": "x"});
        let changes = changes(&before, &after);
        let fields: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["fax", "name", "website"]);
        assert!(is_major(&changes));
        assert!(!is_major(&changes[..1]));
    }
}
