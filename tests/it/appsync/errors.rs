//! What a client reads of an error, and what the log has.

use std::error::Error;
use std::{fmt, io};

use pilaster::ErrorType;
use pilaster::appsync::{Batch, LambdaContext, Prev, Stash, Unauthorized};
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
        // What is meant for the client is no error of the function.
        let (level, message) = match error_type {
            "InternalError" => ("ERROR", "the invocation failed"),
            "UnauthorizedException" => ("INFO", "the client is not authorized"),
            _ => ("INFO", "the field was answered with an error"),
        };
        assert_eq!((&failed[0]["level"], &failed[0]["message"]), (&json!(level), &json!(message)), "{id}");
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
async fn a_mistake_of_the_client_is_logged_at_info_and_one_of_another_at_error() {
    macro_rules! resolver {
        ($part:ty) => {
            (|| Resolvers::new().field("Query", "post", async |_: $part| Ok::<_, BoxError>(1))) as fn() -> Resolvers
        };
    }
    async fn variables(field: FieldInfo) -> Result<u8, BoxError> {
        Ok(field.variables::<u8>()?)
    }
    let event = || appsync("Query", "post");
    for (resolvers, event, error_type, level) in [
        (resolver!(Arguments<ById>), event().arguments(json!({ "id": 7 })), "InvalidArguments", "INFO"),
        (|| Resolvers::new().field("Query", "post", variables), event(), "InvalidVariables", "INFO"),
        (resolver!(Source<ById>), event().source(7), "InvalidSource", "ERROR"),
        (resolver!(Prev<ById>), event().prev(7), "InvalidPrev", "ERROR"),
        (resolver!(Stash<ById>), event().stash(json!({ "id": 7 })), "InvalidStash", "ERROR"),
        (|| Resolvers::new().field("Query", "name", name), event(), "UnknownField", "ERROR"),
    ] {
        for event in [event.event(), json!([event.event()])] {
            let captured = CapturedLogs::default();
            let _ = Caller::new(resolvers()).with_logs(&captured).call(event).await;
            let lines = captured.lines();
            let logged = lines.iter().filter(|line| line["error_type"] == error_type).collect::<Vec<_>>();
            assert_eq!(logged.len(), 1, "{error_type}: {lines:?}");
            assert_eq!(logged[0]["level"], level, "{error_type}: {lines:?}");
        }
    }
}

