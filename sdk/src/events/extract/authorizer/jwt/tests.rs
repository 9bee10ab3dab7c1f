use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::core::invocation::Invocation;
use crate::core::raw::Incoming;
use crate::function::handler::handler;
use crate::function::into_service::IntoService;
use crate::jwt::TokenIssuer;

const API: &str = "https://api.example.com";

fn fixture(path: &str) -> Value {
    let path = format!("{}/../tests/fixtures/events/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Real events of each kind with this token, and the ARN of all methods of their stage.
fn events(authorization: &str) -> Vec<(Value, &'static str)> {
    let mut token = fixture("python/apiGatewayAuthorizerTokenEvent.json");
    token["authorizationToken"] = authorization.into();
    let mut request = fixture("python/apiGatewayAuthorizerRequestEvent.json");
    request["headers"]["Authorization"] = authorization.into();
    // It has a version, as an event of an HTTP API with payload 1.0; one of a REST API has none.
    let mut rest = request.clone();
    rest.as_object_mut().unwrap().remove("version").expect("a version");
    // The recorded event has each header twice: alone, and as a list.
    let mut web_socket = fixture("python-later/apiGatewayAuthorizerWebSocketEvent.json");
    assert_eq!(web_socket["headers"]["Authorization"], "Leo");
    web_socket["headers"]["Authorization"] = authorization.into();
    web_socket["multiValueHeaders"]["Authorization"] = json!([authorization]);
    vec![
        (token, "arn:aws:execute-api:us-west-2:123456789012:ymy8tbxw7b/*/*"),
        (request, "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/*"),
        (rest, "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/*"),
        (web_socket, "arn:aws:execute-api:us-east-1:533568316194:c5jwxq709g/production/*"),
        http_event(authorization),
    ]
}

fn http_event(authorization: &str) -> (Value, &'static str) {
    let mut event = fixture("python/apiGatewayAuthorizerV2Event.json");
    event["headers"] = json!({ "authorization": authorization });
    (event, "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/*")
}

fn policy_of(principal: &str, effect: &str, arn: &str) -> Value {
    let statement = json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": [arn] });
    json!({ "principalId": principal, "policyDocument": { "Version": "2012-10-17", "Statement": [statement] } })
}

fn context_of_ada() -> Value {
    json!({
        "iss": "https://id.example.com", "aud": API, "sub": "ada", "iat": 1, "exp": 9_000_000_000_u64,
        "admin": true, "cognito:groups": r#"["staff","a b"]"#,
    })
}

fn issuer() -> TokenIssuer {
    TokenIssuer::new("https://id.example.com").unwrap()
}

fn ada(issuer: &TokenIssuer) -> String {
    issuer.token(json!({
        "aud": API, "sub": "ada", "iat": 1, "exp": 9_000_000_000_u64, "admin": true, "cognito:groups": ["staff", "a b"],
        "claims": "reserved", "principalId": "eve", "integrationLatency": 7, "address": { "city": "x" }, "nothing": null,
    }))
}

/// What the runtime posts for this event: the response, or the text of the error.
async fn posted<F>(function: F, event: Value) -> Result<Value, String>
where
    F: IntoService,
{
    let event = crate::RawEvent::parse(event.to_string()).unwrap();
    let incoming = Incoming { event, invocation: Invocation::new(lambda_runtime::Context::default()) };
    let outgoing = function.into_service().unwrap().oneshot(incoming).await.map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(outgoing.as_json().unwrap().get()).unwrap())
}

async fn policy(verifier: &JwtVerifier, event: Value) -> Result<Value, String> {
    let verifier = verifier.clone();
    let function = move |request: Authorizer| {
        let verifier = verifier.clone();
        async move { verifier.authorize(&request).await }
    };
    posted(handler(function), event).await
}

async fn simple(verifier: &JwtVerifier, event: Value) -> Result<Value, String> {
    let verifier = verifier.clone();
    let function = move |request: Authorizer| {
        let verifier = verifier.clone();
        async move { verifier.authorize_simple(&request).await }
    };
    posted(handler(function), event).await
}

#[tokio::test]
async fn a_good_token_may_call_the_whole_stage() {
    let issuer = issuer();
    let (verifier, token) = (issuer.verifier().audience(API), format!("Bearer {}", ada(&issuer)));
    for (event, arn) in events(&token) {
        let mut expected = policy_of("ada", "Allow", arn);
        expected["context"] = context_of_ada();
        assert_eq!(policy(&verifier, event.clone()).await, Ok(expected), "{event}");
    }
    let expected = json!({ "isAuthorized": true, "context": context_of_ada() });
    assert_eq!(simple(&verifier, http_event(&token).0).await, Ok(expected));
}

#[tokio::test]
async fn a_bad_token_is_a_401_where_the_api_has_one_and_a_missing_right_a_403() {
    let issuer = issuer();
    let verifier = issuer.verifier().audience(API);
    for bad in ["Bearer x", "Bearer", "Basic x", ""] {
        for (event, arn) in events(bad) {
            let expected = match event["version"].is_string() {
                true => Ok(policy_of("token", "Deny", arn)),
                false => Err("Unauthorized".to_owned()),
            };
            assert_eq!(policy(&verifier, event.clone()).await, expected, "{event}");
        }
        assert_eq!(simple(&verifier, http_event(bad).0).await, Ok(json!({ "isAuthorized": false })));
    }
    let (token, writers) =
        (format!("Bearer {}", ada(&issuer)), issuer.verifier().audience(API).scopes(["users:write"]));
    for (event, arn) in events(&token) {
        assert_eq!(policy(&writers, event.clone()).await, Ok(policy_of("token", "Deny", arn)), "{event}");
    }
    assert_eq!(simple(&writers, http_event(&token).0).await, Ok(json!({ "isAuthorized": false })));
}

#[tokio::test]
async fn a_recorded_connection_without_a_token_of_the_issuer_is_a_401() {
    let verifier = issuer().verifier().audience(API);
    // The second one has no `Authorization` at all.
    for file in
        ["python-later/apiGatewayAuthorizerWebSocketEvent.json", "typescript/parser/apigw-websocket/connectEvent.json"]
    {
        assert_eq!(policy(&verifier, fixture(file)).await, Err("Unauthorized".to_owned()), "{file}");
    }
}

#[tokio::test]
async fn one_of_several_tokens_is_not_chosen() {
    let issuer = issuer();
    let (verifier, token) = (issuer.verifier().audience(API), format!("Bearer {}", ada(&issuer)));
    for (mut event, arn) in events(&token).into_iter().filter(|(event, _)| event["type"] == "REQUEST") {
        for (name, values, is_one) in [
            ("Authorization", json!([token]), true),
            ("Authorization", json!(["Basic x", token]), false),
            ("authorization", json!([token, token]), false),
            ("authorization", json!(null), true),
        ] {
            event["multiValueHeaders"] = json!({ name: values });
            let expected = match (is_one, event["version"].is_string()) {
                (true, _) => "Allow",
                (false, true) => "Deny",
                (false, false) => "Unauthorized",
            };
            let outcome = policy(&verifier, event.clone()).await;
            let effect = outcome.map(|policy| policy["policyDocument"]["Statement"][0]["Effect"].clone());
            let effect = effect.unwrap_or_else(|error| error.into());
            assert_eq!(effect, expected, "{arn} {name} {values}");
        }
        event["multiValueHeaders"] = Value::Null;
        event["headers"] = json!({ "Authorization": token, "authorization": "Bearer x" });
        assert_eq!(simple(&verifier, event).await, Ok(json!({ "isAuthorized": false })));
    }
}

#[tokio::test]
async fn without_keys_it_is_an_error_and_not_a_deny() {
    let issuer = issuer();
    let verifier = JwtVerifier::issuer("https://id.example.com").jwks_uri("http://127.0.0.1:1/").audience(API);
    let token = ada(&issuer);
    for (event, _) in events(&format!("Bearer {token}")) {
        // API Gateway answers any error but `Unauthorized` with a 500, and does not cache it.
        let error = policy(&verifier, event.clone()).await.unwrap_err();
        assert!(error.contains("keys of the issuer") && !error.contains(&token), "{error}");
        let error = simple(&verifier, event).await.unwrap_err();
        assert!(error.contains("keys of the issuer"), "{error}");
    }
}
