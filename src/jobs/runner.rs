//! The thread that runs the jobs.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::job::Job;
use super::schedule::Schedule;
use crate::error::{Error, OrInternal};
use crate::platform::store::db::Db;

/// How long the thread waits when there is no job at all.
const NOTHING_TO_DO: Duration = Duration::from_secs(3600);

/// The running jobs; dropping it stops them after the batch that is under way.
pub struct Runner {
    /// Closing it is the sign to stop.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Runner {
    /// Starts the jobs on connections of their own, so that they never take one from a request.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(db: Db, jobs: &'static [Job]) -> Result<Self, Error> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("jobs".to_owned())
            .spawn(move || run(&db, jobs, &stopped))
            .or_internal()?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Stops the jobs and waits for the batch that is under way; each batch is one transaction
    /// with a limit on its time.
    pub fn stop(mut self) {
        self.stop_and_wait();
    }

    fn stop_and_wait(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the jobs had panicked");
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop_and_wait();
    }
}

/// Runs one batch of each due job in turn, so that a long backlog of one does not hold up the
/// others, and looks for the sign to stop before each.
fn run(db: &Db, jobs: &[Job], stopped: &Receiver<()>) {
    let started = Instant::now();
    let mut plan: Vec<(&Job, Schedule)> = jobs
        .iter()
        .map(|job| (job, Schedule::new(job.every, started)))
        .collect();
    loop {
        for (job, schedule) in &mut plan {
            if is_told_to_stop(stopped, Duration::ZERO) {
                return;
            }
            if schedule.wait(Instant::now()).is_zero() {
                run_batch(db, job, schedule);
            }
        }
        let now = Instant::now();
        let pause = plan.iter().map(|(_, schedule)| schedule.wait(now)).min();
        if is_told_to_stop(stopped, pause.unwrap_or(NOTHING_TO_DO)) {
            return;
        }
    }
}

fn run_batch(db: &Db, job: &Job, schedule: &mut Schedule) {
    match (job.batch)(db) {
        Ok(progress) => schedule.succeeded(progress, Instant::now()),
        Err(error) => {
            let pause = schedule.failed(Instant::now());
            tracing::warn!(
                job = job.name,
                %error,
                retry_in_seconds = pause.as_secs(),
                "a job failed"
            );
        }
    }
}

fn is_told_to_stop(stopped: &Receiver<()>, wait: Duration) -> bool {
    stopped.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::clock::SystemClock;
    use crate::crypto::MasterKeys;
    use crate::jobs::job::Progress;
    use crate::platform::store::db::DbOptions;

    static BATCHES: AtomicUsize = AtomicUsize::new(0);
    static FAILURES: AtomicUsize = AtomicUsize::new(0);

    fn three_batches(_: &Db) -> Result<Progress, Error> {
        let batch = BATCHES.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(if batch < 3 {
            Progress::More
        } else {
            Progress::Done
        })
    }

    fn failing(_: &Db) -> Result<Progress, Error> {
        FAILURES.fetch_add(1, Ordering::SeqCst);
        Err(Error::internal("this job always fails"))
    }

    const JOBS: &[Job] = &[
        Job {
            name: "failing",
            every: Duration::from_secs(3600),
            batch: failing,
        },
        Job {
            name: "three batches",
            every: Duration::from_secs(3600),
            batch: three_batches,
        },
    ];

    /// A database that no test of this file connects to.
    fn nowhere() -> Db {
        let options = DbOptions {
            url: "postgres://127.0.0.1:1/none".to_owned(),
            replica_url: None,
            pool_size: 1,
            together: 0,
            queue_max: 1,
            queue_wait: Duration::from_millis(1),
            connection_wait: Duration::from_millis(1),
            deadline: Duration::from_millis(1),
            statement_timeout: Duration::from_millis(1),
            lock_timeout: Duration::from_millis(1),
        };
        let keys = MasterKeys::parse(&MasterKeys::generate().unwrap()).unwrap();
        Db::new(
            options,
            Arc::new(SystemClock),
            chrono_tz::Asia::Shanghai,
            crate::platform::store::tx::RateBounds {
                age_days_max: 7,
                departure_bp: 1_000,
            },
            Arc::new(keys),
        )
    }

    #[test]
    fn full_batches_follow_each_other_a_failure_holds_up_nobody_and_stopping_is_prompt() {
        let runner = Runner::start(nowhere(), JOBS).unwrap();
        let begun = Instant::now();
        while BATCHES.load(Ordering::SeqCst) < 3 {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the jobs do not run"
            );
            std::thread::yield_now();
        }
        let asked = Instant::now();
        runner.stop();
        assert!(asked.elapsed() < Duration::from_secs(5));
        assert_eq!(BATCHES.load(Ordering::SeqCst), 3);
        assert_eq!(FAILURES.load(Ordering::SeqCst), 1);
    }
}
