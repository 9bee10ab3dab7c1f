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

mod layer;
mod rotation;
mod service;
mod write;

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

fn registry(stub: &Stub) -> Clients {
    let clients = Clients::new();
    clients.insert(stub.secrets());
    clients
}

async fn read(answers: &[(u16, &'static str)], id: SecretId) -> (Result<SecretValue, SecretError>, Replay) {
    let (clients, replay) = Replay::new(answers);
    let secrets: Secrets = clients.get().await.unwrap();
    (secrets.get(id).value().await, replay)
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
