//! Traces, by OTLP over HTTP: the one door of OpenTelemetry, open only with the feature of that name.
//!
//! What is traced are `tracing` spans of the target `otel`, which rooms make where work begins and ends, and the log's own
//! lines within them from INFO up. The standard environment variables say where traces go and how many; when they name no
//! collector, none is looked for. The SDK batches on a thread of its own and drops what it has no room for, so a collector
//! that is slow or away costs nobody time.

use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::post::{Post, Trouble};

/// Spans for traces are made with this target.
const TARGET: &str = "otel";
/// How long a stop waits for the last spans to be taken.
const FLUSH: Duration = Duration::from_secs(3);
/// `OTEL_EXPORTER_OTLP_TIMEOUT`, when it is not set.
const POST_WITHIN: Duration = Duration::from_secs(10);

/// Where traces go, if anywhere.
#[derive(Debug)]
pub struct Traces {
    provider: Option<SdkTracerProvider>,
}

impl Traces {
    pub fn none() -> Self {
        Self { provider: None }
    }

    /// As the standard variables say. To be called on a runtime, which carries what is sent.
    pub fn from_environment() -> Self {
        if !is_wanted(environment) {
            return Self::none();
        }
        match exporter() {
            Ok(exporter) => {
                let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource());
                Self { provider: Some(provider.build()) }
            }
            Err(why) => {
                complain(&why);
                Self::none()
            }
        }
    }

    pub(super) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer = self.provider.as_ref()?.tracer("walcast");
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_level(false)
            .with_target(false);
        Some(layer.with_filter(filter_fn(is_told).with_max_level_hint(LevelFilter::INFO)))
    }

    /// Sends what has not been sent, for as long as a stop may take.
    pub async fn finish(self) {
        let Some(provider) = self.provider else { return };
        let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH)).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the collector did not take the last traces in time");
        }
    }
}

/// Makes `span` a part of the caller's trace, if the request says that it belongs to one (`traceparent`).
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    let caller = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
    if caller.span().span_context().is_valid() {
        // Err: nothing is traced.
        let _ = span.set_parent(caller);
    }
}

/// Gives a span that has begun another name, which `tracing` cannot.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

fn is_told(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() {
        metadata.target() == TARGET
    } else {
        metadata.target().starts_with("walcast") && *metadata.level() <= LevelFilter::INFO
    }
}

/// Somebody named a collector, or asked for the one beside us, and nobody switched it off.
fn is_wanted(variable: impl Fn(&str) -> Option<String>) -> bool {
    let disabled = told(&variable, "OTEL_SDK_DISABLED").is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    !disabled
        && match told(&variable, "OTEL_TRACES_EXPORTER") {
            Some(exporters) => exporters.split(',').any(|exporter| exporter.trim() == "otlp"),
            None => setting(&variable, "ENDPOINT").is_some(),
        }
}

/// Empty is not set.
fn told(variable: impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    variable(name).filter(|value| !value.trim().is_empty())
}

/// The variable of traces, else that of all signals.
fn setting(variable: impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    let of = |prefix: &str| told(&variable, &format!("{prefix}_{name}"));
    of("OTEL_EXPORTER_OTLP_TRACES").or_else(|| of("OTEL_EXPORTER_OTLP"))
}

fn environment(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn exporter() -> Result<Exporter, String> {
    let setting = |name| setting(environment, name);
    if let Some(protocol) = setting("PROTOCOL").filter(|protocol| protocol != "http/protobuf") {
        return Err(format!("OTEL_EXPORTER_OTLP_PROTOCOL={protocol}: expected http/protobuf"));
    }
    let secured = setting("ENDPOINT").is_some_and(|endpoint| endpoint.starts_with("https:"));
    let within =
        setting("TIMEOUT").and_then(|text| text.trim().parse().ok()).map_or(POST_WITHIN, Duration::from_millis);
    let post = Post::new(secured, setting("CERTIFICATE").as_deref(), within).map_err(|e| e.to_string())?;
    let trouble = post.trouble();
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
    let inner = exporter.with_http_client(post).build().map_err(|e| e.to_string())?;
    Ok(Exporter { inner, trouble, failing: AtomicBool::new(false) })
}

/// Who we are, where the environment does not say otherwise.
fn resource() -> Resource {
    let told = Resource::builder().build();
    let name = told.get(&Key::from_static_str("service.name")).map(|name| name.to_string());
    let mut resource = Resource::builder();
    if name.is_none_or(|name| name.starts_with("unknown_service")) {
        resource = resource.with_service_name("walcast");
    }
    if told.get(&Key::from_static_str("service.version")).is_none() {
        resource = resource.with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    }
    resource.build()
}

/// Before the log has begun, so that whoever starts the program sees it.
#[allow(clippy::print_stderr)]
fn complain(why: &str) {
    eprintln!("walcast: traces are not exported: {why}");
}

/// Says once that traces are not taken, and once that they are again.
#[derive(Debug)]
struct Exporter {
    inner: opentelemetry_otlp::SpanExporter,
    trouble: Trouble,
    failing: AtomicBool,
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let done = self.inner.export(batch).await;
        match &done {
            Ok(()) if self.failing.swap(false, Ordering::Relaxed) => tracing::info!("traces are exported again"),
            Err(error) if !self.failing.swap(true, Ordering::Relaxed) => {
                let why = self.trouble.take().unwrap_or_else(|| error.to_string());
                let remedy = "look at OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS";
                tracing::warn!(remedy, "traces are dropped, for the collector does not take them: {why}");
            }
            _ => {}
        }
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(set: &[(&str, &str)]) -> bool {
        is_wanted(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_is_exported_unless_somebody_asks_for_it() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        assert!(!wanted(&[]));
        assert!(!wanted(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), "empty is not set");
        assert!(!wanted(&[("OTEL_SERVICE_NAME", "walcast")]));
        assert!(wanted(&[endpoint]));
        assert!(wanted(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces")]));
        assert!(wanted(&[("OTEL_TRACES_EXPORTER", "otlp")]));
        assert!(!wanted(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]));
        assert!(!wanted(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]));
        assert!(wanted(&[endpoint, ("OTEL_SDK_DISABLED", "false")]));
    }
}