#[tokio::test]
async fn a_batch_of_a_field_without_a_resolver_has_one_line() {
    let captured = CapturedLogs::default();
    let caller = Caller::new(Resolvers::new().field("Query", "post", fail)).with_logs(&captured);
    let answer = caller.call(appsync("Post", "author").batch([1, 2, 3])).await.unwrap();
    let items = answer.as_array().unwrap();
    assert_eq!(items.iter().filter(|item| item["errorType"] == "UnknownField").count(), 3, "{answer}");
    let lines = captured.lines();
    assert_eq!(
        (lines.len(), &lines[0]["items"], &lines[0]["field"]),
        (1, &json!(3), &json!("Post.author")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_text_that_was_taken_from_any_error_is_opaque() {
    async fn taken(_: FieldInfo) -> Result<u8, FunctionError> {
        Err(FunctionError::from_error(std::io::Error::other("secret disk")))
    }
    async fn refused(_: FieldInfo) -> Result<u8, FunctionError> {
        Err(FunctionError::from_error(Unauthorized))
    }
    let captured = CapturedLogs::default();
    let caller = Caller::new(pilaster::handler(taken)).with_logs(&captured);
    let answer = caller.call(appsync("Query", "post").batch([1])).await.unwrap();
    assert_eq!(answer[0]["errorType"], "InternalError");
    let lines = captured.lines();
    assert_eq!(lines[0]["level"], "ERROR");
    assert!(lines[0].to_string().contains("secret disk"));
    let caller = Caller::new(pilaster::handler(refused)).without_logs();
    let error = caller.call(appsync("Query", "post")).await.unwrap_err();
    assert_eq!(error.error_type(), "UnauthorizedException");
}

#[derive(Debug, ErrorType)]
#[error_type(internal)]
struct Db;

impl fmt::Display for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("secret host")
    }
}

impl Error for Db {}

#[tokio::test]
async fn check_07_the_text_of_an_internal_error_does_not_reach_a_client() {
    /// As itself, in a `FunctionError` with its text, and in one with a text for the client.
    fn failed(how: &str) -> BoxError {
        match how {
            "taken" => FunctionError::from_error(Db).into(),
            "own" => FunctionError::new("Busy", "try later").with_source(Db).into(),
            _ => Db.into(),
        }
    }
    let one = async |Arguments(by): Arguments<ById>| Err::<u8, _>(failed(&by.id));
    let all = async |batch: Batch<Value, ById>| {
        Ok::<_, BoxError>(batch.try_answer(|item| Err::<u8, _>(failed(&item.arguments.id))))
    };
    let resolvers = Resolvers::new().field("Query", "one", one).batch("Query", "all", all).error_type::<Db>();
    let captured = CapturedLogs::default();
    let caller = Caller::new(resolvers).with_logs(&captured);
    let internal = format!("internal error (request id {})", "00000000-0000-0000-0000-000000000000");
    for (how, error_type, message) in
        [("itself", "InternalError", &*internal), ("taken", "InternalError", &internal), ("own", "Db", "try later")]
    {
        for field in ["one", "all"] {
            let event = appsync("Query", field).arguments(json!({ "id": how }));
            let answer = caller.call(event.clone().batch([0])).await.unwrap();
            assert_eq!(answer, json!([{ "errorType": error_type, "errorMessage": message }]), "{field} {how}");
            let error = caller.call(event).await.unwrap_err();
            assert_eq!((error.error_type(), error.message()), (error_type, message), "{field} {how}");
        }
    }
    assert!(captured.text().contains("secret host"), "the log has it");
}

/// An error type that has a refusal as a variant, as `thiserror` writes it for `#[error(transparent)]` and `#[source]`.
#[derive(Debug)]
enum Denied {
    AsItIs(Unauthorized),
    Because(Unauthorized),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsItIs(refusal) => refusal.fmt(f),
            Self::Because(_) => f.write_str("secret door"),
        }
    }
}

impl Error for Denied {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::AsItIs(refusal) => refusal.source(),
            Self::Because(refusal) => Some(refusal),
        }
    }
}

#[tokio::test]
async fn a_refusal_within_another_error_is_one() {
    async fn deny(Arguments(by): Arguments<ById>) -> Result<u8, BoxError> {
        Err(match &*by.id {
            "as it is" => Denied::AsItIs(Unauthorized).into(),
            "because" => Denied::Because(Unauthorized).into(),
            _ => anyhow::Error::new(Unauthorized).context("secret door").into(),
        })
    }
    let caller = Caller::new(pilaster::handler(deny)).without_logs();
    for how in ["as it is", "because", "anyhow"] {
        let error = caller.call(appsync("Query", "post").arguments(json!({ "id": how }))).await.unwrap_err();
        let read = (error.error_type(), error.message());
        assert_eq!(read, ("UnauthorizedException", "the client is not authorized to make this call"), "{how}");
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
    // A value that is too large for any response fails its item alone.
    async fn of_source(Source(length): Source<usize>) -> Result<String, BoxError> {
        Ok("x".repeat(length))
    }
    let caller = Caller::new(pilaster::handler(of_source)).without_logs();
    let answer = caller.call(appsync("Query", "text").batch([1, 5 * 1024 * 1024 - 1, 2])).await.unwrap();
    assert_eq!((&answer[0], &answer[2]), (&json!({ "data": "x" }), &json!({ "data": "xx" })));
    assert_eq!(answer[1]["errorType"], "ResponseTooLarge");
    assert_eq!(answer[1]["errorMessage"], "the value has 5242881 bytes; the limit of AppSync is 5242880");
    // So does an error.
    async fn failing(Source(length): Source<usize>) -> Result<String, BoxError> {
        match length {
            1 => Ok("x".to_owned()),
            _ => Err(FunctionError::new("Large", "x".repeat(length)).into()),
        }
    }
    let caller = Caller::new(pilaster::handler(failing)).without_logs();
    let answer = caller.call(appsync("Query", "text").batch([1, 5 * 1024 * 1024])).await.unwrap();
    assert_eq!(answer[0], json!({ "data": "x" }));
    assert_eq!(answer[1]["errorMessage"], "the error has 5242889 bytes; the limit of AppSync is 5242880");
}

/// A type whose messages repeat the value, as those of many `TryFrom` do.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Token;

impl TryFrom<String> for Token {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Err(format!("{text} is not a token"))
    }
}

