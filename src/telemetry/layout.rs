//! How a line of the log looks: for people, or one JSON object.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{self, DefaultFields, Full, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// `walcast.log.format`, `--log-format`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    #[default]
    Human,
    /// Fields beside `timestamp`, `level`, `target` and `message`; the connector is in `span`.
    Json,
}

impl LogFormat {
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_lowercase().as_str() {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Either layout of a whole line, under one type.
pub(super) enum Lines {
    Human(format::Format<Full>),
    Json(format::Format<Json>),
}

impl Lines {
    pub(super) fn new(format: LogFormat) -> Self {
        match format {
            LogFormat::Human => Self::Human(format::format()),
            LogFormat::Json => Self::Json(format::format().json().flatten_event(true).with_span_list(false)),
        }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        match self {
            Self::Human(lines) => lines.format_event(context, writer, event),
            Self::Json(lines) => lines.format_event(context, writer, event),
        }
    }
}

/// The same for the fields of a span.
pub(super) struct Fields {
    format: LogFormat,
    human: DefaultFields,
    json: JsonFields,
}

impl Fields {
    pub(super) fn new(format: LogFormat) -> Self {
        Self { format, human: DefaultFields::new(), json: JsonFields::new() }
    }
}

impl<'writer> FormatFields<'writer> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        match self.format {
            LogFormat::Human => self.human.format_fields(writer, fields),
            LogFormat::Json => self.json.format_fields(writer, fields),
        }
    }
}
