//! Reservations as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::levels::{LevelExposure, exposures};
use crate::catalogue::domain::products::{ExposureTreatment, ProductCode};
use crate::error::Error;
use crate::exposure::domain::reservations::ReservationStatus;
use crate::exposure::store::receivables::{self, CaptureRow};
use crate::exposure::store::reservations::ReservationRow;
use crate::platform::http::types::{Amount, Text};
use crate::platform::store::tx::Reader;
use crate::resource;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, ReceivableId, ReservationId};
use crate::values::organisation::OrgPath;

/// A reservation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reservation, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "org_path": "head-office/east/shanghai", "product": "goods_on_credit", "reference": "SO-2026-0001",
    "status": "held", "amount": "20000.00", "held": "20000.00", "captured": "0.00", "released": "0.00", "expired": "0.00",
    "currency": "CNY", "deposit": "0.00", "exposure_treatment": "gross", "stated_documents": ["signed_order"], "expires_at": "2026-12-31T16:00:00Z",
    "levels": [{"level": "product", "credit_line_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "exposure": "20000.00",
        "currency": "CNY", "rate": null, "rate_date": null}], "captures": [],
    "version": 1, "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
}))]
pub struct ReservationView {
    /// Identifier.
    pub id: ReservationId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Organisation of the customer.
    pub org_path: OrgPath,
    /// Product.
    pub product: ProductCode,
    /// The caller's own reference.
    pub reference: Text<100>,
    /// held while anything is left; then how the last part was resolved. Expiry follows from the
    /// instant.
    pub status: ReservationStatus,
    /// Set aside at first.
    pub amount: Amount,
    /// Still set aside.
    pub held: Amount,
    /// Turned into receivables.
    pub captured: Amount,
    /// Given back.
    pub released: Amount,
    /// Given back by expiry.
    pub expired: Amount,
    /// Currency.
    pub currency: Currency,
    /// Cash deposit for it.
    pub deposit: Amount,
    /// How the deposit counts, as the product had it then.
    pub exposure_treatment: ExposureTreatment,
    /// Types of documents that the caller stated it carries, for the latest decision about it. Nobody
    /// has looked at them.
    #[schema(max_items = 50)]
    pub stated_documents: Vec<Text<60>>,
    /// Instant from which what is left goes back to the limit.
    pub expires_at: DateTime<Utc>,
    /// The lines it is held on, and what it counts there.
    #[schema(max_items = 3)]
    pub levels: Vec<LevelExposure>,
    /// Receivables it was captured into.
    #[schema(max_items = 10000)]
    pub captures: Vec<CaptureView>,
    /// Version.
    pub version: i64,
    /// Instant of creation.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

/// A part that became a receivable.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Capture)]
pub struct CaptureView {
    /// The receivable.
    pub receivable_id: ReceivableId,
    /// Amount.
    pub amount: Amount,
    /// Instant of the capture.
    pub captured_at: DateTime<Utc>,
}

resource! { ReservationView { id } at "/v1/reservations/{id}" }

pub(super) fn view(
    row: ReservationRow,
    captures: &[CaptureRow],
    now: DateTime<Utc>,
) -> ReservationView {
    // What has expired is shown as given back, whether or not the books have caught up.
    let facts = row
        .facts()
        .expire(now)
        .map_or_else(|| row.facts(), |(after, _)| after);
    let amount = |minor: i64| Amount::of(minor, row.currency);
    ReservationView {
        id: row.id,
        customer_id: row.customer_id,
        org_path: row.org_path.clone(),
        product: row.product.clone(),
        reference: Text(row.reference.clone()),
        status: facts.status,
        amount: amount(facts.amount_minor),
        held: amount(facts.rest_minor()),
        captured: amount(facts.captured_minor),
        released: amount(facts.released_minor),
        expired: amount(facts.expired_minor),
        currency: row.currency,
        expires_at: row.expires_at,
        deposit: amount(row.deposit_minor),
        exposure_treatment: row.exposure_treatment,
        stated_documents: stated(row.stated_documents.as_ref()),
        levels: exposures(&row),
        captures: captures
            .iter()
            .filter(|capture| capture.reservation_id == row.id)
            .map(|capture| CaptureView {
                receivable_id: capture.receivable_id,
                amount: amount(capture.amount_minor),
                captured_at: capture.captured_at,
            })
            .collect(),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// Types of documents as they were kept.
fn stated(kept: Option<&Value>) -> Vec<Text<60>> {
    let kinds = kept.and_then(Value::as_array).into_iter().flatten();
    kinds
        .filter_map(|kind| Some(Text(kind.as_str()?.to_owned())))
        .collect()
}

pub(super) fn shown(
    reader: &mut Reader<'_>,
    rows: Vec<ReservationRow>,
) -> Result<Vec<ReservationView>, Error> {
    let captured: Vec<ReservationId> = rows
        .iter()
        .filter(|row| row.captured_minor > 0)
        .map(|row| row.id)
        .collect();
    let captures = if captured.is_empty() {
        Vec::new()
    } else {
        receivables::captured_from(reader.connection, &captured)?
    };
    let now = reader.now;
    Ok(rows
        .into_iter()
        .map(|row| view(row, &captures, now))
        .collect())
}

pub(super) fn shown_one(
    reader: &mut Reader<'_>,
    row: ReservationRow,
) -> Result<ReservationView, Error> {
    shown(reader, vec![row])?
        .pop()
        .ok_or_else(|| Error::internal("a reservation that was just read is gone"))
}
