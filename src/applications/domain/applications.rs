//! Credit applications: where one stands. What it asks of a line is in [`crate::exposure::domain::line_terms`].

use crate::approvals::domain::lifecycle::Standing;
use crate::exposure::domain::line_terms::ApplicationAction;

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

/// The action by which the authority matrix knows an application: by what it does. What is called
/// lower and makes more usable is an increase; what could make more usable and does not is lower.
pub fn effective(action: ApplicationAction, raises: bool) -> ApplicationAction {
    use ApplicationAction as A;
    match (action, raises) {
        (A::Decrease | A::Suspend | A::Close, true) => A::Increase,
        (A::ChangeTerms | A::Resume | A::ReleaseMember | A::ChangeMode, false) => A::Decrease,
        (named, _) => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_asked_by_what_an_application_does() {
        use ApplicationAction as A;
        for (action, raising, harmless) in [
            (A::Open, A::Open, A::Open),
            (A::Increase, A::Increase, A::Increase),
            (A::Close, A::Increase, A::Close),
            (A::Decrease, A::Increase, A::Decrease),
            (A::Suspend, A::Increase, A::Suspend),
            (A::Resume, A::Resume, A::Decrease),
            (A::ChangeTerms, A::ChangeTerms, A::Decrease),
            (A::ReleaseMember, A::ReleaseMember, A::Decrease),
            (A::ChangeMode, A::ChangeMode, A::Decrease),
        ] {
            let found = (effective(action, true), effective(action, false));
            assert_eq!(found, (raising, harmless), "{action:?}");
        }
    }

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
