//! The product catalogue over HTTP.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::Validate;

use crate::approvals::http::pending_change_views::{MayWait, may_wait};
use crate::auth::scopes;
use crate::catalogue::app::products::{self as app, NewProduct, ProductChange};
use crate::catalogue::domain::products::{ExposureTreatment, ProductCode, ProductKind, ReleasedBy};
use crate::catalogue::store::products::{self as store, ProductFilter, ProductRow};
use crate::error::{Error, OrInternal};
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::audience::Staff;
use crate::platform::http::command::{Command, IfMatch, PatchCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Coded, Parameters, PathCode};
use crate::platform::http::types::{Principal, Text, given};
use crate::platform::store::tx::Reader;
use crate::{listing_parameters, page, resource};

/// Products are named by their code.
#[derive(Debug)]
pub enum ProductEntry {}

impl Coded for ProductEntry {
    const NOUN: &'static str = "product";
    const EXAMPLE: &'static str = "goods_on_credit";
}

/// What a new product starts with.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "goods_on_credit", "name_en": "Goods on credit", "name_zh": "赊销", "kind": "receivable",
    "exposure_treatment": "gross", "default_payment_term_days": 30, "active": true,
}))]
pub struct CreateProduct {
    /// Code used in requests. Never changes.
    pub code: ProductCode,
    /// Name in English.
    pub name_en: Text<100>,
    /// Name in Chinese.
    pub name_zh: Text<100>,
    /// Kind of business that draws on it. Never changes.
    pub kind: ProductKind,
    /// How deposits count. Never changes.
    pub exposure_treatment: ExposureTreatment,
    /// Payment term where nothing else is agreed, calendar days.
    #[schema(minimum = 0, maximum = 3650)]
    #[validate(range(
        min = 0,
        max = 3650,
        message = "is not between 0 and 3650|不在 0 与 3650 之间"
    ))]
    pub default_payment_term_days: i32,
    /// Whether new applications may name it; true when left out.
    #[serde(default)]
    #[schema(default = true)]
    pub active: Option<bool>,
    /// Deposit share asked for, in basis points; none when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10000)]
    #[validate(range(
        min = 0,
        max = 10000,
        message = "is not between 0 and 10000|不在 0 与 10000 之间"
    ))]
    pub deposit_share_bp: Option<i32>,
    /// What gives limit back; that of the kind when left out.
    #[serde(default)]
    pub released_by: Option<ReleasedBy>,
}

/// Changes to a product: absent members stay. Code, kind and exposure treatment are fixed,
/// because a change would rewrite past exposure.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"default_payment_term_days": 45, "active": false}))]
pub struct PatchProduct {
    /// Name in English.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Text<100>, required = false)]
    pub name_en: Option<Text<100>>,
    /// Name in Chinese.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Text<100>, required = false)]
    pub name_zh: Option<Text<100>>,
    /// Payment term where nothing else is agreed, calendar days.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 3650)]
    #[validate(range(
        min = 0,
        max = 3650,
        message = "is not between 0 and 3650|不在 0 与 3650 之间"
    ))]
    pub default_payment_term_days: Option<i32>,
    /// Whether new applications may name it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    pub active: Option<bool>,
    /// Deposit share asked for, in basis points.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 10000)]
    #[validate(range(
        min = 0,
        max = 10000,
        message = "is not between 0 and 10000|不在 0 与 10000 之间"
    ))]
    pub deposit_share_bp: Option<i32>,
    /// What gives limit back.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = ReleasedBy, required = false)]
    pub released_by: Option<ReleasedBy>,
}

