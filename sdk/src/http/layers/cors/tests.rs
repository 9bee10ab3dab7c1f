use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode, header};
use tower::{Service, ServiceExt, service_fn};

use super::*;

mod origins;
mod preflight;

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
        let function = crate::handler(async |_: String| ()).layer(crate::http::Stack::new().cors(cors));
        let not_built = function.into_service().err().unwrap().to_string();
        assert!(not_built.ends_with(&error), "{not_built}");
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
