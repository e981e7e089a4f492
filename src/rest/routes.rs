//! Which path leads to which call.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{self, Access};
use super::respond::bare_error;
use super::{Shared, connectors, guard, intake, life, loggers, negotiate, offsets, openapi, own, plugins, worker};

pub(super) fn router(shared: Arc<Shared>, access: Arc<Access>, local: Option<SocketAddr>) -> Router {
    let (connects, _) = connects().split_for_parts();
    let connects = connects
        // As Jersey has it.
        .route("/connectors/", get(connectors::list).post(connectors::create))
        .route("/connectors/{name}/", get(connectors::info).delete(connectors::delete))
        .route("/connector-plugins/", get(plugins::list))
        .route("/admin/loggers/", get(loggers::list))
        .route_layer(from_fn(negotiate::json_only));
    let routes = connects
        .route("/openapi.json", get(async || Json(document())))
        .merge(own::router())
        .fallback(async || bare_error(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || bare_error(StatusCode::METHOD_NOT_ALLOWED))
        // `intake` is stricter.
        .layer(DefaultBodyLimit::disable())
        .with_state(shared);
    #[cfg(feature = "opentelemetry")]
    let routes = routes.layer(from_fn(super::spans::route));
    // Around the routes as a whole, for the methods of a path are known there only.
    let router = Router::new()
        .fallback_service(routes)
        .layer(from_fn_with_state(intake::room(), intake::whole_body))
        .layer(from_fn(negotiate::own_words))
        .layer(from_fn(negotiate::options))
        .layer(from_fn_with_state(access, access::authorise))
        .layer(from_fn_with_state(Arc::new(local), guard::same_origin));
    #[cfg(feature = "opentelemetry")]
    let router = router.layer(from_fn(super::spans::request));
    router
}

/// Made when it is asked for: as a tree that is kept, and copied by the router, it was a third of all memory allocated at rest.
fn document() -> utoipa::openapi::OpenApi {
    connects().split_for_parts().1
}

/// Connect's own interface, with what it says of itself.
fn connects() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(worker::root))
        .routes(routes!(worker::health))
        .routes(routes!(connectors::list, connectors::create))
        .routes(routes!(connectors::info, connectors::delete))
        .routes(routes!(connectors::config, connectors::put_config, connectors::patch_config))
        .routes(routes!(connectors::tasks))
        .routes(routes!(connectors::topics))
        .routes(routes!(connectors::reset_topics))
        .routes(routes!(life::status))
        .routes(routes!(life::task_status))
        .routes(routes!(life::restart_task))
        .routes(routes!(life::restart))
        .routes(routes!(life::pause))
        .routes(routes!(life::resume))
        .routes(routes!(life::stop))
        .routes(routes!(offsets::show, offsets::alter, offsets::reset))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::config))
        .routes(routes!(plugins::validate))
        .routes(routes!(loggers::list))
        .routes(routes!(loggers::show, loggers::set))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Each `$ref` of the document.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn the_document_tells_of_every_call_and_refers_to_nothing_that_is_missing() {
        let document = serde_json::to_value(document()).unwrap();
        let methods = |path: &str| {
            let mut methods: Vec<_> = document["paths"][path].as_object().unwrap().keys().cloned().collect();
            methods.sort();
            methods
        };
        assert_eq!(document["paths"].as_object().unwrap().len(), 21);
        assert_eq!(methods("/connectors"), ["get", "post"]);
        assert_eq!(methods("/connectors/{name}/offsets"), ["delete", "get", "patch"]);
        assert_eq!(methods("/admin/loggers/{logger}"), ["get", "put"]);
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap_or_default();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }
}
