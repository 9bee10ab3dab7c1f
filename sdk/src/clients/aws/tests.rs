use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

use super::*;

/// Answers every request with this status and body, and keeps the URIs.
#[derive(Clone, Debug)]
struct Replay {
    status: u16,
    body: &'static str,
    uris: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.uris.lock().unwrap().push(request.uri().to_owned());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(self.status.try_into().unwrap(), SdkBody::from(self.body))))
    }
}

impl HttpClient for Replay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn answering(status: u16, body: &'static str) -> (Clients, Replay) {
    let replay = Replay { status, body, uris: Arc::default() };
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

async fn dynamodb_error(status: u16, body: &'static str) -> impl StdError + Send + Sync + 'static {
    let client: aws_sdk_dynamodb::Client = answering(status, body).0.get().await.unwrap();
    client.describe_table().table_name("t").send().await.unwrap_err()
}

async fn transaction_error(body: &'static str) -> impl StdError + Send + Sync + 'static {
    let client: aws_sdk_dynamodb::Client = answering(400, body).0.get().await.unwrap();
    client.transact_get_items().send().await.unwrap_err()
}

async fn secret_error(body: &'static str) -> impl StdError + Send + Sync + 'static {
    let client: aws_sdk_secretsmanager::Client = answering(400, body).0.get().await.unwrap();
    client.get_secret_value().secret_id("s").send().await.unwrap_err()
}

#[tokio::test]
async fn an_error_of_the_services_model_is_known_by_its_type() {
    let client: aws_sdk_dynamodb::Client = answering(
        400,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slower"}"#,
    )
    .0
    .get()
    .await
    .unwrap();
    let error = client.scan().table_name("t").send().await.unwrap_err();
    assert!(throttled(&error));
    assert!(throttled(&aws_sdk_dynamodb::Error::from(error)), "also as the crate's own error");
}

#[tokio::test]
async fn an_error_that_no_model_names_is_known_by_its_code() {
    assert!(throttled(&secret_error(r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#).await));
    assert!(throttled(&dynamodb_error(400, r#"{"__type":"com.amazon.coral.availability#ThrottlingException"}"#).await));
}

#[tokio::test]
async fn an_error_is_found_below_the_callers_own() {
    let source = secret_error(r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#).await;
    let own = std::io::Error::other(crate::FunctionError::new("Save", "not saved").with_source(source));
    assert!(throttled(&own));
}

#[tokio::test]
async fn other_errors_are_not_throttling() {
    assert!(!throttled(
        &dynamodb_error(400, r#"{"__type":"ResourceNotFoundException","message":"no such table"}"#).await
    ));
    assert!(!throttled(&dynamodb_error(500, r#"{"__type":"InternalServerError","message":"sorry"}"#).await));
    assert!(!throttled(&secret_error(r#"{"__type":"LimitExceededException","message":"too many secrets"}"#).await));
    assert!(!throttled(&std::io::Error::other("ThrottlingException: only a text")));
}

#[tokio::test]
async fn a_transaction_is_throttled_unless_it_failed_for_another_reason_too() {
    const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons":[{"Code":"None"},{"Code":"ThrottlingError"}]}"#;
    const REFUSED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons":[{"Code":"ConditionalCheckFailed"},{"Code":"ThrottlingError"}]}"#;
    assert!(throttled(&transaction_error(THROTTLED).await));
    assert!(!throttled(&transaction_error(REFUSED).await));
}

#[tokio::test]
async fn all_clients_share_what_was_inserted() {
    let (clients, replay) = answering(200, "{}");
    clients.get::<aws_sdk_dynamodb::Client>().await.unwrap().list_tables().send().await.unwrap();
    clients.get::<aws_sdk_secretsmanager::Client>().await.unwrap().list_secrets().send().await.unwrap();
    let uris = replay.uris.lock().unwrap();
    assert_eq!(*uris, ["https://dynamodb.us-east-1.amazonaws.com/", "https://secretsmanager.us-east-1.amazonaws.com/"]);
}

#[tokio::test]
async fn retries_begin_within_100_ms() {
    let config: SdkConfig = Clients::new().get().await.unwrap();
    let retries = config.retry_config().unwrap();
    assert_eq!((retries.initial_backoff(), retries.max_backoff()), (FIRST_RETRY, LONGEST_RETRY));
    assert_eq!(config.timeout_config().unwrap().connect_timeout(), Some(CONNECT_TIMEOUT));
}
