//! Typed parameters, from the registry and from a request.

use super::*;
use crate::clients::{Clients, Warm};

struct Retries(u8);

impl FromParameter for Retries {
    fn parameter_id(_: &Variables) -> Result<ParameterId, ParameterError> {
        Ok(ParameterId::new("/retries"))
    }

    fn from_parameter(value: &ParameterValue) -> Result<Self, BoxError> {
        Ok(Self(value.json()?))
    }
}

#[tokio::test(start_paused = true)]
async fn a_typed_parameter_is_decoded_once_and_warmed_from_the_registry() {
    let stub = Stub::with([("/retries", "3")]);
    let clients = Clients::new();
    clients.insert(stub.parameters());
    Parameter::<Retries>::warm(&clients).await.unwrap();
    let parameters: Parameters = clients.get().await.unwrap();
    let (one, two) = (parameters.typed::<Retries>().await.unwrap(), parameters.typed::<Retries>().await.unwrap());
    assert_eq!(one.0.0, 3);
    assert!(Arc::ptr_eq(&one.0, &two.0));
    assert_eq!(stub.asked().len(), 1);
}

#[cfg(feature = "http")]
#[tokio::test(start_paused = true)]
async fn a_request_brings_its_registry_and_a_parameter_that_cannot_be_had_is_an_opaque_500() {
    use axum_core::extract::FromRequestParts;

    let stub = Stub::with([("/retries", "3")]);
    let clients = Clients::new();
    clients.insert(stub.parameters());
    let (mut parts, ()) = ::http::Request::new(()).into_parts();
    parts.extensions.insert(clients.clone());
    let retries = Parameter::<Retries>::from_request_parts(&mut parts, &()).await.unwrap();
    assert_eq!(retries.0.0, 3);

    stub.put("/retries", "hunter2");
    clients.insert(stub.parameters());
    let error = Parameter::<Retries>::from_request_parts(&mut parts, &()).await.unwrap_err();
    assert_eq!((error.status().as_u16(), error.detail()), (500, None));
    let said = "parameter `/retries` is not valid JSON: see line 1, column 1";
    assert!(error.chain().iter().any(|line| line == said), "{:?}", error.chain());
}

struct Limit(u8);

impl FromParameter for Limit {
    fn parameter_id(_: &Variables) -> Result<ParameterId, ParameterError> {
        Ok(ParameterId::new("/limit"))
    }

    fn from_parameter(value: &ParameterValue) -> Result<Self, BoxError> {
        Ok(Self(value.json()?))
    }
}

#[tokio::test(start_paused = true)]
async fn the_layer_has_all_declared_ones_fetched_at_once_and_as_fresh_as_it_is_asked_for() {
    use tower::{Layer, ServiceExt, service_fn};

    use crate::FunctionError;
    use crate::core::invocation::Invocation;
    use crate::core::raw::Incoming;

    let stub = Stub::with([("/retries", "3"), ("/limit", "20")]);
    let clients = Clients::new();
    clients.insert(stub.parameters());
    let declared = ParametersLayer::new().parameter::<Retries>().parameter::<Limit>().clients(clients.clone());
    let call = async |layer: &ParametersLayer| {
        let clients = clients.clone();
        let handler = service_fn(move |_: Incoming| {
            let clients = clients.clone();
            async move {
                let parameters: Parameters = clients.get().await.map_err(FunctionError::from_error)?;
                let limit = parameters.typed::<Limit>().await.map_err(FunctionError::from_error)?;
                crate::Outgoing::serialize(&limit.0.0).map_err(FunctionError::from_error)
            }
        });
        let event = serde_json::value::to_raw_value("").unwrap();
        let incoming =
            Incoming { event: event.into(), invocation: Invocation::new(lambda_runtime::Context::default()) };
        layer.layer(handler).oneshot(incoming).await
    };
    let both = [vec!["/retries".to_owned(), "/limit".to_owned()]];
    assert_eq!(call(&declared).await.unwrap().as_json().unwrap().get(), "20");
    assert_eq!(stub.asked(), both, "in one call, and the handler asks no more");

    stub.put("/limit", "30");
    advance(20 * SECOND).await;
    assert_eq!(call(&declared).await.unwrap().as_json().unwrap().get(), "20");
    assert!(stub.asked().is_empty());
    assert_eq!(call(&declared.clone().max_age(10 * SECOND)).await.unwrap().as_json().unwrap().get(), "30");
    assert_eq!(stub.asked(), both);
    call(&declared.clone().force()).await.unwrap();
    assert_eq!(stub.asked(), both);

    stub.put("/limit", "many");
    let error = call(&declared.force()).await.unwrap_err();
    assert_eq!(error.error_type(), "ParameterUnavailable");
    assert!(error.to_string().contains("`/limit`"), "{error}");
}

struct Encrypted;

impl ParameterSource for Encrypted {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        Ok(ParameterValue::from_text(id, "3").with_kind(ParameterKind::SecureString))
    }
}

#[tokio::test]
async fn a_ciphertext_is_not_taken_for_the_value() {
    let error = Parameters::from_source(Encrypted).typed::<Retries>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "parameter `/retries` is a `SecureString` that was not decrypted; read it with `decrypt`"
    );
}
