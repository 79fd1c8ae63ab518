//! Who made something, and who stood behind it.

use super::tx::Tx;

/// Who made something, and who stood behind it: principals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Who made it.
    pub by: String,
    /// Who confirmed it; nobody where nobody had to.
    pub confirmed_by: Option<String>,
}

impl Made {
    /// By the caller alone.
    pub fn alone(tx: &Tx<'_>) -> Self {
        Self {
            by: tx.actor.principal.clone(),
            confirmed_by: None,
        }
    }
}
