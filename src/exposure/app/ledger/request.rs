//! What the book is asked for.

use super::worth::Amending;
use crate::catalogue::domain::counted::Claim;
use crate::catalogue::domain::products::ProductCode;
use crate::error::Error;
use crate::exposure::store::parties::ProductTerms;
use crate::rules::domain::check_rules::OrderTerms;
use crate::values::ids::CustomerId;

/// A request for more exposure.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: &'a ProductCode,
    /// Its terms; `None` when unknown.
    pub terms: Option<ProductTerms>,
    /// How much more.
    pub claim: Claim,
    /// What the order brings along; `None` for what is a fact already and is not asked about.
    pub order: Option<&'a OrderTerms>,
    /// The reservation that is to be worth more; `None` for something new.
    pub more_of: Option<&'a Amending<'a>>,
}

impl<'a> Request<'a> {
    /// A request for more of what a reservation counts as.
    ///
    /// # Errors
    /// When stored values are none: a bug.
    pub(crate) fn for_more(
        amending: &'a Amending<'a>,
        terms: Option<ProductTerms>,
        order: &'a OrderTerms,
    ) -> Result<Self, Error> {
        let row = amending.row();
        Ok(Self {
            customer_id: row.customer_id,
            product: &row.product,
            terms,
            claim: amending.more()?,
            order: Some(order),
            more_of: Some(amending),
        })
    }
}
