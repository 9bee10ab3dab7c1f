use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde::Deserialize;
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, ServiceExt, service_fn};

use super::rotation::UNCHANGED_PAUSE;
use super::*;
use crate::clients::{Variables, Warm, replay::Replay};
use crate::core::error::chain;
use crate::core::invocation::Invocation;
use crate::core::raw::Incoming;

const SECOND: Duration = Duration::from_secs(1);

/// A source that holds texts by name, with a version; each fetch takes a second.
#[derive(Clone, Default)]
struct Stub {
    values: Arc<Mutex<HashMap<String, (String, u32)>>>,
    fetches: Arc<AtomicUsize>,
}

impl Stub {
    fn with(name: &str, text: &str) -> Self {
        let stub = Self::default();
        stub.put(name, text);
        stub
    }

    /// A new version of the secret.
    fn put(&self, name: &str, text: &str) {
        let mut values = self.values.lock().unwrap();
        let version = values.get(name).map_or(1, |(_, version)| version + 1);
        values.insert(name.to_owned(), (text.to_owned(), version));
    }

    fn remove(&self, name: &str) {
        self.values.lock().unwrap().remove(name);
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn secrets(&self) -> Secrets {
        Secrets::from_source(self.clone())
    }
}

impl SecretSource for Stub {
    async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
        sleep(SECOND).await;
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let name = [id.name(), id.version_stage().unwrap_or(""), id.version_id().unwrap_or("")].concat();
        match self.values.lock().unwrap().get(&name) {
            Some((text, version)) => Ok(SecretValue::from_text(id, text.as_str()).with_version(version.to_string())),
            None => Err("there is no such secret".into()),
        }
    }
}

#[derive(Deserialize)]
struct Database {
    password: String,
    #[serde(default)]
    #[allow(dead_code, reason = "only its shape is tested")]
    replicas: Vec<Replica>,
}

#[derive(Deserialize)]
struct Replica {
    #[allow(dead_code, reason = "only its shape is tested")]
    port: u16,
}

impl FromSecret for Database {
    fn secret_id(_: &Variables) -> Result<SecretId, SecretError> {
        Ok(SecretId::new("db"))
    }

    fn from_secret(value: &SecretValue) -> Result<Self, BoxError> {
        Ok(value.json()?)
    }
}

struct ApiKey(SecretString);

impl FromSecret for ApiKey {
    fn secret_id(_: &Variables) -> Result<SecretId, SecretError> {
        Ok(SecretId::new("key"))
    }

    fn from_secret(value: &SecretValue) -> Result<Self, BoxError> {
        Ok(Self(value.text()?.clone()))
    }
}

