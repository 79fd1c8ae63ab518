//! What is lent, and why it ends.

use chrono::NaiveDate;

use super::approvals::Authority;

crate::text_enum! {
    /// Why a delegation lends nothing any more.
    pub enum DelegationEnd {
        /// Somebody revoked it.
        Revoked = "revoked",
        /// Its last day is over.
        Expired = "expired",
        /// Its lender holds nothing of it any more.
        AuthorityLost = "authority_lost",
    }
}

/// What of an authority that was given its lender still holds: nobody lends what they have lost.
pub fn lent_of(mut given: Authority, lender: Option<&Authority>) -> Option<Authority> {
    let lender = lender.filter(|lender| lender.org_path.contains(&given.org_path))?;
    given.scopes.retain(|scope| lender.scopes.contains(scope));
    (!given.scopes.is_empty()).then_some(given)
}

/// Why a delegation that runs until a day lends nothing any more, if that is so.
pub fn ended(
    (is_revoked, until): (bool, NaiveDate),
    still_lends: bool,
    today: NaiveDate,
) -> Option<DelegationEnd> {
    if is_revoked {
        Some(DelegationEnd::Revoked)
    } else if until < today {
        Some(DelegationEnd::Expired)
    } else if still_lends {
        None
    } else {
        Some(DelegationEnd::AuthorityLost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::organisation::OrgPath;

    fn authority(org_path: &str, scopes: &[&str]) -> Authority {
        Authority {
            principal: "ann".to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            org_path: OrgPath::parse(org_path).unwrap(),
        }
    }

    #[test]
    fn nobody_lends_what_they_have_lost() {
        let east = "head-office/east";
        let given = || authority(east, &["a", "b"]);
        let left = |lender: Option<Authority>| {
            let left = lent_of(given(), lender.as_ref())?;
            Some(left.scopes.into_iter().collect::<Vec<_>>())
        };
        let both = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(left(Some(authority(east, &["a", "b", "c"]))), both);
        assert_eq!(left(Some(authority("head-office", &["a", "b"]))), both);
        let one = Some(vec!["b".to_owned()]);
        assert_eq!(left(Some(authority(east, &["b"]))), one);
        for lost in [
            None,
            Some(authority(east, &["c"])),
            Some(authority("head-office/west", &["a", "b"])),
            Some(authority("head-office/east/shanghai", &["a", "b"])),
        ] {
            assert_eq!(left(lost), None);
        }
    }

    #[test]
    fn what_ends_a_delegation_is_named() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        for (is_revoked, until, still_lends, expected) in [
            (false, 2, true, None),
            (false, 2, false, Some(DelegationEnd::AuthorityLost)),
            (false, 1, true, Some(DelegationEnd::Expired)),
            (false, 1, false, Some(DelegationEnd::Expired)),
            (true, 1, false, Some(DelegationEnd::Revoked)),
        ] {
            let ended = ended((is_revoked, day(until)), still_lends, day(2));
            assert_eq!(ended, expected);
        }
    }
}
