//! The service: its parts, and the time from listening to having stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use actix_web::{rt, web};
use chrono::TimeDelta;
use jsonwebtoken::Algorithm;

use super::error::RunError;
use super::probe;
use super::stop::{self, Happening};
use crate::auth::development::{DevelopmentKeys, LIFETIME_MAX};
use crate::auth::jwks::KeySet;
use crate::auth::key_holder::{KeyHolder, STALE_AFTER_DEFAULT};
use crate::auth::refresh::{IssuerSource, JwksRefresher};
use crate::auth::schedule::RefreshSettings;
use crate::auth::token::{TokenLimits, TokenVerifier, TrustedIssuer};
use crate::clock::Clock;
use crate::config::{IssuerSettings, Settings};
use crate::crypto::{CursorSeal, MasterKeys};
use crate::error::{Error, OrInternal};
use crate::exposure::http::together::{self, Together, TogetherOptions};
use crate::platform::http::server::{self, Bound, ServerOptions};
use crate::platform::http::state::{Parts, RequestLimits, State};
use crate::platform::store::db::{Db, DbOptions};
use crate::platform::store::tx::RateBounds;
use crate::{jobs, routes};

/// Connections of the jobs: one for the thread that runs them, one for whoever looks after it.
const JOBS_POOL_SIZE: u32 = 2;

/// How long PostgreSQL lets a statement of a job run. Nobody waits for it.
const JOBS_STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long PostgreSQL lets a statement of a verification run: it adds up everything there is.
const VERIFICATION_STATEMENT_TIMEOUT: Duration = Duration::from_secs(3600);

/// How often a starting service is asked whether it is ready.
const READY_INTERVAL: Duration = Duration::from_millis(100);

/// The way to the database, and how to make another one for other work.
pub(super) struct Database {
    options: DbOptions,
    time_zone: chrono_tz::Tz,
    rates: RateBounds,
    clock: Arc<dyn Clock>,
    keys: Arc<MasterKeys>,
}

