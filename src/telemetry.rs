//! Logs: one line per happening, to standard error, for machines or for people.
//!
//! What may stand in a log line is decided where it is written: route templates instead of
//! paths, reasons instead of tokens, identifiers of requests instead of names of persons.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// Starts logging. The first call of a process counts; later ones change nothing, so that tests
/// may call it as often as they like.
pub fn start(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _started_before = match format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .finish()
            .try_init(),
        LogFormat::Human => lines
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .compact()
            .finish()
            .try_init(),
    };
}
