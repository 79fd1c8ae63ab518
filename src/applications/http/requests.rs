//! What is applied for, as it arrives.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::applications::app::applications::{Grounds, NewApplication, Target};
use crate::applications::domain::checks::Attachment;
use crate::applications::store::applications::ApplicationRow;
use crate::catalogue::domain::products::ProductCode;
use crate::error::{Error, Problem};
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::line_terms::{ApplicationAction, Asked};
use crate::exposure::domain::lines::{LimitKind, TemporaryMode};
use crate::platform::http::types::{Amount, Date, Text, given, present};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, GroupId, LineId};

/// A document that speaks for an application.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApplicationDocument, example = json!({"kind": "business_licence", "reference": "DMS-2026-0117", "valid_until": "2027-06-30"}))]
pub struct AttachmentView {
    /// Type, such as `business_licence`: lower-case letters, digits and underscores.
    #[schema(min_length = 1, max_length = 60, pattern = "^[a-z][a-z0-9_]*$")]
    #[validate(custom(function = "a_word"))]
    pub kind: String,
    /// Where it is kept.
    pub reference: Text<200>,
    /// Last day of validity, where it has one.
    #[serde(default)]
    pub valid_until: Option<Date>,
}

fn a_word(text: &str) -> Result<(), ValidationError> {
    let fine = (1..=60).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if fine {
        Ok(())
    } else {
        Err(ValidationError::new("word")
            .with_message("is not a word of a-z, 0-9 and _|须为小写字母、数字和下划线".into()))
    }
}

/// What is applied for. `action` decides which fields belong to it:
///
/// | action | about | fields |
/// |---|---|---|
/// | `open` | `customer_id` or `group_id` | `product`, `amount` or another `limit_kind`, `currency`, `valid_from`, `valid_until`, terms, `requires_contract` |
/// | `increase`, `decrease` | `credit_line_id` | `amount` (the new limit) or another `limit_kind`; `allow_overdrawn` |
/// | `temporary_increase` | `credit_line_id` | `amount`, `temporary_mode`, `valid_from`, `valid_until` |
/// | `renew` | `credit_line_id` | `valid_until`, `amount` if it changes, terms |
/// | `change_terms` | `credit_line_id` | `payment_term_days`, `revolving`, `deposit_share_bp`, `conditions` |
/// | `suspend`, `resume`, `close` | `credit_line_id` | |
/// | `admit_member` | `group_id`, `member_customer_id` | `valid_from` |
/// | `release_member` | `group_id`, `member_customer_id` | |
/// | `change_mode` | `group_id` | `limit_mode` |
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "about_one_thing"))]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "action": "open", "product": "goods_on_credit",
    "amount": "500000.00", "currency": "CNY", "valid_from": "2026-01-01", "valid_until": "2026-12-31",
    "payment_term_days": 30, "revolving": true, "purpose": "Spring stock", "expected_sales": "4000000.00",
}))]
pub struct CreateCreditApplication {
    /// The customer a new line is for.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// The credit group a new line is for, or whose members or mode are to change.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// The line that is to change.
    #[serde(default)]
    pub credit_line_id: Option<LineId>,
    /// The customer that is to be admitted although its exposure goes beyond the ceiling, or that is to
    /// leave it.
    #[serde(default)]
    pub member_customer_id: Option<CustomerId>,
    /// What is asked for.
    pub action: ApplicationAction,
    /// How the ceiling of the group is to bound its members.
    #[serde(default)]
    pub limit_mode: Option<GroupLimitMode>,
    /// Code of the product; null for the unified limit of the customer or group.
    #[serde(default)]
    pub product: Option<ProductCode>,
    /// How the limit is to be given; `amount` when left out.
    #[serde(default)]
    pub limit_kind: Option<LimitKind>,
    /// Limit, 0 blocks; or the amount of a temporary increase.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// Currency of a new line. That of the line where there is one.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// First day of the line, of the temporary increase, or of the membership.
    #[serde(default)]
    pub valid_from: Option<Date>,
    /// Last day of the line or of the temporary increase.
    #[serde(default)]
    pub valid_until: Option<Date>,
    /// Payment term in calendar days; that of the product when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again; true for a new line when left out.
    #[serde(default)]
    pub revolving: Option<bool>,
    /// Whether a temporary increase adds or replaces; `add` when left out.
    #[serde(default)]
    pub temporary_mode: Option<TemporaryMode>,
    /// Whether a limit below what is used is meant: it takes effect for new business only.
    #[serde(default)]
    pub allow_overdrawn: Option<bool>,
    /// Deposit share in basis points; that of the product when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10000)]
    pub deposit_share_bp: Option<i32>,
    /// Conditions of the credit.
    #[serde(default)]
    pub conditions: Option<Text<2000>>,
    /// Whether the line waits for a signed contract before it can be used.
    #[serde(default)]
    pub requires_contract: Option<bool>,
    /// What the credit is for, or why it is to change.
    #[serde(default)]
    pub purpose: Option<Text<500>>,
    /// Expected sales of twelve months as the applicant states them, in the currency of the line. Checks
    /// go by what was recorded of the customer.
    #[serde(default)]
    pub expected_sales: Option<Amount>,
    /// Documents that speak for it.
    #[serde(default)]
    #[schema(max_items = 50)]
    #[validate(
        nested,
        length(max = 50, message = "has more than 50 items|超过 50 项")
    )]
    pub attachments: Vec<AttachmentView>,
}

