//! The keys of an issuer that are fetched, with a clock that the test moves.

mod outages;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::core::clock::freeze;
use crate::core::error::BoxError;
use crate::jwt::fetch::Document;
use crate::jwt::keys::{Keys, Location};

const SECOND: Duration = Duration::from_secs(1);

/// The server of an issuer, with a key set that a test replaces.
#[derive(Clone)]
struct Server(Arc<Shared>);

struct Shared {
    keys: Mutex<Vec<Value>>,
    behaviour: Mutex<Behaviour>,
    max_age: Mutex<Option<Duration>>,
    fetches: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Behaviour {
    Responds,
    Hangs,
    Fails,
    /// Responds with this document.
    With(&'static str),
}

impl Server {
    fn new(issuers: &[&TokenIssuer]) -> Self {
        let shared = Shared {
            keys: Mutex::default(),
            behaviour: Mutex::new(Behaviour::Responds),
            max_age: Mutex::default(),
            fetches: AtomicUsize::new(0),
        };
        let server = Self(Arc::new(shared));
        server.publish(issuers);
        server
    }

    fn publish(&self, issuers: &[&TokenIssuer]) {
        *self.0.keys.lock().unwrap() = issuers.iter().map(|issuer| issuer.jwk()).collect();
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.0.behaviour.lock().unwrap() = behaviour;
    }

    fn fetches(&self) -> usize {
        self.0.fetches.load(Ordering::SeqCst)
    }

    async fn respond(self, url: String) -> Result<Document, BoxError> {
        self.0.fetches.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(100)).await;
        let (behaviour, max_age) = (*self.0.behaviour.lock().unwrap(), *self.0.max_age.lock().unwrap());
        let body = match behaviour {
            Behaviour::Hangs => std::future::pending().await,
            Behaviour::Fails => return Err("the issuer responded with the status 500".into()),
            Behaviour::With(text) => text.to_owned(),
            Behaviour::Responds if url.ends_with("/.well-known/openid-configuration") => {
                json!({ "issuer": ISSUER, "jwks_uri": "https://keys.example.com/jwks" }).to_string()
            }
            Behaviour::Responds => json!({ "keys": *self.0.keys.lock().unwrap() }).to_string(),
        };
        Ok(Document { body: body.into(), max_age })
    }

    fn verifier_at(&self, location: Location) -> JwtVerifier {
        let server = self.clone();
        let keys = Keys::fetched_by(location, Box::new(move |url| server.clone().respond(url).boxed()));
        JwtVerifier::issuer(ISSUER).audience(API).with_keys(&keys)
    }

    fn verifier(&self) -> JwtVerifier {
        self.verifier_at(Location::Jwks("https://id.example.com/jwks".to_owned()))
    }
}

fn issuer() -> TokenIssuer {
    TokenIssuer::new(ISSUER).unwrap()
}

/// A token of this issuer, for a year.
fn token(issuer: &TokenIssuer) -> String {
    issuer.token(json!({ "aud": API, "exp": crate::core::clock::unix_seconds() + 3e7 }))
}

async fn refused(verifier: &JwtVerifier, token: &str) -> Option<JwtReason> {
    let began = Instant::now();
    let outcome = verifier.verify(token).await;
    assert!(began.elapsed() <= SECOND * 3, "{:?} were waited", began.elapsed());
    let error = outcome.err()?;
    let retry_after = error.retry_after().map(|after| after.as_secs());
    assert_eq!(
        retry_after.is_some_and(|after| (1..=30).contains(&after)),
        error.reason() == JwtReason::KeysUnavailable
    );
    Some(error.reason())
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_a_thousand_tokens_at_once_are_fetched_once() {
    let issuer = issuer();
    let server = Server::new(&[&issuer]);
    let verifier = server.verifier();
    let tokens: Vec<_> = (0..1000).map(|_| token(&issuer)).collect();
    let all = join_all(tokens.iter().map(|token| verifier.verify(token))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(server.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_are_fresh_as_long_as_the_issuer_says_and_refreshed_ahead() {
    for (max_age, fresh) in [(None, 600), (Some(0), 60), (Some(300), 300), (Some(9_999_999), 86_400)] {
        let issuer = issuer();
        let server = Server::new(&[&issuer]);
        *server.0.max_age.lock().unwrap() = max_age.map(Duration::from_secs);
        let (verifier, token) = (server.verifier(), token(&issuer));
        assert_eq!(refused(&verifier, &token).await, None);
        advance(SECOND * (fresh / 5 * 4 - 1)).await;
        assert_eq!(refused(&verifier, &token).await, None);
        sleep(SECOND).await;
        assert_eq!(server.fetches(), 1, "{max_age:?}: still fresh");
        let began = Instant::now();
        assert_eq!(refused(&verifier, &token).await, None);
        assert_eq!(began.elapsed(), Duration::ZERO, "in the background");
        sleep(SECOND).await;
        assert_eq!(server.fetches(), 2, "{max_age:?}: refreshed ahead");
        freeze(SECOND * (fresh + 1));
        assert_eq!(refused(&verifier, &token).await, None);
        assert_eq!(server.fetches(), 3, "{max_age:?}: the sandbox was frozen");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_is_noticed_by_the_unknown_key() {
    let (old, new) = (issuer(), issuer());
    let server = Server::new(&[&old]);
    let verifier = server.verifier();
    let (old_token, new_token) = (token(&old), token(&new));
    assert_eq!(refused(&verifier, &old_token).await, None);
    server.publish(&[&new]);
    assert_eq!(refused(&verifier, &new_token).await, None);
    assert_eq!(server.fetches(), 2);
    assert_eq!(refused(&verifier, &new_token).await, None);
    // The old key is gone, and looked for only after the pause.
    assert_eq!(refused(&verifier, &old_token).await, Some(JwtReason::UnknownKey));
    assert_eq!(server.fetches(), 2);
    advance(SECOND * 30).await;
    assert_eq!(refused(&verifier, &old_token).await, Some(JwtReason::UnknownKey));
    assert_eq!(server.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_unknown_keys_are_one_fetch() {
    let (known, unknown) = (issuer(), issuer());
    let server = Server::new(&[&known]);
    let verifier = server.verifier();
    assert_eq!(refused(&verifier, &token(&known)).await, None);
    let claims = json!({ "aud": API });
    let made_up =
        |kid: usize| unknown.sign(&json!({ "alg": "EdDSA", "kid": format!("made-up-{kid}") }), claims.clone());
    let tokens: Vec<_> = (0..1000).map(made_up).chain([token(&known)]).collect();
    let all = join_all(tokens.iter().map(|token| refused(&verifier, token))).await;
    assert_eq!(server.fetches(), 2);
    assert!(all[..1000].iter().all(|reason| *reason == Some(JwtReason::UnknownKey)));
    assert_eq!(all[1000], None);
    // A key that is published meanwhile is found after the pause.
    server.publish(&[&known, &unknown]);
    assert_eq!(refused(&verifier, &token(&unknown)).await, Some(JwtReason::UnknownKey));
    advance(SECOND * 30).await;
    assert_eq!(refused(&verifier, &token(&unknown)).await, None);
    assert_eq!(server.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_unknown_keys_at_the_first_fetch_are_that_fetch() {
    let (known, unknown) = (issuer(), issuer());
    let server = Server::new(&[&known]);
    let verifier = server.verifier();
    let tokens: Vec<_> = (0..1000).map(|_| token(&unknown)).collect();
    let all = join_all(tokens.iter().map(|token| refused(&verifier, token))).await;
    assert!(all.iter().all(|reason| *reason == Some(JwtReason::UnknownKey)));
    assert_eq!(server.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn discovery_is_of_the_issuer_and_of_https() {
    let issuer = issuer();
    let at = || Location::Discovery(ISSUER.to_owned());
    let server = Server::new(&[&issuer]);
    let (verifier, token) = (server.verifier_at(at()), token(&issuer));
    verifier.warm().await.unwrap();
    assert_eq!(refused(&verifier, &token).await, None);
    assert_eq!(server.fetches(), 2);
    advance(SECOND * 900).await;
    assert_eq!(refused(&verifier, &token).await, None);
    assert_eq!(server.fetches(), 3, "the URL of the keys is known");

    for document in [
        r#"{"issuer":"https://id.example.com/","jwks_uri":"https://keys.example.com/jwks"}"#,
        r#"{"issuer":"https://id.example.com","jwks_uri":"http://keys.example.com/jwks"}"#,
        r#"{"issuer":"https://id.example.com","jwks_uri":"file:///etc/passwd"}"#,
        r#"{"issuer":"https://id.example.com"}"#,
        "[]",
        r#"["https://id.example.com","https://keys.example.com/jwks"]"#,
    ] {
        server.behave(Behaviour::With(document));
        let error = server.verifier_at(at()).verify(&token).await.unwrap_err();
        assert_eq!(error.reason(), JwtReason::KeysUnavailable, "{document}");
        assert!(!error.to_string().contains("keys.example.com") && !error.to_string().contains("passwd"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_key_works_among_strange_ones() {
    let issuer = issuer();
    let mut keys = vec![
        json!({ "kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA" }),
        json!({ "kty": "OKP", "crv": "X25519", "kid": "agreement", "x": "AAAA" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": 7, "x": "AAAA" }),
        json!({ "kid": "no kty" }),
        json!(null),
        json!([1]),
        json!({ "kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "zero", "n": "AAAA", "e": "" }),
    ];
    keys.extend((0..500).map(|kid| {
        let other = TokenIssuer::new(ISSUER).unwrap().jwk();
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": format!("other {kid}"), "x": other["x"] })
    }));
    keys.insert(250, issuer.jwk());
    let token = token(&issuer);
    let verifier = |keys: &[Value]| JwtVerifier::jwks(ISSUER, json!({ "keys": keys }).to_string()).audience(API);
    assert_eq!(refused(&verifier(&keys), &token).await, None);

    let unnamed = issuer.sign(&json!({ "alg": "EdDSA" }), json!({ "aud": API }));
    assert_eq!(refused(&verifier(&keys), &unnamed).await, Some(JwtReason::AmbiguousKey));
    assert_eq!(refused(&verifier(&[issuer.jwk()]), &unnamed).await, None);

    let same_name = json!({ "kty": "AKP", "alg": "ML-DSA-65", "kid": issuer.jwk()["kid"], "pub": "AAAA" });
    for twin in [issuer.jwk(), same_name] {
        assert_eq!(refused(&verifier(&[issuer.jwk(), twin]), &token).await, Some(JwtReason::AmbiguousKey));
    }
    for (name, value) in
        [("use", json!("enc")), ("key_ops", json!(["sign"])), ("key_ops", json!([])), ("use", json!("SIG"))]
    {
        let mut key = issuer.jwk();
        key[name] = value.clone();
        let outcome = refused(&verifier(&[key.clone(), keys[300].clone()]), &token).await;
        assert_eq!(outcome, Some(JwtReason::UnknownKey), "{name} {value}");
        // It does not stand in the way of one of the same name for signatures.
        assert_eq!(refused(&verifier(&[key, issuer.jwk()]), &token).await, None, "{name} {value}");
    }
}
