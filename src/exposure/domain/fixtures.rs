//! What the tests of decisions begin with.

use chrono::NaiveDate;

use super::exposure_facts::ExposureFacts;
use super::lines::{Balance, LimitKind, LineFacts, LineStatus};
use crate::catalogue::domain::exchange_rates::Rates;
use crate::customers::domain::customers::CustomerStatus;
use crate::rules::domain::check_rules::{OrderTerms, Standing};
use crate::values::currency::Currency;
use crate::values::ids::{Bucket, LineId};
use crate::values::level::Level;

/// A line of a level in use all of 2026, of which nothing is used.
pub(super) fn line(level: Level, limit_minor: Option<i64>) -> LineFacts {
    LineFacts {
        id: LineId::mint(Bucket::from_random(7), 1, [level as u8; 9]),
        level,
        currency: Currency::CNY,
        limit_kind: limit_minor.map_or(LimitKind::Unlimited, |_| LimitKind::Amount),
        limit_minor,
        temporary: None,
        over_bp: 0,
        deposit_share_bp: None,
        grace_days: 0,
        own_use_minor: None,
        revolving: true,
        covered_minor: 0,
        status: LineStatus::Active,
        valid_from: "2026-01-01".parse().unwrap(),
        valid_until: "2026-12-31".parse().unwrap(),
        balance: Balance::default(),
        carried_minor: 0,
    }
}

/// A customer with these lines about whom nothing else is known.
pub(super) fn facts(lines: Vec<LineFacts>, today: NaiveDate) -> ExposureFacts {
    ExposureFacts {
        customer: Some(CustomerStatus::Active),
        product_active: Some(true),
        lines,
        rates: Rates::default(),
        today,
        standing: Standing::default(),
        order: OrderTerms::default(),
        asked: Default::default(),
        secured: None,
        product_share_bp: None,
    }
}