fn about_one_thing(body: &CreateCreditApplication) -> Result<(), ValidationError> {
    let given = (
        body.customer_id.is_some(),
        body.group_id.is_some(),
        body.credit_line_id.is_some(),
        body.member_customer_id.is_some(),
    );
    let message = match (body.action, given) {
        (ApplicationAction::Open, (true, false, false, false) | (false, true, false, false))
        | (
            ApplicationAction::AdmitMember | ApplicationAction::ReleaseMember,
            (false, true, false, true),
        )
        | (ApplicationAction::ChangeMode, (false, true, false, false)) => None,
        (ApplicationAction::Open, _) => {
            Some("needs either customer_id or group_id|须在 customer_id 与 group_id 中二选一")
        }
        (ApplicationAction::AdmitMember | ApplicationAction::ReleaseMember, _) => {
            Some("needs group_id and member_customer_id|须填写 group_id 与 member_customer_id")
        }
        (ApplicationAction::ChangeMode, _) => {
            Some("needs group_id and no other subject|须填写且仅填写 group_id")
        }
        (_, (false, false, true, false)) => None,
        _ => Some("needs credit_line_id and no other subject|须填写且仅填写 credit_line_id"),
    };
    let message = message.or_else(|| match body.action {
        ApplicationAction::Open if body.currency.is_none() => {
            Some("needs a currency|须填写 currency")
        }
        action if (action == ApplicationAction::ChangeMode) != body.limit_mode.is_some() => {
            Some("limit_mode belongs to change_mode, and is needed there|limit_mode 仅用于 change_mode，且必须填写")
        }
        ApplicationAction::Open => None,
        _ if body.currency.is_some() || body.product.is_some() => {
            Some("currency and product belong to new lines only|currency 与 product 仅用于新额度")
        }
        _ => None,
    });
    match message {
        None => Ok(()),
        Some(message) => Err(ValidationError::new("subject").with_message(message.into())),
    }
}

/// Changes to a draft: absent members stay, null clears. What it is about and its action are
/// fixed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": "450000.00", "purpose": null}))]
pub struct PatchCreditApplication {
    /// How the limit is to be given.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<LimitKind>)]
    pub limit_kind: Option<Option<LimitKind>>,
    /// Limit, or the amount of a temporary increase.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Amount>)]
    pub amount: Option<Option<Amount>>,
    /// First day.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Date>)]
    pub valid_from: Option<Option<Date>>,
    /// Last day.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Date>)]
    pub valid_until: Option<Option<Date>>,
    /// Payment term in calendar days.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<Option<i32>>,
    /// Whether repaid limit can be used again.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>)]
    pub revolving: Option<Option<bool>>,
    /// Whether a temporary increase adds or replaces.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<TemporaryMode>)]
    pub temporary_mode: Option<Option<TemporaryMode>>,
    /// Whether a limit below what is used is meant.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    pub allow_overdrawn: Option<bool>,
    /// Deposit share in basis points.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 10000)]
    pub deposit_share_bp: Option<Option<i32>>,
    /// Conditions of the credit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Text<2000>>)]
    pub conditions: Option<Option<Text<2000>>>,
    /// Whether the line waits for a signed contract.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    pub requires_contract: Option<bool>,
    /// What the credit is for.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Text<500>>)]
    pub purpose: Option<Option<Text<500>>>,
    /// Expected sales of twelve months.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Amount>)]
    pub expected_sales: Option<Option<Amount>>,
    /// Documents that speak for it, all of them.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<AttachmentView>, required = false, max_items = 50)]
    #[validate(
        nested,
        length(max = 50, message = "has more than 50 items|超过 50 项")
    )]
    pub attachments: Option<Vec<AttachmentView>>,
}

