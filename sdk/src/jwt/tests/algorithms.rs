use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

/// A verifier of the tokens of `tokens.json` by this algorithm.
fn verifier(tokens: &Value, algorithm: &str) -> JwtVerifier {
    let verifier = match tokens["secrets"][algorithm].as_str() {
        Some(secret) => JwtVerifier::shared_secret(ISSUER, URL_SAFE_NO_PAD.decode(secret).unwrap()),
        None => JwtVerifier::jwks(ISSUER, tokens["jwks"].to_string()),
    };
    verifier.audience(API)
}

#[tokio::test]
async fn tokens_of_other_libraries_are_verified_by_every_supported_algorithm() {
    let tokens = fixture("tokens.json");
    let (mut accepted, mut refused) = (0, 0);
    for case in tokens["tokens"].as_array().unwrap() {
        let algorithm = texts(case, "alg");
        let outcome = verifier(&tokens, algorithm).verify(texts(case, "token")).await;
        let what = format!("{} by {}", algorithm, texts(case, "signer"));
        if case["accepted"] == true {
            assert_eq!(outcome.expect(&what).subject(), Some("ada"), "{what}");
            accepted += 1;
        } else {
            assert_eq!(outcome.expect_err(&what).reason(), JwtReason::Algorithm, "{what}");
            refused += 1;
        }
    }
    assert_eq!((accepted, refused), (38, 6));
}

#[tokio::test]
async fn a_secret_that_is_a_public_key_signs_nothing() {
    let tokens = fixture("tokens.json");
    let verifier = JwtVerifier::jwks(ISSUER, tokens["jwks"].to_string()).audience(API);
    let token = texts(&tokens, "signed_with_the_public_key");
    assert_eq!(verifier.verify(token).await.unwrap_err().reason(), JwtReason::Algorithm);
}

/// Changes the header of a token, whose signature is then wrong.
fn with_header(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let (header, rest) = token.split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    change(&mut header);
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[tokio::test]
async fn no_algorithm_is_none() {
    let issuer = TokenIssuer::new(ISSUER).unwrap();
    let token = issuer.token(json!({ "aud": API }));
    let verifier = issuer.verifier().audience(API);
    verifier.verify(&token).await.unwrap();
    for name in ["none", "nOnE", "NONE", "", "HS1", "ES512", "ES256K", "Ed448", "eddsa", "RS256 "] {
        let other = with_header(&token, |header| header["alg"] = name.into());
        let unsigned = other.rsplit_once('.').unwrap().0;
        for token in [&other, &format!("{unsigned}.")] {
            assert_eq!(verifier.verify(token).await.unwrap_err().reason(), JwtReason::Algorithm, "{name}");
        }
    }
}

#[tokio::test]
async fn the_algorithm_is_that_of_the_list_and_of_the_key() {
    let tokens = fixture("tokens.json");
    let cases = tokens["tokens"].as_array().unwrap();
    let token = |algorithm: &str| texts(cases.iter().find(|case| case["alg"] == algorithm).unwrap(), "token");
    let verifier = || JwtVerifier::jwks(ISSUER, tokens["jwks"].to_string()).audience(API);

    let listed = verifier().algorithms([Algorithm::PS256, Algorithm::EdDSA]);
    listed.verify(token("PS256")).await.unwrap();
    listed.verify(token("Ed25519")).await.unwrap();
    assert_eq!(listed.verify(token("RS256")).await.unwrap_err().reason(), JwtReason::Algorithm);

    let mut keys = tokens["jwks"].clone();
    keys["keys"][0]["alg"] = "PS384".into();
    let fixed = JwtVerifier::jwks(ISSUER, keys.to_string()).audience(API);
    fixed.verify(token("PS384")).await.unwrap();
    assert_eq!(fixed.verify(token("PS256")).await.unwrap_err().reason(), JwtReason::Algorithm);

    // A key of P-256 by the name of the one of P-384, and the other way round.
    let mut keys = tokens["jwks"].clone();
    keys["keys"][1]["kid"] = "p384".into();
    keys["keys"][2]["kid"] = "p256".into();
    let mixed = JwtVerifier::jwks(ISSUER, keys.to_string()).audience(API);
    for algorithm in ["ES256", "ES384"] {
        assert_eq!(mixed.verify(token(algorithm)).await.unwrap_err().reason(), JwtReason::Algorithm, "{algorithm}");
    }
}

#[test]
fn a_verifier_that_cannot_be_meant_is_refused() {
    let keys = fixture("tokens.json")["jwks"].to_string();
    let refused = |verifier: JwtVerifier| verifier.check().unwrap_err().to_string();
    let public = || JwtVerifier::jwks(ISSUER, &keys).audience(API);
    let secret = |length: usize| JwtVerifier::shared_secret(ISSUER, vec![7; length]).audience(API);

    public().check().unwrap();
    secret(32).check().unwrap();
    assert!(refused(JwtVerifier::jwks(ISSUER, &keys)).contains("needs an audience, a client or an expected claim"));
    assert!(refused(public().algorithms([])).contains("at least one algorithm"));
    assert!(refused(public().algorithms([Algorithm::RS256, Algorithm::HS256])).contains("need a shared secret"));
    assert!(refused(secret(32).algorithms([Algorithm::RS256])).contains("are HS256, HS384 and HS512"));
    assert!(refused(secret(31)).contains("at least 32 bytes"));
    assert!(refused(JwtVerifier::jwks(ISSUER, "{}").audience(API)).contains("is not a JSON Web Key Set"));
    assert!(refused(JwtVerifier::jwks(ISSUER, r#"{"keys":[]}"#).audience(API)).contains("no key"));
    assert!(refused(JwtVerifier::issuer("http://id.example.com").audience(API)).contains("must be an `https` URL"));
    assert!(refused(JwtVerifier::issuer("an id").audience(API)).contains("is not a URL"));
    assert!(
        refused(JwtVerifier::issuer(ISSUER).jwks_uri("ftp://a/b").audience(API)).contains("must be an `https` URL")
    );
    assert!(refused(JwtVerifier::cognito("pool").client("c")).contains("`eu-west-1_AbCdEfGhI`"));
    assert!(
        refused(JwtVerifier::cognito("pool").jwks_uri("https://a/b").client("c")).contains("`eu-west-1_AbCdEfGhI`")
    );
    assert!(refused(public().or(public())).contains("configured twice"));
    JwtVerifier::issuer("https://a.example").or(JwtVerifier::cognito("eu-west-1_A")).client("c").check().unwrap();
    JwtVerifier::issuer("my-issuer").jwks_uri("http://127.0.0.1:1/keys").claim("azp", "app").check().unwrap();
}

#[tokio::test]
async fn a_secret_is_as_long_as_the_hash() {
    let tokens = fixture("tokens.json");
    for case in tokens["tokens"].as_array().unwrap().iter().filter(|case| texts(case, "alg").starts_with("HS")) {
        let (secret, algorithm) = (&tokens["secrets"][texts(case, "alg")], texts(case, "alg"));
        let secret = URL_SAFE_NO_PAD.decode(secret.as_str().unwrap()).unwrap();
        let shorter = JwtVerifier::shared_secret(ISSUER, &secret[..secret.len() - 1]).audience(API);
        // A secret of 63 bytes is long enough for HS384, and not for HS512.
        let expected = if algorithm == "HS256" { JwtReason::Misconfigured } else { JwtReason::Algorithm };
        let reason = shorter.verify(texts(case, "token")).await.unwrap_err().reason();
        assert_eq!(reason, expected, "{algorithm}");
    }
}
