//! What the program tells of itself: logs on stderr, so that stdout belongs to the records, and metrics as Prometheus
//! text. Nothing is measured here: connectors measure, this renders. What is logged can be changed while it runs.

mod debezium;
#[cfg(test)]
mod deploy_tests;
mod layout;
mod levels;
mod metrics;
mod page;
#[cfg(feature = "opentelemetry")]
mod post;
#[cfg(feature = "opentelemetry")]
mod traces;
#[cfg(not(feature = "opentelemetry"))]
mod untraced;

pub use layout::LogFormat;
pub use metrics::{CONTENT_TYPE, Observed, render};

#[cfg(feature = "opentelemetry")]
pub use traces::{Traces, continue_trace, rename};
#[cfg(not(feature = "opentelemetry"))]
pub use untraced::Traces;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, reload};

pub use levels::{Level, Leveled, Levels, NoLevel};

/// What librdkafka says is said better by whoever called it; spans for traces are none of the log's.
const QUIET: &str = "librdkafka=error,rdkafka=error,otel=off";

/// Filters by `RUST_LOG`, else by `level` (the worker's `log.level`), else info. librdkafka speaks only of trouble.
/// What `traces` asks for goes there, whatever the filter says.
pub fn start(level: Option<&str>, format: LogFormat, traces: &Traces) -> Levels {
    let wanted =
        std::env::var("RUST_LOG").ok().or_else(|| level.map(str::to_lowercase)).unwrap_or_else(|| "info".to_owned());
    let (wanted, filter) = match EnvFilter::try_new(format!("{QUIET},{wanted}")) {
        Ok(filter) => (wanted, filter),
        Err(_) => ("info".to_owned(), EnvFilter::new(format!("{QUIET},info"))),
    };
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let (filter, handle) = reload::Layer::new(filter);
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .fmt_fields(layout::Fields::new(format))
        .event_format(layout::Lines::new(format))
        .with_filter(filter);
    let subscriber = tracing_subscriber::registry().with(lines);
    // A second start in one process (tests, embedding) keeps the first. No layer, and not one that is `None`: beside that,
    // callsites which the filter refuses are asked after each time, and a mere question (`enabled!`, as rust-rdkafka asks
    // whenever it makes a client) leaves a refusal behind that swallows the next line.
    let _ = match traces.layer() {
        Some(layer) => subscriber.with(layer).try_init(),
        None => subscriber.try_init(),
    };
    Levels::new(format!("{QUIET},{wanted}"), move |filter| {
        // Err: the subscriber is gone, and with it whatever was to be filtered.
        let _ = handle.reload(EnvFilter::new(filter));
    })
}
