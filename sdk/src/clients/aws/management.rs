//! Clients of the management API of WebSocket APIs, each of one endpoint.

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// Returns a client of an endpoint, with the configuration of all clients.
pub(crate) fn management_client(shared: &SdkConfig, endpoint: &str) -> Client {
    let mut config = Builder::from(shared).endpoint_url(endpoint).retry_classifier(Throttled);
    // The SDK accepts neither with an endpoint, which names the host as it is.
    config.set_use_fips(Some(false)).set_use_dual_stack(Some(false));
    #[cfg(feature = "otel")]
    let config = config.interceptor(super::spans::CallSpans);
    Client::from_conf(config.build())
}

/// Retries a 429. Its code is `LimitExceededException`, which the SDK takes for a quota that no retry changes.
#[derive(Debug)]
struct Throttled;

impl ClassifyRetry for Throttled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "PilasterThrottledConnections"
    }
}
