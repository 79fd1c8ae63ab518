//! Collects what is asked at the same time, so that it can be served together.
//!
//! A few threads take whatever is waiting, up to a bound, and serve it in one go. While they are
//! busy more comes together; when nothing is going on, what comes is taken at once. Nobody waits
//! for company, but for one case: small rounds, each of which costs nearly as much as a big one, can
//! be kept apart while others are at work, see [`Spacing`].

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;

/// How many rounds a collector is serving at the moment.
#[derive(Debug, Clone, Default)]
pub struct Activity(Arc<AtomicUsize>);

/// While others are at work, a small round begins only some time after the last one ended, so that
/// it does not take from them what fewer and bigger rounds would leave.
#[derive(Debug, Clone)]
pub struct Spacing {
    /// The others.
    pub others: Activity,
    /// So many at once are no small round.
    pub enough: usize,
    /// How far small rounds are apart.
    pub apart: Duration,
}

/// Bounds of a collector.
#[derive(Debug, Clone)]
pub struct CollectorOptions {
    /// What its threads are called.
    pub name: &'static str,
    /// Threads that serve.
    pub threads: usize,
    /// What may wait at once; one more is answered 503.
    pub queue_max: usize,
    /// What is served together at most.
    pub together_max: usize,
    /// How long a caller waits for its answer.
    pub deadline: Duration,
    /// Whether small rounds make way for others.
    pub spacing: Option<Spacing>,
}

/// Serves `I`s together, each with its own `O`.
pub struct Collector<I, O> {
    shared: Arc<Shared<I, O>>,
    options: CollectorOptions,
}

struct Shared<I, O> {
    queue: Mutex<Queue<I, O>>,
    arrived: Condvar,
    spacing: Option<Spacing>,
    activity: Activity,
    shed: AtomicU64,
    served: AtomicU64,
    rounds: AtomicU64,
}

struct Queue<I, O> {
    waiting: VecDeque<Waiting<I, O>>,
    closed: bool,
}

struct Waiting<I, O> {
    item: I,
    answer: oneshot::Sender<O>,
}

/// Numbers for the metrics.
#[derive(Debug, Clone, Copy)]
pub struct CollectorGauges {
    /// What is waiting.
    pub waiting: usize,
    /// What was turned away because the queue was full.
    pub shed_total: u64,
    /// What was served.
    pub served_total: u64,
    /// In how many rounds.
    pub rounds_total: u64,
}

impl<I: Send + 'static, O: Send + 'static> Collector<I, O> {
    /// Starts the threads. `serve` gives an answer for each item, in their order.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(
        options: CollectorOptions,
        serve: impl Fn(Vec<I>) -> Vec<O> + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue {
                waiting: VecDeque::new(),
                closed: false,
            }),
            arrived: Condvar::new(),
            spacing: options.spacing.clone(),
            activity: Activity::default(),
            shed: AtomicU64::new(0),
            served: AtomicU64::new(0),
            rounds: AtomicU64::new(0),
        });
        let serve = Arc::new(serve);
        let together_max = options.together_max;
        for number in 0..options.threads.max(1) {
            let (shared, serve) = (shared.clone(), serve.clone());
            let span = tracing::Span::current();
            std::thread::Builder::new()
                .name(format!("{}-{number}", options.name))
                .spawn(move || {
                    let _logged_where_it_was_started = span.entered();
                    let mut ended = None;
                    while let Some(round) = shared.next(together_max, ended) {
                        shared.serve(round, serve.as_ref());
                        ended = Some(Instant::now());
                    }
                })?;
        }
        Ok(Self { shared, options })
    }

    /// Waits for the answer to an item.
    ///
    /// # Errors
    /// 503 when the queue is full or the answer does not come in time. What has not been begun by
    /// then is not done any more.
    pub async fn ask(&self, item: I) -> Result<O, Error> {
        let (answer, answered) = oneshot::channel();
        {
            let mut queue = self.shared.lock();
            if queue.waiting.len() >= self.options.queue_max {
                drop(queue);
                self.shared.shed.fetch_add(1, Ordering::Relaxed);
                return Err(Problem::new(ProblemCode::Overloaded)
                    .with_header("Retry-After", "1")
                    .into());
            }
            queue.waiting.push_back(Waiting { item, answer });
        }
        self.shared.arrived.notify_one();
        match tokio::time::timeout(self.options.deadline, answered).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_dropped)) => Err(Error::internal("what was asked together got no answer")),
            Err(_elapsed) => Err(Error::Unavailable(
                "the database did not answer in time".to_owned(),
            )),
        }
    }

    /// How many rounds it is serving, for others to make way.
    pub fn activity(&self) -> Activity {
        self.shared.activity.clone()
    }

    /// Numbers for the metrics.
    pub fn gauges(&self) -> CollectorGauges {
        CollectorGauges {
            waiting: self.shared.lock().waiting.len(),
            shed_total: self.shared.shed.load(Ordering::Relaxed),
            served_total: self.shared.served.load(Ordering::Relaxed),
            rounds_total: self.shared.rounds.load(Ordering::Relaxed),
        }
    }
}

