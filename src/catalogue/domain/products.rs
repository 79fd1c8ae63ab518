//! Products: what kinds of credit the company gives, and how their exposure counts.

use std::fmt;

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// The longest product code, in characters (all of them ASCII).
pub const CODE_CHARACTERS_MAX: usize = 40;

crate::text_enum! {
    /// What kind of business draws on a product (P02, P12).
    pub enum ProductKind {
        /// Goods or services delivered against a later payment.
        Receivable = "receivable",
        /// Money paid ahead of goods.
        Prepayment = "prepayment",
        /// Export tax rebates paid ahead.
        TaxAdvance = "tax_advance",
        /// A loan.
        Loan = "loan",
        /// Trade finance.
        TradeFinance = "trade_finance",
        /// Acceptance of bills.
        BillAcceptance = "bill_acceptance",
        /// A guarantee.
        Guarantee = "guarantee",
        /// A letter of credit.
        LetterOfCredit = "letter_of_credit",
    }
}

crate::text_enum! {
    /// What gives limit back (P02).
    pub enum ReleasedBy {
        /// Payment in full.
        Payment = "payment",
        /// Title and control have both passed.
        TitleAndControl = "title_and_control",
        /// Payment or the rebate.
        PaymentOrRebate = "payment_or_rebate",
        /// The end of the obligation.
        EndOfObligation = "end_of_obligation",
    }
}

impl ProductKind {
    /// What gives limit back where nothing else is said.
    pub fn released_by(self) -> ReleasedBy {
        match self {
            Self::Receivable | Self::Loan | Self::TradeFinance => ReleasedBy::Payment,
            Self::Prepayment => ReleasedBy::TitleAndControl,
            Self::TaxAdvance => ReleasedBy::PaymentOrRebate,
            Self::BillAcceptance | Self::Guarantee | Self::LetterOfCredit => {
                ReleasedBy::EndOfObligation
            }
        }
    }
}

crate::text_enum! {
    /// How a deposit counts against exposure.
    pub enum ExposureTreatment {
        /// The full amount counts, whatever was deposited (P02).
        Gross = "gross",
        /// The amount less the cash deposit counts: fully secured business takes no limit (P12.2).
        NetOfDeposit = "net_of_deposit",
    }
}

/// The code of a product: a lower-case letter, then letters, digits and underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ProductCode(String);

/// The text is not a product code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a product code, expected 1 to 40 of a-z, 0-9 and _ after a letter")]
pub struct ProductCodeError;

impl ProductCode {
    /// Reads a code; nothing is trimmed or folded.
    ///
    /// # Errors
    /// [`ProductCodeError`] for everything that is not exactly a code.
    pub fn parse(text: &str) -> Result<Self, ProductCodeError> {
        let starts_well = text
            .bytes()
            .next()
            .is_some_and(|one| one.is_ascii_lowercase());
        let legal = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'_';
        if starts_well && text.len() <= CODE_CHARACTERS_MAX && text.bytes().all(legal) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProductCodeError)
        }
    }

    /// Reads a code that was stored.
    ///
    /// # Errors
    /// When it is none: a bug.
    pub fn stored(text: &str) -> Result<Self, Error> {
        Self::parse(text).map_err(|error| Error::Internal(Box::new(error)))
    }

    /// The code as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProductCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for ProductCode {
    type Error = ProductCodeError;

    fn try_from(text: String) -> Result<Self, ProductCodeError> {
        Self::parse(&text)
    }
}

impl From<ProductCode> for String {
    fn from(code: ProductCode) -> Self {
        code.0
    }
}

/// What of a product decides how much passes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferTerms {
    /// Whether new applications may name it.
    pub active: bool,
    /// Payment term where nothing else is agreed, calendar days.
    pub default_payment_term_days: i32,
    /// Deposit share asked for, in basis points.
    pub deposit_share_bp: i32,
    /// What gives limit back.
    pub released_by: ReleasedBy,
    /// How deposits count.
    pub exposure_treatment: ExposureTreatment,
}

/// Whether more may pass by a product than before. Of two ways to give limit back neither is known to
/// be later than the other.
pub fn loosens(before: &OfferTerms, after: &OfferTerms) -> bool {
    (after.active && !before.active)
        || after.default_payment_term_days > before.default_payment_term_days
        || after.deposit_share_bp < before.deposit_share_bp
        || after.released_by != before.released_by
        || (after.exposure_treatment != before.exposure_treatment
            && after.exposure_treatment == ExposureTreatment::NetOfDeposit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_more_pass_loosens_and_nothing_else_does() {
        let before = OfferTerms {
            active: false,
            default_payment_term_days: 30,
            deposit_share_bp: 1_000,
            released_by: ReleasedBy::Payment,
            exposure_treatment: ExposureTreatment::Gross,
        };
        type Change = fn(&mut OfferTerms);
        let cases: [(Change, bool); 8] = [
            (|_| (), false),
            (|terms| terms.active = true, true),
            (|terms| terms.default_payment_term_days = 31, true),
            (|terms| terms.default_payment_term_days = 29, false),
            (|terms| terms.deposit_share_bp = 999, true),
            (|terms| terms.deposit_share_bp = 1_001, false),
            (
                |terms| terms.released_by = ReleasedBy::EndOfObligation,
                true,
            ),
            (
                |terms| terms.exposure_treatment = ExposureTreatment::NetOfDeposit,
                true,
            ),
        ];
        for (index, (change, expected)) in cases.into_iter().enumerate() {
            let mut after = before;
            change(&mut after);
            assert_eq!(loosens(&before, &after), expected, "case {index}");
        }
        let offered = OfferTerms {
            active: true,
            ..before
        };
        assert!(!loosens(&offered, &before));
    }

    #[test]
    fn a_code_is_lower_case_letters_digits_and_underscores_after_a_letter() {
        let longest = "a".repeat(CODE_CHARACTERS_MAX);
        for good in ["a", "goods", "tax_advance_2", "a_", longest.as_str()] {
            assert_eq!(ProductCode::parse(good).unwrap().as_str(), good);
        }
        let too_long = "a".repeat(CODE_CHARACTERS_MAX + 1);
        for bad in ["", "1a", "_a", "A", "goods ", "a-b", "a.b", "货", &too_long] {
            assert_eq!(ProductCode::parse(bad), Err(ProductCodeError), "{bad}");
        }
    }

    #[test]
    fn words_and_variants_agree() {
        for kind in ProductKind::EVERY {
            assert_eq!(ProductKind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(ExposureTreatment::parse("net"), None);
    }
}
