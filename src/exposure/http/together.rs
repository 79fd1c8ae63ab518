//! What is asked at the same time is served together: commands on reservations in one commit,
//! credit checks from one reading.
//!
//! A commit costs the same for one reservation as for fifty, and a line that everybody wants is
//! locked once for all of them instead of once for each. Each request still has its own decision,
//! answer, audit entry, event and record under its key. A batch that fails is taken apart: each of
//! its requests is then served alone, so that none fails for another.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use crate::auth::scopes::Scope;
use crate::error::Error;
use crate::exposure::app::checks::{self, Check};
use crate::exposure::app::reservations::{self, Command, Decided};
use crate::exposure::domain::assessment::Assessment;
use crate::platform::http::answers::{Answer, Recorded};
use crate::platform::http::command::Repeatable;
use crate::platform::http::guard::Require;
use crate::platform::http::metrics::Queues;
use crate::platform::http::operation::{Draft, Input};
use crate::platform::http::problem::{self, Wording};
use crate::platform::store::collector::{Collector, CollectorGauges, CollectorOptions, Spacing};
use crate::platform::store::db::many::Patience;
use crate::platform::store::db::{Db, WriteRequest, Written};
use crate::platform::store::idempotency::StoredAnswer;
use crate::values::actor::Actor;

/// Checks make way for commands, which take longer and hold locks: fewer than so many begin only so
/// long after the last, while commands are being decided.
const ENOUGH_CHECKS: usize = 16;
const CHECKS_APART: Duration = Duration::from_millis(3);

/// How much is served together.
#[derive(Debug, Clone, Copy)]
pub struct TogetherOptions {
    /// Threads that decide commands; none decides each alone.
    pub commit_threads: u32,
    /// Threads that answer checks; none answers each alone.
    pub check_threads: u32,
    /// Requests served together at most.
    pub together_max: usize,
    /// Requests that may wait.
    pub queue_max: usize,
}

impl Default for TogetherOptions {
    fn default() -> Self {
        Self {
            commit_threads: 2,
            check_threads: 1,
            together_max: 128,
            queue_max: 1000,
        }
    }
}

impl TogetherOptions {
    /// Threads in all; each has a connection of its own.
    pub fn threads(self) -> u32 {
        self.commit_threads + self.check_threads
    }
}

/// A command to be decided, with all that its answer needs.
pub struct Deciding {
    /// Who asks, and under which key.
    pub request: WriteRequest,
    /// What is asked.
    pub command: Command,
    /// How the answer is put.
    pub show: Box<dyn Fn(Decided) -> Result<StoredAnswer, Error> + Send + Sync>,
    /// In which words a refusal is put.
    pub wording: Wording,
}

/// What came of a command in a batch.
enum Outcome {
    Written(Result<Written<StoredAnswer>, Error>),
    /// The batch failed; whether for this command will show when it is decided alone.
    Alone(Box<Deciding>),
}

struct Checking {
    actor: Actor,
    check: Check,
}

/// Serves requests together.
pub struct Together {
    db: Db,
    commands: Option<Collector<Deciding, Outcome>>,
    checks: Option<Collector<Checking, Result<Assessment, Error>>>,
}

impl Together {
    /// Starts the threads.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start(db: &Db, options: TogetherOptions) -> std::io::Result<Self> {
        let of = |name, threads: u32, spacing| CollectorOptions {
            name,
            threads: usize::try_from(threads).unwrap_or(1),
            queue_max: options.queue_max,
            together_max: options.together_max,
            deadline: db.deadline(),
            spacing,
        };
        let (deciding, checking) = (db.clone(), db.clone());
        let commands = (options.commit_threads > 0).then(|| {
            Collector::start(of("commits", options.commit_threads, None), move |items| {
                decide_together(&deciding, items)
            })
        });
        let commands = commands.transpose()?;
        let spacing = commands.as_ref().map(|commands| Spacing {
            others: commands.activity(),
            enough: ENOUGH_CHECKS,
            apart: CHECKS_APART,
        });
        let checks = (options.check_threads > 0).then(|| {
            Collector::start(of("checks", options.check_threads, spacing), move |items| {
                check_together(&checking, &items)
            })
        });
        Ok(Self {
            db: db.clone(),
            commands,
            checks: checks.transpose()?,
        })
    }

    /// Decides a command.
    ///
    /// # Errors
    /// What the command is refused for short of a decision, or 503.
    pub async fn decide(&self, deciding: Deciding) -> Result<Written<StoredAnswer>, Error> {
        let alone = match &self.commands {
            Some(commands) => match commands.ask(deciding).await? {
                Outcome::Written(written) => return written,
                Outcome::Alone(deciding) => *deciding,
            },
            None => deciding,
        };
        self.db
            .blocking(move |db| {
                let mut written = decide_all(db, Patience::Full, std::slice::from_ref(&alone))?;
                written
                    .pop()
                    .unwrap_or_else(|| Err(Error::internal("a command without a result")))
            })
            .await
    }

    /// Answers a check.
    ///
    /// # Errors
    /// 503.
    pub async fn check(&self, actor: Actor, check: Check) -> Result<Assessment, Error> {
        let checking = Checking { actor, check };
        if let Some(checks) = &self.checks {
            return checks.ask(checking).await?;
        }
        self.db
            .blocking(move |db| {
                check_together(db, std::slice::from_ref(&checking))
                    .pop()
                    .unwrap_or_else(|| Err(Error::internal("a check without a result")))
            })
            .await
    }
}

