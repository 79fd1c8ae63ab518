//! Keeping the product catalogue (policies P02, P12).

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::approvals::app::pending_changes::{Done, Proposal, propose};
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::catalogue::domain::events;
use crate::catalogue::domain::products::{
    ExposureTreatment, ProductCode, ProductKind, ReleasedBy, loosens,
};
use crate::catalogue::store::products::{self as store, ProductRow};
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::errors::on_violation;
use crate::platform::store::made::Made;
use crate::platform::store::seen::Seen;
use crate::platform::store::telling::Subject;
use crate::platform::store::tx::Tx;

/// What a new product starts with.
#[derive(Debug, Clone)]
pub struct NewProduct {
    /// Code; never changes.
    pub code: ProductCode,
    /// Name in English.
    pub name_en: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Kind of business; never changes.
    pub kind: ProductKind,
    /// How deposits count; never changes.
    pub exposure_treatment: ExposureTreatment,
    /// Payment term where nothing else is agreed, calendar days.
    pub default_payment_term_days: i32,
    /// Whether new applications may name it.
    pub active: bool,
    /// Deposit share asked for, in basis points.
    pub deposit_share_bp: i32,
    /// What gives limit back; that of the kind when left out.
    pub released_by: Option<ReleasedBy>,
}

/// What a change does: absent fields stay. Code, kind and treatment are not among them, because
/// exposure that was counted under them would change its meaning.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ProductChange {
    /// Name in English.
    pub name_en: Option<String>,
    /// Name in Chinese.
    pub name_zh: Option<String>,
    /// Payment term where nothing else is agreed, calendar days.
    pub default_payment_term_days: Option<i32>,
    /// Whether new applications may name it.
    pub active: Option<bool>,
    /// Deposit share asked for, in basis points.
    pub deposit_share_bp: Option<i32>,
    /// What gives limit back.
    pub released_by: Option<ReleasedBy>,
}

/// Adds a product to the catalogue.
///
/// # Errors
/// 409 when the code is taken.
pub fn create(tx: &mut Tx<'_>, new: &NewProduct) -> Result<ProductRow, Error> {
    let NewProduct {
        code,
        name_en,
        name_zh,
        kind,
        exposure_treatment,
        default_payment_term_days,
        active,
        deposit_share_bp,
        released_by,
    } = new.clone();
    let row = ProductRow {
        code,
        name_en,
        name_zh,
        kind,
        exposure_treatment,
        default_payment_term_days,
        active,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        deposit_share_bp,
        released_by: released_by.unwrap_or_else(|| kind.released_by()),
        changed_by: tx.actor.principal.clone(),
    };
    store::insert(tx.connection, &row).map_err(|error| {
        on_violation(error, "products_pkey", || {
            Problem::new(ProblemCode::DuplicateProductCode)
        })
    })?;
    tx.tell(
        "product.create",
        events::PRODUCT_CREATED,
        &row,
        json!({"version": 1}),
    )?;
    Ok(row)
}

/// Changes a product. What lets more pass than before (longer credit, a lower deposit, being offered
/// again, another way to give limit back) waits for a second person.
///
/// # Errors
/// 404 for an unknown code, 412 when it is not what was seen.
pub fn change(
    tx: &mut Tx<'_>,
    code: &str,
    seen: Seen<'_, ProductRow>,
    change: &ProductChange,
) -> Result<Done<ProductRow>, Error> {
    let before = store::find_locked(tx, code)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &before)?;
    let (row, fields) = changed(&before, change);
    if !loosens(&before.terms(), &row.terms()) {
        let made = Made::alone(tx);
        return write(tx, (&before, row), &fields, made).map(Done::Now);
    }
    let known = json!({"code": before.code, "version": before.version});
    let subject = before.about().subject;
    let proposal = Proposal::of_company(ChangeKind::Product, subject, change, known)?;
    Ok(Done::Waits(Box::new(propose(tx, proposal)?)))
}

/// Changes a product as it was proposed.
///
/// # Errors
/// 409 when it has another version by now.
pub fn carry_out(tx: &mut Tx<'_>, change: &PendingChangeRow) -> Result<String, Error> {
    let asked: ProductChange = change.asked()?;
    let code = change.seen["code"].as_str().unwrap_or_default();
    let before = store::find_locked(tx, code)?.ok_or_else(Error::not_found)?;
    change.as_seen(&json!({"code": before.code, "version": before.version}))?;
    let (row, fields) = changed(&before, &asked);
    let made = change.made(tx);
    let row = write(tx, (&before, row), &fields, made)?;
    Ok(row.about().subject)
}

/// The product as it is asked to be, and the fields that differ.
fn changed(before: &ProductRow, change: &ProductChange) -> (ProductRow, Vec<&'static str>) {
    let mut row = before.clone();
    let mut fields: Vec<&'static str> = Vec::new();
    macro_rules! set {
        ($($field:ident),*) => {$(
            if let Some(value) = &change.$field && *value != row.$field {
                row.$field = value.clone();
                fields.push(stringify!($field));
            }
        )*};
    }
    set!(
        name_en,
        name_zh,
        default_payment_term_days,
        active,
        deposit_share_bp,
        released_by
    );
    (row, fields)
}

fn write(
    tx: &mut Tx<'_>,
    (before, mut row): (&ProductRow, ProductRow),
    fields: &[&str],
    made: Made,
) -> Result<ProductRow, Error> {
    if !fields.is_empty() {
        row.version += 1;
        row.updated_at = tx.now;
        row.changed_by = made.by;
        if !store::update(tx.connection, &row, before.version)? {
            return Err(ProblemCode::PreconditionFailed.into());
        }
    }
    let details = json!({
        "version": row.version, "fields": fields, "confirmed_by": made.confirmed_by,
    });
    if fields.is_empty() {
        // Asking for what is already so is done; it is still on record that it was asked.
        tx.record("product.change", row.about().subject, details)?;
    } else {
        tx.tell("product.change", events::PRODUCT_CHANGED, &row, details)?;
    }
    Ok(row)
}