impl Database {
    /// The database of the settings.
    ///
    /// # Errors
    /// When the settings name none, or no keys.
    pub(super) fn of(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, RunError> {
        let missing = |name: &str| RunError::Refused(format!("the setting {name} is missing"));
        let url = settings
            .database_url
            .as_ref()
            .ok_or_else(|| missing("database_url"))?;
        let keys = settings
            .master_keys
            .clone()
            .ok_or_else(|| missing("master_keys"))?;
        Ok(Self::at(settings, url.expose(), keys, clock))
    }

    /// A database somewhere else, with the limits of the settings.
    pub(super) fn at(
        settings: &Settings,
        url: &str,
        keys: Arc<MasterKeys>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let options = DbOptions {
            url: url.to_owned(),
            replica_url: settings
                .replica_database_url
                .as_ref()
                .map(|url| url.expose().to_owned()),
            pool_size: settings.pool_size,
            together: together(settings).threads(),
            queue_max: settings.queue_max,
            queue_wait: settings.queue_wait_ms,
            connection_wait: settings.connection_wait_ms,
            deadline: settings.deadline_ms,
            statement_timeout: settings.statement_timeout_ms,
            lock_timeout: settings.lock_timeout_ms,
        };
        Self {
            options,
            time_zone: settings.time_zone,
            rates: RateBounds {
                age_days_max: settings.rate_age_days_max,
                departure_bp: settings.rate_departure_bp,
            },
            clock,
            keys,
        }
    }

    /// Connections for requests.
    pub(super) fn for_requests(&self) -> Db {
        self.open(self.options.clone())
    }

    /// Connections for jobs, so that neither side takes them from the other.
    pub(super) fn for_jobs(&self) -> Db {
        self.open(DbOptions {
            pool_size: JOBS_POOL_SIZE,
            together: 0,
            statement_timeout: JOBS_STATEMENT_TIMEOUT,
            ..self.options.clone()
        })
    }

    /// One connection for a verification.
    pub(super) fn for_verification(&self) -> Db {
        self.open(DbOptions {
            pool_size: 1,
            together: 0,
            statement_timeout: VERIFICATION_STATEMENT_TIMEOUT,
            ..self.options.clone()
        })
    }

    fn open(&self, options: DbOptions) -> Db {
        Db::new(
            options,
            self.clock.clone(),
            self.time_zone,
            self.rates,
            self.keys.clone(),
        )
    }
}

fn together(settings: &Settings) -> TogetherOptions {
    TogetherOptions {
        commit_threads: settings.commit_threads,
        check_threads: settings.check_threads,
        together_max: settings.together_max,
        queue_max: settings.together_queue_max,
    }
}

/// Whose tokens are accepted, and the thread that keeps their keys current.
pub(super) struct Trust {
    /// Decides about a token.
    pub(super) verifier: TokenVerifier,
    keys: Vec<Arc<KeyHolder>>,
    refresher: Option<JwksRefresher>,
}

impl Trust {
    /// Trust in the issuers of the settings. Their keys are fetched in the background; until
    /// then the service is not ready.
    ///
    /// # Errors
    /// When the issuers contradict each other.
    pub(super) fn in_issuers(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, RunError> {
        let keys: Vec<_> = settings
            .issuers
            .iter()
            .map(|_| Arc::new(KeyHolder::refreshed(STALE_AFTER_DEFAULT)))
            .collect();
        let pairs = || settings.issuers.iter().zip(&keys);
        let refresher = JwksRefresher::start(
            pairs().map(|(issuer, keys)| source(issuer, keys)).collect(),
            RefreshSettings {
                allow_http_to_loopback: settings.allow_http_jwks_on_loopback,
                ..RefreshSettings::default()
            },
            Arc::new(move || clock.now()),
        )?;
        let trusted = pairs()
            .map(|(issuer, keys)| TrustedIssuer {
                issuer: issuer.issuer.clone(),
                audiences: issuer.audiences.clone(),
                algorithms: issuer.algorithms.clone(),
                lifetime_max: TimeDelta::seconds(issuer.lifetime_max_seconds.into()),
                keys: keys.clone(),
                refresh: refresher.handle(&issuer.issuer),
            })
            .collect();
        Ok(Self {
            verifier: TokenVerifier::new(trusted, TokenLimits::default())?,
            keys,
            refresher: Some(refresher),
        })
    }

    /// Trust in the development key and in nothing else.
    ///
    /// # Errors
    /// When the key is not one.
    pub(super) fn in_development(development: &DevelopmentKeys) -> Result<Self, RunError> {
        let algorithms = vec![Algorithm::EdDSA];
        let set =
            KeySet::from_json(development.jwks_json().as_bytes(), &algorithms).or_internal()?;
        let keys = Arc::new(KeyHolder::fixed(set));
        let trusted = TrustedIssuer {
            issuer: DevelopmentKeys::issuer().to_owned(),
            audiences: [DevelopmentKeys::audience().to_owned()].into(),
            algorithms,
            lifetime_max: LIFETIME_MAX,
            keys: keys.clone(),
            refresh: None,
        };
        Ok(Self {
            verifier: TokenVerifier::new(vec![trusted], TokenLimits::default())?,
            keys: vec![keys],
            refresher: None,
        })
    }
}

fn source(issuer: &IssuerSettings, keys: &Arc<KeyHolder>) -> IssuerSource {
    IssuerSource {
        issuer: issuer.issuer.clone(),
        jwks_uri: issuer.jwks_uri.clone(),
        algorithms: issuer.algorithms.clone(),
        keys: keys.clone(),
    }
}

/// What is done once requests are answered, with the address they are answered on.
pub(super) type WhenReady = Box<dyn FnOnce(SocketAddr) + Send>;

/// Listens, answers, and stops when told to: readiness says no first, so that a balancer sends
/// new requests elsewhere; then the listener closes and running requests finish; the jobs and
/// the refreshing of keys end last. `remedy` tells what to do about an address in use.
///
/// # Errors
/// When the address cannot be listened on, or the server ends by itself.
pub(super) fn run(
    settings: &Settings,
    database: &Database,
    trust: Trust,
    remedy: &'static str,
    when_ready: Option<WhenReady>,
) -> Result<(), RunError> {
    let db = database.for_requests();
    // Whoever comes first should not wait for connections to be opened: neither one of the pool nor
    // those of the threads that serve together. Jobs open theirs themselves; nobody waits for them.
    if let Err(error) = db.warm_blocking(1 + together(settings).threads()) {
        tracing::warn!(%error, "the database cannot be reached yet");
    }
    let together = Together::start(&db, together(settings)).or_internal()?;
    let together = web::Data::new(together);
    let state = web::Data::new(State::new(Parts {
        db,
        verifier: trust.verifier,
        keys: trust.keys,
        cursors: CursorSeal::derive(&database.keys).or_internal()?,
        quota_per_minute: settings.requests_per_minute,
        limits: RequestLimits {
            body_bytes: settings.body_bytes_max,
            json_depth: settings.json_depth_max,
            uri_bytes: settings.uri_bytes_max,
            header_bytes: settings.header_bytes_max,
        },
        allowed_origins: settings.allowed_origins.clone(),
        time_zone: settings.time_zone,
        queues: together.clone().into_inner(),
    }));
    let areas = together::provide(together);
    let outcome = rt::System::new().block_on(async {
        let bound = server::bind(
            &server_options(settings),
            state.clone(),
            routes::operations(),
            areas,
        )
        .map_err(|error| RunError::listening(settings.listen, remedy, error))?;
        tracing::info!(address = %bound.address, "listening");
        // Only a service that listens takes up jobs: one that cannot start should leave no trace.
        let jobs = settings
            .jobs_enabled
            .then(|| jobs::Runner::start(database.for_jobs(), jobs::ALL))
            .transpose()?;
        let ended = until_stopped(bound, &state, settings.shutdown_delay_ms, when_ready).await;
        drop(jobs);
        ended
    });
    drop(trust.refresher);
    outcome
}

async fn until_stopped(
    bound: Bound,
    state: &State,
    delay: Duration,
    when_ready: Option<WhenReady>,
) -> Result<(), RunError> {
    let (sender, mut happenings) = stop::listen()?;
    let Bound {
        address,
        server,
        handle,
    } = bound;
    rt::spawn(async move {
        // Nobody listens any more once stopping has begun.
        let _heard = sender.send(Happening::ServerEnded(server.await));
    });
    let (waiting, stopped) = channel::<()>();
    if let Some(when_ready) = when_ready {
        std::thread::spawn(move || tell_when_ready(address, &stopped, when_ready));
    }
    if let Some(Happening::ServerEnded(result)) = happenings.recv().await {
        let error = result
            .err()
            .unwrap_or_else(|| std::io::Error::other("the server ended by itself"));
        return Err(Error::Internal(Box::new(error)).into());
    }
    drop(waiting);
    stop::leave_on_the_next(happenings);
    tracing::info!("stopping");
    state.drain();
    tokio::time::sleep(delay).await;
    handle.stop(true).await;
    tracing::info!("stopped");
    Ok(())
}

/// Asks the service until it says that it is ready, or has been stopped.
fn tell_when_ready(address: SocketAddr, stopped: &Receiver<()>, when_ready: WhenReady) {
    let address = probe::reachable(address);
    while !matches!(
        probe::status(address, "/readyz", Duration::from_secs(5)),
        Ok(200)
    ) {
        if stopped.recv_timeout(READY_INTERVAL) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
    when_ready(address);
}

fn server_options(settings: &Settings) -> ServerOptions {
    let processors = || std::thread::available_parallelism().map_or(2, usize::from);
    ServerOptions {
        listen: settings.listen,
        workers: match settings.workers {
            0 => processors(),
            workers => workers,
        },
        connections_max: settings.connections_max,
        request_timeout: settings.request_timeout_ms,
        shutdown_timeout: settings.shutdown_timeout_ms,
    }
}
