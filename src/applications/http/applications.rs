//! Credit applications over HTTP: drawn up, read, changed while they are drafts.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use super::requests::{AttachmentView, CreateCreditApplication, PatchCreditApplication};
use super::requests::{amend, new_application};
use crate::applications::app::applications as app;
use crate::applications::app::checks::attachments;
use crate::applications::domain::applications::ApplicationStatus;
use crate::applications::store::applications::{self as store, ApplicationFilter, ApplicationRow};
use crate::approvals::app::lifecycle;
use crate::auth::scopes;
use crate::catalogue::domain::products::ProductCode;
use crate::error::Error;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::line_terms::ApplicationAction;
use crate::exposure::domain::lines::{LimitKind, TemporaryMode};
use crate::exposure::store::lines;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::command::{IfMatch, KeyedCommand, PatchCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::ids::{ApplicationEntity, ApplicationId, CaseId, CustomerId, GroupId, LineId};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page, resource};

/// A credit application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditApplication, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "group_id": null, "member_customer_id": null, "limit_mode": null, "org_path": "head-office/east/shanghai", "action": "open",
    "product": "goods_on_credit", "limit_kind": "amount", "amount": "500000.00", "currency": "CNY",
    "valid_from": "2026-01-01", "valid_until": "2026-12-31", "payment_term_days": 30, "revolving": true,
    "temporary_mode": null, "allow_overdrawn": false, "deposit_share_bp": null, "conditions": null,
    "requires_contract": false, "purpose": null, "expected_sales": null, "attachments": [], "status": "draft",
    "exceptional": false, "requested_by": "https://issuer.internal.test|ann", "approval_id": null,
    "credit_line_id": null, "version": 1,
    "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
}))]
pub struct CreditApplicationView {
    /// Identifier.
    pub id: ApplicationId,
    /// The customer, or null for a group.
    #[schema(required = true)]
    pub customer_id: Option<CustomerId>,
    /// The group, or null for a customer.
    #[schema(required = true)]
    pub group_id: Option<GroupId>,
    /// The customer to be admitted to the group, or released from it.
    #[schema(required = true)]
    pub member_customer_id: Option<CustomerId>,
    /// How the ceiling of the group is to bound its members.
    #[schema(required = true)]
    pub limit_mode: Option<GroupLimitMode>,
    /// Organisation of the customer or group.
    pub org_path: OrgPath,
    /// What is asked for.
    pub action: ApplicationAction,
    /// Product; null for the unified limit.
    #[schema(required = true)]
    pub product: Option<ProductCode>,
    /// How the limit is to be given; null where no limit is asked for.
    #[schema(required = true)]
    pub limit_kind: Option<LimitKind>,
    /// Limit, or the amount of a temporary increase.
    #[schema(required = true)]
    pub amount: Option<Amount>,
    /// Currency of the line.
    pub currency: Currency,
    /// First day.
    #[schema(required = true)]
    pub valid_from: Option<Date>,
    /// Last day.
    #[schema(required = true)]
    pub valid_until: Option<Date>,
    /// Payment term in calendar days; null takes that of the product.
    #[schema(required = true, minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again.
    #[schema(required = true)]
    pub revolving: Option<bool>,
    /// Whether a temporary increase adds or replaces.
    #[schema(required = true)]
    pub temporary_mode: Option<TemporaryMode>,
    /// Whether a limit below what is used is meant.
    pub allow_overdrawn: bool,
    /// Deposit share in basis points.
    #[schema(required = true, minimum = 0, maximum = 10000)]
    pub deposit_share_bp: Option<i32>,
    /// Conditions of the credit.
    #[schema(required = true)]
    pub conditions: Option<Text<2000>>,
    /// Whether the line waits for a signed contract.
    pub requires_contract: bool,
    /// What the credit is for.
    #[schema(required = true)]
    pub purpose: Option<Text<500>>,
    /// Expected sales of twelve months.
    #[schema(required = true)]
    pub expected_sales: Option<Amount>,
    /// Documents that speak for it.
    #[schema(max_items = 50)]
    pub attachments: Vec<AttachmentView>,
    /// Where it stands.
    pub status: ApplicationStatus,
    /// Whether a failed check sent it to the exceptional chain.
    pub exceptional: bool,
    /// Who drew it up: issuer and subject.
    pub requested_by: Principal,
    /// Its latest approval case, from submission on.
    #[schema(required = true)]
    pub approval_id: Option<CaseId>,
    /// The line it is about, or that it opened.
    #[schema(required = true)]
    pub credit_line_id: Option<LineId>,
    /// Version, for If-Match.
    pub version: i64,
    /// Instant of creation.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

resource! { CreditApplicationView { id } at "/v1/credit-applications/{id}" }

page! {
    /// A page of credit applications.
    CreditApplicationPage of CreditApplicationView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListCreditApplications for ApplicationFilter {
        /// Customer.
        customer_id: CustomerId,
        /// Group.
        group_id: GroupId,
        /// Where it stands.
        status: ApplicationStatus,
        /// What is asked for.
        action: ApplicationAction,
        /// Product.
        product: ProductCode,
    }
}

pub(super) fn view(
    reader: &mut Reader<'_>,
    row: ApplicationRow,
) -> Result<CreditApplicationView, Error> {
    let limit_mode = match row.action {
        ApplicationAction::ChangeMode => store::limit_mode(reader.connection, row.id)?,
        _ => None,
    };
    let amount = |minor: i64| Amount::of(minor, row.currency);
    let attachments = attachments(&row)?;
    Ok(CreditApplicationView {
        id: row.id,
        customer_id: row.customer_id,
        group_id: row.group_id,
        member_customer_id: row.member_customer_id,
        limit_mode,
        action: row.action,
        product: row.product,
        limit_kind: row
            .limit_kind
            .or(row.amount_minor.map(|_| LimitKind::Amount)),
        amount: row.amount_minor.map(amount),
        currency: row.currency,
        valid_from: row.valid_from.map(Date),
        valid_until: row.valid_until.map(Date),
        payment_term_days: row.payment_term_days,
        revolving: row.revolving,
        temporary_mode: row.temporary_mode,
        allow_overdrawn: row.allow_overdrawn,
        deposit_share_bp: row.deposit_share_bp,
        conditions: row.conditions.map(Text),
        requires_contract: row.requires_contract,
        expected_sales: row.expected_sales_minor.map(amount),
        attachments: attachments
            .into_iter()
            .map(|one| AttachmentView {
                kind: one.kind,
                reference: Text(one.reference),
                valid_until: one.valid_until.map(Date),
            })
            .collect(),
        purpose: row.purpose.map(Text),
        org_path: row.org_path,
        status: row.status,
        exceptional: row.exceptional,
        requested_by: Principal(row.requested_by),
        approval_id: row.case_id,
        credit_line_id: row.credit_line_id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// Draw up a credit application
///
/// For a new line of a customer or a group, for a change of a line, for a member that goes beyond the
/// ceiling of a group or leaves it, or for another way in which a ceiling bounds. It is a draft until it
/// is submitted.
#[utoipa::path(
    post,
    path = "/v1/credit-applications",
    tag = "credit-applications",
    operation_id = "createCreditApplication"
)]
pub async fn create(
    guard: Require<scopes::CreditApplicationsWrite>,
    command: KeyedCommand<CreateCreditApplication>,
) -> Reply<Created<CreditApplicationView>> {
    let (body, repeatable) = command.into_parts();
    guard
        .write("credit_application.draw_up", repeatable, move |tx| {
            // Amounts stand in the currency of the line, which has to be looked up first.
            let own = match (body.currency, body.credit_line_id) {
                (Some(own), _) => own,
                (None, Some(id)) => {
                    let line = lines::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
                    line.currency
                }
                (None, None) => Currency::COMPANY,
            };
            let new = new_application(&body, own)?;
            let row = app::draw_up(tx, &new)?;
            Ok(Created(view(&mut tx.reader(), row)?))
        })
        .await
}

/// Change a credit application
///
/// A merge patch of a draft, by who drew it up: absent members stay, null clears. `If-Match` carries the
/// ETag that was read.
#[utoipa::path(
    patch,
    path = "/v1/credit-applications/{application_id}",
    tag = "credit-applications",
    operation_id = "patchCreditApplication"
)]
pub async fn patch(
    guard: Require<scopes::CreditApplicationsWrite>,
    id: PathId<ApplicationEntity>,
    if_match: IfMatch,
    command: PatchCommand<PatchCreditApplication>,
) -> Reply<Resource<CreditApplicationView>> {
    let (body, repeatable) = command.into_parts();
    guard
        .write("credit_application.amend", repeatable, move |tx| {
            let seen = if_match.seen(view);
            let row = app::amend(tx, id.0, &seen, &|row| amend(row, &body))?;
            Ok(Resource(view(&mut tx.reader(), row)?))
        })
        .await
}

/// List credit applications
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/credit-applications",
    tag = "credit-applications",
    operation_id = "listCreditApplications"
)]
pub async fn list(
    guard: Require<scopes::CreditApplicationsRead>,
    parameters: Parameters<ListCreditApplications>,
) -> Result<Listing<CreditApplicationPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListCreditApplications, after, limit| {
        let rows = store::list(reader, &values.into(), after, limit)?;
        rows.into_iter().map(|row| view(reader, row)).collect()
    };
    listing(&guard, parameters, load, |view: &CreditApplicationView| {
        view.id
    })
    .await
}

/// Read a credit application
///
/// With where it stands and the line it is about. Whoever may decide it reads it too, wherever they
/// stand.
#[utoipa::path(
    get,
    path = "/v1/credit-applications/{application_id}",
    tag = "credit-applications",
    operation_id = "getCreditApplication"
)]
pub async fn get(
    guard: Require<scopes::CreditApplicationsRead>,
    id: PathId<ApplicationEntity>,
) -> Result<Resource<CreditApplicationView>, Error> {
    guard
        .read(move |reader| {
            let row = lifecycle::readable(reader, id.0)?;
            Ok(Resource(view(reader, row)?))
        })
        .await
}
