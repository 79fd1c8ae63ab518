//! Opaque cursors: sealed, and bound to the collection and the filters they came with.

use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::answers::Listing;
use super::audience::Plan;
use super::guard::Require;
use super::parameters::{PAGE_SIZE_DEFAULT, Page, Paged, Parameters, Place, unknown};
use crate::auth::scopes::Scope;
use crate::crypto::CursorSeal;
use crate::error::{Error, FieldError, OrInternal, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::tx::Reader;

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
    let bytes = serde_json::to_vec(&content).or_internal()?;
    Ok(seal.seal(&bytes))
}

fn digest(place: &Place) -> String {
    let digest = crate::crypto::sha256(place.canonical().as_bytes());
    digest[..9]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Answers one page of a collection from one snapshot.
///
/// `load` gets the parameters, the key after which to begin, and how many items to load: one more
/// than fit on the page, to know whether another follows. `key` names the place of an item.
///
/// # Errors
/// [`ProblemCode::InvalidCursor`], [`ProblemCode::UnknownParameter`] for a filter by what the caller is not
/// shown, and whatever `load` refuses.
pub async fn listing<S, Q, K, P>(
    guard: &Require<S>,
    parameters: Parameters<Q>,
    load: impl Fn(&mut Reader<'_>, &Q, Option<K>, i64) -> Result<Vec<P::Item>, Error> + Send + 'static,
    key: impl Fn(&P::Item) -> K,
) -> Result<Listing<P>, Error>
where
    S: Scope,
    Q: Paged + Send + 'static,
    K: Serialize + DeserializeOwned + Clone + Send + 'static,
    P: Page,
    P::Item: ToSchema + Send + 'static,
{
    let Parameters { values, place } = parameters;
    // What is not shown is not asked for either: that something is found would show it.
    let (plan, audience) = (Plan::of::<P::Item>(), guard.actor().audience());
    if let Some(hidden) = place.names().find(|name| plan.of_member(name) > audience) {
        return Err(unknown(hidden));
    }
    let sealing = &guard.state().cursors;
    let after: Option<K> = open(sealing, &place, values.cursor())?;
    let size = values.limit().unwrap_or(PAGE_SIZE_DEFAULT);
    let mut items = guard
        .read_lagging(move |reader| load(reader, &values, after.clone(), size + 1))
        .await?;
    let fitting = usize::try_from(size).unwrap_or(0);
    let more = items.len() > fitting;
    items.truncate(fitting);
    let next_cursor = match items.last() {
        Some(last) if more => Some(seal(sealing, &place, key(last))?),
        _ => None,
    };
    let next = next_cursor
        .as_ref()
        .map(|cursor| place.next("cursor", cursor, size));
    Ok(Listing {
        next,
        page: P::of(items, next_cursor),
    })
}
