//! The row of a new reservation.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::commands::NewReservation;
use crate::catalogue::domain::counted::Counted;
use crate::catalogue::domain::products::ExposureTreatment;
use crate::exposure::domain::reservations::ReservationStatus;
use crate::exposure::store::reservations::ReservationRow;
use crate::rules::domain::check_rules::OrderTerms;
use crate::values::ids::ReservationId;
use crate::values::organisation::OrgPath;
use crate::values::text_keys::compared;

/// A new reservation, which so far counts at the line of its product.
pub(super) fn held(
    now: DateTime<Utc>,
    id: ReservationId,
    new: &NewReservation,
    org_path: OrgPath,
    expires_at: DateTime<Utc>,
    exposure_treatment: ExposureTreatment,
    product: Counted,
) -> ReservationRow {
    ReservationRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: new.customer_id,
        org_path,
        product: new.product.clone(),
        reference: new.reference.clone(),
        amount_minor: new.asked.amount.minor(),
        currency: new.asked.amount.currency(),
        captured_minor: 0,
        released_minor: 0,
        expired_minor: 0,
        status: ReservationStatus::Held,
        expires_at,
        product_line_id: product.line_id,
        customer_line_id: None,
        group_line_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
        deposit_minor: new.asked.deposit_minor,
        exposure_treatment,
        product_exposure_minor: product.exposure_minor,
        customer_exposure_minor: None,
        group_exposure_minor: None,
        conversions: None,
        reference_key: compared(&new.reference),
        stated_documents: stated(&new.order),
    }
}

/// The documents that the caller states an order carries, as they are kept; none where none are.
pub(super) fn stated(order: &OrderTerms) -> Option<Value> {
    (!order.documents.is_empty()).then(|| json!(order.documents))
}
