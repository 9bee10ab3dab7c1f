//! Writing a secret, after which it is read anew.

use super::*;

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

#[tokio::test(start_paused = true)]
async fn what_was_kept_is_forgotten_also_where_a_write_is_given_up() {
    let secrets = Secrets::from_source(Slow(Arc::new(Mutex::new("old".to_owned()))));
    assert_eq!(secrets.get("key").text().await.unwrap().expose_secret(), "old");
    assert!(tokio::time::timeout(SECOND, secrets.set("key", "new")).await.is_err());
    assert_eq!(secrets.get("key").text().await.unwrap().expose_secret(), "new");
}
