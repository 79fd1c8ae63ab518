//! The credit summary of a customer: lines, use, and what is owed, on one page.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::line_views::CreditLineView;
use crate::auth::scopes;
use crate::customers::domain::customers::CustomerStatus;
use crate::customers::store::customers;
use crate::error::Error;
use crate::exposure::domain::money_on_account::OnAccount;
use crate::exposure::domain::receivables::overdue_days;
use crate::exposure::store::receivables::ReceivableRow;
use crate::exposure::store::{groups, lines, parties, payments, receivables};
use crate::platform::http::answers::Computed;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::PathId;
use crate::platform::http::types::{Amount, Date};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerEntity, CustomerId, GroupId};

/// What a customer may have, uses and owes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "status": "active", "as_of": "2026-03-02", "group_id": null,
    "lines": [], "receivables": [{"currency": "CNY", "open_count": 3, "outstanding": "15000.00", "overdue": "5000.00",
        "overdue_days_max": 12, "oldest_due_on": "2026-02-18", "disputed": "0.00", "unapplied_payments": "0.00", "covered": "0.00", "overdue_covered": "0.00"}],
}))]
pub struct CreditSummary {
    /// Customer.
    pub customer_id: CustomerId,
    /// Open or closed for new credit business.
    pub status: CustomerStatus,
    /// Business date of the summary.
    pub as_of: Date,
    /// The credit group it belongs to on that day.
    #[schema(required = true)]
    pub group_id: Option<GroupId>,
    /// Its lines, and those of its group where the caller may see the group.
    #[schema(max_items = 1000)]
    pub lines: Vec<CreditLineView>,
    /// What is owed, by currency.
    #[schema(max_items = 200)]
    pub receivables: Vec<ReceivableSummary>,
}

/// What is owed in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceivableSummary {
    /// Currency.
    pub currency: Currency,
    /// Receivables not paid in full.
    pub open_count: i64,
    /// Still owed.
    pub outstanding: Amount,
    /// Owed after the due date, disputed items included.
    pub overdue: Amount,
    /// Days the oldest of them is overdue.
    pub overdue_days_max: i64,
    /// The earliest due date of anything open.
    #[schema(required = true)]
    pub oldest_due_on: Option<Date>,
    /// Owed but disputed.
    pub disputed: Amount,
    /// Money received that settles nothing yet.
    pub unapplied_payments: Amount,
    /// What of the outstanding it covers, the oldest due first.
    pub covered: Amount,
    /// What of the overdue it covers.
    pub overdue_covered: Amount,
}

#[derive(Default)]
struct Sums {
    open_count: i64,
    outstanding: i64,
    overdue: i64,
    overdue_days_max: i64,
    oldest_due_on: Option<chrono::NaiveDate>,
    disputed: i64,
    unapplied: i64,
    covered: i64,
    overdue_covered: i64,
}

/// Read the credit summary of a customer
///
/// Its lines with their balances, and what it owes by currency, from one snapshot.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/credit-summary",
    tag = "customers",
    operation_id = "getCreditSummary"
)]
pub async fn get(
    guard: Require<scopes::CreditLinesRead>,
    id: PathId<CustomerEntity>,
) -> Result<Computed<CreditSummary>, Error> {
    guard
        .read_snapshot(move |reader| Ok(Computed(summary(reader, id.0)?)))
        .await
}

fn summary(reader: &mut Reader<'_>, id: CustomerId) -> Result<CreditSummary, Error> {
    let (status, _) =
        customers::status_and_organisation(reader, id)?.ok_or_else(Error::not_found)?;
    let group = groups::open_group_of(reader.connection, id)?;
    let visible_group = match group {
        Some(group) => parties::group(reader, group)?.map(|_| group),
        None => None,
    };
    let mut rows = lines::of_customer(reader.connection, id)?;
    if let Some(group) = visible_group {
        rows.extend(lines::of_group(reader.connection, group)?);
    }
    let lines = crate::exposure::http::line_views::shown(reader, rows)?;
    Ok(CreditSummary {
        customer_id: id,
        status,
        as_of: Date(reader.today),
        group_id: visible_group,
        lines,
        receivables: owed(reader, id)?,
    })
}

fn owed(reader: &mut Reader<'_>, id: CustomerId) -> Result<Vec<ReceivableSummary>, Error> {
    let mut by_currency: BTreeMap<Currency, Sums> = BTreeMap::new();
    let open = receivables::open_of(reader.connection, id)?;
    let money = payments::unapplied_of(reader.connection, id)?;
    let items = open.iter().map(ReceivableRow::item);
    let cover = OnAccount::of(money.iter().copied(), items).cover();
    for row in open {
        let covered = cover.by_item.get(&row.id).copied().unwrap_or(0);
        let sums = by_currency.entry(row.currency).or_default();
        let days = overdue_days(row.outstanding_minor, row.due_on, reader.today);
        sums.open_count += 1;
        sums.outstanding += row.outstanding_minor;
        sums.covered += covered;
        if days > 0 {
            sums.overdue += row.outstanding_minor;
            sums.overdue_covered += covered;
        }
        sums.overdue_days_max = sums.overdue_days_max.max(days);
        sums.oldest_due_on = Some(
            sums.oldest_due_on
                .map_or(row.due_on, |oldest| oldest.min(row.due_on)),
        );
        sums.disputed += if row.disputed_on.is_some() {
            row.outstanding_minor
        } else {
            0
        };
    }
    for (currency, minor) in money {
        by_currency.entry(currency).or_default().unapplied += minor;
    }
    Ok(by_currency
        .into_iter()
        .map(|(currency, sums)| {
            let amount = |minor: i64| Amount::of(minor, currency);
            ReceivableSummary {
                currency,
                open_count: sums.open_count,
                outstanding: amount(sums.outstanding),
                overdue: amount(sums.overdue),
                overdue_days_max: sums.overdue_days_max,
                oldest_due_on: sums.oldest_due_on.map(Date),
                disputed: amount(sums.disputed),
                unapplied_payments: amount(sums.unapplied),
                covered: amount(sums.covered),
                overdue_covered: amount(sums.overdue_covered),
            }
        })
        .collect())
}
