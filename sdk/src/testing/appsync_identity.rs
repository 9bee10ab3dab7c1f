//! The identities of clients of AppSync, which events of fields and of channels have alike.

use serde::Serialize;
use serde_json::{Value, json};

use super::content::ACCOUNT;

/// Returns the JSON of a value.
///
/// # Panics
///
/// If the value cannot be serialized as JSON.
pub(super) fn value(of: impl Serialize) -> Value {
    match serde_json::to_value(of) {
        Ok(value) => value,
        Err(error) => panic!("a part of the event cannot be serialized as JSON: {error}"),
    }
}

/// Returns the identity of a user of a Cognito user pool.
pub(super) fn cognito<'a>(username: &str, groups: impl IntoIterator<Item = &'a str>) -> Value {
    let groups = groups.into_iter().collect::<Vec<_>>();
    let issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE";
    json!({
        "claims": { "sub": "192879fc-a240-4bf1-ab5a-d6a00f3063f9", "iss": issuer, "cognito:username": username, "token_use": "id" },
        "defaultAuthStrategy": "ALLOW",
        "groups": if groups.is_empty() { Value::Null } else { json!(groups) },
        "issuer": issuer,
        "sourceIp": ["203.0.113.7"],
        "sub": "192879fc-a240-4bf1-ab5a-d6a00f3063f9",
        "username": username,
    })
}

/// Returns the identity of an IAM role.
pub(super) fn iam(role: &str) -> Value {
    json!({
        "accountId": ACCOUNT,
        "cognitoIdentityAuthProvider": null,
        "cognitoIdentityAuthType": null,
        "cognitoIdentityId": null,
        "cognitoIdentityPoolId": null,
        "sourceIp": ["203.0.113.7"],
        "userArn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session"),
        "username": "AROAEXAMPLE:session",
    })
}
