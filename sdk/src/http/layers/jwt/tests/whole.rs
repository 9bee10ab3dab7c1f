//! The layer and the extractor in a whole function.

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
    for (token, reason, status) in [(&*token, "scope", 403), (&other, "audience", 401), ("x.y.z", "malformed", 401)] {
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
            let response = Caller::new(function).with_logs(&logs).send(get("/").bearer(token.clone())).await.unwrap();
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
    assert_eq!((response.status(), response.header("www-authenticate")), (401, Some("Bearer error=\"invalid_token\"")));
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
