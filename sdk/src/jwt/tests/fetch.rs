//! Fetches from a server on this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::jwt::fetch::{checked, fetch};

/// Runs a server that sends this response to every request, and returns its URL and the number of connections.
async fn serve(response: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let response = response.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(response.as_bytes()).await;
            });
        }
    });
    (url, connections)
}

fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn verifier(url: &str) -> JwtVerifier {
    JwtVerifier::issuer(ISSUER).jwks_uri(url).audience(API)
}

#[tokio::test]
async fn keys_are_fetched_by_http() {
    let issuer = TokenIssuer::new(ISSUER).unwrap();
    let (url, connections) = serve(ok("", &issuer.jwks().to_string())).await;
    let verifier = verifier(&url);
    for _ in 0..3 {
        verifier.verify(&issuer.token(json!({ "aud": API }))).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_time_for_which_keys_are_fresh_is_that_of_the_response() {
    for (header, expected) in [
        ("", None),
        ("cache-control: public, max-age=300, must-revalidate\r\n", Some(300)),
        ("cache-control: no-store\r\ncache-control: Max-Age=\"7\"\r\n", Some(7)),
        ("cache-control: max-age=soon\r\n", None),
        ("cache-control: s-maxage=9, max-age\r\n", None),
        ("cache-control: max-age=-1\r\n", None),
    ] {
        let (url, _) = serve(ok(header, "{}")).await;
        let document = fetch(&url).await.unwrap();
        assert_eq!(document.max_age.map(|age| age.as_secs()), expected, "{header:?}");
        assert_eq!(&document.body[..], b"{}");
    }
}

#[tokio::test]
async fn a_redirect_an_error_and_a_document_above_the_limit_are_no_keys() {
    let issuer = TokenIssuer::new(ISSUER).unwrap();
    let token = issuer.token(json!({ "aud": API }));
    let keys = issuer.jwks().to_string();
    let (target, redirected) = serve(ok("", &keys)).await;
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let padded = |length: usize| ok("", &format!("{keys}{}", " ".repeat(length - keys.len())));
    for response in [
        redirect,
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        ok("", "<html></html>"),
        ok("", &keys).replace("content-length: ", "content-length: 9"),
        padded(1024 * 1024 + 1),
        "not HTTP".to_owned(),
        String::new(),
    ] {
        let start = response.lines().next().unwrap_or_default().to_owned();
        let (url, _) = serve(response).await;
        let error = verifier(&url).verify(&token).await.unwrap_err();
        assert_eq!(error.reason(), JwtReason::KeysUnavailable, "{start}");
    }
    assert_eq!(redirected.load(Ordering::SeqCst), 0);
    let (url, _) = serve(padded(1024 * 1024)).await;
    verifier(&url).verify(&token).await.unwrap();
}

#[tokio::test]
async fn keys_that_a_token_points_to_are_never_fetched() {
    let (issuer, other) = (TokenIssuer::new(ISSUER).unwrap(), TokenIssuer::new(ISSUER).unwrap());
    let (evil, connections) = serve(ok("", &other.jwks().to_string())).await;
    let (url, _) = serve(ok("", &issuer.jwks().to_string())).await;
    let verifier = verifier(&url);
    for kid in [json!("evil"), json!(evil), issuer.jwk()["kid"].clone(), Value::Null] {
        let header = json!({ "alg": "EdDSA", "kid": kid, "jku": evil, "x5u": evil, "jwk": other.jwk(), "x5c": [evil] });
        let reason = verifier.verify(&other.sign(&header, json!({ "aud": API }))).await.unwrap_err().reason();
        assert!(matches!(reason, JwtReason::UnknownKey | JwtReason::Signature), "{reason:?}");
        let claims = json!({ "aud": API, "iss": evil });
        assert_eq!(verifier.verify(&other.sign(&header, claims)).await.unwrap_err().reason(), JwtReason::Issuer);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[test]
fn a_url_is_one_of_https_or_of_this_machine() {
    for good in ["https://id.example.com/a", "http://localhost:8080/", "http://127.0.0.2/", "http://[::1]:1/"] {
        assert!(checked(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "id",
        "/jwks",
        "http://id.example.com",
        "http://localhost.example.com",
        "ftp://localhost",
        "http://10.0.0.1",
    ] {
        assert!(checked(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn the_environment_makes_a_verifier() {
    use crate::clients::Clients;

    let with = |variables: &[(&str, &str)]| {
        let variables = variables.iter();
        variables.fold(Clients::new(), |clients, (name, value)| clients.with_variable(*name, *value))
    };
    let names = async |variables: &[(&str, &str)]| {
        let verifier = with(variables).get::<JwtVerifier>().await.map_err(|error| format!("{:?}", error))?;
        Ok::<_, String>(format!("{verifier:?}"))
    };
    let issuer = ("PILASTER_JWT_ISSUER", ISSUER);
    assert!(names(&[]).await.unwrap_err().contains("PILASTER_JWT_ISSUER is not set"));
    assert!(names(&[issuer]).await.unwrap_err().contains("needs an audience"));
    assert!(names(&[("PILASTER_JWT_ISSUER", "nowhere"), ("PILASTER_JWT_AUDIENCE", "a")]).await.is_err());
    assert!(names(&[issuer, ("PILASTER_JWT_AUDIENCE", " , ")]).await.is_err());
    assert!(names(&[issuer, ("PILASTER_JWT_AUDIENCE", "a")]).await.unwrap().contains(ISSUER));

    // The keys of a pool may be elsewhere, as in a local stand-in; the other rules are those of Cognito.
    let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC";
    let (url, _) = serve(ok("", &fixture("tokens.json")["jwks"].to_string())).await;
    let variables =
        [("PILASTER_JWT_ISSUER", pool), ("PILASTER_JWT_CLIENT_ID", "one, two"), ("PILASTER_JWT_JWKS_URI", &url)];
    let verifier: JwtVerifier = with(&variables).get().await.unwrap();
    verifier.warm().await.unwrap();
    let token = TokenIssuer::new(pool).unwrap().token(json!({ "token_use": "access", "client_id": "two" }));
    assert_eq!(verifier.verify(&token).await.unwrap_err().reason(), JwtReason::Algorithm, "RS256 alone");
}

#[tokio::test]
async fn the_environment_chooses_the_tokens_of_a_pool() {
    use crate::clients::Clients;

    let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC";
    let updated = "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC";
    let of = async |iss: &str, token_use: &str| {
        let issuer = TokenIssuer::new(iss).unwrap();
        let clients =
            Clients::new().with_variable("PILASTER_JWT_ISSUER", iss).with_variable("PILASTER_JWT_CLIENT_ID", "app");
        let verifier = clients.with_variable("PILASTER_JWT_TOKEN_USE", token_use).get::<JwtVerifier>().await;
        let verifier = verifier.map_err(|error| format!("{error:?}"))?;
        // The keys of the test are no RSA keys.
        let verifier = verifier.algorithms([Algorithm::EdDSA]).with_keys_of(&issuer);
        let id = issuer.token(json!({ "token_use": "id", "aud": "app" }));
        let access = issuer.token(json!({ "token_use": "access", "client_id": "app" }));
        Ok::<_, String>((verifier.verify(&id).await.is_ok(), verifier.verify(&access).await.is_ok()))
    };
    for pool in [pool, updated] {
        assert_eq!(of(pool, "").await, Ok((false, true)), "{pool}");
        assert_eq!(of(pool, "access").await, Ok((false, true)), "{pool}");
        assert_eq!(of(pool, "id").await, Ok((true, false)), "{pool}");
    }
    for (iss, token_use) in [(pool, "ID"), (pool, "refresh"), ("https://id.example.com", "id")] {
        assert!(of(iss, token_use).await.unwrap_err().contains("PILASTER_JWT_TOKEN_USE must be"), "{iss} {token_use}");
    }
}
