//! The product catalogue. Reference data: everybody who may read products sees all of them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::schema::products;
use crate::domain::products::{ExposureTreatment, ProductKind};

/// A product as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = products, primary_key(code))]
pub struct ProductRow {
    /// Code.
    pub code: String,
    /// Name in English.
    pub name_en: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Kind of business.
    pub kind: ProductKind,
    /// How deposits count.
    pub exposure_treatment: ExposureTreatment,
    /// Payment term where nothing else is agreed, calendar days.
    pub default_payment_term_days: i32,
    /// Whether new applications may name it.
    pub active: bool,
    /// Version.
    pub version: i64,
    /// Created.
    pub created_at: DateTime<Utc>,
    /// Last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a listing of products can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    /// Open for new applications or not.
    pub active: Option<bool>,
    /// Kind of business.
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
pub fn find_locked(connection: &mut PgConnection, code: &str) -> QueryResult<Option<ProductRow>> {
    products::table
        .find(code)
        .select(ProductRow::as_select())
        .for_no_key_update()
        .first(connection)
        .optional()
}

/// A page of products by code, after `after`.
pub fn list(
    connection: &mut PgConnection,
    filter: &ProductFilter,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<ProductRow>> {
    let mut query = products::table
        .select(ProductRow::as_select())
        .order(products::code)
        .limit(limit)
        .into_boxed();
    if let Some(active) = filter.active {
        query = query.filter(products::active.eq(active));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(products::kind.eq(kind));
    }
    if let Some(after) = after {
        query = query.filter(products::code.gt(after));
    }
    query.load(connection)
}

/// Writes a new product. Fails on `products_pkey` when the code is taken.
pub fn insert(connection: &mut PgConnection, row: &ProductRow) -> QueryResult<()> {
    diesel::insert_into(products::table)
        .values(row)
        .execute(connection)
        .map(drop)
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
    .map(|changed| changed == 1)
}