impl<I, O> Shared<I, O> {
    /// A panic while holding the lock leaves a whole queue behind.
    fn lock(&self) -> MutexGuard<'_, Queue<I, O>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is waiting, in the order of arrival, for a thread whose last round ended then; `None`
    /// when no more will come.
    fn next(&self, together_max: usize, ended: Option<Instant>) -> Option<Vec<Waiting<I, O>>> {
        let mut queue = self.lock();
        loop {
            // Whoever has stopped waiting wants it no more.
            queue.waiting.retain(|waiting| !waiting.answer.is_closed());
            if !queue.waiting.is_empty() {
                if let Some(rest) = self.rest(queue.waiting.len(), ended) {
                    let waited = self.arrived.wait_timeout(queue, rest);
                    queue = waited.unwrap_or_else(PoisonError::into_inner).0;
                    continue;
                }
                let count = queue.waiting.len().min(together_max.max(1));
                return Some(queue.waiting.drain(..count).collect());
            }
            if queue.closed {
                return None;
            }
            queue = self
                .arrived
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How long a round of so many still makes way for others.
    fn rest(&self, count: usize, ended: Option<Instant>) -> Option<Duration> {
        let (spacing, ended) = self.spacing.as_ref().zip(ended)?;
        let is_small = count < spacing.enough;
        let others_work = spacing.others.0.load(Ordering::Relaxed) > 0;
        let rest = spacing.apart.checked_sub(ended.elapsed())?;
        (is_small && others_work).then_some(rest)
    }

    fn serve(&self, round: Vec<Waiting<I, O>>, serve: &dyn Fn(Vec<I>) -> Vec<O>) {
        let (items, answers): (Vec<I>, Vec<oneshot::Sender<O>>) = round
            .into_iter()
            .map(|waiting| (waiting.item, waiting.answer))
            .unzip();
        self.rounds.fetch_add(1, Ordering::Relaxed);
        self.served
            .fetch_add(answers.len() as u64, Ordering::Relaxed);
        // Without an answer the callers are told that something broke; the thread goes on.
        self.activity.0.fetch_add(1, Ordering::Relaxed);
        let served = catch_unwind(AssertUnwindSafe(|| serve(items)));
        self.activity.0.fetch_sub(1, Ordering::Relaxed);
        match served {
            Ok(served) => {
                for (sender, answer) in answers.into_iter().zip(served) {
                    // Nobody may be waiting any more.
                    let _gone = sender.send(answer);
                }
            }
            Err(_panicked) => tracing::error!("serving requests together panicked"),
        }
    }
}

impl<I, O> Drop for Collector<I, O> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn options(threads: usize, queue_max: usize, together_max: usize) -> CollectorOptions {
        CollectorOptions {
            name: "test",
            threads,
            queue_max,
            together_max,
            deadline: Duration::from_secs(20),
            spacing: None,
        }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    }

    /// A collector, the news that a round has begun, and the leave to go on.
    type HeldUp = (
        Arc<Collector<u32, Vec<u32>>>,
        mpsc::Receiver<()>,
        mpsc::Sender<()>,
    );

    /// A collector whose only thread is held up in each round until it is let go.
    fn held_up(queue_max: usize, together_max: usize) -> HeldUp {
        let (begun, has_begun) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let may_go = Mutex::new(may_go);
        let collector = Collector::start(options(1, queue_max, together_max), move |items| {
            begun.send(()).unwrap();
            may_go.lock().unwrap().recv().unwrap();
            items.iter().map(|_| items.clone()).collect()
        });
        (Arc::new(collector.unwrap()), has_begun, go)
    }

    fn ask(
        collector: &Arc<Collector<u32, Vec<u32>>>,
        item: u32,
    ) -> std::thread::JoinHandle<Result<Vec<u32>, Error>> {
        let waiting = collector.gauges().waiting;
        let asking = collector.clone();
        let thread = std::thread::spawn(move || runtime().block_on(asking.ask(item)));
        while collector.gauges().waiting == waiting
            && collector.gauges().rounds_total == 0
            && !thread.is_finished()
        {
            std::thread::yield_now();
        }
        thread
    }

    #[test]
    fn what_comes_while_others_are_served_is_served_together_in_its_order() {
        let (collector, has_begun, go) = held_up(10, 2);
        let first = ask(&collector, 0);
        has_begun.recv().unwrap();
        let mut rest = Vec::new();
        for item in 1..=3 {
            let waiting = collector.gauges().waiting;
            rest.push(ask(&collector, item));
            while collector.gauges().waiting == waiting {
                std::thread::yield_now();
            }
        }
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        assert_eq!(first.join().unwrap().unwrap(), [0]);
        let together: Vec<Vec<u32>> = rest
            .into_iter()
            .map(|thread| thread.join().unwrap().unwrap())
            .collect();
        assert_eq!(together, [vec![1, 2], vec![1, 2], vec![3]]);
        let gauges = collector.gauges();
        assert_eq!((gauges.served_total, gauges.rounds_total), (4, 3));
    }

    #[test]
    fn a_full_queue_turns_away_at_once() {
        let (collector, has_begun, go) = held_up(1, 1);
        let first = ask(&collector, 0);
        has_begun.recv().unwrap();
        let second = ask(&collector, 1);
        while collector.gauges().waiting == 0 {
            std::thread::yield_now();
        }
        let refused = runtime().block_on(collector.ask(2));
        let Err(Error::Refused(problem)) = refused else {
            panic!("the queue holds one");
        };
        assert_eq!(problem.code, ProblemCode::Overloaded);
        assert_eq!(collector.gauges().shed_total, 1);
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert!(first.join().unwrap().is_ok() && second.join().unwrap().is_ok());
    }

    #[test]
    fn a_round_that_breaks_takes_nobody_else_along() {
        let collector = Collector::start(options(1, 10, 1), |items: Vec<u32>| {
            assert_ne!(items, [13]);
            items
        })
        .unwrap();
        let runtime = runtime();
        assert!(matches!(
            runtime.block_on(collector.ask(13)),
            Err(Error::Internal(_))
        ));
        assert_eq!(runtime.block_on(collector.ask(7)).unwrap(), 7);
    }

    #[test]
    fn small_rounds_are_kept_apart_only_while_others_are_at_work() {
        let (others, has_begun, go) = held_up(10, 1);
        let spacing = Spacing {
            others: others.activity(),
            enough: 2,
            apart: Duration::from_secs(3600),
        };
        let options = CollectorOptions {
            spacing: Some(spacing),
            ..options(1, 10, 10)
        };
        let spaced = Collector::start(options, |items: Vec<u32>| {
            items.iter().map(|_| items.clone()).collect()
        });
        let spaced = Arc::new(spaced.unwrap());
        for alone in [0, 1] {
            let answer = runtime().block_on(spaced.ask(alone)).unwrap();
            assert_eq!(answer, [alone], "the others are idle");
        }
        let other = ask(&others, 0);
        has_begun.recv().unwrap();
        let asking = spaced.clone();
        let first = std::thread::spawn(move || runtime().block_on(asking.ask(2)));
        while spaced.gauges().waiting == 0 && !first.is_finished() {
            std::thread::yield_now();
        }
        let second = runtime().block_on(spaced.ask(3)).unwrap();
        assert_eq!(first.join().unwrap().unwrap(), [2, 3], "two are enough");
        assert_eq!(second, [2, 3]);
        go.send(()).unwrap();
        other.join().unwrap().unwrap();
    }
}
