use std::time::Duration;

use super::*;
use crate::core::clock::unix_seconds;

const POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC";

fn issuer() -> TokenIssuer {
    TokenIssuer::new(ISSUER).unwrap()
}

/// Returns the reason for which a token with these claims and the right audience is refused.
async fn refused(change: impl Fn(JwtVerifier) -> JwtVerifier, mut claims: Value) -> Option<JwtReason> {
    let issuer = issuer();
    claims.as_object_mut().unwrap().entry("aud").or_insert(API.into());
    change(issuer.verifier().audience(API)).verify(&issuer.token(claims)).await.err().map(|error| error.reason())
}

/// The same, for a payload as it is.
async fn refused_text(payload: &str) -> Option<JwtReason> {
    let issuer = issuer();
    let token = issuer.sign_text(r#"{"alg":"EdDSA"}"#, payload);
    issuer.verifier().audience(API).verify(&token).await.err().map(|error| error.reason())
}

#[tokio::test(start_paused = true)]
async fn times_are_numbers_and_a_minute_of_difference_is_tolerated() {
    // Whole seconds, which JSON keeps exactly.
    let now = unix_seconds().floor();
    for (claims, expected) in [
        (json!({ "exp": now - 59.0 }), None),
        (json!({ "exp": now - 61.0 }), Some(JwtReason::Expired)),
        (json!({ "exp": now - 60.0 }), Some(JwtReason::Expired)),
        (json!({ "exp": now as u64 - 58 }), None),
        (json!({ "exp": 0 }), Some(JwtReason::Expired)),
        (json!({ "nbf": now + 60.0 }), None),
        (json!({ "nbf": now + 61.0 }), Some(JwtReason::NotYetValid)),
        (json!({ "iat": now + 60.0 }), None),
        (json!({ "iat": now + 61.0 }), Some(JwtReason::NotYetValid)),
        (json!({ "exp": (now + 60.0).to_string() }), Some(JwtReason::Claims)),
        (json!({ "exp": -1 }), Some(JwtReason::Claims)),
        (json!({ "exp": 1e19 }), None),
        (json!({ "exp": null }), Some(JwtReason::NoExpiry)),
        (json!({ "exp": [9e9] }), Some(JwtReason::Claims)),
        (json!({ "nbf": "0" }), Some(JwtReason::Claims)),
        (json!({ "iat": true }), Some(JwtReason::Claims)),
    ] {
        assert_eq!(refused(|it| it, claims.clone()).await, expected, "{claims}");
    }
}

#[tokio::test]
async fn claims_are_an_object_without_a_registered_one_twice() {
    let good = format!(r#""iss":"{ISSUER}","aud":"{API}","exp":9e9"#);
    assert_eq!(refused_text(&format!("{{{good}}}")).await, None);
    assert_eq!(refused_text(&format!(r#"{{"iss":"{ISSUER}","aud":"{API}"}}"#)).await, Some(JwtReason::NoExpiry));
    for text in [
        format!(r#"{{{good},"exp":1}}"#),
        format!(r#"{{{good},"aud":"x"}}"#),
        format!(r#"{{{good},"sub":7}}"#),
        format!(r#"{{{good},"nbf":1e400}}"#),
        format!(r#"{{{good},"nbf":NaN}}"#),
        format!(r#"{{{good}}}}}"#),
        format!("[{{{good}}}]"),
        String::new(),
        "null".to_owned(),
        "[".repeat(4000),
    ] {
        assert_eq!(refused_text(&text).await, Some(JwtReason::Claims), "{text}");
    }
}

#[tokio::test]
async fn the_audience_and_the_issuer_are_exactly_as_configured() {
    let same = |verifier: JwtVerifier| verifier;
    for (aud, expected) in [
        (json!(API), None),
        (json!(["x", API]), None),
        (json!([]), Some(JwtReason::Audience)),
        (json!(null), Some(JwtReason::Audience)),
        (json!("https://api.example.com/"), Some(JwtReason::Audience)),
        (json!([["https://api.example.com"]]), Some(JwtReason::Claims)),
        (json!({ "0": API }), Some(JwtReason::Claims)),
        (json!(7), Some(JwtReason::Claims)),
    ] {
        assert_eq!(refused(same, json!({ "aud": aud })).await, expected, "{aud}");
    }
    assert_eq!(refused(|it| it.audience("two"), json!({ "aud": "two" })).await, None);
    for iss in [json!("https://id.example.com/"), json!("https://ID.example.com"), json!(""), json!(null)] {
        assert_eq!(refused(same, json!({ "iss": iss })).await, Some(JwtReason::Issuer), "{iss}");
    }
    assert_eq!(refused(same, json!({ "iss": [ISSUER] })).await, Some(JwtReason::Claims));
    assert_eq!(refused_text(&format!(r#"{{"aud":"{API}","exp":9e9}}"#)).await, Some(JwtReason::Issuer));
}

/// A verifier of the pool whose keys are those of this issuer.
fn cognito(issuer: &TokenIssuer, change: impl Fn(JwtVerifier) -> JwtVerifier) -> JwtVerifier {
    // The rules of the pool; RS256 is replaced by the algorithm of the issuer.
    change(JwtVerifier::cognito("eu-west-1_AbC").client("app")).with_keys_of(issuer).algorithms([Algorithm::EdDSA])
}

#[tokio::test]
async fn a_token_of_cognito_is_of_the_pool_the_client_and_the_use() {
    let issuer = TokenIssuer::new(POOL).unwrap();
    let access = json!({ "token_use": "access", "client_id": "app", "username": "ada" });
    let id = json!({ "token_use": "id", "aud": "app", "cognito:username": "ada" });
    let other = json!({ "token_use": "access", "client_id": "other" });
    let elsewhere = json!({
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other", "token_use": "access", "client_id": "app",
    });
    // A client that passes the id of another one as an audience.
    let crossed = json!({ "token_use": "access", "client_id": "other", "aud": "app" });
    for (claims, for_access, for_id) in [
        (&access, None, Some(JwtReason::Use)),
        (&id, Some(JwtReason::Use), None),
        (&other, Some(JwtReason::Client), Some(JwtReason::Use)),
        (&crossed, Some(JwtReason::Client), Some(JwtReason::Use)),
        (&elsewhere, Some(JwtReason::Issuer), Some(JwtReason::Issuer)),
    ] {
        let token = issuer.token(claims.clone());
        let reason = async |verifier: JwtVerifier| verifier.verify(&token).await.err().map(|error| error.reason());
        assert_eq!(reason(cognito(&issuer, |it| it)).await, for_access, "{claims}");
        assert_eq!(reason(cognito(&issuer, JwtVerifier::id_tokens)).await, for_id, "{claims}");
    }
    let bound = cognito(&issuer, |it| it.audience("https://api.example.com"));
    assert_eq!(bound.verify(&issuer.token(access.clone())).await.unwrap_err().reason(), JwtReason::Audience);
    // The issuer of a pool of the type `UPDATED`, with the same rules.
    let updated = TokenIssuer::new(POOL.replace("cognito-idp", "issuer-cognito-idp")).unwrap();
    let verifier = JwtVerifier::cognito_updated("eu-west-1_AbC").client("app").with_keys_of(&updated);
    let verifier = verifier.algorithms([Algorithm::EdDSA]);
    verifier.verify(&updated.token(access.clone())).await.unwrap();
    assert_eq!(verifier.verify(&updated.token(id.clone())).await.unwrap_err().reason(), JwtReason::Use);
    assert_eq!(verifier.verify(&issuer.token(access.clone())).await.unwrap_err().reason(), JwtReason::Issuer);
    // RS256 is the only algorithm of a pool.
    let rs256 = JwtVerifier::cognito("eu-west-1_AbC").client("app").with_keys_of(&issuer);
    assert_eq!(rs256.verify(&issuer.token(id)).await.unwrap_err().reason(), JwtReason::Algorithm);
}

#[tokio::test(start_paused = true)]
async fn the_type_the_age_and_expected_claims_are_checked_where_asked() {
    let issuer = issuer();
    let reason = async |verifier: JwtVerifier, typ: Value, claims: Value| {
        let token = issuer.sign(&json!({ "alg": "EdDSA", "typ": typ }), claims);
        verifier.verify(&token).await.err().map(|error| error.reason())
    };
    let typed = issuer.verifier().claim("azp", "app").token_type("application/at+jwt");
    for (typ, expected) in [
        (json!("at+jwt"), None),
        (json!("AT+JWT"), None),
        (json!("application/at+jwt"), None),
        (json!("JWT"), Some(JwtReason::Use)),
        (json!(null), Some(JwtReason::Use)),
        (json!(7), Some(JwtReason::Malformed)),
    ] {
        assert_eq!(reason(typed.clone(), typ.clone(), json!({ "azp": "app" })).await, expected, "{typ}");
    }
    for azp in [json!("other"), json!(["app"]), json!(null)] {
        assert_eq!(reason(typed.clone(), json!("at+jwt"), json!({ "azp": azp })).await, Some(JwtReason::ExpectedClaim));
    }
    // Whole seconds, which JSON keeps exactly.
    let now = unix_seconds().ceil();
    for (iat, expected) in [
        (json!(now - 121.0), None),
        (json!(now - 122.0), Some(JwtReason::TooOld)),
        (json!(null), Some(JwtReason::TooOld)),
    ] {
        assert_eq!(refused(|it| it.max_age(Duration::from_secs(61)), json!({ "iat": iat })).await, expected, "{iat}");
    }
    assert_eq!(refused(|it| it.leeway(Duration::ZERO), json!({ "exp": now - 1.0 })).await, Some(JwtReason::Expired));
}

#[tokio::test]
async fn scopes_are_all_required_and_groups_one_of() {
    for (claims, scopes, in_group) in [
        (json!({ "scope": "a b" }), None, Some(JwtReason::Group)),
        (json!({ "scp": ["b", "a"], "groups": ["staff"] }), None, None),
        (json!({ "scp": "b a c", "cognito:groups": ["x", "staff"] }), None, None),
        (json!({ "scope": ["a"], "scp": ["b"], "groups": "staff" }), None, None),
        (json!({ "scope": "a" }), Some(JwtReason::Scope), Some(JwtReason::Group)),
        (json!({ "scope": "a,b" }), Some(JwtReason::Scope), Some(JwtReason::Group)),
        (json!({ "scope": { "a": 1 }, "groups": 7 }), Some(JwtReason::Scope), Some(JwtReason::Group)),
        (json!({ "groups": ["staffing"] }), Some(JwtReason::Scope), Some(JwtReason::Group)),
    ] {
        assert_eq!(refused(|it| it.scopes(["a"]).scopes(["b"]), claims.clone()).await, scopes, "{claims}");
        assert_eq!(refused(|it| it.groups(["admins", "staff"]), claims.clone()).await, in_group, "{claims}");
    }
}

#[tokio::test]
async fn each_issuer_has_its_own_keys_and_rules() {
    let (one, two) =
        (TokenIssuer::new("https://one.example").unwrap(), TokenIssuer::new("https://two.example").unwrap());
    let both = one.verifier().audience("a").or(two.verifier().audience("b"));
    for (issuer, aud, expected) in [
        (&one, "a", None),
        (&two, "b", None),
        (&one, "b", Some(JwtReason::Audience)),
        (&two, "a", Some(JwtReason::Audience)),
    ] {
        let outcome = both.verify(&issuer.token(json!({ "aud": aud }))).await;
        assert_eq!(outcome.err().map(|error| error.reason()), expected);
    }
    let forged = one.token(json!({ "aud": "b", "iss": "https://two.example" }));
    assert_eq!(both.verify(&forged).await.unwrap_err().reason(), JwtReason::UnknownKey);
    let forged = two.sign(&json!({ "alg": "EdDSA" }), json!({ "aud": "a", "iss": "https://one.example" }));
    assert_eq!(both.verify(&forged).await.unwrap_err().reason(), JwtReason::Signature);
}

#[tokio::test]
async fn nothing_prints_the_token_or_a_claim() {
    let issuer = issuer();
    let verifier = issuer.verifier().audience(API).scopes(["users:write"]);
    let token = issuer.token(json!({ "aud": API, "sub": "ada@example.com", "scope": "users:read" }));
    let error = verifier.verify(&token).await.unwrap_err();
    let verified = issuer.verifier().audience(API).verify(&token).await.unwrap();
    let mismatch = verified.claims::<std::collections::BTreeMap<String, u8>>().unwrap_err();
    let printed = format!("{verifier:?} {issuer:?} {verified:?} {error:?} {error} {mismatch:?} {mismatch}");
    for secret in token.split('.').chain(["ada", "users:read"]) {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert!(error.is_forbidden() && mismatch.is_forbidden());
}

#[tokio::test]
async fn extensions_and_keys_of_the_header_change_nothing_or_are_refused() {
    let issuer = issuer();
    let verifier = issuer.verifier().audience(API);
    let claims = json!({ "aud": API });
    let other = TokenIssuer::new(ISSUER).unwrap();
    for name in ["crit", "b64", "enc", "zip"] {
        for value in [json!(null), json!(["exp"]), json!(false), json!([])] {
            let token = issuer.sign(&json!({ "alg": "EdDSA", name: value }), claims.clone());
            assert_eq!(verifier.verify(&token).await.unwrap_err().reason(), JwtReason::Extension, "{name}");
        }
    }
    let own = json!({ "alg": "EdDSA", "jwk": other.jwk(), "x5c": ["x"], "jku": "https://evil.example" });
    verifier.verify(&issuer.sign(&own, claims.clone())).await.unwrap();
    assert_eq!(verifier.verify(&other.sign(&own, claims)).await.unwrap_err().reason(), JwtReason::Signature);
}

/// A token that is changed anywhere is refused: by the rules of its text, or by its signature.
#[tokio::test]
async fn a_changed_token_is_never_accepted() {
    let issuer = issuer();
    let verifier = issuer.verifier().audience(API);
    let token = issuer.token(json!({ "aud": API, "sub": "ada" }));
    for at in 0..token.len() {
        let (before, after) = (&token[..at], &token[at + 1..]);
        let inserted =
            ["A", "_", ".", "=", "+", " ", "\n", "\u{0}", "é"].map(|text| format!("{before}{text}{}", &token[at..]));
        let replaced = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
        let replaced = replaced.chars().map(|character| format!("{before}{character}{after}"));
        let removed = [format!("{before}{after}"), before.to_owned()];
        for changed in replaced.chain(inserted).chain(removed) {
            assert_eq!(verifier.verify(&changed).await.is_ok(), changed == token, "{changed:?}");
        }
    }
    for wrong in ["", ".", "..", "...", "a.b.c", &format!("{token}="), &format!("{token}\n"), &format!("{token}.")] {
        assert_eq!(verifier.verify(wrong).await.unwrap_err().reason(), JwtReason::Malformed, "{wrong:?}");
    }
    let long = verifier.verify(&"a".repeat(8 * 1024 + 1)).await.unwrap_err();
    assert_eq!(long.reason(), JwtReason::TooLong);
}

/// A derived `Deserialize` also takes an array of the fields in their order.
#[tokio::test]
async fn an_array_is_no_object() {
    let issuer = issuer();
    let jwk = issuer.jwk();
    let claims = json!({ "aud": API, "iss": ISSUER, "exp": 9e9 }).to_string();
    for header in [r#"["EdDSA",null,null]"#, r#" ["EdDSA"]"#, r#""EdDSA""#] {
        let token = issuer.sign_text(header, &claims);
        let error = issuer.verifier().audience(API).verify(&token).await.unwrap_err();
        assert_eq!(error.reason(), JwtReason::Malformed, "{header}");
    }
    let payload = json!([ISSUER, "ada", API, 9e9, null, null, null, null]).to_string();
    assert_eq!(refused_text(&payload).await, Some(JwtReason::Claims));

    let array = json!([jwk["kty"], jwk["kid"], null, null, null, jwk["crv"], null, null, jwk["x"], null, null]);
    let token = issuer.sign_text(r#"{"alg":"EdDSA"}"#, &claims);
    for (keys, is_good) in [
        (json!({ "keys": [jwk] }), true),
        (json!({ "keys": [array] }), false),
        (json!([[jwk]]), false),
        (json!([[array]]), false),
        (json!([jwk]), false),
    ] {
        let outcome = JwtVerifier::jwks(ISSUER, keys.to_string()).audience(API).verify(&token).await;
        let reason = outcome.err().map(|error| error.reason());
        assert_eq!(reason, (!is_good).then_some(JwtReason::Misconfigured), "{keys}");
    }
}
