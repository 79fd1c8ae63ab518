//! Locks, and the instant of what is decided under them.
//!
//! Whoever waits for a lock decides later than it began: what it writes must not be dated before what
//! the one that had the lock wrote. So rows are locked in one way, [`Tx::lock`], which looks at the
//! clock again; a store function that locks takes a [`Tx`], and a house rule sees to it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::tx::{Reader, Tx};

/// What says when it was last so: nobody who has its lock decides before that, whichever instance
/// wrote it.
pub trait Dated {
    /// The latest instant in it.
    fn latest(&self) -> Option<DateTime<Utc>>;
}

impl Dated for DateTime<Utc> {
    fn latest(&self) -> Option<DateTime<Utc>> {
        Some(*self)
    }
}

impl<T: Dated> Dated for Option<T> {
    fn latest(&self) -> Option<DateTime<Utc>> {
        self.as_ref().and_then(Dated::latest)
    }
}

impl<T: Dated> Dated for Vec<T> {
    fn latest(&self) -> Option<DateTime<Utc>> {
        self.iter().filter_map(Dated::latest).max()
    }
}

impl<A: Dated, B: Dated> Dated for (A, B) {
    fn latest(&self) -> Option<DateTime<Utc>> {
        self.0.latest().max(self.1.latest())
    }
}

/// Says which columns of a row tell when it was last so.
macro_rules! dated {
    ($row:ident: $first:ident $(, $other:ident)*) => {
        impl crate::platform::store::locking::Dated for $row {
            fn latest(&self) -> Option<chrono::DateTime<chrono::Utc>> {
                let latest = Some(self.$first);
                $(let latest = latest.max(Option::from(self.$other));)*
                latest
            }
        }
    };
}

pub(crate) use dated;

impl Tx<'_> {
    /// Locks what `load` locks. From here on the instant of the transaction is one at which the locks
    /// were held, and never before what the rows say of themselves.
    ///
    /// # Errors
    /// When the database refuses, or the lock is not had in time.
    pub fn lock<R: Dated>(
        &mut self,
        load: impl FnOnce(&mut Reader<'_>) -> QueryResult<R>,
    ) -> QueryResult<R> {
        let before = self.now;
        let found = load(&mut self.reader())?;
        self.time_after_locks(found.latest().map_or(before, |latest| latest.max(before)));
        Ok(found)
    }
}
