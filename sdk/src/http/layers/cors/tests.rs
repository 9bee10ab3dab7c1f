use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use http::header;
use tower::{ServiceExt, service_fn};

use super::*;

type Answer = Response<String>;

/// A request with these headers, through the layer, to a handler that responds with its method and these headers.
async fn call_with(cors: &CorsLayer, method: &str, sent: &[(&str, &[u8])], set: &'static [(&str, &str)]) -> Answer {
    let handler = service_fn(move |request: Request<()>| async move {
        let mut answer = Response::new(format!("handled {}", request.method()));
        for (name, value) in set {
            answer.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        Ok::<_, Infallible>(answer)
    });
    let mut request = Request::builder().method(method).uri("/users/1");
    for (name, value) in sent {
        request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
    }
    cors.layer(handler).oneshot(request.body(()).unwrap()).await.unwrap()
}

async fn call(cors: &CorsLayer, method: &str, sent: &[(&str, &str)]) -> Answer {
    let sent: Vec<(&str, &[u8])> = sent.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    call_with(cors, method, &sent, &[]).await
}

async fn get_from(cors: &CorsLayer, origin: &str) -> Answer {
    call(cors, "GET", &[("origin", origin)]).await
}

async fn preflight_from(cors: &CorsLayer, origin: &str) -> Answer {
    call(cors, "OPTIONS", &[("origin", origin), ("access-control-request-method", "PUT")]).await
}

/// Returns every header of the response, sorted by name, as `name: value`.
fn headers(answer: &Answer) -> Vec<String> {
    let mut lines: Vec<_> = answer
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort();
    lines
}

fn app() -> CorsLayer {
    CorsLayer::new().allow_origins(["https://app.example.com", "https://*.example.org"])
}

#[test]
fn the_layer_and_its_service_are_send_sync_and_clone() {
    fn assert<T: Clone + Send + Sync + 'static>() {}
    assert::<CorsLayer>();
    assert::<Cors<()>>();
    assert::<CorsError>();
}

#[tokio::test]
async fn without_an_origin_nothing_is_sent() {
    for answer in [
        get_from(&CorsLayer::new(), "https://a.example").await,
        preflight_from(&CorsLayer::new(), "https://a.example").await,
    ] {
        assert_eq!(headers(&answer), [""; 0]);
    }
}

#[tokio::test]
async fn a_listed_origin_and_one_that_fits_a_pattern_are_sent_back() {
    for origin in ["https://app.example.com", "https://x.example.org"] {
        assert_eq!(
            headers(&get_from(&app(), origin).await),
            [format!("access-control-allow-origin: {origin}"), "vary: Origin".into()]
        );
    }
}

#[tokio::test]
async fn a_list_varies_without_a_match_and_without_an_origin() {
    assert_eq!(headers(&get_from(&app(), "https://evil.example").await), ["vary: Origin"]);
    assert_eq!(headers(&call(&app(), "GET", &[]).await), ["vary: Origin"]);
    assert_eq!(headers(&preflight_from(&app(), "https://evil.example").await), ["vary: Origin"]);
}

#[tokio::test]
async fn one_fixed_origin_is_sent_always_and_does_not_vary() {
    let cors = CorsLayer::new().allow_origin("https://app.example.com");
    for answer in [get_from(&cors, "https://evil.example").await, call(&cors, "GET", &[]).await] {
        assert_eq!(headers(&answer), ["access-control-allow-origin: https://app.example.com"]);
    }
}

#[tokio::test]
async fn any_origin_is_a_star_that_does_not_vary() {
    for cors in [CorsLayer::new().allow_origin("*"), CorsLayer::new().allow_origins(["*"])] {
        assert_eq!(headers(&get_from(&cors, "https://a.example").await), ["access-control-allow-origin: *"]);
    }
}

#[tokio::test]
async fn a_rule_decides_by_origin_and_request() {
    let cors =
        CorsLayer::new().allow_origin_if(|origin, parts| origin.starts_with("https://") && parts.method == "GET");
    assert_eq!(
        get_from(&cors, "https://a.example").await.headers()["access-control-allow-origin"],
        "https://a.example"
    );
    assert_eq!(headers(&get_from(&cors, "http://a.example").await), ["vary: Origin"]);
    assert_eq!(headers(&call(&cors, "PUT", &[("origin", "https://a.example")]).await), ["vary: Origin"]);
}

#[tokio::test]
async fn a_rule_never_sees_what_is_no_origin() {
    let cors = CorsLayer::new().allow_origin_if(|_, _| true);
    for origin in
        ["", "*", "evil", "https://evil.com/.example.com", "https://a b.com", "https://u@example.com", "__proto__"]
    {
        assert_eq!(headers(&get_from(&cors, origin).await), ["vary: Origin"], "{origin}");
    }
    let long = format!("https://{}.example.com", "a".repeat(64 * 1024));
    assert_eq!(headers(&get_from(&cors, &long).await), ["vary: Origin"]);
}

#[tokio::test]
async fn odd_spellings_of_an_allowed_origin_are_answered_in_the_canonical_one() {
    for (sent, allowed) in [
        ("HTTPS://App.Example.COM", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("https://X.example.org", "https://x.example.org"),
    ] {
        assert_eq!(get_from(&app(), sent).await.headers()["access-control-allow-origin"], allowed);
    }
    let cors = CorsLayer::new().allow_origins(["https://münchen.de"]);
    for sent in ["https://xn--mnchen-3ya.de", "https://münchen.de"] {
        assert_eq!(get_from(&cors, sent).await.headers()["access-control-allow-origin"], "https://xn--mnchen-3ya.de");
    }
}

#[tokio::test]
async fn odd_origins_are_not_allowed_and_do_no_harm() {
    let long = "https://app.example.com".repeat(3000);
    for origin in [
        &b""[..],
        b"null",
        b"NULL",
        b"https://app.example.com/",
        b"https://app.example.com.",
        b"https://app.example.com:444",
        b"https://user@app.example.com",
        b"https://app.example.com, https://evil.example",
        b"https://evil.example,x.example.org",
        b"https://app.example.com\t",
        b"\xff\xfe",
        b"https://\xff.example.org",
        b"https://%2e.example.org",
        b"https://xn--.example.org:99999",
        b"https://[::1",
        b"http://",
        long.as_bytes(),
    ] {
        let answer = call_with(&app(), "GET", &[("origin", origin)], &[]).await;
        assert_eq!(headers(&answer), ["vary: Origin"], "{}", String::from_utf8_lossy(&origin[..origin.len().min(80)]));
        assert_eq!(answer.body(), "handled GET");
    }
}

#[tokio::test]
async fn two_origins_in_one_request_are_none() {
    let answer =
        call(&app(), "GET", &[("origin", "https://app.example.com"), ("origin", "https://evil.example")]).await;
    assert_eq!(headers(&answer), ["vary: Origin"]);
}

#[tokio::test]
async fn null_is_allowed_only_where_it_is_listed() {
    let cors = CorsLayer::new().allow_origins(["null", "https://app.example.com"]);
    assert_eq!(get_from(&cors, "null").await.headers()["access-control-allow-origin"], "null");
    assert_eq!(headers(&get_from(&app(), "null").await), ["vary: Origin"]);
}

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
    let answer = call(&cors.preflight(Preflight::AnswerEveryOptions), "OPTIONS", &[]).await;
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
async fn the_handlers_own_headers_stay() {
    let cors = app().allow_credentials(true).expose_headers(["location"]);
    let own = &[("access-control-allow-origin", "https://own.example"), ("access-control-expose-headers", "x-own")];
    let answer = call_with(&cors, "GET", &[("origin", b"https://app.example.com")], own).await;
    assert_eq!(
        headers(&answer),
        ["access-control-allow-origin: https://own.example", "access-control-expose-headers: x-own", "vary: Origin"]
    );
}

#[tokio::test]
async fn vary_is_one_line_without_doublets() {
    let cors = app().vary(["Accept"]);
    for (own, line) in [
        (&[][..], "vary: Accept, Origin"),
        (&[("vary", "")], "vary: Accept, Origin"),
        (&[("vary", "Accept-Encoding")], "vary: Accept-Encoding, Accept, Origin"),
        (&[("vary", "accept-encoding,ORIGIN"), ("vary", "accept")], "vary: accept-encoding, ORIGIN, accept"),
        (&[("vary", "*")], "vary: *"),
    ] {
        assert_eq!(headers(&call_with(&cors, "GET", &[], own).await), [line]);
    }
}

#[tokio::test]
async fn a_vary_that_is_no_text_keeps_its_line_and_gets_another() {
    let handler = service_fn(async |_: Request<()>| {
        let mut answer = Answer::default();
        answer.headers_mut().insert("vary", HeaderValue::from_bytes(b"\xff").unwrap());
        Ok::<_, Infallible>(answer)
    });
    let answer = app().layer(handler).oneshot(Request::new(())).await.unwrap();
    assert_eq!(answer.headers().get_all("vary").iter().next_back().unwrap(), "Origin");
    assert_eq!(answer.headers().get_all("vary").iter().count(), 2);
}

#[tokio::test]
async fn around_an_axum_router_the_404_has_the_headers_and_preflights_need_no_route() {
    let router = axum::Router::<()>::new().route("/users", axum::routing::get(async || "[]")).layer(app());
    let ask = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).header("origin", "https://app.example.com");
        let request =
            request.header("access-control-request-method", "GET").body(axum_core::body::Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example.com");
        answer.status()
    };
    assert_eq!(ask("GET", "/users").await, StatusCode::OK);
    assert_eq!(ask("GET", "/nothing").await, StatusCode::NOT_FOUND);
    assert_eq!(ask("POST", "/users").await, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(ask("OPTIONS", "/nothing").await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn errors_and_panics_have_the_headers() {
    use axum_core::body::Body;
    use tower::ServiceBuilder;

    use crate::http::{CatchPanicLayer, ErrorLayer, HttpError};

    let ask = async |panics: bool| {
        let handler = service_fn(move |_: Request<Body>| async move {
            assert!(!panics, "the handler panicked");
            Err::<axum_core::response::Response, _>(std::io::Error::other("no disk"))
        });
        let service =
            ServiceBuilder::new().layer(app()).layer(ErrorLayer::new()).layer(CatchPanicLayer::new()).service(handler);
        let request = Request::builder().header("origin", "https://app.example.com").body(Body::empty()).unwrap();
        service.oneshot(request).await.unwrap()
    };
    for panics in [false, true] {
        let answer = ask(panics).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example.com");
        assert!(answer.extensions().get::<HttpError>().is_some());
    }
}

#[test]
fn no_text_makes_the_reading_of_an_origin_panic() {
    let pieces = [
        "https", "://", ":", "[", "]", "@", "*", ".", "é", "::1", "443", "\u{0}", "xn--", "%", "/", "a", "\u{202e}",
        "ß",
    ];
    let mut seed = 7_u32;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..8 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
        }
        if let Ok(origin) = spelling::canonical(&text) {
            assert!(
                origin.is_ascii() && spelling::canonical(&origin).as_deref() == Ok(&*origin),
                "{text:?} {origin:?}"
            );
        }
        let _ = CorsLayer::new().allow_origins([&text]).check();
    }
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

#[tokio::test]
async fn the_permissive_preset_is_for_public_apis() {
    let answer = preflight_from(&CorsLayer::permissive(), "https://a.example").await;
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.headers()["access-control-allow-headers"], "*,authorization");
    assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    assert_eq!(
        get_from(&CorsLayer::permissive(), "https://a.example").await.headers()["access-control-expose-headers"],
        "*"
    );
}

#[tokio::test]
async fn an_error_of_the_inner_service_passes() {
    let service = app().layer(service_fn(async |_: Request<()>| Err::<Answer, _>("down")));
    assert_eq!(service.oneshot(Request::new(())).await.unwrap_err(), "down");
}

#[test]
fn poll_ready_asks_the_inner_service_alone() {
    struct Busy;
    impl Service<Request<()>> for Busy {
        type Response = Answer;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Answer, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            unreachable!()
        }
    }
    assert!(app().layer(Busy).poll_ready(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
}

#[test]
fn a_configuration_that_browsers_reject_is_an_error() {
    let with_credentials = || app().allow_credentials(true);
    for (cors, text) in [
        (CorsLayer::new().allow_origin("https://a.example/"), "a path or a slash"),
        (CorsLayer::new().allow_origins(["https://a.example", "a.example"]), "\"a.example\""),
        (CorsLayer::new().allow_origins(["https://a.example", "*"]), "remove it or the other origins"),
        (CorsLayer::new().allow_origins("https://a.example,".split(',')), "it is empty"),
        (CorsLayer::new().allow_methods(["GET, PUT"]), "\"GET, PUT\" in `allow_methods`"),
        (CorsLayer::new().allow_methods(["patch"]), "upper case"),
        (CorsLayer::new().request_methods(["TRACE"]), "never send"),
        (CorsLayer::new().allow_headers(["x-a,x-b"]), "\"x-a,x-b\" in `allow_headers`"),
        (CorsLayer::new().expose_headers([""]), "`expose_headers`"),
        (CorsLayer::new().vary(["ä"]), "`vary`"),
        (CorsLayer::new().preflight_cache_control("a\nb"), "`preflight_cache_control`"),
        (with_credentials().allow_origin("*"), "any origin"),
        (with_credentials().allow_origin("null"), "`null`"),
        (with_credentials().allow_methods(["*"]), "any method"),
        (with_credentials().allow_headers(["*", "authorization"]), "any header"),
        (with_credentials().expose_headers(["*"]), "any exposed header"),
    ] {
        let error = cors.check().unwrap_err().to_string();
        assert!(error.starts_with("CORS: ") && error.contains(text), "{error}");
        let panic = catch_unwind(AssertUnwindSafe(|| drop(cors.layer(())))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>(), Some(&error));
    }
    assert!(with_credentials().check().is_ok());
    assert!(with_credentials().mirror_headers().check().is_ok());
    assert!(CorsLayer::permissive().check().is_ok());
}

#[test]
fn the_first_mistake_is_reported() {
    let error =
        CorsLayer::new().allow_origin("x").allow_methods(["?"]).allow_origin("https://a.example").check().unwrap_err();
    assert!(error.is_origin() && !error.is_credentials());
    assert!(app().allow_origin("*").allow_credentials(true).check().unwrap_err().is_credentials());
}
