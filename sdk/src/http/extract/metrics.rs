//! [`Metrics`] as an extractor of HTTP functions.

use std::convert::Infallible;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use crate::observe::metrics::Metrics;

impl<S: Send + Sync> FromRequestParts<S> for Metrics {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of_invocation())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;
    use crate::core::invocation::Invocation;
    use crate::core::raw::Incoming;
    use crate::http::HttpError;
    use crate::observe::metrics::{CapturedMetrics, MetricsLayer};

    #[tokio::test]
    async fn metrics_are_an_argument_of_http_functions() {
        async fn place(metrics: Metrics) -> Result<String, HttpError> {
            metrics.count("Orders", 1)?;
            Ok("placed".to_owned())
        }
        let captured = CapturedMetrics::default();
        let layer = MetricsLayer::new().namespace("Shop").writer(captured.clone());
        let service = crate::handler(place).outer(layer).into_service().unwrap();
        let event = json!({
            "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {},
            "requestContext": {"http": {"method": "GET", "path": "/"}, "stage": "$default"}, "isBase64Encoded": false,
        });
        let event = crate::RawEvent::parse(event.to_string()).unwrap();
        let invocation = Invocation::new(lambda_runtime::Context::default());
        let response = service.oneshot(Incoming { event, invocation }).await.unwrap();
        assert!(response.as_json().is_some_and(|json| json.get().contains("placed")), "{response:?}");
        assert_eq!(captured.values("Orders"), [1.0]);
    }
}
