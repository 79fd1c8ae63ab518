//! Opaque cursors: sealed, and bound to the collection and the filters they came with.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answers::Listing;
use super::parameters::{PAGE_SIZE_DEFAULT, Place};
use crate::crypto::CursorSeal;
use crate::error::{Error, FieldError, Problem};
use crate::error_codes::ProblemCode;

/// What a cursor holds: where the page ended, and a digest of where it belongs.
#[derive(Serialize, serde::Deserialize)]
struct Content<K> {
    at: K,
    of: String,
}

/// Reads the cursor of a request.
///
/// # Errors
/// [`ProblemCode::InvalidCursor`] when it was altered or belongs to another listing.
pub fn open<K: DeserializeOwned>(
    seal: &CursorSeal,
    place: &Place,
    cursor: Option<&str>,
) -> Result<Option<K>, Error> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let invalid = || {
        Error::from(
            Problem::new(ProblemCode::InvalidCursor).at(FieldError::parameter(
                "cursor",
                "does not belong to this listing",
                "不属于此列表",
            )),
        )
    };
    let bytes = seal.open(cursor).map_err(|_| invalid())?;
    let content: Content<K> = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
    if content.of == digest(place) {
        Ok(Some(content.at))
    } else {
        Err(invalid())
    }
}

/// Seals the place where a page ended.
///
/// # Errors
/// When the place cannot be written.
pub fn seal<K: Serialize>(seal: &CursorSeal, place: &Place, at: K) -> Result<String, Error> {
    let content = Content {
        at,
        of: digest(place),
    };
    let bytes = serde_json::to_vec(&content).map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(seal.seal(&bytes))
}

fn digest(place: &Place) -> String {
    let digest = crate::crypto::sha256(place.canonical().as_bytes());
    digest[..9]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// How many rows to load for a page: one more than fits, to know whether another page follows.
pub fn rows_to_load(limit: Option<i64>) -> i64 {
    limit.unwrap_or(PAGE_SIZE_DEFAULT) + 1
}

/// Cuts the loaded rows to a page and seals the cursor of the next.
///
/// # Errors
/// When the cursor cannot be written.
pub fn paginate<R, V, K: Serialize, P>(
    sealing: &CursorSeal,
    place: &Place,
    limit: Option<i64>,
    mut rows: Vec<R>,
    (key, view): (impl Fn(&R) -> K, impl Fn(R) -> V),
    page: impl FnOnce(Vec<V>, Option<String>) -> P,
) -> Result<Listing<P>, Error> {
    let size = limit.unwrap_or(PAGE_SIZE_DEFAULT);
    let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > size;
    rows.truncate(usize::try_from(size).unwrap_or(0));
    let cursor = match rows.last() {
        Some(last) if more => Some(seal(sealing, place, key(last))?),
        _ => None,
    };
    Ok(Listing {
        next: cursor
            .as_ref()
            .map(|cursor| place.next("cursor", cursor, size)),
        page: page(rows.into_iter().map(view).collect(), cursor),
    })
}