impl Queues for Together {
    fn gauges(&self) -> Vec<(&'static str, CollectorGauges)> {
        let commands = self.commands.as_ref().map(Collector::gauges);
        let checks = self.checks.as_ref().map(Collector::gauges);
        [("commands", commands), ("checks", checks)]
            .into_iter()
            .filter_map(|(name, gauges)| Some((name, gauges?)))
            .collect()
    }
}

/// What a handler takes to have its request served with those of others. It serves nobody without
/// the permission that the guard has checked.
pub struct WithOthers(web::Data<Together>);

impl WithOthers {
    /// Decides a command on reservations, together with those of other requests that come at the
    /// same time: as [`Require::write`] otherwise.
    ///
    /// # Errors
    /// What the command is refused for, or 503.
    pub async fn decide<S: Scope, T: Answer>(
        &self,
        guard: &Require<S>,
        action: &'static str,
        repeatable: Repeatable,
        command: Command,
        show: impl Fn(Decided) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<Recorded<T>, Error> {
        let audience = guard.actor().audience();
        let deciding = Deciding {
            request: guard.request(action, &repeatable),
            command,
            show: Box::new(move |decided| show(decided)?.to_stored(audience)),
            wording: guard.wording().clone(),
        };
        let written = self.0.decide(deciding).await?;
        guard.recorded(written)
    }

    /// Answers a check from what is committed, together with those of other requests.
    ///
    /// # Errors
    /// 503.
    pub async fn check<S: Scope>(
        &self,
        guard: &Require<S>,
        check: Check,
    ) -> Result<Assessment, Error> {
        self.0.check(guard.actor().clone(), check).await
    }
}

impl FromRequest for WithOthers {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let together = request.app_data::<web::Data<Together>>().cloned();
        ready(
            together
                .map(Self)
                .ok_or_else(|| Error::internal("nothing serves requests together")),
        )
    }
}

impl Input for WithOthers {
    /// How a request is served is no part of the contract.
    fn describe(_: &mut Draft) {}
}

/// Lets the handlers of an application find it.
pub fn provide(
    together: web::Data<Together>,
) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config.app_data(together.clone());
    }
}

fn decide_together(db: &Db, items: Vec<Deciding>) -> Vec<Outcome> {
    match decide_all(db, Patience::Short, &items) {
        Ok(written) => {
            let outcome = |(written, item)| match written {
                // It waits for lines of others, which keeps nobody else of the batch waiting.
                Err(Error::Awaits(_)) => Outcome::Alone(Box::new(item)),
                written => Outcome::Written(written),
            };
            written.into_iter().zip(items).map(outcome).collect()
        }
        // Nobody would fare better alone.
        Err(Error::Unavailable(reason)) => items
            .iter()
            .map(|_| Outcome::Written(Err(Error::Unavailable(reason.clone()))))
            .collect(),
        Err(error) => {
            tracing::warn!(%error, commands = items.len(), "a batch is taken apart");
            items
                .into_iter()
                .map(|item| Outcome::Alone(Box::new(item)))
                .collect()
        }
    }
}

fn decide_all(
    db: &Db,
    patience: Patience,
    items: &[Deciding],
) -> Result<Vec<Result<Written<StoredAnswer>, Error>>, Error> {
    let requests: Vec<&WriteRequest> = items.iter().map(|item| &item.request).collect();
    db.write_many_blocking(
        patience,
        &requests,
        &|many, fresh| {
            let fresh: Vec<&Deciding> = fresh.iter().map(|place| &items[*place]).collect();
            let commands: Vec<&Command> = fresh.iter().map(|item| &item.command).collect();
            let decided = reservations::decide_many(many, &commands)?;
            Ok(decided
                .into_iter()
                .zip(fresh)
                .map(|(decided, item)| decided.and_then(|decided| (item.show)(decided)))
                .collect())
        },
        &|place, result| {
            Some(match result {
                Ok(answer) => answer.clone(),
                Err(problem) => problem::render(problem, &items[place].wording),
            })
        },
    )
}

fn check_together(db: &Db, items: &[Checking]) -> Vec<Result<Assessment, Error>> {
    let read = |items: &[Checking]| {
        let Some(first) = items.first() else {
            return Ok(Vec::new());
        };
        let checks: Vec<(&Actor, &Check)> = items
            .iter()
            .map(|item| (&item.actor, &item.check))
            .collect();
        db.read_sets_blocking(&first.actor, &|reader| checks::check(reader, &checks))
    };
    match read(items) {
        Ok(assessments) => assessments.into_iter().map(Ok).collect(),
        Err(Error::Unavailable(reason)) => items
            .iter()
            .map(|_| Err(Error::Unavailable(reason.clone())))
            .collect(),
        Err(error) if items.len() == 1 => vec![Err(error)],
        Err(error) => {
            tracing::warn!(%error, checks = items.len(), "checks are read one by one");
            items
                .iter()
                .map(|item| {
                    read(std::slice::from_ref(item)).and_then(|mut one| {
                        one.pop()
                            .ok_or_else(|| Error::internal("a check without a result"))
                    })
                })
                .collect()
        }
    }
}
