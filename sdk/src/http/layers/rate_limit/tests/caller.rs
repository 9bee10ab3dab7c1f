//! What the caller of a request is known by.

use super::*;

fn event(context: serde_json::Value, headers: serde_json::Value) -> serde_json::Value {
    let mut context = context;
    let http = context["http"].as_object().cloned().unwrap_or_default();
    context["http"] = http.into();
    context["http"]["method"] = json!("GET");
    json!({ "version": "2.0", "rawPath": "/", "headers": headers, "requestContext": context })
}

fn from(address: &str, forwarded: &str) -> serde_json::Value {
    event(json!({ "http": { "sourceIp": address } }), json!({ "x-forwarded-for": forwarded, "forwarded": forwarded }))
}

#[tokio::test]
async fn a_header_of_the_caller_does_not_change_its_key() {
    let caller = limited(RateLimitLayer::new(Clock::default().limit(Quota::per_hour(1))));
    assert_eq!(status(&caller, &from("203.0.113.7", "203.0.113.7")).await, 200);
    for forwarded in ["1.2.3.4", "", "1.2.3.4, 203.0.113.7", "for=1.2.3.4"] {
        assert_eq!(status(&caller, &from("203.0.113.7", forwarded)).await, 429, "{forwarded}");
    }
    assert_eq!(status(&caller, &from("203.0.113.8", "203.0.113.7")).await, 200, "another address");
}

#[tokio::test]
async fn an_address_of_ipv6_counts_with_its_network_and_a_mapped_one_is_of_ipv4() {
    let caller = limited(RateLimitLayer::new(Clock::default().limit(Quota::per_hour(1))));
    for (address, expected) in [
        ("2001:db8:0:1::1", 200),
        ("2001:db8:0:1:ffff:ffff:ffff:ffff", 429),
        ("2001:DB8::1:0:0:0:9", 429),
        ("2001:db8:0:2::1", 200),
        ("192.0.2.1", 200),
        ("::ffff:192.0.2.1", 429),
        ("test-invoke-source-ip", 200),
        ("test-invoke-source-ip", 429),
    ] {
        assert_eq!(status(&caller, &from(address, "1.2.3.4")).await, expected, "{address}");
    }
}

#[tokio::test]
async fn sources_without_an_address_share_a_quota() {
    let caller = limited(RateLimitLayer::new(Clock::default().limit(Quota::per_hour(1))));
    let balanced = |forwarded: &str| {
        json!({ "requestContext": { "elb": { "targetGroupArn": "arn" } }, "httpMethod": "GET", "path": "/",
            "headers": { "x-forwarded-for": forwarded }, "queryStringParameters": {}, "body": "", "isBase64Encoded": false })
    };
    assert_eq!(status(&caller, &balanced("192.0.2.1")).await, 200);
    assert_eq!(status(&caller, &balanced("192.0.2.2")).await, 429);
}

#[tokio::test]
async fn a_key_is_a_claim_an_api_key_an_expression_or_a_value_of_an_extractor() {
    #[derive(serde::Deserialize)]
    struct User {
        sub: String,
    }
    let once = || Clock::default().limit(Quota::per_hour(1));
    let user = |sub: &str, address: &str| {
        event(
            json!({ "http": { "sourceIp": address }, "authorizer": { "jwt": { "claims": { "sub": sub } } } }),
            json!({}),
        )
    };
    let by_extractor =
        RateLimitLayer::new(once()).by_extractor(|user: Option<Claims<User>>| user.map(|user| user.0.sub));
    for layer in [
        RateLimitLayer::new(once()).by_claim("sub"),
        RateLimitLayer::new(once()).by_jmespath("requestContext.authorizer.jwt.claims.sub"),
        by_extractor,
    ] {
        let caller = limited(layer);
        assert_eq!(status(&caller, &user("ada", "192.0.2.1")).await, 200);
        assert_eq!(status(&caller, &user("ada", "192.0.2.2")).await, 429);
        assert_eq!(status(&caller, &user("bob", "192.0.2.1")).await, 200);
        assert_eq!(status(&caller, &from("192.0.2.1", "")).await, 200, "without a key, its address");
        assert_eq!(status(&caller, &from("192.0.2.1", "")).await, 429);
        assert_eq!(status(&caller, &user("192.0.2.3", "192.0.2.4")).await, 200);
        assert_eq!(status(&caller, &from("192.0.2.3", "")).await, 200, "a claim is no address");
    }

    let caller = limited(RateLimitLayer::new(once()).by_api_key());
    let with_key = |id: &str, sent: &str| {
        json!({ "resource": "/", "path": "/", "httpMethod": "GET", "headers": { "x-api-key": sent },
            "requestContext": { "identity": { "apiKeyId": id, "sourceIp": "192.0.2.1" }, "stage": "prod" } })
    };
    assert_eq!(status(&caller, &with_key("k1", "a")).await, 200);
    assert_eq!(status(&caller, &with_key("k1", "b")).await, 429, "the header is no key");
    assert_eq!(status(&caller, &with_key("k2", "a")).await, 200);

    let required = RateLimitLayer::new(once()).by_extractor(|Claims(user): Claims<User>| user.sub);
    assert_eq!(status(&limited(required), &from("192.0.2.1", "")).await, 401, "the rejection of the extractor");
}

#[cfg(feature = "jwt")]
#[tokio::test]
async fn a_claim_of_a_token_that_a_layer_before_has_verified_is_a_key() {
    let issuer = crate::testing::TokenIssuer::new("https://id.example.com").unwrap();
    let tokens = crate::http::JwtLayer::new(issuer.verifier().audience("api"));
    let limit = RateLimitLayer::new(Clock::default().limit(Quota::per_hour(1))).by_claim("sub");
    let caller = Caller::new(crate::handler(hello).layer(Stack::new().layer(tokens).rate_limit(limit)));
    // Behind a load balancer, which reports no address.
    let event = |sub: &str| {
        let token = issuer.token(json!({ "sub": sub, "aud": "api" }));
        json!({ "requestContext": { "elb": {} }, "httpMethod": "GET", "path": "/", "body": "", "isBase64Encoded": false,
            "headers": { "authorization": format!("Bearer {token}") } })
    };
    let mut statuses = Vec::new();
    for sub in ["ada", "bob", "ada"] {
        statuses.push(status(&caller, &event(sub)).await);
    }
    assert_eq!(statuses, [200, 200, 429]);
}
