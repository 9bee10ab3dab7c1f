use serde_json::json;

use super::claim::elements;
use super::*;
use crate::http::extract::context::{ContextText, EventKind, EventParts, EventPath};

#[derive(Debug, PartialEq, serde::Deserialize)]
struct User {
    sub: String,
    #[serde(default)]
    exp: Option<u64>,
    #[serde(default)]
    email_verified: bool,
    #[serde(default, rename = "cognito:groups")]
    groups: Vec<String>,
}

fn request(kind: EventKind, context: Value) -> Parts {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let context = ContextText::parse(&context.to_string());
    parts.extensions.insert(EventParts { kind, context, stage_variables: Vec::new(), path: EventPath::default() });
    parts
}

async fn claims<T: DeserializeOwned>(kind: EventKind, context: Value) -> Result<T, Rejection> {
    <Claims<T> as FromRequestParts<()>>::from_request_parts(&mut request(kind, context), &()).await.map(|c| c.0)
}

async fn value(kind: EventKind, context: Value) -> Option<Value> {
    claims::<Value>(kind, context).await.ok()
}

#[tokio::test]
async fn each_source_has_its_claims_elsewhere() {
    let jwt = json!({ "authorizer": { "jwt": { "claims": { "sub": "7" }, "scopes": ["a"] } } });
    assert_eq!(value(EventKind::HttpApi, jwt).await, Some(json!({ "sub": "7" })));
    let lambda = json!({ "authorizer": { "lambda": { "tenant": { "id": 1 } } } });
    assert_eq!(value(EventKind::HttpApi, lambda).await, Some(json!({ "tenant": { "id": 1 } })));
    let iam = json!({ "authorizer": { "iam": { "userArn": "arn" } } });
    assert_eq!(value(EventKind::HttpApi, iam).await, Some(json!({ "userArn": "arn" })));
    let cognito = json!({ "authorizer": { "claims": { "sub": "7" } }, "identity": { "userArn": null } });
    assert_eq!(value(EventKind::Rest, cognito).await, Some(json!({ "sub": "7" })));
    let lambda = json!({ "authorizer": { "principalId": "p", "tenant": "7" } });
    assert_eq!(value(EventKind::WebSocket, lambda.clone()).await, Some(lambda["authorizer"].clone()));
    let lambda = json!({ "authorizer": { "principalId": "p", "claims": "a text of its own" } });
    assert_eq!(value(EventKind::Rest, lambda.clone()).await, Some(lambda["authorizer"].clone()));
    let iam = json!({ "identity": { "userArn": "arn" } });
    assert_eq!(value(EventKind::Rest, iam).await, Some(json!({ "userArn": "arn" })));
    let lattice = json!({ "identity": { "type": "AWS_IAM", "principal": "arn" } });
    assert_eq!(value(EventKind::VpcLattice, lattice.clone()).await, Some(lattice["identity"].clone()));
}

#[tokio::test]
async fn an_unauthenticated_request_is_a_401_or_none() {
    for (kind, context) in [
        (EventKind::HttpApi, json!({})),
        (EventKind::HttpApi, json!({ "authorizer": { "lambda": null } })),
        (EventKind::HttpApi, json!({ "authorizer": { "jwt": { "claims": null } } })),
        (EventKind::HttpApi, json!({ "identity": { "userArn": "of another source" } })),
        (EventKind::Rest, json!({ "authorizer": { "claims": null, "scopes": null }, "identity": { "userArn": null } })),
        (EventKind::Rest, json!({ "authorizer": {}, "identity": { "apiKey": "k", "userArn": "" } })),
        (EventKind::Rest, json!({ "authorizer": { "integrationLatency": 12 } })),
        (EventKind::HttpApiV1, json!({ "authorizer": { "integrationLatency": 12, "claims": null } })),
        (EventKind::WebSocket, json!({ "authorizer": { "integrationLatency": 12, "principalId": "" } })),
        (EventKind::HttpApi, json!({ "authorizer": { "lambda": { "integrationLatency": 12 } } })),
        (EventKind::HttpApi, json!({ "authorizer": { "lambda": {}, "jwt": { "claims": null } } })),
        (EventKind::HttpApi, json!({ "authorizer": { "iam": { "userArn": "", "cognitoIdentity": { "amr": null } } } })),
        (EventKind::Rest, json!({ "authorizer": null, "identity": null })),
        (EventKind::VpcLattice, json!({ "identity": { "sourceVpcArn": "arn" } })),
        (EventKind::VpcLattice, json!({ "identity": { "type": "NONE", "principal": "arn" } })),
        (EventKind::Alb { multi_value: false }, json!({ "authorizer": { "claims": { "sub": "7" } } })),
    ] {
        let rejection = claims::<Value>(kind, context.clone()).await.unwrap_err();
        assert_eq!(rejection.status(), 401, "{context}");
        let response = axum_core::response::IntoResponse::into_response(rejection);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        let none = Option::<Claims<Value>>::from_request_parts(&mut request(kind, context), &()).await;
        assert_eq!(none.unwrap(), None);
    }
}

#[tokio::test]
async fn text_is_parsed_as_the_required_type() {
    let user = |claims: Value| async move {
        self::claims::<User>(EventKind::HttpApi, json!({ "authorizer": { "jwt": { "claims": claims } } })).await
    };
    let given = user(json!({
        "sub": "7", "exp": "1718722804", "email_verified": "true", "cognito:groups": "[a b]", "other": "x",
    }));
    let expected =
        User { sub: "7".into(), exp: Some(1_718_722_804), email_verified: true, groups: vec!["a".into(), "b".into()] };
    assert_eq!(given.await.unwrap(), expected);
    let given = user(json!({
        "sub": "7", "exp": 1_718_722_804, "email_verified": true, "cognito:groups": ["a", "b"],
    }));
    assert_eq!(given.await.unwrap(), expected);
}

#[test]
fn lists_come_in_five_spellings() {
    for text in ["[\"a\",\"b\"]", "[a b]", "[a, b]", "a,b", "a b"] {
        assert_eq!(elements(text), ["a", "b"], "{text}");
    }
    assert_eq!(elements("[a]"), ["a"]);
    assert!(elements("").is_empty() && elements("[]").is_empty() && elements("[ ]").is_empty());
}

#[tokio::test]
async fn claims_of_another_form_are_a_403_without_a_value() {
    for claims in [json!({}), json!({ "sub": 7 }), json!({ "sub": "7", "exp": "hunter2" })] {
        let context = json!({ "authorizer": { "jwt": { "claims": claims } } });
        let rejection = self::claims::<User>(EventKind::HttpApi, context.clone()).await.unwrap_err();
        assert_eq!((rejection.status().as_u16(), rejection.fields().len()), (403, 0));
        let parts = &mut request(EventKind::HttpApi, context);
        let optional = Option::<Claims<User>>::from_request_parts(parts, &()).await;
        assert_eq!(optional.unwrap_err().status(), 403);
    }
}

#[tokio::test]
async fn outside_of_lambda_it_is_a_500() {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let rejection = <Claims<Value> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await.unwrap_err();
    assert_eq!(rejection.status(), 500);
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(format!("{:?}", Claims("ada@example.com")), "Claims(..)");
}
