//! Getting connections, and opening some before anybody needs them.

use diesel::connection::SimpleConnection;
use diesel::r2d2::{Pool, PooledConnection};

use super::Db;
use crate::error::Error;
use crate::platform::store::connection::Sessions;

impl Db {
    /// Opens connections before anybody waits for one, and uses each once, on the calling thread:
    /// so many to the primary, as far as the pool allows, and one to the replica. A replica that does
    /// not answer is only logged, as reads do without it.
    ///
    /// # Errors
    /// When the primary cannot be reached in the time that a request would wait.
    pub fn warm_blocking(&self, connections: u32) -> Result<(), Error> {
        let most = self.shared.pool.max_size();
        // Each is held until all are open: one that is given back would be taken again.
        let mut held = Vec::new();
        for _ in 0..connections.clamp(1, most) {
            held.push(used_once(&self.shared.pool)?);
        }
        if let Some(replica) = &self.shared.replica
            && let Err(error) = used_once(replica)
        {
            tracing::warn!(%error, "the replica does not answer yet");
        }
        Ok(())
    }

    pub(super) fn connection(&self) -> Result<PooledConnection<Sessions>, Error> {
        connection_of(&self.shared.pool)
    }
}

/// A connection of a pool: one that is idle, or a new one if it can be opened in time.
pub(super) fn connection_of(pool: &Pool<Sessions>) -> Result<PooledConnection<Sessions>, Error> {
    pool.get()
        .map_err(|error| Error::Unavailable(format!("no connection: {error}")))
}

fn used_once(pool: &Pool<Sessions>) -> Result<PooledConnection<Sessions>, Error> {
    let mut connection = connection_of(pool)?;
    connection.batch_execute("SELECT 1")?;
    Ok(connection)
}
