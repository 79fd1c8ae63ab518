//! Credit applications: asking for a line.

crate::text_enum! {
    /// What an application asks for.
    pub enum ApplicationAction {
        /// A new line.
        Open = "open",
    }
}

crate::text_enum! {
    /// Where an application stands.
    pub enum ApplicationStatus {
        /// Being drawn up.
        Draft = "draft",
        /// Waiting for decisions.
        Submitted = "submitted",
        /// Approved; the line is open.
        Approved = "approved",
        /// Rejected.
        Rejected = "rejected",
        /// Taken back by the requester.
        Withdrawn = "withdrawn",
    }
}

impl ApplicationStatus {
    /// Whether an application may go from here to there.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Draft => matches!(next, Self::Submitted | Self::Withdrawn),
            Self::Submitted => matches!(next, Self::Approved | Self::Rejected | Self::Withdrawn),
            Self::Approved | Self::Rejected | Self::Withdrawn => false,
        }
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
            assert!(
                ApplicationStatus::EVERY
                    .iter()
                    .all(|next| !last.may_become(*next))
            );
        }
        assert!(ApplicationStatus::Draft.may_become(ApplicationStatus::Submitted));
        assert!(!ApplicationStatus::Draft.may_become(ApplicationStatus::Approved));
    }
}
