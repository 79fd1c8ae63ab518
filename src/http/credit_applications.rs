//! Credit applications over HTTP.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::Reply;
use super::answers::{Created, Listing, Outcome, Representation, Resource};
use super::command::{Command, KeyedAction, KeyedCommand};
use super::credit_lines::CreditLineView;
use super::cursor::listing;
use super::guard::Require;
use super::parameters::{Parameters, PathId};
use super::types::{Amount, Date, ProductCode, Text, money, product as product_code};
use crate::app::credit_applications::{self as app, Decided, NewApplication, Owner};
use crate::auth::scopes;
use crate::domain::credit_applications::{ApplicationAction, ApplicationStatus};
use crate::domain::currency::Currency;
use crate::domain::ids::{ApplicationEntity, ApplicationId, CustomerId, GroupId, LineId};
use crate::error::Error;
use crate::store::credit_applications::{self as store, ApplicationFilter, ApplicationRow};
use crate::store::tx::Reader;
use crate::{listing_parameters, page};

/// What is applied for: a line for a customer or for a group.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_owner"))]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "action": "open", "product": "goods_on_credit",
    "amount": "500000.00", "currency": "CNY", "valid_from": "2026-01-01", "valid_until": "2026-12-31",
    "payment_term_days": 30, "revolving": true,
}))]
pub struct CreateCreditApplication {
    /// The customer the line is for; or `group_id`.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// The credit group the line is for; or `customer_id`.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// What is asked for.
    pub action: ApplicationAction,
    /// Code of the product; null for the unified limit of the customer or group.
    #[serde(default)]
    pub product: Option<ProductCode>,
    /// Limit; 0 blocks.
    pub amount: Amount,
    /// Currency of the limit.
    pub currency: Currency,
    /// First day of use.
    pub valid_from: Date,
    /// Last day of use.
    pub valid_until: Date,
    /// Payment term in calendar days; that of the product when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again; true when left out.
    #[serde(default)]
    pub revolving: Option<bool>,
    /// What the credit is for.
    #[serde(default)]
    pub purpose: Option<Text<500>>,
}

fn one_owner(body: &CreateCreditApplication) -> Result<(), ValidationError> {
    if body.customer_id.is_some() == body.group_id.is_some() {
        let message = "needs either customer_id or group_id|须在 customer_id 与 group_id 中二选一";
        return Err(ValidationError::new("owner").with_message(message.into()));
    }
    Ok(())
}

/// A comment on a decision.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"comment": "Within branch authority."}))]
pub struct ApproveCreditApplication {
    /// Why.
    #[serde(default)]
    pub comment: Option<Text<1000>>,
}

/// The reason of a rejection.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Financial statements are missing."}))]
pub struct RejectCreditApplication {
    /// Why not.
    pub reason: Text<1000>,
}

/// Nothing to say.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NoDetails {}

/// A credit application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditApplication, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "group_id": null, "org_path": "head-office/east/shanghai", "action": "open", "product": "goods_on_credit",
    "amount": "500000.00", "currency": "CNY", "valid_from": "2026-01-01", "valid_until": "2026-12-31",
    "payment_term_days": 30, "revolving": true, "purpose": null, "status": "draft",
    "requested_by": "https://issuer.internal.test|ann", "credit_line_id": null, "version": 1,
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
    /// Organisation of the customer or group.
    #[schema(
        max_length = 200,
        pattern = "^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$"
    )]
    pub org_path: String,
    /// What is asked for.
    pub action: ApplicationAction,
    /// Product; null for the unified limit.
    #[schema(required = true)]
    pub product: Option<ProductCode>,
    /// Limit.
    pub amount: Amount,
    /// Currency of the limit.
    pub currency: Currency,
    /// First day of use.
    pub valid_from: Date,
    /// Last day of use.
    pub valid_until: Date,
    /// Payment term in calendar days; null takes that of the product.
    #[schema(required = true, minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again.
    pub revolving: bool,
    /// What the credit is for.
    #[schema(required = true)]
    pub purpose: Option<Text<500>>,
    /// Where it stands.
    pub status: ApplicationStatus,
    /// Who drew it up: issuer and subject.
    #[schema(max_length = 600, pattern = "^.+$")]
    pub requested_by: String,
    /// The line it opened, once approved.
    #[schema(required = true)]
    pub credit_line_id: Option<LineId>,
    /// Version.
    pub version: i64,
    /// Instant of creation.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

impl Representation for CreditApplicationView {
    fn version(&self) -> i64 {
        self.version
    }

    fn location(&self) -> String {
        format!("/v1/credit-applications/{}", self.id)
    }
}

/// What an approval leads to: the opened line, or the application while more steps wait.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ApprovalOutcome {
    /// The last step was approved: the line is open.
    CreditLine(CreditLineView),
    /// More steps wait for a decision.
    CreditApplication(CreditApplicationView),
}

impl Representation for ApprovalOutcome {
    fn version(&self) -> i64 {
        match self {
            Self::CreditLine(line) => line.version(),
            Self::CreditApplication(application) => application.version(),
        }
    }

    fn location(&self) -> String {
        match self {
            Self::CreditLine(line) => line.location(),
            Self::CreditApplication(application) => application.location(),
        }
    }
}

page! {
    /// A page of credit applications.
    CreditApplicationPage of CreditApplicationView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListCreditApplications {
        /// Customer.
        customer_id: CustomerId,
        /// Group.
        group_id: GroupId,
        /// Where it stands.
        status: ApplicationStatus,
        /// Product.
        product: ProductCode,
    }
}

