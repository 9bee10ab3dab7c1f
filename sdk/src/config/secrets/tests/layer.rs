//! Declared secrets, warm-up and the extractor.

use super::*;

async fn through_the_layer(clients: Clients) -> Result<String, crate::FunctionError> {
    let layer = SecretsLayer::new().secret::<Database>().secret::<ApiKey>().clients(clients);
    let inner = service_fn(|incoming: Incoming| async move { crate::Outgoing::try_from(incoming.event) });
    let event = crate::RawEvent::parse("42").unwrap();
    let incoming = Incoming { event, invocation: Invocation::new(lambda_runtime::Context::default()) };
    layer.layer(inner).oneshot(incoming).await.map(|response| response.as_json().unwrap().get().to_owned())
}

#[tokio::test(start_paused = true)]
async fn declared_secrets_are_fetched_together_before_the_handler() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    stub.put("key", "k");
    let clients = registry(&stub);
    let began = Instant::now();
    assert_eq!(through_the_layer(clients.clone()).await.unwrap(), "42");
    assert_eq!(began.elapsed(), SECOND, "both at once");
    through_the_layer(clients.clone()).await.unwrap();
    assert_eq!(began.elapsed(), SECOND, "and from the cache");
    let key = clients.get::<Secrets>().await.unwrap().typed::<ApiKey>().await.unwrap();
    assert_eq!(key.0.0.expose_secret(), "k");
}

#[tokio::test(start_paused = true)]
async fn a_declared_secret_that_fails_ends_the_invocation_by_name_unless_there_is_a_last_good_value() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let clients = registry(&stub);
    let error = through_the_layer(clients.clone()).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("SecretUnavailable", "could not get secret `key`"));
    assert_eq!(chain(&error), ["could not get secret `key`", "there is no such secret"]);

    stub.put("key", "k");
    through_the_layer(clients.clone()).await.unwrap();
    stub.remove("key");
    advance(Duration::from_secs(1000)).await;
    assert!(through_the_layer(clients).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_was_warmed_is_not_fetched_again() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let clients = registry(&stub);
    Secret::<Database>::warm(&clients).await.unwrap();
    password(&clients.get::<Secrets>().await.unwrap()).await;
    assert_eq!(stub.fetches(), 1);
}

#[cfg(feature = "http")]
#[tokio::test(start_paused = true)]
async fn as_an_extractor_it_comes_from_the_registry_of_the_request() {
    use axum_core::extract::FromRequestParts;

    let mut request = http::Request::new(());
    request.extensions_mut().insert(registry(&Stub::with("db", r#"{"password": "a"}"#)));
    let mut parts = request.into_parts().0;
    let Secret(database) = Secret::<Database>::from_request_parts(&mut parts, &()).await.unwrap();
    assert_eq!(database.password, "a");
    let missing = Secret::<ApiKey>::from_request_parts(&mut parts, &()).await;
    assert_eq!(missing.unwrap_err().status(), 500);
}
