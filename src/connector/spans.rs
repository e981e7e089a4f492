//! Spans of a connector's work, for traces: its run, and within it connecting, the snapshot table by table, and streaming.
//! Never of rows or of the source's transactions. They hold names and counts, no value and no secret; each the slot, for
//! the span of the run, which is around them, is sent last.
//!
//! They are told apart from what the log says by their target, and reach nobody but `telemetry::traces`. Without the feature
//! `opentelemetry` there are none: every call here is empty, and a future goes back as it came.

use crate::words::table::CatalogTable;

use super::{Config, Meters};

/// A piece of work that takes its time.
#[derive(Debug)]
pub(super) struct Span {
    #[cfg(feature = "opentelemetry")]
    span: tracing::Span,
}

/// A span of this name, with these attributes.
macro_rules! span {
    ($name:literal $(, $($told:tt)*)?) => {
        Span {
            #[cfg(feature = "opentelemetry")]
            span: tracing::info_span!(
                target: "otel",
                $name,
                otel.status_code = tracing::field::Empty,
                otel.status_description = tracing::field::Empty,
                $($($told)*)?
            ),
        }
    };
}

#[cfg_attr(not(feature = "opentelemetry"), allow(unused_variables))]
impl Span {
    /// From the start until it is stopped or fails for good.
    pub(super) fn run(config: &Config) -> Self {
        span!("connector", walcast.connector = config.name, walcast.slot = config.slot)
    }

    /// To the database and to where the records go.
    pub(super) fn connecting(config: &Config) -> Self {
        span!(
            "connecting",
            walcast.connector = config.name,
            walcast.slot = config.slot,
            db.system.name = "postgresql",
            db.namespace = config.address.database,
            server.address = config.address.host,
            server.port = config.address.port,
        )
    }

    pub(super) fn snapshot(config: &Config) -> Self {
        span!("snapshot", walcast.connector = config.name, walcast.slot = config.slot)
    }

    pub(super) fn table(meters: &Meters, table: &CatalogTable) -> Self {
        span!(
            "table",
            walcast.slot = meters.about().slot,
            walcast.rows = tracing::field::Empty,
            db.system.name = "postgresql",
            db.collection.name = format!("{}.{}", table.schema, table.name),
        )
    }

    pub(super) fn streaming(config: &Config) -> Self {
        span!("streaming", walcast.connector = config.name, walcast.slot = config.slot)
    }

    /// Rows read so far.
    pub(super) fn rows(&self, rows: u64) {
        #[cfg(feature = "opentelemetry")]
        self.span.record("walcast.rows", rows);
    }

    /// All of `work` is in this span, and so is why it failed.
    #[cfg(feature = "opentelemetry")]
    pub(super) async fn around<T, E: std::fmt::Display>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let done = tracing::Instrument::instrument(work, self.span.clone()).await;
        if let Err(why) = &done {
            self.span
                .record("otel.status_code", "ERROR")
                .record("otel.status_description", tracing::field::display(why));
        }
        done
    }

    #[cfg(not(feature = "opentelemetry"))]
    pub(super) fn around<F: Future>(&self, work: F) -> F {
        work
    }
}

/// Tells of commits, or of the offsets that are stored instead, but of one a second at most: a stream that often has nothing
/// to read commits often.
#[derive(Debug, Default)]
pub(super) struct Commits {
    #[cfg(feature = "opentelemetry")]
    last: Option<std::time::Instant>,
}

impl Commits {
    /// A trace of its own, linked to what it commits: a stream that runs for months would become a trace without end.
    #[cfg(feature = "opentelemetry")]
    pub(super) fn begin(&mut self, meters: &Meters, transactional: bool) -> Span {
        const APART: std::time::Duration = std::time::Duration::from_secs(1);
        if self.last.is_some_and(|last| last.elapsed() < APART) {
            return Span { span: tracing::Span::none() };
        }
        self.last = Some(std::time::Instant::now());
        let name = if transactional { "commit transaction" } else { "store offset" };
        let slot = meters.about().slot;
        let span = tracing::info_span!(target: "otel", parent: None, "commit", otel.name = name, walcast.slot = slot);
        span.follows_from(tracing::Span::current());
        Span { span }
    }

    #[cfg(not(feature = "opentelemetry"))]
    pub(super) fn begin(&mut self, _: &Meters, _: bool) -> Span {
        Span {}
    }
}
