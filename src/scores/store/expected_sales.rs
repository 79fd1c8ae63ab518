//! Sales that are expected of customers, as recorded.

use crate::platform::store::dated_facts::dated_fact;
use crate::scores::domain::expected_sales::{ExpectedSales, ExpectedSalesEntity};

dated_fact!(ExpectedSales in customer_expected_sales as ExpectedSalesEntity, from as_of {
    amount_minor, currency, as_of, evidence,
});
