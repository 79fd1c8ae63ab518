//! Where something that is decided by approval may stand.

/// A status of something that is decided by approval.
pub trait Standing: Copy {
    /// Whether it may become `next`. The one table of the state machine.
    fn may_become(self, next: Self) -> bool;

    /// The word for it.
    fn word(self) -> &'static str;
}
