//! What a client reads of an error, and what the log has.

use std::error::Error;
use std::{fmt, io};

use pilaster::ErrorType;
use pilaster::appsync::Unauthorized;
use pilaster::observe::logging::CapturedLogs;

use super::*;

#[derive(Debug, ErrorType)]
enum PostError {
    Locked,
    #[error_type("StoreUnavailable")]
    Read(io::Error),
}

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "the post is locked",
            Self::Read(_) => "the store is not available",
        })
    }
}

impl Error for PostError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Locked => None,
            Self::Read(error) => Some(error),
        }
    }
}

#[derive(Debug)]
struct Wrapped(io::Error);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot reach secret host")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Fails as its argument says.
async fn fail(Arguments(by): Arguments<ById>) -> Result<Value, BoxError> {
    Err(match &*by.id {
        "locked" => PostError::Locked.into(),
        "read" => PostError::Read(io::Error::other("secret host")).into(),
        "io" => io::Error::other("secret host").into(),
        "text" => "secret host".into(),
        "wrapped" => Wrapped(io::Error::other("secret host")).into(),
        "function" => FunctionError::new("Late", "too late").with_source(io::Error::other("secret host")).into(),
        "unauthorized" => Unauthorized.into(),
        "anyhow" => anyhow::Error::new(PostError::Locked).context("secret host").into(),
        _ => panic!("secret host"),
    })
}

fn function() -> Resolvers {
    Resolvers::new().field("Query", "post", fail).error_type::<PostError>()
}

const CASES: [(&str, &str, &str); 9] = [
    ("locked", "Locked", "the post is locked"),
    ("read", "StoreUnavailable", "the store is not available"),
    ("function", "Late", "too late"),
    ("anyhow", "Locked", "the post is locked"),
    ("io", "InternalError", "internal error"),
    ("text", "InternalError", "internal error"),
    ("wrapped", "InternalError", "internal error"),
    ("panic", "InternalError", "internal error"),
    ("unauthorized", "UnauthorizedException", "the client is not authorized to make this call"),
];

#[tokio::test]
async fn check_07_only_the_text_of_a_type_for_clients_reaches_them() {
    for (id, error_type, message) in CASES {
        let captured = CapturedLogs::default();
        let caller = Caller::new(function()).with_logs(&captured);
        let error = caller.call(appsync("Query", "post").arguments(json!({ "id": id }))).await.unwrap_err();
        assert_eq!(error.error_type(), error_type, "{id}");
        assert!(error.message().starts_with(message) && !error.message().contains("secret"), "{id}: {error}");
        if error_type == "InternalError" {
            assert!(error.message().contains("00000000-0000-0000-0000-000000000000"), "{id}: {error}");
        }
        // The log has the causes, in one line of the invocation.
        let lines = captured.lines();
        let failed = lines.iter().filter(|line| line["error_type"] == error_type).collect::<Vec<_>>();
        assert_eq!(failed.len(), 1, "{id}: {lines:?}");
        let has_secret = lines.iter().any(|line| line.to_string().contains("secret host"));
        assert_eq!(has_secret, !["locked", "unauthorized"].contains(&id), "{id}: {lines:?}");
    }
}

#[tokio::test]
async fn check_07_an_item_of_a_batch_reads_the_same() {
    for (id, error_type, message) in CASES {
        let event = appsync("Query", "post").arguments(json!({ "id": id })).batch([0]);
        let answer = Caller::new(function()).call(event).await.unwrap();
        assert_eq!(answer[0]["errorType"], error_type);
        let text = answer[0]["errorMessage"].as_str().unwrap();
        assert!(text.starts_with(message) && !answer.to_string().contains("secret"), "{id}: {answer}");
    }
}

#[tokio::test]
async fn a_type_that_is_not_named_is_opaque() {
    let caller = Caller::new(Resolvers::new().field("Query", "post", fail));
    let error = caller.call(appsync("Query", "post").arguments(json!({ "id": "locked" }))).await.unwrap_err();
    assert_eq!(error.error_type(), "InternalError");
}

#[tokio::test]
async fn check_15_a_response_above_5_mb_is_an_error_with_both_sizes() {
    async fn text(Arguments(length): Arguments<Length>) -> Result<String, BoxError> {
        Ok("x".repeat(length.length))
    }
    #[derive(Deserialize)]
    struct Length {
        length: usize,
    }
    let caller = Caller::new(pilaster::handler(text)).without_logs();
    let event = |length: usize| appsync("Query", "text").arguments(json!({ "length": length }));
    assert!(caller.call(event(5 * 1024 * 1024 - 2)).await.is_ok());
    let error = caller.call(event(5 * 1024 * 1024 - 1)).await.unwrap_err();
    assert_eq!(error.error_type(), "ResponseTooLarge");
    assert!(error.message().contains("5242881") && error.message().contains("5242880"), "{error}");
    // Below the limit of Lambda: `[{"data":"…"},{"data":"…"}]`.
    let half = (5 * 1024 * 1024 - 25) / 2;
    assert!(caller.call(event(half).batch([0, 1])).await.is_ok());
    let error = caller.call(event(half + 1).batch([0, 1])).await.unwrap_err();
    assert_eq!(error.error_type(), "ResponseTooLarge");
    assert!(error.message().contains("5242881") && error.message().contains("5242880"), "{error}");
}

#[tokio::test]
async fn the_data_of_the_event_is_not_logged() {
    async fn log(
        context: pilaster::appsync::FieldContext,
        source: Source<Value>,
        identity: Identity,
    ) -> Result<u8, BoxError> {
        tracing::info!(?context, ?source, ?identity, "resolved");
        Err("failed".into())
    }
    let captured = CapturedLogs::default();
    let caller = Caller::new(pilaster::handler(log)).with_logs(&captured);
    let event = appsync("Query", "post")
        .source(json!({ "password": "hunter2" }))
        .cognito("hunter2", ["hunter2"])
        .arguments(json!({ "card": "hunter2" }))
        .header("authorization", "hunter2");
    caller.call(event.clone()).await.unwrap_err();
    caller.call(json!([event.event(), event.event()])).await.unwrap();
    let lines = captured.lines();
    assert!(lines.len() >= 6, "{lines:?}");
    assert!(lines.iter().all(|line| !line.to_string().contains("hunter2")), "{lines:?}");
}
