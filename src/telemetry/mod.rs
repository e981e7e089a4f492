//! What the program tells of itself: logs on stderr, so that stdout belongs to the records, and metrics as Prometheus
//! text. Nothing is measured here: connectors measure, this renders.

mod debezium;
#[cfg(test)]
mod deploy_tests;
mod layout;
mod metrics;
mod page;

pub use layout::LogFormat;
pub use metrics::{CONTENT_TYPE, Observed, render};

use tracing_subscriber::EnvFilter;

/// Filters by `RUST_LOG`, else by `level` (the worker's `log.level`), else info. librdkafka speaks only of trouble.
pub fn start(level: Option<&str>, format: LogFormat) {
    let filter =
        std::env::var("RUST_LOG").ok().or_else(|| level.map(str::to_lowercase)).unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(format!("librdkafka=error,rdkafka=error,{filter}"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A second start in one process (tests, embedding) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .fmt_fields(layout::Fields::new(format))
        .event_format(layout::Lines::new(format))
        .with_env_filter(filter)
        .try_init();
}