fn attached(documents: Vec<AttachmentView>) -> Vec<Attachment> {
    documents
        .into_iter()
        .map(|one| Attachment {
            kind: one.kind,
            reference: one.reference.0,
            valid_until: one.valid_until.map(|day| day.0),
        })
        .collect()
}

fn minor(amount: Option<&Amount>, currency: Currency, field: &str) -> Result<Option<i64>, Error> {
    amount
        .map(|amount| Ok(amount.in_currency(currency, field)?.minor()))
        .transpose()
}

fn not_negative(amount: Option<i64>, field: &str) -> Result<Option<i64>, Error> {
    match amount {
        Some(minor) if minor < 0 => {
            Err(Problem::field(field, "is less than zero", "不得小于零").into())
        }
        amount => Ok(amount),
    }
}

/// The application that a body asks for; its amounts are in `own`.
///
/// # Errors
/// 422 for an amount that does not fit the currency.
pub(super) fn new_application(
    body: &CreateCreditApplication,
    own: Currency,
) -> Result<NewApplication, Error> {
    let target = match (
        body.customer_id,
        body.group_id,
        body.credit_line_id,
        (body.member_customer_id, body.limit_mode),
    ) {
        (_, Some(group), _, (Some(member), _)) => Target::Member(group, member),
        (_, Some(group), _, (None, Some(mode))) => Target::Mode(group, mode),
        (_, _, Some(line), _) => Target::Line(line),
        (Some(customer), _, _, _) => Target::Customer(customer),
        (None, Some(group), _, _) => Target::Group(group),
        (None, None, None, _) => return Err(Error::internal("validated to be about something")),
    };
    let expected = minor(body.expected_sales.as_ref(), own, "expected_sales")?;
    Ok(NewApplication {
        target,
        action: body.action,
        product: body.product.clone(),
        currency: body.currency,
        asked: Asked {
            limit_kind: body.limit_kind,
            amount_minor: minor(body.amount.as_ref(), own, "amount")?,
            valid_from: body.valid_from.map(|day| day.0),
            valid_until: body.valid_until.map(|day| day.0),
            payment_term_days: body.payment_term_days,
            revolving: body.revolving,
            temporary_mode: body.temporary_mode,
            allow_overdrawn: body.allow_overdrawn.unwrap_or(false),
            deposit_share_bp: body.deposit_share_bp,
            conditions: body.conditions.clone().map(|text| text.0),
            requires_contract: body.requires_contract.unwrap_or(false),
        },
        grounds: Grounds {
            purpose: body.purpose.clone().map(|text| text.0),
            expected_sales_minor: not_negative(expected, "expected_sales")?,
            attachments: attached(body.attachments.clone()),
        },
    })
}

/// Applies a merge patch to a draft.
///
/// # Errors
/// 422 for an amount that does not fit the currency.
pub(super) fn amend(row: &mut ApplicationRow, body: &PatchCreditApplication) -> Result<(), Error> {
    let own = row.currency;
    if let Some(amount) = &body.amount {
        row.amount_minor = minor(amount.as_ref(), own, "amount")?;
    }
    if let Some(sales) = &body.expected_sales {
        let sales = minor(sales.as_ref(), own, "expected_sales")?;
        row.expected_sales_minor = not_negative(sales, "expected_sales")?;
    }
    let days = [
        (&body.valid_from, &mut row.valid_from),
        (&body.valid_until, &mut row.valid_until),
    ];
    for (asked, own) in days {
        if let Some(day) = asked {
            *own = day.map(|day| day.0);
        }
    }
    macro_rules! take {
        ($($field:ident),*) => {$(
            if let Some(value) = body.$field {
                row.$field = value;
            }
        )*};
    }
    take!(
        limit_kind,
        payment_term_days,
        revolving,
        temporary_mode,
        allow_overdrawn,
        deposit_share_bp,
        requires_contract
    );
    if let Some(text) = &body.conditions {
        row.conditions = text.clone().map(|text| text.0);
    }
    if let Some(text) = &body.purpose {
        row.purpose = text.clone().map(|text| text.0);
    }
    if let Some(documents) = &body.attachments {
        row.attachments = json!(attached(documents.clone()));
    }
    Ok(())
}
