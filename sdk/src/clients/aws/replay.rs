//! An HTTP client for tests: it responds from a list and records the requests.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_secretsmanager::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

use crate::clients::Clients;

type Answer = (u16, &'static str);

/// The last response is repeated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay {
    answers: Arc<Mutex<Vec<Answer>>>,
    requests: Arc<Mutex<Vec<(String, String)>>>,
    #[cfg(feature = "otel")]
    pub(crate) trace_headers: Arc<Mutex<Vec<String>>>,
}

impl Replay {
    /// Creates a registry whose AWS clients get these responses, without retries.
    pub(crate) fn new(answers: &[Answer]) -> (Clients, Self) {
        let replay = Self { answers: Arc::new(Mutex::new(answers.to_vec())), ..Self::default() };
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(SharedHttpClient::new(replay.clone()))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("key", "secret", None, None, "test")))
            .region(Region::new("us-east-1"))
            .retry_config(RetryConfig::disabled())
            .build();
        let clients = Clients::new();
        clients.insert(config);
        (clients, replay)
    }

    /// Returns the requests so far: URI and body.
    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        self.requests.lock().unwrap().clone()
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        self.requests.lock().unwrap().push((request.uri().to_owned(), body));
        #[cfg(feature = "otel")]
        self.trace_headers.lock().unwrap().extend(request.headers().get("x-amzn-trace-id").map(str::to_owned));
        let mut answers = self.answers.lock().unwrap();
        let (status, body) = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}

impl HttpClient for Replay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
