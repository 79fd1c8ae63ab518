//! What the services of the tests log: kept in memory, and in a file when the test fails.
//!
//! All services run in this one process. What they log is told apart by the span in which a service
//! was made and works; what is logged on the thread of a test itself, as when it calls a job,
//! belongs to the service that the thread started last.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Lines kept of one service: the last ones, of which there are enough to see what led to the end.
const LINES_MAX: usize = 5_000;

/// Name of the spans that tell services apart.
const SPAN: &str = "test_service";

static LOGS: Mutex<BTreeMap<u64, VecDeque<Vec<u8>>>> = Mutex::new(BTreeMap::new());
static COUNT: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The services on whose behalf the thread works; the last one is meant.
    static CURRENT: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The log of one service. Dropped while a test fails, it is written to a file.
pub struct ServiceLog {
    number: u64,
    span: Span,
}

impl ServiceLog {
    /// The log of a service that is about to be made.
    pub fn begin() -> Self {
        listen();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        logs().insert(number, VecDeque::new());
        CURRENT.with_borrow_mut(|current| current.push(number));
        Self {
            number,
            span: tracing::error_span!("test_service", number),
        }
    }

    /// The span in which the service has to be made.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// What was logged so far.
    pub fn text(&self) -> String {
        let lines = logs().get(&self.number).cloned().unwrap_or_default();
        let bytes: Vec<u8> = lines.into_iter().flatten().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Where the log is written when the test of this thread fails.
    pub fn path(&self) -> PathBuf {
        let thread = std::thread::current();
        let name: String = thread
            .name()
            .unwrap_or("unnamed")
            .chars()
            .map(|one| if one.is_alphanumeric() { one } else { '_' })
            .collect();
        folder().join(format!("{name}-{}.log", self.number))
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a test that fails says where to look, among its own output"
)]
impl Drop for ServiceLog {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let path = self.path();
            let written =
                std::fs::create_dir_all(folder()).and_then(|()| std::fs::write(&path, self.text()));
            match written {
                Ok(()) => eprintln!("what the service logged: {}", path.display()),
                Err(error) => eprintln!("{error}; the service logged:\n{}", self.text()),
            }
        }
        logs().remove(&self.number);
    }
}

/// Where logs of failed tests are.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/service-logs"))
}

/// A test that fails while it holds the lock leaves whole lines behind.
fn logs() -> MutexGuard<'static, BTreeMap<u64, VecDeque<Vec<u8>>>> {
    LOGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens to all services of the process.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let lines = fmt::layer()
            .with_ansi(false)
            .compact()
            .with_writer(|| Line)
            .with_filter(EnvFilter::new("info,shouxin=debug,actix_server=warn"));
        tracing_subscriber::registry()
            .with(Services.with_filter(LevelFilter::ERROR))
            .with(lines)
            .init();
    });
}

/// One line, on its way to the log of the service on whose behalf the thread works.
struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let number = CURRENT.with_borrow(|current| current.last().copied());
        // A service that has ended may leave threads behind which still say something.
        if let Some(lines) = logs().get_mut(&number.unwrap_or(0)) {
            if lines.len() == LINES_MAX {
                lines.pop_front();
            }
            lines.push_back(line.to_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Notes which service a thread works for while it is in the span of one.
struct Services;

struct Number(u64);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Services {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut found = Found(None);
        attributes.record(&mut found);
        if let (SPAN, Some(number), Some(span)) =
            (attributes.metadata().name(), found.0, context.span(id))
        {
            span.extensions_mut().insert(Number(number));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(number) = number_of(id, &context) {
            CURRENT.with_borrow_mut(|current| current.push(number));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if number_of(id, &context).is_some() {
            CURRENT.with_borrow_mut(Vec::pop);
        }
    }
}

fn number_of<S: Subscriber + for<'a> LookupSpan<'a>>(
    id: &Id,
    context: &Context<'_, S>,
) -> Option<u64> {
    let span = context.span(id)?;
    let kept = span.extensions();
    kept.get::<Number>().map(|number| number.0)
}

struct Found(Option<u64>);

impl Visit for Found {
    fn record_u64(&mut self, _: &Field, value: u64) {
        self.0 = Some(value);
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
