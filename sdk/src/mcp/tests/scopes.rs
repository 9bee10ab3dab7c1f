//! Check 45: tokens and their scopes. The metadata of the resource is that of the layer around the server.

use super::*;
use crate::core::layer_mistakes::collect;
use crate::jwt::TokenIssuer;

fn guarded() -> Server {
    server().require_scopes("five", ["numbers:read", "numbers:write"])
}

fn call() -> (Builder, Value) {
    modern("tools/call", json!({ "name": "five" }))
}

#[tokio::test]
async fn check_45_a_tool_with_scopes_is_refused_without_a_token() {
    let (request, message) = call();
    let response = send(&guarded(), request, message.to_string()).await;
    assert_eq!(response.status(), 403);
    let challenge = r#"Bearer error="insufficient_scope", scope="numbers:read numbers:write""#;
    assert_eq!(response.headers()["www-authenticate"], challenge);
    assert_eq!(body(response).await["id"], 7);
    let other = modern("tools/call", json!({ "name": "ask", "arguments": { "how": "well" } }));
    assert_eq!(answer(&guarded(), other).await.0, 200);
}

#[tokio::test]
async fn check_45_a_token_needs_all_scopes_of_the_tool() {
    let issuer = TokenIssuer::new("https://id.example.com").unwrap();
    let verifier = issuer.verifier().audience("https://api.example.com");
    for (scope, expected) in [("numbers:read", 403), ("numbers:write numbers:read", 200), ("", 403)] {
        let claims = json!({ "sub": "ada", "aud": "https://api.example.com", "scope": scope });
        let token = verifier.verify(&issuer.token(claims)).await.unwrap();
        let (request, message) = call();
        assert_eq!(answer(&guarded(), (request.extension(token), message)).await.0, expected, "{scope}");
    }
}

#[test]
fn scopes_of_an_unknown_tool_and_scopes_that_are_not_valid_fail_at_start() {
    assert!(collect(|| server().require_scopes("nope", ["a"])).unwrap_err().contains("`nope`"));
    assert!(collect(|| server().require_scopes("five", ["a\"b"])).unwrap_err().contains("must be valid"));
    assert!(collect(|| server().require_scopes("five", [""; 0])).unwrap_err().contains("at least one"));
}

#[cfg(feature = "http")]
#[tokio::test]
async fn check_45_the_layer_of_tokens_names_the_metadata_which_it_serves() {
    use tower::Layer as _;

    let issuer = TokenIssuer::new("https://id.example.com").unwrap();
    let layer = crate::http::JwtLayer::new(issuer.verifier().audience("https://api.example.com/mcp"));
    let service = layer.protected_resource("https://api.example.com/mcp").layer(guarded());
    let send = async |request: Request<Body>| service.clone().oneshot(request).await.unwrap();
    let metadata = "https://api.example.com/.well-known/oauth-protected-resource/mcp";

    let (request, message) = call();
    let response = send(request.body(message.to_string().into()).unwrap()).await;
    let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert_eq!((response.status().as_u16(), challenge), (401, format!("Bearer resource_metadata=\"{metadata}\"")));

    let document = Request::get("/.well-known/oauth-protected-resource/mcp").body(Body::empty()).unwrap();
    let document = body(send(document).await).await;
    assert_eq!(document["resource"], "https://api.example.com/mcp");

    let token = issuer.token(json!({ "sub": "ada", "aud": "https://api.example.com/mcp", "scope": "numbers:read" }));
    let (request, message) = call();
    let request = request.header("authorization", format!("Bearer {token}"));
    let response = send(request.body(message.to_string().into()).unwrap()).await;
    assert_eq!(response.status(), 403);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
    let expected = r#"Bearer error="insufficient_scope", scope="numbers:read numbers:write""#;
    assert_eq!(challenge, format!("{expected}, resource_metadata=\"{metadata}\""));
    assert_eq!(body(response).await["error"]["code"], -32600);
}