/// A product of the catalogue.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Product, example = json!({
    "code": "goods_on_credit", "name_en": "Goods on credit", "name_zh": "赊销", "kind": "receivable",
    "exposure_treatment": "gross", "default_payment_term_days": 30, "active": true, "deposit_share_bp": 0, "released_by": "payment", "version": 1,
    "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
}))]
pub struct ProductView {
    /// Code used in requests.
    #[schema(value_type = String, min_length = 1, max_length = 40, pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub code: ProductCode,
    /// Name in English.
    pub name_en: Text<100>,
    /// Name in Chinese.
    pub name_zh: Text<100>,
    /// Kind of business that draws on it.
    pub kind: ProductKind,
    /// How deposits count.
    pub exposure_treatment: ExposureTreatment,
    /// Payment term where nothing else is agreed, calendar days.
    #[schema(minimum = 0, maximum = 3650)]
    pub default_payment_term_days: i32,
    /// Whether new applications may name it.
    pub active: bool,
    /// Deposit share asked for, in basis points.
    #[schema(minimum = 0, maximum = 10000)]
    pub deposit_share_bp: i32,
    /// What gives limit back.
    pub released_by: ReleasedBy,
    /// Version, for If-Match.
    pub version: i64,
    /// Instant of creation.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

page! {
    /// A page of products.
    ProductPage of ProductView, "The items, by code."
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListProducts for ProductFilter {
        /// Open for new applications or not.
        active: bool,
        /// Kind of business.
        kind: ProductKind,
    }
}

/// A version of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductVersion, example = json!({
    "version": 1, "recorded_at": "2026-01-05T02:00:00Z", "changed_by": "https://issuer.internal.test|ann",
    "product": {"code": "goods_on_credit", "name_en": "Goods on credit", "name_zh": "赊销", "kind": "receivable",
        "exposure_treatment": "gross", "default_payment_term_days": 30, "active": true, "deposit_share_bp": 0,
        "released_by": "payment", "version": 1,
        "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z"},
}))]
pub struct ProductVersionView {
    /// Version.
    pub version: i64,
    /// Instant from which it was so.
    pub recorded_at: DateTime<Utc>,
    /// Who changed it: issuer and subject.
    pub changed_by: Staff<Principal>,
    /// The product as it was then.
    pub product: ProductView,
}

page! {
    /// A page of versions of a product.
    ProductVersionPage of ProductVersionView
}

listing_parameters! {
    /// Pages of the versions.
    ListProductVersions {}
}

resource! { ProductView { code } at "/v1/products/{code}" }

impl From<ProductRow> for ProductView {
    fn from(row: ProductRow) -> Self {
        let ProductRow {
            code,
            name_en,
            name_zh,
            kind,
            exposure_treatment,
            default_payment_term_days,
            active,
            version,
            created_at,
            updated_at,
            deposit_share_bp,
            released_by,
            changed_by: _,
        } = row;
        Self {
            code,
            name_en: Text(name_en),
            name_zh: Text(name_zh),
            kind,
            exposure_treatment,
            default_payment_term_days,
            active,
            deposit_share_bp,
            released_by,
            version,
            created_at,
            updated_at,
        }
    }
}

/// List products
///
/// The catalogue by code. Everybody who may read products sees all of them.
#[utoipa::path(
    get,
    path = "/v1/products",
    tag = "products",
    operation_id = "listProducts"
)]
pub async fn list(
    guard: Require<scopes::ProductsRead>,
    parameters: Parameters<ListProducts>,
) -> Result<Listing<ProductPage>, Error> {
    let load =
        |reader: &mut Reader<'_>, values: &ListProducts, after: Option<ProductCode>, limit| {
            let rows = store::list(reader.connection, &values.into(), after.as_ref(), limit)?;
            Ok(rows.into_iter().map(ProductView::from).collect())
        };
    listing(&guard, parameters, load, |view: &ProductView| {
        view.code.clone()
    })
    .await
}

/// Read a product
///
/// As it is now.
#[utoipa::path(
    get,
    path = "/v1/products/{code}",
    tag = "products",
    operation_id = "getProduct"
)]
pub async fn get(
    guard: Require<scopes::ProductsRead>,
    code: PathCode<ProductEntry>,
) -> Result<Resource<ProductView>, Error> {
    guard
        .read(move |reader| {
            let row = store::find(reader.connection, code.as_str())?;
            let row = row.ok_or_else(Error::not_found)?;
            Ok(Resource(ProductView::from(row)))
        })
        .await
}