fn view(row: ApplicationRow) -> Result<CreditApplicationView, Error> {
    let (amount, currency) = money(row.amount_minor, &row.currency)?;
    let ApplicationRow {
        bucket: _,
        id,
        customer_id,
        group_id,
        org_path,
        action,
        product,
        amount_minor: _,
        currency: _,
        valid_from,
        valid_until,
        payment_term_days,
        revolving,
        purpose,
        status,
        requested_by,
        case_id: _,
        credit_line_id,
        version,
        created_at,
        updated_at,
    } = row;
    Ok(CreditApplicationView {
        id,
        customer_id,
        group_id,
        org_path,
        action,
        product: product.as_deref().map(product_code).transpose()?,
        amount,
        currency,
        valid_from: Date(valid_from),
        valid_until: Date(valid_until),
        payment_term_days,
        revolving,
        purpose: purpose.map(Text),
        status,
        requested_by,
        credit_line_id,
        version,
        created_at,
        updated_at,
    })
}

/// Draw up a credit application
///
/// For a line of a customer or a group. It is a draft until it is submitted.
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
    let Command {
        body, repeatable, ..
    } = command;
    let new = new_application(body)?;
    guard
        .write("credit_application.draw_up", repeatable, move |tx| {
            Ok(Created(view(app::draw_up(tx, &new)?)?))
        })
        .await
}

fn new_application(body: CreateCreditApplication) -> Result<NewApplication, Error> {
    let owner = match (body.customer_id, body.group_id) {
        (Some(id), _) => Owner::Customer(id),
        (None, Some(id)) => Owner::Group(id),
        (None, None) => return Err(Error::internal("validated to have an owner")),
    };
    Ok(NewApplication {
        owner,
        action: body.action,
        product: body.product.map(String::from),
        amount: body.amount.in_currency(body.currency, "amount")?,
        valid_from: body.valid_from.0,
        valid_until: body.valid_until.0,
        payment_term_days: body.payment_term_days,
        revolving: body.revolving.unwrap_or(true),
        purpose: body.purpose.map(|text| text.0),
    })
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
        let filter = ApplicationFilter {
            customer_id: values.customer_id,
            group_id: values.group_id,
            status: values.status,
            product: values.product.clone().map(String::from),
        };
        let rows = store::list(reader, &filter, after, limit)?;
        rows.into_iter().map(view).collect()
    };
    listing(&guard, parameters, load, |view: &CreditApplicationView| {
        view.id
    })
    .await
}

/// Read a credit application
///
/// With where it stands and, once approved, the line it opened.
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
            Ok(Resource(view(
                store::find(reader, id.0)?.ok_or_else(Error::not_found)?,
            )?))
        })
        .await
}

/// Submit a credit application
///
/// The steps that decide it are fixed now. Nobody decides what they asked for.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/submit",
    tag = "credit-applications",
    operation_id = "submitCreditApplication"
)]
pub async fn submit(
    guard: Require<scopes::CreditApplicationsWrite>,
    id: PathId<ApplicationEntity>,
    command: KeyedAction<NoDetails>,
) -> Reply<Resource<CreditApplicationView>> {
    guard
        .write("credit_application.submit", command.repeatable, move |tx| {
            Ok(Resource(view(app::submit(tx, id.0)?)?))
        })
        .await
}

/// Approve a credit application
///
/// Decides the waiting step. The last approval opens the line, which is the answer; until then
/// the answer is the application. Four eyes: neither the requester nor who decided before.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/approve",
    tag = "credit-applications",
    operation_id = "approveCreditApplication"
)]
pub async fn approve(
    guard: Require<scopes::CreditApplicationsApprove>,
    id: PathId<ApplicationEntity>,
    command: KeyedAction<ApproveCreditApplication>,
) -> Reply<Outcome<ApprovalOutcome>> {
    let Command {
        body, repeatable, ..
    } = command;
    let comment = body.comment.map_or_else(String::new, |text| text.0);
    guard
        .write("credit_application.approve", repeatable, move |tx| {
            Ok(Outcome(match app::approve(tx, id.0, &comment)? {
                Decided::Opened(line) => {
                    ApprovalOutcome::CreditLine(super::credit_lines::view(*line, 0, tx.today)?)
                }
                Decided::Pending(application) => {
                    ApprovalOutcome::CreditApplication(view(*application)?)
                }
            }))
        })
        .await
}

/// Reject a credit application
///
/// Decides the waiting step, and with it the application. The reason is kept.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/reject",
    tag = "credit-applications",
    operation_id = "rejectCreditApplication"
)]
pub async fn reject(
    guard: Require<scopes::CreditApplicationsApprove>,
    id: PathId<ApplicationEntity>,
    command: KeyedCommand<RejectCreditApplication>,
) -> Reply<Resource<CreditApplicationView>> {
    let Command {
        body, repeatable, ..
    } = command;
    guard
        .write("credit_application.reject", repeatable, move |tx| {
            Ok(Resource(view(app::reject(tx, id.0, &body.reason.0)?)?))
        })
        .await
}

/// Withdraw a credit application
///
/// Only who drew it up, and only until it is decided.
#[utoipa::path(
    post,
    path = "/v1/credit-applications/{application_id}/withdraw",
    tag = "credit-applications",
    operation_id = "withdrawCreditApplication"
)]
pub async fn withdraw(
    guard: Require<scopes::CreditApplicationsWrite>,
    id: PathId<ApplicationEntity>,
    command: KeyedAction<NoDetails>,
) -> Reply<Resource<CreditApplicationView>> {
    guard
        .write(
            "credit_application.withdraw",
            command.repeatable,
            move |tx| Ok(Resource(view(app::withdraw(tx, id.0)?)?)),
        )
        .await
}
