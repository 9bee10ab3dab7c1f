//! Preflight requests.

use super::*;

#[tokio::test]
async fn a_preflight_is_answered_before_the_handler() {
    let cors = app().allow_credentials(true).max_age(Duration::from_millis(7_200_900)).expose_headers(["location"]);
    let answer = preflight_from(&cors, "https://app.example.com").await;
    assert_eq!((answer.status(), answer.body().as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(
        headers(&answer),
        [
            "access-control-allow-credentials: true",
            "access-control-allow-headers: authorization,content-type,x-amz-date,x-amz-security-token,x-api-key",
            "access-control-allow-methods: GET,HEAD,POST,PUT,PATCH,DELETE",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 7200",
            "vary: Origin",
        ]
    );
    assert_eq!(
        headers(&get_from(&cors, "https://app.example.com").await),
        [
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://app.example.com",
            "access-control-expose-headers: location",
            "vary: Origin",
        ]
    );
}

#[tokio::test]
async fn a_preflight_from_an_origin_that_is_not_allowed_is_told_nothing() {
    let answer = preflight_from(&app().allow_credentials(true), "https://evil.example").await;
    assert_eq!((answer.status(), headers(&answer)), (StatusCode::NO_CONTENT, vec!["vary: Origin".into()]));
}

#[tokio::test]
async fn an_options_request_that_is_no_preflight_reaches_the_handler() {
    for sent in [&[][..], &[("origin", "https://app.example.com")], &[("access-control-request-method", "PUT")]] {
        let answer = call(&app(), "OPTIONS", sent).await;
        assert_eq!((answer.status(), answer.body().as_str()), (StatusCode::OK, "handled OPTIONS"));
    }
    let answer = call(&app(), "OPTIONS", &[("origin", "https://app.example.com")]).await;
    assert_eq!(headers(&answer), ["access-control-allow-origin: https://app.example.com", "vary: Origin"]);
}

#[tokio::test]
async fn every_options_request_can_be_answered_here() {
    let cors = CorsLayer::new().allow_origin("*").allow_methods([""; 0]).allow_headers([""; 0]);
    let answer = call(&cors.preflight(Preflight::RespondToEveryOptions), "OPTIONS", &[]).await;
    assert_eq!(
        (answer.status(), headers(&answer)),
        (StatusCode::NO_CONTENT, vec!["access-control-allow-origin: *".into()])
    );
}

#[tokio::test]
async fn a_preflight_can_be_passed_on_and_its_answer_is_completed() {
    let cors = app().preflight(Preflight::PassOn).allow_headers(["x-layer"]).preflight_cache_control("max-age=60");
    let sent: &[(&str, &[u8])] = &[("origin", b"https://app.example.com"), ("access-control-request-method", b"PUT")];
    let answer = call_with(
        &cors,
        "OPTIONS",
        sent,
        &[("access-control-allow-headers", "x-handler"), ("cache-control", "no-store")],
    )
    .await;
    assert_eq!(answer.body(), "handled OPTIONS");
    assert_eq!(
        headers(&answer),
        [
            "access-control-allow-headers: x-handler",
            "access-control-allow-methods: GET,HEAD,POST,PUT,PATCH,DELETE",
            "access-control-allow-origin: https://app.example.com",
            "cache-control: no-store",
            "vary: Origin",
        ]
    );
}

#[tokio::test]
async fn mirrored_headers_are_checked_and_vary() {
    let cors = app().allow_credentials(true).mirror_headers();
    let ask = async |wished: &[u8]| {
        let sent: &[(&str, &[u8])] = &[
            ("origin", b"https://app.example.com"),
            ("access-control-request-method", b"PUT"),
            ("access-control-request-headers", wished),
        ];
        call_with(&cors, "OPTIONS", sent, &[]).await
    };
    let answer = ask(b"x-a, X-B").await;
    assert_eq!(answer.headers()["access-control-allow-headers"], "x-a, X-B");
    assert_eq!(answer.headers()["vary"], "Origin, Access-Control-Request-Headers");
    for wished in [&b"x-a; y"[..], b"\xff", b"", b"a b", "x".repeat(5000).as_bytes()] {
        assert!(!ask(wished).await.headers().contains_key("access-control-allow-headers"));
    }
    assert_eq!(get_from(&cors, "https://app.example.com").await.headers()["vary"], "Origin");
}

#[tokio::test]
async fn a_private_network_is_opened_where_the_browser_asks() {
    let cors = app().allow_private_network(true);
    let sent = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "GET"),
        ("access-control-request-private-network", "true"),
    ];
    assert_eq!(call(&cors, "OPTIONS", &sent).await.headers()["access-control-allow-private-network"], "true");
    assert!(!call(&cors, "OPTIONS", &sent[..2]).await.headers().contains_key("access-control-allow-private-network"));
    assert!(!call(&app(), "OPTIONS", &sent).await.headers().contains_key("access-control-allow-private-network"));
}

#[tokio::test]
async fn a_preflight_for_more_than_is_admitted_is_told_nothing() {
    let cors = CorsLayer::new().allow_origin("*").request_methods(["GET"]).request_headers(["authorization"]);
    for (method, wished, admitted) in [
        ("GET", "", true),
        ("GET", "Content-Type, AUTHORIZATION,accept", true),
        ("get", "", false),
        ("POST", "", false),
        ("GET", "authorization, x-other", false),
        ("GET", "authorization; x", false),
    ] {
        let sent = [
            ("origin", "https://a.example"),
            ("access-control-request-method", method),
            ("access-control-request-headers", wished),
        ];
        let answer = call(&cors, "OPTIONS", &sent).await;
        assert_eq!(answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), admitted, "{method} {wished}");
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert!(!answer.headers().contains_key(header::VARY));
    }
    let answer = call(
        &cors.preflight_cache_control("max-age=3600"),
        "OPTIONS",
        &[("origin", "null"), ("access-control-request-method", "PUT")],
    )
    .await;
    assert_eq!(
        headers(&answer),
        ["cache-control: max-age=3600", "vary: Access-Control-Request-Method, Access-Control-Request-Headers"]
    );
}