async fn password(secrets: &Secrets) -> String {
    secrets.typed::<Database>().await.unwrap().password.clone()
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_fetched_once_for_five_minutes() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    assert_eq!(password(&secrets).await, "a");
    stub.put("db", r#"{"password": "b"}"#);
    advance(Duration::from_secs(200)).await;
    assert_eq!(password(&secrets).await, "a");
    advance(Duration::from_secs(101)).await;
    assert_eq!(password(&secrets).await, "b");
    assert_eq!(stub.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_version_is_decoded_once() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let (one, two) = (secrets.typed::<Database>().await.unwrap(), secrets.typed::<Database>().await.unwrap());
    assert!(std::ptr::eq::<Database>(&*one, &*two));
}

#[tokio::test(start_paused = true)]
async fn stage_and_version_are_secrets_of_their_own() {
    let stub = Stub::with("db", "current");
    stub.put("dbAWSPENDING", "pending");
    stub.put("dbv7", "seventh");
    let secrets = stub.secrets();
    assert_eq!(secrets.get("db").text().await.unwrap().expose_secret(), "current");
    assert_eq!(secrets.get("db").stage("AWSPENDING").text().await.unwrap().expose_secret(), "pending");
    assert_eq!(secrets.get("db").version("v7").text().await.unwrap().expose_secret(), "seventh");
}

#[tokio::test(start_paused = true)]
async fn a_read_may_be_forced_or_bounded_in_age() {
    let stub = Stub::with("db", "a");
    let secrets = stub.secrets();
    secrets.get("db").text().await.unwrap();
    stub.put("db", "b");
    assert_eq!(secrets.get("db").max_age(Duration::from_secs(60)).text().await.unwrap().expose_secret(), "a");
    assert_eq!(secrets.get("db").force().text().await.unwrap().expose_secret(), "b");
    assert_eq!(secrets.get("db").text().await.unwrap().expose_secret(), "b", "and it is kept");
    secrets.get("db").max_age(Duration::ZERO).text().await.unwrap();
    assert_eq!(stub.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_is_an_error_with_its_name_and_the_reason() {
    let error = Stub::default().secrets().get("prod/db").stage("AWSPENDING").text().await.unwrap_err();
    assert!(error.is_unavailable());
    assert_eq!(error.secret(), Some("prod/db"));
    assert_eq!(chain(&error), ["could not get secret `prod/db` (stage AWSPENDING)", "there is no such secret"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_source_fails_the_last_good_value_is_used() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    password(&secrets).await;
    stub.remove("db");
    advance(Duration::from_secs(1800)).await;
    assert_eq!(password(&secrets).await, "a");
    advance(Duration::from_secs(3600)).await;
    assert!(secrets.typed::<Database>().await.unwrap_err().is_unavailable());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_shape_names_the_secret_and_the_field_and_no_value() {
    for (text, said) in [
        (r#"{"password": 12345}"#, "secret `db` does not match the expected type"),
        (r#"{"user": "hunter2"}"#, "secret `db` has no field `password`"),
        (r#"{"password": "hunter2", "replicas": [{}]}"#, "secret `db` has no field `port` in one of its objects"),
        (
            r#"{"password": "hunter2", "replicas": [{"port": "hunter2"}]}"#,
            "secret `db` does not match the expected type",
        ),
        (r#""hunter2""#, "secret `db` does not match the expected type"),
        ("hunter2", "secret `db` is not valid JSON: see line 1, column 1"),
        (r#"{"password": "a"} hunter2"#, "secret `db` is not valid JSON: see line 1, column 19"),
    ] {
        let error = Stub::with("db", text).secrets().typed::<Database>().await.unwrap_err();
        assert!(error.is_malformed());
        assert_eq!(chain(&error), [said]);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn text_is_no_binary_and_binary_no_text_and_both_may_be_json() {
    let id = SecretId::new("s");
    let text = SecretValue::from_text(&id, "[1]");
    let bytes = SecretValue::from_bytes(&id, b"[1]".to_vec());
    assert_eq!(text.binary().unwrap_err().to_string(), "secret `s` is text, not binary");
    assert_eq!(bytes.text().unwrap_err().to_string(), "secret `s` is binary, not text");
    assert_eq!(bytes.binary().unwrap().expose_secret(), b"[1]");
    assert_eq!(text.json::<Vec<u8>>().unwrap(), bytes.json::<Vec<u8>>().unwrap());
}

#[tokio::test(start_paused = true)]
async fn nothing_prints_a_secret() {
    let secrets = Stub::with("db", r#"{"password": "hunter2"}"#).secrets();
    let secret = secrets.typed::<Database>().await.unwrap();
    let printed = format!("{secret:?} {:?} {secrets:?} {:?}", secrets.get("db").value().await, secrets.get("db"));
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("[REDACTED]"));
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_gets_a_newer_version_and_all_who_are_refused_share_one_fetch() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let Secret(old) = secrets.typed::<Database>().await.unwrap();
    stub.put("db", r#"{"password": "b"}"#);
    for new in join_all((0..100).map(|_| old.fresh())).await {
        assert_eq!(new.unwrap().password, "b");
    }
    assert_eq!(old.fresh().await.unwrap().password, "b", "found in the cache");
    assert_eq!(password(&secrets).await, "b");
    assert_eq!(stub.fetches(), 2);
    assert_eq!(old.version(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_secret_without_a_newer_version_is_an_error_and_the_source_is_left_alone() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let Secret(old) = secrets.typed::<Database>().await.unwrap();
    for _ in 0..10 {
        let error = old.fresh().await.unwrap_err();
        assert!(error.is_unchanged());
        assert_eq!(error.to_string(), "secret `db` was rejected, and there is no newer version of it");
    }
    assert_eq!(stub.fetches(), 2);
    stub.put("db", r#"{"password": "b"}"#);
    advance(UNCHANGED_PAUSE).await;
    assert_eq!(old.fresh().await.unwrap().password, "b");
}

fn registry(stub: &Stub) -> Clients {
    let clients = Clients::new();
    clients.insert(stub.secrets());
    clients
}

async fn through_the_layer(clients: Clients) -> Result<String, crate::FunctionError> {
    let layer = SecretsLayer::new().secret::<Database>().secret::<ApiKey>().clients(clients);
    let inner =
        service_fn(
            |incoming: Incoming| async move { Ok::<crate::Outgoing, crate::FunctionError>(incoming.event.into()) },
        );
    let event = serde_json::value::RawValue::from_string("42".to_owned()).unwrap();
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

async fn read(answers: &[(u16, &'static str)], id: SecretId) -> (Result<SecretValue, SecretError>, Replay) {
    let (clients, replay) = Replay::new(answers);
    let secrets: Secrets = clients.get().await.unwrap();
    (secrets.get(id).value().await, replay)
}

#[tokio::test]
async fn secrets_manager_is_asked_for_the_version_and_the_stage() {
    let id = SecretId::new("db").version("v7").stage("AWSPENDING");
    let (value, replay) = read(&[(200, r#"{"SecretString": "a", "VersionId": "v7"}"#)], id).await;
    let value = value.unwrap();
    assert_eq!((value.text().unwrap().expose_secret(), value.version()), ("a", Some("v7")));
    let asked: serde_json::Value = serde_json::from_str(&replay.requests()[0].1).unwrap();
    assert_eq!(asked, serde_json::json!({"SecretId": "db", "VersionId": "v7", "VersionStage": "AWSPENDING"}));
}

#[tokio::test]
async fn secrets_manager_gives_bytes_as_well() {
    let (value, _) = read(&[(200, r#"{"SecretBinary": "aGVsbG8="}"#)], SecretId::new("s")).await;
    assert_eq!(value.unwrap().binary().unwrap().expose_secret(), b"hello");
}

#[tokio::test]
async fn a_request_that_expired_in_a_frozen_sandbox_is_sent_once_more() {
    const EXPIRED: (u16, &str) =
        (400, r#"{"__type": "InvalidSignatureException", "message": "Signature expired: old"}"#);
    let (value, replay) = read(&[EXPIRED, (200, r#"{"SecretString": "a"}"#)], SecretId::new("s")).await;
    assert!(value.is_ok());
    assert_eq!(replay.requests().len(), 2);
    let (value, replay) = read(&[EXPIRED], SecretId::new("s")).await;
    assert!(value.is_err());
    assert_eq!(replay.requests().len(), 2, "and not more often");
}

#[tokio::test]
async fn the_reason_of_the_service_stands_in_the_chain() {
    const NONE: (u16, &str) =
        (400, r#"{"__type": "ResourceNotFoundException", "message": "Secrets Manager can't find it"}"#);
    let (value, _) = read(&[NONE], SecretId::new("s")).await;
    let said = chain(&value.unwrap_err());
    assert_eq!(said[0], "could not get secret `s`");
    assert!(said.last().unwrap().contains("Secrets Manager can't find it"), "{said:?}");
}

#[cfg(feature = "http")]
#[tokio::test]
async fn where_aws_throttles_the_caller_is_told_to_come_back() {
    use axum_core::body::Body;
    use axum_core::extract::FromRequestParts;
    use axum_core::response::IntoResponse;

    const THROTTLED: (u16, &str) = (400, r#"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#);
    const DENIED: (u16, &str) = (400, r#"{"__type": "AccessDeniedException", "message": "role/app may not"}"#);
    for (answer, status, retry_after) in [(THROTTLED, 503, Some("1")), (DENIED, 500, None)] {
        let handler = service_fn(|request: http::Request<Body>| async move {
            let mut parts = request.into_parts().0;
            let secret = Secret::<ApiKey>::from_request_parts(&mut parts, &()).await;
            Ok::<_, std::convert::Infallible>(secret.map(drop).into_response())
        });
        let mut request = http::Request::new(Body::empty());
        request.extensions_mut().insert(Replay::new(&[answer]).0);
        let response = crate::http::ErrorLayer::new().layer(handler).oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().get("retry-after").map(|value| value.to_str().unwrap()), retry_after);
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body);
        assert!(!body.contains("Rate") && !body.contains("role") && !body.contains("key"), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_asked_for_anew_and_a_source_that_cannot_says_so() {
    #[derive(Clone, Default)]
    struct Store(Arc<Mutex<Option<String>>>);

    impl SecretSource for Store {
        async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
            let text = self.0.lock().unwrap().clone().ok_or("there is none")?;
            Ok(SecretValue::from_text(id, text))
        }

        async fn write(&self, value: &SecretValue) -> Result<Option<String>, BoxError> {
            *self.0.lock().unwrap() = Some(value.text()?.expose_secret().to_owned());
            Ok(Some("v".to_owned()))
        }
    }

    let secrets = Secrets::from_source(Store::default());
    assert!(secrets.get("key").text().await.unwrap_err().is_unavailable());
    for text in ["one", "two"] {
        assert_eq!(secrets.set("key", text).await.unwrap().as_deref(), Some("v"));
        assert_eq!(secrets.get("key").text().await.unwrap().expose_secret(), text);
    }
    let error = Stub::default().secrets().set("key", "open-sesame").await.unwrap_err();
    assert!(error.is_not_written() && error.secret() == Some("key"));
    assert_eq!(chain(&error).join(": "), "could not write secret `key`: this source is read-only");
    assert!(!format!("{error:?}").contains("sesame"));
}

/// A secret whose value is that of the moment in which the fetch departed, as a slow service gives it; each fetch takes
/// a second.
#[derive(Clone)]
struct Departing(Arc<AtomicUsize>);

impl SecretSource for Departing {
    async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
        let version = self.0.load(Ordering::SeqCst).to_string();
        sleep(SECOND).await;
        Ok(SecretValue::from_text(id, version.as_str()).with_version(version))
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_departed_before_the_rotation_is_not_the_newer_value() {
    let version = Arc::new(AtomicUsize::new(1));
    let secrets = Secrets::from_source(Departing(Arc::clone(&version)));
    let old = secrets.get("db").value().await.unwrap();
    advance(SECOND * 270).await;
    secrets.get("db").value().await.unwrap();
    sleep(SECOND / 2).await;
    version.store(2, Ordering::SeqCst);
    let new = secrets.fresh(&old).await.unwrap();
    assert_eq!(new.version(), Some("2"));
    assert_eq!(secrets.get("db").value().await.unwrap().version(), Some("2"), "the refresh does not replace it");
}

#[tokio::test(start_paused = true)]
async fn all_who_are_refused_one_after_another_share_one_fetch() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let old = secrets.get("db").value().await.unwrap();
    stub.put("db", r#"{"password": "b"}"#);
    let fresh = (0..50).map(|n| {
        let (secrets, old) = (&secrets, &old);
        async move {
            sleep(Duration::from_millis(n)).await;
            secrets.fresh(old).await
        }
    });
    for new in join_all(fresh).await {
        assert_eq!(new.unwrap().version(), Some("2"));
    }
    assert_eq!(stub.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_pause_after_an_unchanged_secret_ends_while_the_sandbox_is_frozen() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let old = secrets.get("db").value().await.unwrap();
    assert!(secrets.fresh(&old).await.unwrap_err().is_unchanged());
    stub.put("db", r#"{"password": "b"}"#);
    crate::core::clock::freeze(UNCHANGED_PAUSE);
    assert_eq!(secrets.fresh(&old).await.unwrap().version(), Some("2"));
}

fn asked(replay: &Replay) -> Vec<serde_json::Value> {
    let mut all: Vec<serde_json::Value> =
        replay.requests().iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    for one in &mut all {
        let token = one["ClientRequestToken"].as_str().unwrap_or_default();
        if token.len() == 36 {
            one["ClientRequestToken"] = "made by the client".into();
        }
    }
    all
}

#[tokio::test]
async fn a_version_is_written_under_its_stage_and_its_id() {
    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    let (clients, replay) = Replay::new(&[(200, r#"{"VersionId": "v"}"#)]);
    let secrets: Secrets = clients.get().await.unwrap();
    secrets.set("db", "one").await.unwrap();
    secrets.set(SecretId::new("db").stage("AWSPENDING"), "two").await.unwrap();
    secrets.set(SecretId::new("db").version(TOKEN).stage("AWSPENDING"), "three").await.unwrap();
    secrets.set_binary(SecretId::new("db").version(TOKEN), b"four".to_vec()).await.unwrap();
    let made = "made by the client";
    let expected = [
        serde_json::json!({ "SecretId": "db", "ClientRequestToken": made, "SecretString": "one" }),
        serde_json::json!({ "SecretId": "db", "ClientRequestToken": made, "SecretString": "two", "VersionStages": ["AWSPENDING"] }),
        serde_json::json!({ "SecretId": "db", "ClientRequestToken": TOKEN, "SecretString": "three", "VersionStages": ["AWSPENDING"] }),
        serde_json::json!({ "SecretId": "db", "ClientRequestToken": TOKEN, "SecretBinary": "Zm91cg==" }),
    ];
    assert_eq!(asked(&replay), expected);
}

#[tokio::test]
async fn a_secret_that_does_not_exist_is_created_as_current_and_under_no_other_stage() {
    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const NONE: (u16, &str) = (400, r#"{"__type": "ResourceNotFoundException", "message": "there is none"}"#);
    let (clients, replay) = Replay::new(&[NONE, (200, r#"{"VersionId": "v"}"#)]);
    let secrets: Secrets = clients.get().await.unwrap();
    let id = SecretId::new("db").version(TOKEN).stage("AWSCURRENT");
    assert_eq!(secrets.set(id, "one").await.unwrap().as_deref(), Some("v"));
    assert_eq!(
        asked(&replay)[1],
        serde_json::json!({ "Name": "db", "ClientRequestToken": TOKEN, "SecretString": "one" })
    );

    let (clients, replay) = Replay::new(&[NONE]);
    let secrets: Secrets = clients.get().await.unwrap();
    let error = secrets.set(SecretId::new("db").stage("AWSPENDING"), "two").await.unwrap_err();
    assert!(error.is_not_written() && error.is_refused());
    assert_eq!(replay.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_forgotten_by_name_stage_and_arn() {
    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db";
    let full = format!("{ARN}-AbCdEf");
    let stub = Stub::with("prod/db", "a");
    for other in [ARN, &full, "prod/dbAWSPREVIOUS", "prod/db2"] {
        stub.put(other, "a");
    }
    let secrets = stub.secrets();
    let read = async || {
        let before = stub.fetches();
        for id in ["prod/db", ARN, &full, "prod/db2"] {
            secrets.get(id).value().await.unwrap();
        }
        secrets.get("prod/db").stage("AWSPREVIOUS").value().await.unwrap();
        stub.fetches() - before
    };
    assert_eq!((read().await, read().await), (5, 0));
    // The stub cannot be written to, which says nothing about what is kept.
    for written in ["prod/db", &full, ARN] {
        let _ = secrets.set(written, "b").await;
        assert_eq!(read().await, 4, "all but the other secret");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_reported_at_once_and_an_outage_is_not_and_neither_shows_what_was_sent() {
    const GOOD: (u16, &str) = (200, r#"{"SecretString": "hunter2", "VersionId": "v"}"#);
    for (status, body, is_refusal) in [
        (400, r#"{"__type": "AccessDeniedException", "message": "no"}"#, true),
        (400, r#"{"__type": "ResourceNotFoundException", "message": "no"}"#, true),
        (400, r#"{"__type": "DecryptionFailure", "message": "the key is disabled"}"#, true),
        (400, r#"{"__type": "InvalidRequestException", "message": "marked for deletion"}"#, true),
        (400, r#"{"__type": "ThrottlingException", "message": "slower"}"#, false),
        (400, r#"{"__type": "InternalServiceError", "message": "oh"}"#, false),
        (400, r#"{"__type": "InvalidSignatureException", "message": "Signature expired: old"}"#, false),
        (400, r#"{"__type": "InvalidSignatureException", "message": "Signature not yet current: new"}"#, false),
        (400, r#"{"__type": "InvalidSignatureException", "message": "The signature does not match"}"#, true),
        (500, r#"{"__type": "InternalServiceError", "message": "oh"}"#, false),
        (503, "hunter2", false),
        (200, r#"{"SecretString": "hunter2"#, false),
        (200, r#"{"SecretString": {"password": "hunter2"}}"#, false),
        (200, r#"{"SecretString": "hunter2\q"}"#, false),
        (200, "hunter2", false),
    ] {
        let (clients, _) = Replay::new(&[GOOD, (status, body)]);
        let secrets: Secrets = clients.get().await.unwrap();
        secrets.get("db").value().await.unwrap();
        advance(Duration::from_secs(301)).await;
        assert_eq!(secrets.get("db").value().await.is_err(), is_refusal, "{status} {body}");
        let read = secrets.get("db").force().value().await.unwrap_err();
        let written = secrets.set("db", "hunter2").await;
        for error in [Some(read), written.err()].into_iter().flatten() {
            assert_eq!(error.is_refused(), is_refusal, "{error:?}");
            let source = std::error::Error::source(&error).unwrap();
            let printed = format!("{error:?} {error:#?} {error} {source:?} {source} {}", chain(&error).join(": "));
            assert!(!printed.contains("hunter2"), "{printed}");
            assert!(!format!("{:?}", crate::FunctionError::from_error(error)).contains("hunter2"));
        }
    }
}

/// A store of one text that has the new one at once and responds to a write two seconds later.
#[derive(Clone)]
struct Slow(Arc<Mutex<String>>);

impl SecretSource for Slow {
    async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
        Ok(SecretValue::from_text(id, self.0.lock().unwrap().as_str()))
    }
    async fn write(&self, value: &SecretValue) -> Result<Option<String>, BoxError> {
        *self.0.lock().unwrap() = value.text()?.expose_secret().to_owned();
        sleep(SECOND * 2).await;
        Ok(None)
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_is_forgotten_also_where_a_write_is_given_up() {
    let secrets = Secrets::from_source(Slow(Arc::new(Mutex::new("old".to_owned()))));
    assert_eq!(secrets.get("key").text().await.unwrap().expose_secret(), "old");
    assert!(tokio::time::timeout(SECOND, secrets.set("key", "new")).await.is_err());
    assert_eq!(secrets.get("key").text().await.unwrap().expose_secret(), "new");
}

#[tokio::test(start_paused = true)]
async fn without_a_time_to_live_a_refused_secret_is_asked_for_once_and_then_left_alone() {
    let stub = Stub::with("db", "a");
    let secrets = stub.secrets().time_to_live(Duration::ZERO);
    let old = secrets.get("db").value().await.unwrap();
    for _ in 0..10 {
        assert!(secrets.fresh(&old).await.unwrap_err().is_unchanged());
    }
    assert_eq!(stub.fetches(), 2);
    stub.put("db", "b");
    advance(UNCHANGED_PAUSE).await;
    assert_eq!(secrets.fresh(&old).await.unwrap().version(), Some("2"));
    assert_eq!(stub.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_was_written_is_newer_also_in_the_pause() {
    let secrets = Secrets::from_source(Slow(Arc::new(Mutex::new("old".to_owned()))));
    let old = secrets.get("key").value().await.unwrap();
    assert!(secrets.fresh(&old).await.unwrap_err().is_unchanged());
    secrets.set("key", "new").await.unwrap();
    assert_eq!(secrets.fresh(&old).await.unwrap().text().unwrap().expose_secret(), "new");
}

#[tokio::test]
async fn fixed_secrets_are_read_by_the_variables_of_the_registry() {
    struct Token(String);

    static VARIABLE: crate::config::NamedBy = crate::config::NamedBy::new("PILASTER_TEST_TOKEN_SECRET");

    impl FromSecret for Token {
        fn secret_id(variables: &Variables) -> Result<SecretId, SecretError> {
            SecretId::named_by(&VARIABLE, variables)
        }

        fn from_secret(value: &SecretValue) -> Result<Self, BoxError> {
            Ok(Self(value.text()?.expose_secret().to_owned()))
        }
    }

    let secrets = Secrets::fixed([("a", "hunter2"), ("b", "hunter3")]);
    assert!(!format!("{secrets:?}").contains("hunter"));
    let clients = Clients::new();
    clients.insert(secrets.clone());
    assert!(Secret::<Token>::of(&clients).await.unwrap_err().to_string().contains("is not set"));
    for (id, text) in [("a", "hunter2"), ("b", "hunter3")] {
        let clients = clients.clone().with_variable("PILASTER_TEST_TOKEN_SECRET", id);
        assert_eq!(Secret::<Token>::of(&clients).await.unwrap().0.0, text);
    }
    let blank = clients.clone().with_variable("PILASTER_TEST_TOKEN_SECRET", "");
    assert!(Secret::<Token>::of(&blank).await.unwrap_err().to_string().contains("is not set"));
    assert_eq!(secrets.get("a").stage("AWSCURRENT").text().await.unwrap().expose_secret(), "hunter2");
    assert!(secrets.get("a").stage("AWSPENDING").text().await.unwrap_err().is_refused());
    assert!(secrets.get("c").text().await.unwrap_err().is_refused());
}
