//! Calls of Secrets Manager, and its refusals.

use super::*;

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
