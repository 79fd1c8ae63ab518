//! Credit lines as they are shown.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::domain::products::ProductCode;
use crate::error::Error;
use crate::exposure::app::ledger::bounds::carried_minor;
use crate::exposure::app::ledger::standings::standings;
use crate::exposure::domain::lines::{
    LimitKind, LineState, LineStatus, TemporaryLimit, TemporaryMode, state_on,
};
use crate::exposure::store::lines::{self as store, LineRow};
use crate::exposure::store::reservations::without_due;
use crate::platform::http::audience::{Audience, Staff};
use crate::platform::http::types::{Amount, BusinessDate, Date, Text};
use crate::platform::store::tx::Reader;
use crate::resource;
use crate::values::currency::Currency;
use crate::values::ids::{ApplicationId, CustomerId, GroupId, LineId};
use crate::values::level::Level;
use crate::values::organisation::OrgPath;

/// How a limit is given.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limit)]
pub struct LimitView {
    /// amount, unlimited, or inherit from the levels above.
    pub kind: LimitKind,
    /// The limit where the kind is amount, without a temporary increase; 0 blocks.
    #[schema(required = true)]
    pub amount: Option<Amount>,
}

/// A temporary increase of a limit. It ends by its last day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemporaryLimit, example = json!({
    "mode": "add", "amount": "100000.00", "from": "2026-03-01", "until": "2026-03-31",
}))]
pub struct TemporaryLimitView {
    /// Whether it adds to the limit or takes its place.
    pub mode: TemporaryMode,
    /// Amount.
    pub amount: Amount,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

/// A credit line with its balances.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditLine, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "group_id": null, "org_path": "head-office/east/shanghai", "product": "goods_on_credit",
    "limit": {"kind": "amount", "amount": "500000.00"}, "temporary": null, "effective_limit": "500000.00", "currency": "CNY", "held": "20000.00", "drawn": "80000.00",
    "consumed": "0.00", "carried": "0.00", "on_account": "0.00", "available": "400000.00", "binding_level": "product", "usable": "400000.00", "status": "active",
    "valid_from": "2026-01-01", "valid_until": "2026-12-31", "payment_term_days": 30, "revolving": true,
    "deposit_share_bp": null, "conditions": null, "review_on": "2026-12-31",
    "application_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "version": 1,
    "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
}))]
pub struct CreditLineView {
    /// Identifier.
    pub id: LineId,
    /// The customer, or null for a group line.
    #[schema(required = true)]
    pub customer_id: Option<CustomerId>,
    /// The group, or null for a customer line.
    #[schema(required = true)]
    pub group_id: Option<GroupId>,
    /// Organisation of the customer or group.
    pub org_path: OrgPath,
    /// Product; null for the unified limit.
    #[schema(required = true)]
    pub product: Option<ProductCode>,
    /// Limit.
    pub limit: LimitView,
    /// Temporary increase, the latest there was.
    #[schema(required = true)]
    pub temporary: Option<TemporaryLimitView>,
    /// Limit of the day, with the temporary increase while it lasts; null without a limit.
    #[schema(required = true)]
    pub effective_limit: Option<Amount>,
    /// Currency of limit and balances.
    pub currency: Currency,
    /// Set aside by open reservations.
    pub held: Amount,
    /// Used by open receivables.
    pub drawn: Amount,
    /// Repaid on a line that does not revolve: gone for good.
    pub consumed: Amount,
    /// Held and drawn on other lines for the same product of the same owner, such as an expired one
    /// that this one follows: counts against the limit too.
    pub carried: Amount,
    /// What money on account takes off what is used: of its customer's, what covers receivables here and
    /// what is free; of a shared ceiling, what members' money covers of their own use. As of a past
    /// instant nothing.
    pub on_account: Amount,
    /// What is left: effective limit less held, drawn, consumed and carried, and what is on account
    /// again. Negative when over the limit; null without a limit. Nothing of a closed line.
    #[schema(required = true)]
    pub available: Option<Amount>,
    /// The level with the least room of all that bound it today: its own, or one above it. Null where
    /// nothing bounds it, and as of a past instant.
    #[schema(required = true)]
    pub binding_level: Option<Staff<Level>>,
    /// What can be used of it today over all of these levels, in its currency; null where
    /// `binding_level` is.
    #[schema(required = true)]
    pub usable: Option<Staff<Amount>>,
    /// Status today; expiry follows from the dates.
    pub status: LineState,
    /// First day of use.
    pub valid_from: Date,
    /// Last day of use.
    pub valid_until: Date,
    /// Payment term in calendar days; null takes that of the product.
    #[schema(required = true, minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again.
    pub revolving: bool,
    /// Deposit share asked for, in basis points; null takes that of the product.
    #[schema(required = true, minimum = 0, maximum = 10000)]
    pub deposit_share_bp: Option<i32>,
    /// Conditions of the credit.
    #[schema(required = true)]
    pub conditions: Option<Text<2000>>,
    /// Day by which it is to be reviewed.
    #[schema(required = true)]
    pub review_on: Option<Staff<BusinessDate>>,
    /// Application that opened the line.
    pub application_id: Staff<ApplicationId>,
    /// Version of terms and status; movements do not change it.
    pub version: i64,
    /// Instant of opening.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change of terms or status.
    pub updated_at: DateTime<Utc>,
}

