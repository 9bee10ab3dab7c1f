use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::core::invocation::Invocation;
use crate::function::handler::handler;
use crate::function::into_service::IntoService;

fn fixture(path: &str) -> Value {
    let path = format!("{}/../tests/fixtures/events/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn incoming(event: &Value) -> Incoming {
    let event = crate::RawEvent::parse(event.to_string()).unwrap();
    Incoming { event, invocation: Invocation::new(lambda_runtime::Context::default()) }
}

fn authorizer(path: &str) -> Authorizer {
    Authorizer::from_event(&incoming(&fixture(path))).unwrap()
}

async fn call(function: impl IntoService, event: &Value) -> Result<Value, FunctionError> {
    let answer = function.into_service().unwrap().oneshot(incoming(event)).await?;
    Ok(serde_json::from_str(answer.as_json().unwrap().get()).unwrap())
}

#[test]
fn a_token_comes_alone() {
    let request = authorizer("python/apiGatewayAuthorizerTokenEvent.json");
    assert_eq!((request.kind(), request.token()), (AuthorizerKind::Token, Some("allow")));
    assert_eq!((request.bearer_token(), request.method(), request.path()), (None, None, None));
    let arn = request.arn().unwrap();
    assert_eq!((arn.region(), arn.account(), arn.api_id()), ("us-west-2", "123456789012", "ymy8tbxw7b"));
    assert_eq!((arn.stage(), arn.method(), arn.path()), ("*", "GET", ""));
    let debug = format!("{request:?}");
    assert!(debug.contains("ymy8tbxw7b") && !debug.contains("allow"), "{debug}");
}

#[test]
fn a_member_that_is_null_is_missing() {
    let arn = "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/x";
    for (event, path) in [
        (
            json!({"methodArn": arn, "routeArn": null, "path": "/x", "rawPath": null, "requestContext": null}),
            Some("/x"),
        ),
        (json!({"methodArn": null, "routeArn": arn, "path": null, "rawPath": "/x"}), Some("/x")),
        (json!({"methodArn": arn, "requestContext": {"http": null, "identity": null}}), None),
    ] {
        let request = Authorizer::from_event(&incoming(&event)).unwrap();
        assert_eq!((request.method_arn(), request.path()), (arn, path), "{event}");
        assert_eq!((request.method(), request.source_ip()), (None, None), "{event}");
    }
}

#[test]
fn an_array_and_an_event_without_an_arn_are_rejected() {
    let arn = "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/x";
    let array = json!([null, "TOKEN", arn, arn, "Bearer t"]);
    let before = json!([null, "TOKEN", arn, "Bearer t"]);
    for event in [array, before, json!({}), json!({"methodArn": null}), json!("text")] {
        let error = Authorizer::from_event(&incoming(&event)).unwrap_err();
        assert_eq!(error.error_type(), "InvalidEvent", "{event}");
    }
}

#[test]
fn a_request_has_all_that_the_caller_sent() {
    let request = authorizer("python/apiGatewayAuthorizerRequestEvent.json");
    assert_eq!((request.kind(), request.token()), (AuthorizerKind::Request, None));
    assert_eq!(request.identity_source(), ["user1", "123"]);
    assert_eq!((request.header("headerauth1"), request.header("Header2")), (Some("headerValue1"), Some("value2")));
    assert_eq!(request.query_parameter("QueryString1"), Some("queryValue1"));
    assert_eq!((request.path_parameter("id"), request.stage_variable("StageVar1")), (None, Some("stageValue1")));
    assert_eq!((request.method(), request.path()), (Some("GET"), Some("/request")));
    assert_eq!((request.source_ip(), request.request_id()), (Some("test-invoke-source-ip"), Some("EXqgWgXxSK4EJug=")));
    assert_eq!(request.arn().unwrap().to_string(), request.method_arn());
}

#[test]
fn a_request_of_an_http_api_says_its_route() {
    let request = authorizer("python/apiGatewayAuthorizerV2Event.json");
    assert_eq!((request.kind(), request.token()), (AuthorizerKind::Http, Some("value")));
    assert_eq!(request.identity_source(), ["user1", "123"]);
    assert_eq!((request.route_key(), request.method()), (Some("GET /merchants"), Some("POST")));
    assert_eq!((request.path(), request.source_ip()), (Some("/merchants"), Some("10.10.10.10")));
    assert_eq!((request.path_parameter("parameter1"), request.cookies().len()), (Some("value1"), 2));
    assert_eq!(request.arn().unwrap().path(), "request");
}

#[test]
fn a_connection_of_a_websocket_has_its_id() {
    let request = authorizer("python-later/apiGatewayAuthorizerWebSocketEvent.json");
    assert_eq!((request.kind(), request.token()), (AuthorizerKind::WebSocket, Some("Leo")));
    assert_eq!((request.route_key(), request.connection_id()), (Some("$connect"), Some("FDmBIeapIAMCIQg=")));
    assert_eq!(request.header("sec-websocket-key"), Some("CYZZrfNgEcgzzzwL44qytQ=="), "it comes as a list alone");
    let arn = request.arn().unwrap();
    assert_eq!((arn.stage(), arn.method(), arn.path()), ("production", "$connect", ""));
    assert!(arn.all().ends_with(":c5jwxq709g/production/*"), "{}", arn.all());
}

#[test]
fn a_bearer_token_stands_behind_its_word() {
    for (token, bearer) in [
        ("Bearer a.b.c", Some("a.b.c")),
        ("bearer  a", Some("a")),
        ("Basic a", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("a.b.c", None),
    ] {
        let arn = "arn:aws:execute-api:eu-central-1:1:api/prod/GET/";
        let event = json!({ "type": "TOKEN", "authorizationToken": token, "methodArn": arn });
        assert_eq!(Authorizer::from_event(&incoming(&event)).unwrap().bearer_token(), bearer, "{token:?}");
    }
}

#[test]
fn what_is_no_arn_of_a_method_is_none() {
    for arn in ["", "arn", "arn:aws:s3:::bucket/key", "arn:aws:execute-api:r:a:api", "arn:aws:execute-api:r:a:/x"] {
        assert_eq!(MethodArn::parse(arn), None, "{arn}");
    }
    let arn = MethodArn::parse("arn:aws-cn:execute-api:r:a:api/prod").unwrap();
    assert_eq!((arn.stage(), arn.method(), arn.path()), ("prod", "", ""));
    assert_eq!(arn.route("*", "a/b"), "arn:aws-cn:execute-api:r:a:api/prod/*/a/b");
}

#[tokio::test]
async fn a_caller_who_is_nobody_gets_the_very_word() {
    async fn authorize(request: Authorizer) -> Result<Policy, AuthorizerError> {
        match request.token() {
            Some("unknown") => Err(AuthorizerError::Unauthorized),
            Some("broken") => Err(std::io::Error::other("no answer"))?,
            token => Ok(Policy::allow(token.unwrap_or_default(), [request.arn()?.all()]).usage_identifier_key("key")),
        }
    }
    let call = async |token: &str| {
        let arn = "arn:aws:execute-api:eu-central-1:1:api/prod/GET/users/7";
        let event = json!({ "type": "TOKEN", "authorizationToken": token, "methodArn": arn });
        call(handler(authorize), &event).await
    };
    let error = call("unknown").await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("Unauthorized", "Unauthorized"));
    assert_eq!(call("broken").await.unwrap_err().message(), "no answer");
    let policy = call("ada").await.unwrap();
    assert_eq!((&policy["principalId"], &policy["usageIdentifierKey"]), (&json!("ada"), &json!("key")));
    let allowed = &policy["policyDocument"]["Statement"][0]["Resource"];
    assert_eq!(allowed, &json!(["arn:aws:execute-api:eu-central-1:1:api/prod/*"]));
    assert!(policy.get("context").is_none());
}

#[tokio::test]
async fn an_answer_that_api_gateway_refuses_is_an_error_that_says_why() {
    async fn large(_: Authorizer) -> Result<Policy, BoxError> {
        Ok(Policy::allow("ada", ["arn"]).context("text", "x".repeat(9000)))
    }
    async fn empty(_: Authorizer) -> Result<Policy, BoxError> {
        Ok(Policy::deny("ada", [""; 0]))
    }
    async fn simple(_: Authorizer) -> Result<SimpleResponse, BoxError> {
        Ok(SimpleResponse::deny().context("list", vec!["x".repeat(9000)]))
    }
    let event = fixture("python/apiGatewayAuthorizerV2Event.json");
    let error = call(handler(large), &event).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidResponse");
    assert!(error.message().ends_with("bytes; API Gateway accepts 8192"), "{error}");
    assert!(call(handler(simple), &event).await.is_err());
    let error = call(handler(empty), &event).await.unwrap_err();
    assert!(error.message().ends_with("at least one ARN"), "{error}");
    let error = call(handler(large), &json!({ "type": "TOKEN" })).await.unwrap_err();
    assert!(error.message().contains("missing field `methodArn`"), "{error}");
}

#[test]
fn a_context_holds_texts_numbers_and_truths() {
    let policy =
        Policy::allow("a", ["b"]).context("f", 1.5).context("nan", f64::NAN).context("t", true).context("n", -1);
    let context = &serde_json::to_value(policy).unwrap()["context"];
    assert_eq!(context, &json!({ "f": 1.5, "nan": "NaN", "t": true, "n": -1 }));
    let policy = Policy::allow("ada", ["b"]).usage_identifier_key("key").context("secret", "s");
    let debug = format!("{policy:?}");
    assert!(!debug.contains("key") && !debug.contains("ada") && !debug.contains("secret"), "{debug}");
}
