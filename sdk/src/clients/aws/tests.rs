use super::replay::Replay;
use super::*;

fn answering(status: u16, body: &'static str) -> Clients {
    Replay::new(&[(status, body)]).0
}

async fn dynamodb_error(status: u16, body: &'static str) -> impl StdError + Send + Sync + 'static {
    let client: aws_sdk_dynamodb::Client = answering(status, body).get().await.unwrap();
    client.describe_table().table_name("t").send().await.unwrap_err()
}

async fn transaction_error(body: &'static str) -> impl StdError + Send + Sync + 'static {
    let client: aws_sdk_dynamodb::Client = answering(400, body).get().await.unwrap();
    client.transact_get_items().send().await.unwrap_err()
}

async fn secret_error(body: &'static str) -> impl StdError + Send + Sync + 'static {
    let client: aws_sdk_secretsmanager::Client = answering(400, body).get().await.unwrap();
    client.get_secret_value().secret_id("s").send().await.unwrap_err()
}

#[tokio::test]
async fn an_error_of_the_services_model_is_known_by_its_type() {
    let client: aws_sdk_dynamodb::Client = answering(
        400,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slower"}"#,
    )
    .get()
    .await
    .unwrap();
    let error = client.scan().table_name("t").send().await.unwrap_err();
    assert!(throttled(&error));
    let error = aws_sdk_dynamodb::Error::from(error);
    assert!(throttled(&error), "also as the crate's own error");
    assert!(throttled(&Box::new(error)), "and in a box");
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
    let source = secret_error(r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#).await;
    assert!(throttled(&Box::new(source)));
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
    let (clients, replay) = Replay::new(&[(200, "{}")]);
    clients.get::<aws_sdk_dynamodb::Client>().await.unwrap().list_tables().send().await.unwrap();
    clients.get::<aws_sdk_secretsmanager::Client>().await.unwrap().list_secrets().send().await.unwrap();
    let uris: Vec<String> = replay.requests().into_iter().map(|(uri, _)| uri).collect();
    assert_eq!(uris, ["https://dynamodb.us-east-1.amazonaws.com/", "https://secretsmanager.us-east-1.amazonaws.com/"]);
}

#[tokio::test]
async fn retries_begin_within_100_ms() {
    let config: SdkConfig = Clients::new().get().await.unwrap();
    let retries = config.retry_config().unwrap();
    assert_eq!((retries.initial_backoff(), retries.max_backoff()), (FIRST_RETRY, LONGEST_RETRY));
    assert_eq!(config.timeout_config().unwrap().connect_timeout(), Some(CONNECT_TIMEOUT));
}

#[cfg(feature = "s3")]
#[tokio::test]
async fn s3_is_called_path_style_where_the_endpoint_is_ones_own() {
    for (endpoint, uri) in [
        (None, "https://bucket.s3.us-east-1.amazonaws.com/key?x-id=GetObject"),
        (Some("http://localhost:4566"), "http://localhost:4566/bucket/key?x-id=GetObject"),
    ] {
        let (clients, replay) = Replay::new(&[(200, "")]);
        let mut config = clients.get::<SdkConfig>().await.unwrap().into_builder();
        config.set_endpoint_url(endpoint.map(str::to_owned));
        clients.insert(config.build());
        let s3: aws_sdk_s3::Client = clients.get().await.unwrap();
        s3.get_object().bucket("bucket").key("key").send().await.unwrap();
        assert_eq!(replay.requests()[0].0, uri);
    }
}
