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

#[cfg(test)]
mod tests {
    use super::*;

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
