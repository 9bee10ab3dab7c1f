#[cfg(all(feature = "testing", feature = "cors", feature = "logging"))]
mod whole;

use std::convert::Infallible;

use axum_core::extract::FromRequestParts;
use http::StatusCode;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::Clients;
use crate::core::layer_mistakes::collect;
use crate::http::extract::{Claims, Jwt};
use crate::jwt::TokenIssuer;

const API: &str = "https://api.example.com";

fn issuer() -> TokenIssuer {
    TokenIssuer::new("https://id.example.com").unwrap()
}

fn token(issuer: &TokenIssuer) -> String {
    issuer.token(json!({ "aud": API, "sub": "ada", "scope": "users:read" }))
}

fn layer(issuer: &TokenIssuer) -> JwtLayer {
    JwtLayer::new(issuer.verifier().audience(API))
}

/// Responds with the subject of the claims, by both extractors.
async fn subject(request: Request<Body>) -> Result<Response, Infallible> {
    let (mut parts, _) = request.into_parts();
    let Claims(claims) = <Claims<Value> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await.unwrap();
    let Jwt(jwt) = <Jwt<Value> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await.unwrap();
    assert_eq!(claims, jwt);
    Ok(claims["sub"].to_string().into_response())
}

fn request(path: &str, headers: &[&str]) -> Request<Body> {
    let mut request = Request::get(path);
    for header in headers {
        request = request.header(AUTHORIZATION, *header);
    }
    request.body(Body::empty()).unwrap()
}

async fn send(layer: &JwtLayer, request: Request<Body>) -> Response {
    layer.layer(service_fn(subject)).oneshot(request).await.unwrap()
}