#[derive(Deserialize)]
struct Parent {
    #[serde(rename = "apiToken")]
    _api_token: Token,
}

#[tokio::test]
async fn the_message_of_a_type_does_not_bring_a_value_to_the_client_or_the_log() {
    macro_rules! resolver {
        ($part:ident) => {
            Resolvers::new().field("Query", "post", async |_: $part<Parent>| Ok::<_, BoxError>(1))
        };
    }
    let secret = json!({ "apiToken": "hunter2" });
    let event = || appsync("Query", "post");
    for (part, end, resolvers, event) in [
        ("`source`", "expected type", resolver!(Source), event().source(&secret)),
        ("`stash`", "expected type", resolver!(Stash), event().stash(&secret)),
        ("`prev.result`", "expected type", resolver!(Prev), event().prev(&secret)),
        ("`arguments`", "/apiToken: is invalid", resolver!(Arguments), event().arguments(&secret)),
        ("the context", "expected type", resolver!(LambdaContext), event().lambda_context(&secret)),
    ] {
        let captured = CapturedLogs::default();
        let error = Caller::new(resolvers).with_logs(&captured).call(event).await.unwrap_err();
        assert!(error.message().starts_with(part) && error.message().ends_with(end), "{error}");
        let lines = format!("{:?}", captured.lines());
        assert!(lines.contains("/apiToken") && !lines.contains("hunter2"), "{lines}");
    }
}

#[tokio::test]
async fn a_mistake_in_arguments_is_described_in_terms_of_json() {
    #[derive(Deserialize)]
    struct Page {
        _limit: u8,
        _after: String,
    }
    let resolvers = Resolvers::new().field("Query", "posts", async |_: Arguments<Page>| Ok::<_, BoxError>(1));
    let caller = Caller::new(resolvers).without_logs();
    for (arguments, expected) in [
        (json!({ "_limit": "5", "_after": "a" }), "/_limit: expected an integer from 0 to 255, got a string"),
        (json!({ "_limit": 256, "_after": "a" }), "/_limit: expected an integer from 0 to 255"),
        (json!({ "_limit": 5 }), "/_after: is missing"),
    ] {
        let error = caller.call(appsync("Query", "posts").arguments(arguments)).await.unwrap_err();
        let expected = format!("`arguments` does not match the expected type: {expected}");
        assert_eq!((error.error_type(), error.message()), ("InvalidArguments", &*expected));
    }
}

#[tokio::test]
async fn a_refused_client_is_no_error_in_the_log() {
    let event = || appsync("Query", "post").arguments(json!({ "id": "unauthorized" }));
    for event in [event().event(), event().batch([0])] {
        let captured = CapturedLogs::default();
        let _ = Caller::new(function()).with_logs(&captured).call(event).await;
        let lines = captured.lines();
        let refused = lines.iter().filter(|line| line["message"] == "the client is not authorized").collect::<Vec<_>>();
        assert_eq!(refused.len(), 1, "{lines:?}");
        assert_eq!(refused[0]["level"], "INFO");
        assert!(lines.iter().all(|line| line["level"] != "ERROR"), "{lines:?}");
    }
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