/// Add a product
///
/// Code, kind and exposure treatment are fixed from here on: what was counted under them keeps
/// its meaning.
#[utoipa::path(
    post,
    path = "/v1/products",
    tag = "products",
    operation_id = "createProduct"
)]
pub async fn create(
    guard: Require<scopes::ProductsWrite>,
    command: Command<CreateProduct>,
) -> Reply<Created<ProductView>> {
    let (body, repeatable) = command.into_parts();
    let new = new_product(body);
    guard
        .write("product.create", repeatable, move |tx| {
            Ok(Created(app::create(tx, &new)?.into()))
        })
        .await
}

/// Change a product
///
/// A merge patch: absent members stay. Changes count for new business only; exposure that exists
/// stays as it is. `If-Match` carries the ETag that was read. What lets more pass than before (longer
/// credit, a lower deposit, being offered again, another way to give limit back) waits until somebody
/// else has confirmed it.
#[utoipa::path(
    patch,
    path = "/v1/products/{code}",
    tag = "products",
    operation_id = "patchProduct"
)]
pub async fn patch(
    guard: Require<scopes::ProductsWrite>,
    code: PathCode<ProductEntry>,
    if_match: IfMatch,
    command: PatchCommand<PatchProduct>,
) -> Reply<MayWait<Resource<ProductView>>> {
    let (body, repeatable) = command.into_parts();
    let change = product_change(body);
    guard
        .write("product.change", repeatable, move |tx| {
            let seen = if_match.seen(|_, row| Ok(ProductView::from(row)));
            let done = app::change(tx, code.as_str(), &seen, &change)?;
            may_wait(done, |row| Ok(Resource(row.into())))
        })
        .await
}

/// List the versions of a product
///
/// Newest first: which terms it had when.
#[utoipa::path(
    get,
    path = "/v1/products/{code}/versions",
    tag = "products",
    operation_id = "listProductVersions"
)]
pub async fn versions(
    guard: Require<scopes::ProductsRead>,
    code: PathCode<ProductEntry>,
    parameters: Parameters<ListProductVersions>,
) -> Result<Listing<ProductVersionPage>, Error> {
    let load = move |reader: &mut Reader<'_>, _: &ListProductVersions, before, limit| {
        store::find(reader.connection, code.as_str())?.ok_or_else(Error::not_found)?;
        store::versions(reader.connection, code.as_str(), before, limit)?
            .into_iter()
            .map(|row| {
                Ok(ProductVersionView {
                    version: row.version,
                    recorded_at: row.recorded_at,
                    changed_by: Staff(Principal(row.changed_by)),
                    product: serde_json::from_value(row.snapshot).or_internal()?,
                })
            })
            .collect()
    };
    listing(&guard, parameters, load, |view: &ProductVersionView| {
        view.version
    })
    .await
}

fn new_product(body: CreateProduct) -> NewProduct {
    let CreateProduct {
        code,
        name_en,
        name_zh,
        kind,
        exposure_treatment,
        default_payment_term_days,
        active,
        deposit_share_bp,
        released_by,
    } = body;
    NewProduct {
        code,
        name_en: name_en.0,
        name_zh: name_zh.0,
        kind,
        exposure_treatment,
        default_payment_term_days,
        active: active.unwrap_or(true),
        deposit_share_bp: deposit_share_bp.unwrap_or(0),
        released_by,
    }
}

fn product_change(body: PatchProduct) -> ProductChange {
    let PatchProduct {
        name_en,
        name_zh,
        default_payment_term_days,
        active,
        deposit_share_bp,
        released_by,
    } = body;
    ProductChange {
        name_en: name_en.map(|name| name.0),
        name_zh: name_zh.map(|name| name.0),
        default_payment_term_days,
        active,
        deposit_share_bp,
        released_by,
    }
}

impl PartialSchema for ProductCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Code of a product in the catalogue."))
            .min_length(Some(1))
            .max_length(Some(40))
            .pattern(Some("^[a-z][a-z0-9_]{0,39}$"))
            .examples([json!("goods_on_credit")])
            .into()
    }
}

impl ToSchema for ProductCode {
    fn name() -> Cow<'static, str> {
        "ProductCode".into()
    }
}
