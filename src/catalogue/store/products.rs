//! The product catalogue. Reference data: everybody who may read products sees all of them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::catalogue::domain::products::{
    ExposureTreatment, OfferTerms, ProductCode, ProductKind, ReleasedBy,
};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::{product_versions, products};
use crate::platform::store::sql_types::{text, words};
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::Tx;

words!(ExposureTreatment, ProductKind, ReleasedBy);
text!(ProductCode, ProductCode::as_str, |code| Ok(
    ProductCode::parse(code)?
));

/// A product as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = products, primary_key(code))]
pub struct ProductRow {
    pub code: ProductCode,
    pub name_en: String,
    pub name_zh: String,
    pub kind: ProductKind,
    pub exposure_treatment: ExposureTreatment,
    /// Payment term where nothing else is agreed, calendar days.
    pub default_payment_term_days: i32,
    /// Whether new applications may name it.
    pub active: bool,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Deposit share asked for, in basis points.
    pub deposit_share_bp: i32,
    pub released_by: ReleasedBy,
    pub changed_by: String,
}

impl ProductRow {
    /// What decides how much passes by it.
    pub fn terms(&self) -> OfferTerms {
        OfferTerms {
            active: self.active,
            default_payment_term_days: self.default_payment_term_days,
            deposit_share_bp: self.deposit_share_bp,
            released_by: self.released_by,
            exposure_treatment: self.exposure_treatment,
        }
    }
}

dated!(ProductRow: updated_at);

impl Subject for ProductRow {
    fn about(&self) -> About {
        About::of_company(format!("product/{}", self.code))
    }
}

/// A version of a product.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = product_versions)]
pub struct ProductVersionRow {
    pub code: ProductCode,
    /// Version, from 1.
    pub version: i64,
    /// Instant from which it was so.
    pub recorded_at: DateTime<Utc>,
    pub changed_by: String,
    /// The product as it was then.
    pub snapshot: Value,
}

/// What a listing of products can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    /// Open for new applications or not.
    pub active: Option<bool>,
    pub kind: Option<ProductKind>,
}

/// Finds a product.
pub fn find(connection: &mut PgConnection, code: &str) -> QueryResult<Option<ProductRow>> {
    products::table
        .find(code)
        .select(ProductRow::as_select())
        .first(connection)
        .optional()
}

/// Finds a product and locks it until the end of the transaction.
pub fn find_locked(tx: &mut Tx<'_>, code: &str) -> QueryResult<Option<ProductRow>> {
    tx.lock(|reader| {
        products::table
            .find(code)
            .select(ProductRow::as_select())
            .for_no_key_update()
            .first(reader.connection)
            .optional()
    })
}

/// A page of products by code, after `after`.
pub fn list(
    connection: &mut PgConnection,
    filter: &ProductFilter,
    after: Option<&ProductCode>,
    limit: i64,
) -> QueryResult<Vec<ProductRow>> {
    products::table
        .select(ProductRow::as_select())
        .order(products::code)
        .limit(limit)
        .into_boxed()
        .only(products::active, filter.active)
        .only(products::kind, filter.kind)
        .only_if(after.map(|code| products::code.gt(code)))
        .load(connection)
}

/// Writes a new product. Fails on `products_pkey` when the code is taken.
pub fn insert(connection: &mut PgConnection, row: &ProductRow) -> QueryResult<()> {
    diesel::insert_into(products::table)
        .values(row)
        .execute(connection)?;
    append_version(connection, row)
}

fn append_version(connection: &mut PgConnection, row: &ProductRow) -> QueryResult<()> {
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
        changed_by,
    } = row;
    let snapshot = json!({
        "code": code, "name_en": name_en, "name_zh": name_zh, "kind": kind,
        "exposure_treatment": exposure_treatment, "default_payment_term_days": default_payment_term_days,
        "active": active, "deposit_share_bp": deposit_share_bp, "released_by": released_by,
        "version": version, "created_at": created_at, "updated_at": updated_at,
    });
    diesel::insert_into(product_versions::table)
        .values(ProductVersionRow {
            code: code.clone(),
            version: *version,
            recorded_at: *updated_at,
            changed_by: changed_by.clone(),
            snapshot,
        })
        .execute(connection)
        .map(drop)
}

/// Versions of a product before `before`, newest first.
pub fn versions(
    connection: &mut PgConnection,
    code: &str,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<ProductVersionRow>> {
    use product_versions as v;
    v::table
        .filter(v::code.eq(code))
        .filter(v::version.lt(before.unwrap_or(i64::MAX)))
        .order(v::version.desc())
        .limit(limit)
        .select(ProductVersionRow::as_select())
        .load(connection)
}

/// Writes a changed product if its version is still `expected`; says whether it was.
pub fn update(connection: &mut PgConnection, row: &ProductRow, expected: i64) -> QueryResult<bool> {
    diesel::update(
        products::table
            .find(&row.code)
            .filter(products::version.eq(expected)),
    )
    .set(row)
    .execute(connection)
    .and_then(|changed| {
        if changed == 1 {
            append_version(connection, row)?;
        }
        Ok(changed == 1)
    })
}