fn challenge(response: &Response) -> &str {
    response.headers().get(WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap())
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_has_one_token_in_its_header() {
    let issuer = issuer();
    let (layer, token) = (layer(&issuer), token(&issuer));
    let bearer = |scheme: &str| format!("{scheme}{token}");
    for good in ["Bearer ", "bearer ", "BEARER  "] {
        let response = send(&layer, request("/", &[&bearer(good)])).await;
        assert_eq!(text(response).await, "\"ada\"", "{good:?}");
    }
    let (none, invalid) = ("Bearer", "Bearer error=\"invalid_token\"");
    for (headers, expected) in [
        (vec![], none),
        (vec!["Basic x".to_owned()], none),
        (vec![String::new()], none),
        (vec![token.clone()], none),
        (vec!["Bearer".to_owned()], invalid),
        (vec!["Bearer ".to_owned()], invalid),
        (vec!["bearer  x".to_owned()], invalid),
        (vec![bearer("Bearer "), bearer("Bearer ")], invalid),
        (vec![bearer("Bearer "), "Basic x".to_owned()], invalid),
        (vec![format!("Bearer {token}, Bearer {token}")], invalid),
        (vec![format!("Bearer {}", "a".repeat(9 * 1024))], invalid),
        (vec![bearer("Bearer Bearer ")], invalid),
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let response = send(&layer, request("/", &headers)).await;
        assert_eq!((response.status(), challenge(&response)), (StatusCode::UNAUTHORIZED, expected), "{headers:?}");
    }
    let mut binary = request("/", &[]);
    binary.headers_mut().insert(AUTHORIZATION, http::HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap());
    assert_eq!(send(&layer, binary).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_missing_right_is_a_403_that_names_the_scopes() {
    let issuer = issuer();
    let bearer = format!("Bearer {}", token(&issuer));
    let admit = |layer: JwtLayer| {
        let request = request("/", &[&bearer]);
        async move { send(&layer, request).await }
    };
    assert_eq!(admit(layer(&issuer).scopes(["users:read"])).await.status(), StatusCode::OK);
    let response = admit(layer(&issuer).scopes(["users:read", "users:write"])).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(challenge(&response), "Bearer error=\"insufficient_scope\", scope=\"users:read users:write\"");
    let of_both = JwtLayer::new(issuer.verifier().audience(API).scopes(["a"])).scopes(["b"]);
    assert_eq!(challenge(&admit(of_both).await), "Bearer error=\"insufficient_scope\", scope=\"a b\"");
    let response = admit(layer(&issuer).groups(["staff"])).await;
    assert_eq!((response.status(), challenge(&response)), (StatusCode::FORBIDDEN, ""));
    assert!(!text(response).await.contains("staff"));
}

#[tokio::test]
async fn unavailable_keys_are_a_503_and_a_mistake_a_500() {
    let issuer = issuer();
    let bearer = format!("Bearer {}", token(&issuer));
    let closed = JwtVerifier::issuer("https://id.example.com").jwks_uri("http://127.0.0.1:1/").audience(API);
    let response = send(&JwtLayer::new(closed), request("/", &[&bearer])).await;
    assert_eq!((response.status(), challenge(&response)), (StatusCode::SERVICE_UNAVAILABLE, ""));
    assert_eq!(response.headers()[RETRY_AFTER], "1");
    assert!(!text(response).await.contains("127.0.0.1"));

    let clients = Clients::new();
    let mut request = request("/", &[&bearer]);
    request.extensions_mut().insert(clients.clone());
    let response = send(&JwtLayer::from_clients(), request).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn the_verifier_may_be_that_of_the_registry() {
    let issuer = issuer();
    let clients = Clients::new();
    clients.insert(issuer.verifier().audience(API));
    let mut request = request("/", &[&format!("Bearer {}", token(&issuer))]);
    request.extensions_mut().insert(clients);
    assert_eq!(text(send(&JwtLayer::from_clients(), request).await).await, "\"ada\"");
}

#[tokio::test]
async fn the_metadata_of_the_resource_need_no_token_and_a_401_names_them() {
    let issuer = issuer();
    for (address, path) in [
        ("https://api.example.com", "/.well-known/oauth-protected-resource"),
        ("https://api.example.com/", "/.well-known/oauth-protected-resource"),
        ("https://api.example.com/v1/mcp", "/.well-known/oauth-protected-resource/v1/mcp"),
    ] {
        let layer = layer(&issuer).scopes(["users:read"]).protected_resource(address);
        let response = send(&layer, request(path, &[])).await;
        assert_eq!(
            (response.status(), &response.headers()[CONTENT_TYPE]),
            (StatusCode::OK, &"application/json".parse().unwrap())
        );
        let document: Value = serde_json::from_str(&text(response).await).unwrap();
        let expected = json!({
            "resource": address,
            "authorization_servers": ["https://id.example.com"],
            "scopes_supported": ["users:read"],
            "bearer_methods_supported": ["header"],
        });
        assert_eq!(document, expected);
        let named = format!("scope=\"users:read\", resource_metadata=\"https://api.example.com{path}\"");
        for (headers, expected) in
            [(&[][..], format!("Bearer {named}")), (&["Bearer x"], format!("Bearer error=\"invalid_token\", {named}"))]
        {
            assert_eq!(challenge(&send(&layer, request("/", headers)).await), expected);
        }
        // Nothing else is public.
        let mut post = request(path, &[]);
        *post.method_mut() = http::Method::POST;
        assert_eq!(send(&layer, post).await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(send(&layer, request(&format!("{path}/x"), &[])).await.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_mistake_stops_the_start() {
    let issuer = issuer();
    let apply = |layer: JwtLayer| collect(|| layer.layer(service_fn(subject))).map(|_| ());
    assert_eq!(apply(layer(&issuer)), Ok(()));
    let mistake = apply(JwtLayer::new(issuer.verifier())).unwrap_err();
    assert!(mistake.contains("needs an audience"), "{mistake}");
    for wrong in [
        "api.example.com",
        "ftp://a",
        "https://a/?q",
        "https://a/#f",
        "https://a#f",
        "",
        "http://api.example.com",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://localhost@api.example.com/",
        "https://u:hunter2@api.example.com",
        "https://hunter2@api.example.com/mcp",
        "https://@api.example.com",
        "http://u:hunter2@localhost/",
        "https://:443/",
    ] {
        let mistake = apply(layer(&issuer).protected_resource(wrong)).expect_err(wrong);
        assert!(mistake.contains("is an `https` URL") && !mistake.contains("hunter2"), "{mistake}");
    }
    for local in ["http://localhost:9000/mcp", "http://127.0.0.1:9000", "http://[::1]/"] {
        assert_eq!(apply(layer(&issuer).protected_resource(local)), Ok(()), "{local}");
    }
    for wrong in ["a b", "", "\"", "é"] {
        assert!(apply(layer(&issuer).scopes([wrong])).unwrap_err().contains("a scope consists of"));
        let verifier = issuer.verifier().audience(API).scopes([wrong]);
        assert!(apply(JwtLayer::new(verifier)).unwrap_err().contains("a scope consists of"));
    }
}

#[tokio::test]
async fn an_empty_list_of_rights_stops_the_start_also_beside_another_one() {
    let issuer = issuer();
    let apply = |layer: JwtLayer| collect(|| layer.layer(service_fn(subject))).map(|_| ());
    let (none, verifier) = (Vec::<String>::new(), || issuer.verifier().audience(API));
    for wrong in [
        layer(&issuer).scopes(none.clone()),
        layer(&issuer).groups(none.clone()),
        layer(&issuer).scopes(["a"]).scopes(none.clone()).scopes(["b"]),
        layer(&issuer).groups(none.clone()).groups(["a"]),
        JwtLayer::new(verifier().scopes(none.clone())),
        JwtLayer::new(verifier().groups(none.clone())),
        JwtLayer::new(verifier().groups(["a"]).groups(none.clone()).scopes(["b"])),
    ] {
        let mistake = apply(wrong).unwrap_err();
        assert!(mistake.contains("a list of required scopes or groups is empty"), "{mistake}");
    }
    let verified = verifier().groups(none).verify(&token(&issuer)).await;
    assert_eq!(verified.unwrap_err().reason(), crate::jwt::JwtReason::Misconfigured);
}
