//! Reading: statement by statement, in one snapshot, or from a replica.

use diesel::prelude::*;

use super::opening::connection_of;
use super::{Db, in_transaction, many};
use crate::clock::business_date;
use crate::error::Error;
use crate::platform::store::tx::Reader;
use crate::values::actor::Actor;

impl Db {
    /// Reads on the blocking pool, statement by statement.
    ///
    /// # Errors
    /// What `work` returns, or that the database cannot serve the request now.
    pub async fn read<T: Send + 'static>(
        &self,
        actor: Actor,
        work: impl Fn(&mut Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.blocking(move |db| db.read_blocking(&actor, &work))
            .await
    }

    /// Reads on the blocking pool in one snapshot: all statements of `work` see one state.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn read_snapshot<T: Send + 'static>(
        &self,
        actor: Actor,
        work: impl Fn(&mut Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.blocking(move |db| db.read_snapshot_blocking(&actor, &work))
            .await
    }

    /// Reads in one snapshot what may lag behind: from the replica, where there is one that
    /// answers.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn read_lagging<T: Send + 'static>(
        &self,
        actor: Actor,
        work: impl Fn(&mut Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.blocking(move |db| db.read_lagging_blocking(&actor, &work))
            .await
    }

    /// Reads on the calling thread.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_blocking<T>(
        &self,
        actor: &Actor,
        work: &dyn Fn(&mut Reader<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut connection = self.connection()?;
        work(&mut self.reader(&mut connection, actor))
    }

    /// Reads on the calling thread in one snapshot.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_snapshot_blocking<T>(
        &self,
        actor: &Actor,
        work: &dyn Fn(&mut Reader<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.snapshot(actor, None, work)
    }

    fn read_lagging_blocking<T>(
        &self,
        actor: &Actor,
        work: &dyn Fn(&mut Reader<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(replica) = &self.shared.replica {
            let read = connection_of(replica)
                .and_then(|mut connection| self.snapshot_on(&mut connection, actor, None, work));
            match read {
                Err(Error::Unavailable(reason)) => {
                    tracing::warn!(
                        reason,
                        "the replica does not answer; reading from the primary"
                    );
                }
                result => return result,
            }
        }
        self.snapshot(actor, None, work)
    }

    /// Reads on the calling thread in one snapshot, with statements over sets.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_sets_blocking<T>(
        &self,
        actor: &Actor,
        work: &dyn Fn(&mut Reader<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.snapshot(actor, Some(many::PLANNED_ONCE), work)
    }

    fn snapshot<T>(
        &self,
        actor: &Actor,
        setting: Option<&str>,
        work: &dyn Fn(&mut Reader<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.snapshot_on(&mut *self.connection()?, actor, setting, work)
    }

    fn snapshot_on<T>(
        &self,
        connection: &mut PgConnection,
        actor: &Actor,
        setting: Option<&str>,
        work: &dyn Fn(&mut Reader<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned();
        if let Some(setting) = setting {
            begin.push_str("; ");
            begin.push_str(setting);
        }
        in_transaction(connection, &begin, |connection| {
            work(&mut self.reader(connection, actor))
        })
    }

    fn reader<'a>(&'a self, connection: &'a mut PgConnection, actor: &'a Actor) -> Reader<'a> {
        let now = self.shared.clock.now();
        Reader {
            connection,
            actor,
            now,
            today: business_date(now, self.shared.time_zone),
            rate_age_days_max: self.shared.rates.age_days_max,
            rate_departure_bp: self.shared.rates.departure_bp,
            keys: &self.shared.keys,
        }
    }
}
