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
        let url = format!("resource_metadata=\"https://api.example.com{path}\"");
        for (headers, expected) in
            [(&[][..], format!("Bearer {url}")), (&["Bearer x"], format!("Bearer error=\"invalid_token\", {url}"))]
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

#[cfg(all(feature = "testing", feature = "cors", feature = "logging"))]
mod whole {
    use super::*;
    use crate::core::raw::RawService;
    use crate::http::cors::CorsLayer;
    use crate::http::layers::stack::Stack;
    use crate::observe::logging::CapturedLogs;
    use crate::testing::Caller;
    use crate::testing::http::{get, request};

    async fn greet(Jwt(user): Jwt<Value>) -> String {
        user["sub"].to_string()
    }

    fn caller(layer: JwtLayer) -> (Caller<impl RawService>, CapturedLogs) {
        let cors = CorsLayer::new().allow_origins(["https://app.example.com"]).expose_headers(["www-authenticate"]);
        let logs = CapturedLogs::default();
        let function = crate::function::handler::handler(greet).layer(Stack::new().cors(cors).layer(layer));
        (Caller::new(function).with_logs(&logs), logs)
    }

    #[tokio::test]
    async fn a_preflight_passes_and_a_401_can_be_read_by_pages() {
        let (caller, _) = caller(layer(&issuer()));
        let preflight = request("OPTIONS", "/").header("origin", "https://app.example.com");
        let preflight = preflight.header("access-control-request-method", "GET");
        let response = caller.send(preflight).await.unwrap();
        assert!(response.status() < 300, "{response:?}");
        let response = caller.send(get("/").header("origin", "https://app.example.com")).await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(response.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert_eq!(response.header("access-control-expose-headers"), Some("www-authenticate"));
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
    }

    #[tokio::test]
    async fn the_log_has_the_reason_and_neither_the_token_nor_a_claim() {
        let issuer = issuer();
        let (caller, logs) = caller(layer(&issuer).scopes(["users:write"]));
        let token = issuer.token(json!({ "aud": API, "sub": "ada", "scope": "users:read" }));
        let other = issuer.token(json!({ "aud": "secret-audience", "sub": "ada", "scope": "users:read" }));
        for (token, reason, status) in [(&*token, "scope", 403), (&other, "audience", 401), ("x.y.z", "malformed", 401)]
        {
            let response = caller.send(get("/").bearer(token)).await.unwrap();
            assert_eq!(response.status(), status);
            let lines = logs.lines();
            assert_eq!(lines.iter().filter(|line| line["jwt.reason"] == reason).count(), 1, "{reason}: {lines:?}");
        }
        let text = format!("{:?}", logs.lines());
        let parts = token.split('.').chain(other.split('.'));
        for secret in parts.chain(["x.y.z", "ada", "users:read", "secret-audience"]) {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }

    #[tokio::test]
    async fn the_log_of_a_mismatch_names_a_field_of_the_type_and_no_key_of_a_map() {
        type Map<T> = std::collections::BTreeMap<String, T>;
        #[derive(serde::Deserialize)]
        #[allow(dead_code)]
        struct Typed {
            addresses: Map<u8>,
        }
        async fn jwt(_: Jwt<Typed>) {}
        async fn claims(_: Claims<Typed>) {}
        async fn jwt_map(_: Jwt<Map<u8>>) {}
        async fn claims_map(_: Claims<Map<Map<u8>>>) {}

        let issuer = issuer();
        let token = issuer.token(json!({
            "aud": API, "ada.lovelace@example.com": 7, "addresses": { "ada.lovelace@example.com": "x" },
        }));
        macro_rules! logged {
            ($function:expr) => {{
                let logs = CapturedLogs::default();
                let function = crate::function::handler::handler($function).layer(Stack::new().layer(layer(&issuer)));
                let response =
                    Caller::new(function).with_logs(&logs).send(get("/").bearer(token.clone())).await.unwrap();
                assert_eq!(response.status(), 403);
                let lines = logs.lines();
                assert!(!format!("{lines:?}").contains("ada.lovelace"), "{lines:?}");
                let is_it = |line: &&Value| line.to_string().contains("do not match the expected type");
                lines.iter().find(is_it).expect("a line").get("claim").cloned()
            }};
        }
        assert_eq!(logged!(jwt), Some(json!("/addresses")));
        assert_eq!(logged!(claims), Some(json!("/addresses")));
        assert_eq!(logged!(jwt_map), None);
        assert_eq!(logged!(claims_map), None);
    }

    #[tokio::test]
    async fn without_a_layer_the_extractor_verifies_and_shares_the_claims() {
        async fn optional(user: Option<Jwt<Value>>, claims: Option<Claims<Value>>) -> String {
            let (user, claims) = (user.map(|user| user.0["sub"].clone()), claims.map(|claims| claims.0["sub"].clone()));
            format!("{user:?} {}", user == claims)
        }
        #[derive(serde::Deserialize)]
        struct Typed {
            #[allow(dead_code)]
            tenant: u64,
        }
        async fn typed(_: Jwt<Typed>) {}

        let issuer = issuer();
        let clients = Clients::new();
        clients.insert(issuer.verifier().audience(API).scopes(["users:read"]));
        let optional = Caller::new(crate::function::handler::handler(optional)).with_clients(clients.clone());
        assert_eq!(optional.send(get("/").bearer(token(&issuer))).await.unwrap().text(), r#"Some(String("ada")) true"#);
        assert_eq!(optional.send(get("/")).await.unwrap().text(), "None true");
        let response = optional.send(get("/").bearer("x")).await.unwrap();
        assert_eq!(
            (response.status(), response.header("www-authenticate")),
            (401, Some("Bearer error=\"invalid_token\""))
        );
        let other = issuer.token(json!({ "aud": API }));
        let response = optional.send(get("/").bearer(other)).await.unwrap();
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"users:read\"";
        assert_eq!((response.status(), response.header("www-authenticate")), (403, Some(challenge)));

        let typed = Caller::new(crate::function::handler::handler(typed)).with_clients(clients);
        let response = typed.send(get("/").bearer(token(&issuer))).await.unwrap();
        assert_eq!((response.status(), response.header("www-authenticate")), (403, None));
        assert_eq!(typed.send(get("/")).await.unwrap().status(), 401);
    }

    #[tokio::test]
    async fn an_error_of_a_verification_in_the_function_has_its_status() {
        let issuer = issuer();
        let verifier = issuer.verifier().audience(API).scopes(["users:read"]);
        let function = move |body: String| {
            let verifier = verifier.clone();
            async move {
                let down = JwtVerifier::issuer("https://id.example.com").jwks_uri("http://127.0.0.1:1/").audience(API);
                let wrong = JwtVerifier::issuer("https://id.example.com");
                let (verifier, token) = match body.split_once(' ') {
                    Some(("down", token)) => (down, token.to_owned()),
                    Some(("wrong", token)) => (wrong, token.to_owned()),
                    _ => (verifier, body),
                };
                let verified = verifier.verify(&token).await?;
                Ok::<_, HttpError>(verified.subject().unwrap_or_default().to_owned())
            }
        };
        let caller = Caller::new(crate::function::handler::handler(function));
        let other = issuer.token(json!({ "aud": API }));
        let good = token(&issuer);
        let (down, wrong) = (format!("down {good}"), format!("wrong {good}"));
        for (body, status) in [(&*good, 200), ("x", 401), (&other, 403), (&down, 503), (&wrong, 500)] {
            let response = caller.send(crate::testing::http::post("/").text(body)).await.unwrap();
            assert_eq!(response.status(), status, "{}", response.text());
            assert_eq!(response.header("retry-after"), (status == 503).then_some("1"));
            assert!(status != 500 || !response.text().contains("audience"), "{}", response.text());
        }
    }

    #[tokio::test]
    async fn the_claims_of_the_authorizer_come_first() {
        async fn both(Claims(claims): Claims<Value>, Jwt(user): Jwt<Value>) -> String {
            format!("{} {}", claims["sub"], user["sub"])
        }
        let issuer = issuer();
        let function = crate::function::handler::handler(both).layer(Stack::new().layer(layer(&issuer)));
        let request = get("/").bearer(token(&issuer)).claims(json!({ "sub": "of the authorizer" }));
        assert_eq!(Caller::new(function).send(request).await.unwrap().text(), r#""of the authorizer" "ada""#);
    }
}