resource! { CreditLineView { id } at "/v1/credit-lines/{id}" }

/// The line as it is shown on a day, with the limit of that day. `carried_minor` is what other lines
/// of its level still hold, `on_account_minor` what money on account takes off.
pub fn view(
    row: LineRow,
    (carried_minor, on_account_minor): (i64, i64),
    today: NaiveDate,
) -> CreditLineView {
    let balance = row.balance();
    let effective = row.limit_on(today);
    let left = |limit: i64| {
        limit
            .saturating_sub(balance.used_minor())
            .saturating_sub(carried_minor)
            .saturating_add(on_account_minor)
    };
    let available = match row.status {
        LineStatus::Closed => Some(0),
        _ => effective.map(left),
    };
    let amount = |minor: i64| Amount::of(minor, row.currency);
    CreditLineView {
        id: row.id,
        customer_id: row.customer_id,
        group_id: row.group_id,
        org_path: row.org_path.clone(),
        product: row.product.clone(),
        limit: LimitView {
            kind: row.limit_kind,
            amount: row.limit_minor.map(amount),
        },
        temporary: row
            .temporary()
            .map(|more| temporary_view(more, row.currency)),
        effective_limit: effective.map(amount),
        currency: row.currency,
        held: amount(row.held_minor),
        drawn: amount(row.drawn_minor),
        consumed: amount(row.consumed_minor),
        carried: amount(carried_minor),
        on_account: amount(on_account_minor),
        available: available.map(amount),
        binding_level: None,
        usable: None,
        status: state_on(row.status, row.valid_from, row.valid_until, today),
        valid_from: Date(row.valid_from),
        valid_until: Date(row.valid_until),
        payment_term_days: row.payment_term_days,
        revolving: row.revolving,
        deposit_share_bp: row.deposit_share_bp,
        conditions: row.conditions.clone().map(Text),
        review_on: row.review_on.map(|day| Staff(Date(day))),
        application_id: Staff(row.application_id),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn temporary_view(more: TemporaryLimit, currency: Currency) -> TemporaryLimitView {
    TemporaryLimitView {
        mode: more.mode,
        amount: Amount::of(more.amount_minor, currency),
        from: Date(more.from),
        until: Date(more.until),
    }
}

/// Lines with what follows from the moment: what expired reservations still hold in the books is
/// taken off, and what other lines of their level hold is counted.
pub fn shown(reader: &mut Reader<'_>, rows: Vec<LineRow>) -> Result<Vec<CreditLineView>, Error> {
    let mut all = with_siblings(reader, &rows)?;
    without_due(reader, &mut all)?;
    let today = reader.today;
    let standings = standings(reader, &rows)?;
    let standing = |id: &LineId| standings.get(id).copied().unwrap_or_default();
    let mut views = rows
        .iter()
        .filter_map(|row| all.iter().find(|line| line.id == row.id))
        .map(|row| {
            let carried_minor = carried_minor(row, siblings(row, &all));
            let on_account_minor = standing(&row.id).on_account_minor;
            view(row.clone(), (carried_minor, on_account_minor), today)
        })
        .collect::<Vec<_>>();
    // Not for a customer itself, which knows nothing of its group.
    if reader.actor.audience() > Audience::Own {
        for view in &mut views {
            let binding = standing(&view.id).binding;
            view.binding_level = binding.map(|binding| Staff(binding.level));
            let room = binding.map(|binding| Amount::of(binding.room_minor, view.currency));
            view.usable = room.map(Staff);
            let level = match (view.group_id.is_some(), &view.product) {
                (true, _) => Level::Group,
                (false, None) => Level::Customer,
                (false, Some(_)) => Level::Product,
            };
            let is_closed = view.status == LineState::Closed;
            if is_closed || level == Level::Group && view.available.is_some() {
                view.binding_level = Some(Staff(level));
                view.usable = view.available.clone().map(Staff);
            }
        }
    }
    Ok(views)
}

/// One line with what follows from the moment.
pub fn shown_one(reader: &mut Reader<'_>, row: LineRow) -> Result<CreditLineView, Error> {
    shown(reader, vec![row])?
        .pop()
        .ok_or_else(|| Error::internal("a line that was just read is gone"))
}

/// The lines of all owners of `rows`, as they are now.
pub fn with_siblings(reader: &mut Reader<'_>, rows: &[LineRow]) -> Result<Vec<LineRow>, Error> {
    let customers: Vec<CustomerId> = rows.iter().filter_map(|row| row.customer_id).collect();
    let groups: Vec<GroupId> = rows.iter().filter_map(|row| row.group_id).collect();
    Ok(store::of_owners(reader.connection, &customers, &groups)?)
}

/// Other lines of the same owner for the same product.
pub fn siblings<'a>(row: &'a LineRow, all: &'a [LineRow]) -> impl Iterator<Item = &'a LineRow> {
    all.iter().filter(|other| {
        other.id != row.id
            && other.customer_id == row.customer_id
            && other.group_id == row.group_id
            && other.product == row.product
    })
}
