//! What a reservation or receivable counts at each level, as it is shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::exposure::store::counted::Counts;
use crate::platform::http::types::{Amount, Date, ExchangeRate};
use crate::values::currency::Currency;
use crate::values::ids::LineId;
use crate::values::level::Level;

/// What the whole of something counts on a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct LevelExposure {
    /// product, customer or group.
    pub level: Level,
    /// The line.
    pub credit_line_id: LineId,
    /// What the whole counts there: the amount, less a deposit where the product lets deposits
    /// count, in the currency of the line. Fixed when it came to the line.
    pub exposure: Amount,
    /// Currency of the line.
    pub currency: Currency,
    /// Rate at which it was converted; null in the same currency.
    #[schema(required = true)]
    pub rate: Option<ExchangeRate>,
    /// Day of the rate.
    #[schema(required = true)]
    pub rate_date: Option<Date>,
}

/// What the whole of something counts on each of its lines.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(max_items = 3)]
pub struct LevelExposures(pub Vec<LevelExposure>);

/// What a row counts at every level: product, customer, group.
pub fn exposures(row: &impl Counts) -> Vec<LevelExposure> {
    let exposure = |level: Level| {
        let counted = row.counted_at(level)?;
        let conversion = counted.conversion;
        let currency = conversion.map_or(row.currency(), |conversion| conversion.currency);
        Some(LevelExposure {
            level,
            credit_line_id: counted.line_id,
            exposure: Amount::of(counted.exposure_minor, currency),
            currency,
            rate: conversion.map(|conversion| conversion.rate_e10.into()),
            rate_date: conversion.map(|conversion| Date(conversion.rate_date)),
        })
    };
    Level::EVERY.iter().copied().filter_map(exposure).collect()
}
