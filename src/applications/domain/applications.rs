//! Credit applications: where one stands. What it asks of a line is in [`crate::exposure::domain::line_terms`].

use crate::approvals::domain::lifecycle::Standing;

crate::text_enum! {
    /// Where an application stands.
    pub enum ApplicationStatus {
        /// Being drawn up, for the first time or again after it was sent back.
        Draft = "draft",
        /// Waiting for decisions.
        Submitted = "submitted",
        /// Approved and carried out.
        Approved = "approved",
        /// Rejected.
        Rejected = "rejected",
        /// Taken back by the requester.
        Withdrawn = "withdrawn",
    }
}

impl Standing for ApplicationStatus {
    fn may_become(self, next: Self) -> bool {
        match self {
            Self::Draft => matches!(next, Self::Submitted | Self::Withdrawn),
            Self::Submitted => next != Self::Submitted,
            Self::Approved | Self::Rejected | Self::Withdrawn => false,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decided_applications_stay_decided() {
        for last in [
            ApplicationStatus::Approved,
            ApplicationStatus::Rejected,
            ApplicationStatus::Withdrawn,
        ] {
            let anywhere = |next: &ApplicationStatus| last.may_become(*next);
            assert!(!ApplicationStatus::EVERY.iter().any(anywhere));
        }
        assert!(ApplicationStatus::Draft.may_become(ApplicationStatus::Submitted));
        assert!(!ApplicationStatus::Draft.may_become(ApplicationStatus::Approved));
        assert!(ApplicationStatus::Submitted.may_become(ApplicationStatus::Draft));
    }
}
