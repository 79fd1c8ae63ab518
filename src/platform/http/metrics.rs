//! Numbers for Prometheus: requests by route template, the pool, the queue, the change feed.

use prometheus::{Encoder, HistogramOpts, HistogramVec, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::platform::store::collector::CollectorGauges;
use crate::platform::store::db::DbGauges;

/// What waits in front of the service, besides requests for the database: areas that serve requests
/// together say how much.
pub trait Queues: Send + Sync {
    /// Numbers for the metrics, by what is served.
    fn gauges(&self) -> Vec<(&'static str, CollectorGauges)>;
}

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    requests: HistogramVec,
    database: IntGaugeVec,
    events: IntGaugeVec,
    together: IntGaugeVec,
}

/// Buckets of request durations in seconds (OpenTelemetry semantic conventions for HTTP).
const SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let labels = [
            "http_request_method",
            "http_route",
            "http_response_status_code",
        ];
        let requests = HistogramOpts::new(
            "http_server_request_duration_seconds",
            "Duration of requests by method, route template and status.",
        )
        .buckets(SECONDS.to_vec());
        let requests = registered(&registry, HistogramVec::new(requests, &labels));
        let gauge = |name: &str, help: &str, label: &str| {
            registered(&registry, IntGaugeVec::new(Opts::new(name, help), &[label]))
        };
        let database = gauge(
            "db_client_state",
            "Connections by state, the queue in front of them, and what was turned away.",
            "state",
        );
        let events = gauge(
            "feed_state",
            "How far the change feed lags behind the newest event.",
            "measure",
        );
        let together = Opts::new(
            "together_state",
            "What is served together: requests that wait, that were served in how many rounds, and that were turned away.",
        );
        let together = registered(&registry, IntGaugeVec::new(together, &["what", "state"]));
        Self {
            registry,
            requests,
            database,
            events,
            together,
        }
    }
}

/// Names and labels are constants, so building and registering cannot fail at run time; a
/// mistake shows in every test.
#[expect(clippy::expect_used, reason = "start-up with constant names")]
fn registered<M: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    metric: prometheus::Result<M>,
) -> M {
    let metric = metric.expect("a metric with constant name and labels");
    registry
        .register(Box::new(metric.clone()))
        .expect("a metric registered once");
    metric
}

impl Metrics {
    /// Counts a finished request.
    pub fn observe(&self, method: &str, route: &str, status: u16, seconds: f64) {
        self.requests
            .with_label_values(&[method, route, &status.to_string()])
            .observe(seconds);
    }

    /// Takes over the numbers of the pool and its queue.
    pub fn database(&self, gauges: DbGauges) {
        let set = |state: &str, value: u64| {
            self.database
                .with_label_values(&[state])
                .set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set("open", u64::from(gauges.connections));
        set("idle", u64::from(gauges.idle));
        set(
            "used",
            u64::from(gauges.connections.saturating_sub(gauges.idle)),
        );
        set("waiting", gauges.waiting as u64);
        set("shed_total", gauges.shed_total);
        set("overran_total", gauges.overran_total);
    }

    /// Takes over the numbers of what is served together.
    pub fn together(&self, gauges: &[(&'static str, CollectorGauges)]) {
        for (what, gauges) in gauges {
            for (state, value) in [
                ("waiting", gauges.waiting as u64),
                ("served_total", gauges.served_total),
                ("rounds_total", gauges.rounds_total),
                ("shed_total", gauges.shed_total),
            ] {
                self.together
                    .with_label_values(&[what, state])
                    .set(i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
    }

    /// Takes over how far the change feed lags, in transactions and seconds.
    pub fn feed(&self, hidden_events: i64, oldest_hidden_seconds: i64) {
        self.events
            .with_label_values(&["hidden_events"])
            .set(hidden_events);
        self.events
            .with_label_values(&["oldest_hidden_seconds"])
            .set(oldest_hidden_seconds);
    }

    /// The exposition text.
    pub fn text(&self) -> String {
        let mut buffer = Vec::new();
        // Writing to memory cannot fail; an empty page would show a bug to the scraper.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut buffer);
        String::from_utf8(buffer).unwrap_or_default()
    }
}
