//! Keeps the key sets of the issuers current, in one background thread.
//!
//! Requests never wait for an identity provider: they use the keys that are there, and an
//! unknown key leaves a note for this thread. A note is one flag per issuer, so any number of
//! tokens with invented keys costs at most one fetch per [`RefreshSettings::on_demand_spacing`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use thiserror::Error;

use super::fetch::{FetchError, Fetched, Fetcher, KeySetUri};
use super::jwks::{JwksError, KeySet};
use super::key_holder::KeyHolder;
use super::schedule::{RefreshSettings, Schedule};

/// Tells the time. The same clock must give the `now` of the verification.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Where the keys of one issuer come from and where they go.
pub struct IssuerSource {
    /// The issuer's name, as in its tokens.
    pub issuer: String,
    /// The address of its key set; from the configuration, never from a token.
    pub jwks_uri: String,
    /// The algorithms its keys may be for.
    pub algorithms: Vec<Algorithm>,
    /// Receives each new key set.
    pub keys: Arc<KeyHolder>,
}

/// Why the refresher did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address of a key set is not HTTPS, or not an address.
    #[error("the key set address of issuer {0} must be https")]
    Address(String),
    /// The operating system gave no thread.
    #[error("the thread for refreshing keys could not be started")]
    Thread(#[source] std::io::Error),
}

/// Whether keys may be fetched from an address: HTTPS, or, where that is allowed, plain HTTP on
/// this machine.
pub fn is_key_set_address(text: &str, allow_http_to_loopback: bool) -> bool {
    KeySetUri::parse(text, allow_http_to_loopback).is_some()
}

/// The running thread; dropping it stops the thread.
pub struct JwksRefresher {
    handles: Vec<(String, RefreshHandle)>,
    stop: Arc<AtomicBool>,
    wake: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

impl JwksRefresher {
    /// Starts fetching; the first fetch of every issuer begins at once.
    pub fn start(
        sources: Vec<IssuerSource>,
        settings: RefreshSettings,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let (wake, inbox) = sync_channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Worker::new(sources, settings, clock)?;
        let handles = worker.handles(&wake);
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("jwks-refresh".to_owned())
            .spawn(move || worker.run(&inbox, &stopped))
            .map_err(StartError::Thread)?;
        Ok(Self {
            handles,
            stop,
            wake,
            thread: Some(thread),
        })
    }

    /// What a verifier needs to ask for the keys of one issuer.
    pub fn handle(&self, issuer: &str) -> Option<RefreshHandle> {
        self.handles
            .iter()
            .find(|(name, _)| name == issuer)
            .map(|(_, handle)| handle.clone())
    }
}

impl Drop for JwksRefresher {
    /// Waits for the thread, thus at most for the time limit of one fetch.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        wake_up(&self.wake);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread for refreshing keys had panicked.");
        }
    }
}

/// Asks for the keys of one issuer. Cheap to clone and to call; never blocks.
#[derive(Clone)]
pub struct RefreshHandle {
    requested: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl RefreshHandle {
    /// Leaves a note that a key was unknown. While the note stands, further calls do nothing.
    pub fn request(&self) {
        if !self.requested.swap(true, Ordering::AcqRel) {
            wake_up(&self.wake);
        }
    }
}

fn wake_up(wake: &SyncSender<()>) {
    match wake.try_send(()) {
        // A full channel already has a wake-up in it, and a closed one has nobody to wake.
        Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
    }
}

/// The part that does the work, one step at a time.
pub(super) struct Worker {
    issuers: Vec<IssuerState>,
    fetcher: Fetcher,
    settings: RefreshSettings,
    clock: Clock,
}

struct IssuerState {
    source: IssuerSource,
    uri: KeySetUri,
    schedule: Schedule,
    requested: Arc<AtomicBool>,
}

/// Why an issuer's keys were not refreshed.
#[derive(Debug, Error)]
enum RefreshError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    KeySet(#[from] JwksError),
}

impl Worker {
    pub(super) fn new(
        sources: Vec<IssuerSource>,
        settings: RefreshSettings,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let fetcher = Fetcher::new(&settings);
        let issuers = sources
            .into_iter()
            .map(|source| IssuerState::new(source, settings.allow_http_to_loopback))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            issuers,
            fetcher,
            settings,
            clock,
        })
    }

    pub(super) fn handles(&self, wake: &SyncSender<()>) -> Vec<(String, RefreshHandle)> {
        let handle = |state: &IssuerState| {
            let requested = Arc::clone(&state.requested);
            (
                state.source.issuer.clone(),
                RefreshHandle {
                    requested,
                    wake: wake.clone(),
                },
            )
        };
        self.issuers.iter().map(handle).collect()
    }

    fn run(mut self, inbox: &Receiver<()>, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            let pause = self.refresh_due(stop);
            if inbox.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }

    /// Fetches what is due, and returns how long nothing will be.
    pub(super) fn refresh_due(&mut self, stop: &AtomicBool) -> Duration {
        let mut pause = self.settings.interval_max;
        for state in &mut self.issuers {
            if stop.load(Ordering::Acquire) {
                return Duration::ZERO;
            }
            if state.wait((self.clock)(), &self.settings).is_zero() {
                state.refresh(&self.fetcher, &self.settings, &self.clock);
            }
            pause = pause.min(state.wait((self.clock)(), &self.settings));
        }
        pause
    }
}

impl IssuerState {
    fn new(source: IssuerSource, allow_http_to_loopback: bool) -> Result<Self, StartError> {
        match KeySetUri::parse(&source.jwks_uri, allow_http_to_loopback) {
            Some(uri) => {
                let requested = Arc::new(AtomicBool::new(false));
                Ok(Self {
                    source,
                    uri,
                    schedule: Schedule::new(),
                    requested,
                })
            }
            None => Err(StartError::Address(source.issuer)),
        }
    }

    fn wait(&self, now: DateTime<Utc>, settings: &RefreshSettings) -> Duration {
        self.schedule
            .wait(now, self.requested.load(Ordering::Acquire), settings)
    }

    /// One fetch. The note is taken down before it, so that a key which appears while the
    /// fetch runs can be asked for again.
    fn refresh(&mut self, fetcher: &Fetcher, settings: &RefreshSettings, clock: &Clock) {
        self.requested.store(false, Ordering::Release);
        self.schedule.begin(clock());
        let outcome = self.fetch(fetcher);
        let now = clock();
        match outcome {
            Ok((keys, max_age)) => {
                self.log_success(&keys);
                self.source.keys.replace(keys, now);
                self.schedule.succeeded(now, max_age, settings);
            }
            Err(error) => {
                self.log_failure(&error, now);
                self.schedule.failed(now, settings);
            }
        }
    }

    fn fetch(&self, fetcher: &Fetcher) -> Result<(KeySet, Option<Duration>), RefreshError> {
        let Fetched { body, max_age } = fetcher.fetch(&self.uri)?;
        let keys = KeySet::from_json(&body, &self.source.algorithms)?;
        Ok((keys, max_age))
    }

    fn log_success(&self, keys: &KeySet) {
        let (used, skipped) = (keys.key_ids().count(), keys.skipped());
        tracing::info!(
            issuer = self.source.issuer,
            used,
            skipped,
            "Refreshed the keys."
        );
    }

    fn log_failure(&self, error: &RefreshError, now: DateTime<Utc>) {
        let issuer = &self.source.issuer;
        let usable = self.source.keys.is_fresh(now);
        tracing::warn!(issuer, %error, usable, "The keys could not be refreshed.");
    }
}
