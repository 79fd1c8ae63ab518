//! Figures of the company. Reference data: everybody who may read them sees all of them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::platform::store::schema::company_figures;
use crate::platform::store::sql_types::words;
use crate::values::currency::Currency;

words!(CompanyFigureKind);

/// A figure as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = company_figures)]
pub struct FigureRow {
    pub figure: CompanyFigureKind,
    pub as_of: NaiveDate,
    /// 1, 2, 3 … for each figure and day.
    pub revision: i32,
    pub amount_minor: i64,
    pub currency: Currency,
    pub source: String,
    pub recorded_by: String,
    pub recorded_at: DateTime<Utc>,
    pub confirmed_by: Option<String>,
}

/// Place of a figure in the listing: day, figure, revision.
pub type FigurePlace = (NaiveDate, String, i32);

/// The figure in force on a day: of the latest day not after it, as it was corrected last.
pub fn in_force(
    connection: &mut PgConnection,
    figure: CompanyFigureKind,
    on: NaiveDate,
) -> QueryResult<Option<FigureRow>> {
    company_figures::table
        .filter(company_figures::figure.eq(figure))
        .filter(company_figures::as_of.le(on))
        .order((
            company_figures::as_of.desc(),
            company_figures::revision.desc(),
        ))
        .select(FigureRow::as_select())
        .first(connection)
        .optional()
}

/// The number that the next revision of a figure of a day gets.
pub fn next_revision(
    connection: &mut PgConnection,
    figure: CompanyFigureKind,
    as_of: NaiveDate,
) -> QueryResult<i32> {
    company_figures::table
        .filter(company_figures::figure.eq(figure))
        .filter(company_figures::as_of.eq(as_of))
        .select(diesel::dsl::max(company_figures::revision))
        .first::<Option<i32>>(connection)
        .map(|latest| latest.unwrap_or(0) + 1)
}

/// Writes a figure; says whether its revision was still free.
pub fn insert(connection: &mut PgConnection, row: &FigureRow) -> QueryResult<bool> {
    diesel::insert_into(company_figures::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection)
        .map(|written| written == 1)
}

/// A page of figures and their corrections, latest day first, after `after`.
pub fn list(
    connection: &mut PgConnection,
    figure: Option<CompanyFigureKind>,
    after: Option<FigurePlace>,
    limit: i64,
) -> QueryResult<Vec<FigureRow>> {
    use company_figures as f;
    let mut query = f::table
        .select(FigureRow::as_select())
        .order((f::as_of.desc(), f::figure.desc(), f::revision.desc()))
        .limit(limit)
        .into_boxed();
    if let Some(figure) = figure {
        query = query.filter(f::figure.eq(figure));
    }
    if let Some((as_of, figure, revision)) = after {
        let same_day = f::figure
            .lt(figure.clone())
            .or(f::figure.eq(figure).and(f::revision.lt(revision)));
        query = query.filter(f::as_of.lt(as_of).or(f::as_of.eq(as_of).and(same_day)));
    }
    query.load(connection)
}
