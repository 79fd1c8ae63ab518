//! What a caller has read of what it changes.

use super::tx::Reader;
use crate::error::Error;

/// Looks at a row right after it was locked, so that nothing comes between the look and the change,
/// and refuses what is not as the caller has read it.
pub type Seen<'a, R> = &'a dyn Fn(&mut Reader<'_>, &R) -> Result<(), Error>;

/// For those who act on something however it is by now.
///
/// # Errors
/// Never.
pub fn as_it_is<R>(_: &mut Reader<'_>, _: &R) -> Result<(), Error> {
    Ok(())
}
