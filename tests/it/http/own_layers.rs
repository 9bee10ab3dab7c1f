//! The user's own layers in an `http::Stack`: async functions and tower layers, and their order.

use std::time::Duration;

use http_body_util::BodyExt as _;
use pilaster::RawService;
use pilaster::http::{
    Body, CorsLayer, ErrorLayer, HttpError, IntoResponse, Json, Method, Next, Path, Request, Response, Stack,
    StatusCode, from_fn,
};
use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::{Caller, http as request};
use serde_json::json;
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;

async fn hello(_: Method) -> &'static str {
    "hello"
}

async fn require_key(request: Request<Body>, next: Next) -> Result<Response, HttpError> {
    match request.headers().get("x-api-key") {
        Some(key) if key == "k" => Ok(next.run(request).await),
        _ => Err(HttpError::unauthorized("the `x-api-key` header is missing or wrong")),
    }
}

/// The type of a stack does not depend on its layers.
fn api() -> Stack {
    Stack::new().cors(CorsLayer::new().allow_origins(["https://app.example.com"])).layer(from_fn(require_key))
}

#[tokio::test]
async fn a_function_is_a_layer_whose_error_has_the_headers_of_the_outer_layers() {
    let caller = Caller::new(pilaster::handler(hello).layer(api()));
    let get = || request::get("/").header("origin", "https://app.example.com");
    let refused = caller.send(get()).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(refused.text().contains("`x-api-key`"));
    let passed = caller.send(get().header("x-api-key", "k")).await.unwrap();
    assert_eq!(passed.text(), "hello");
    for response in [refused, passed] {
        assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
    }
}

#[tokio::test]
async fn a_function_has_extractors_before_the_request_and_a_rejection_is_the_response() {
    #[derive(serde::Deserialize)]
    struct Name {
        name: String,
    }
    async fn named(
        method: Method,
        query: pilaster::http::Query<Name>,
        request: Request<Body>,
        next: Next,
    ) -> impl IntoResponse {
        let mut response = next.run(request).await;
        let seen = format!("{method} {}", query.0.name);
        response.headers_mut().insert("x-seen", seen.parse().unwrap());
        response
    }
    /// A layer that consumes the body has no request to pass on.
    async fn instead(Json(body): Json<serde_json::Value>, _: Next) -> Json<serde_json::Value> {
        Json(json!({ "instead": body }))
    }
    let caller = Caller::new(pilaster::handler(hello).layer(Stack::new().layer(from_fn(named))));
    let response = caller.send(request::get("/?name=ada")).await.unwrap();
    assert_eq!((&*response.text(), &response.headers()["x-seen"]), ("hello", &"GET ada".parse().unwrap()));
    assert_eq!(caller.send(request::get("/")).await.unwrap().status(), 400);

    let caller = Caller::new(pilaster::handler(hello).layer(Stack::new().layer(from_fn(instead))));
    assert_eq!(caller.send(request::post("/").json(7)).await.unwrap().text(), r#"{"instead":7}"#);
}

#[tokio::test]
async fn the_first_own_layer_is_the_outermost() {
    async fn tag(tag: &'static str, mut request: Request<Body>, next: Next) -> Response {
        request.headers_mut().append("x-way", tag.parse().unwrap());
        let mut response = next.run(request).await;
        response.headers_mut().append("x-way", tag.parse().unwrap());
        response
    }
    async fn way(headers: pilaster::http::HeaderMap) -> String {
        let way: Vec<_> = headers.get_all("x-way").iter().map(|tag| tag.to_str().unwrap()).collect();
        way.join(" ")
    }
    let stack = Stack::new()
        .layer(from_fn(|request: Request<Body>, next: Next| tag("first", request, next)))
        .layer(
            tower::ServiceBuilder::new()
                .layer(from_fn(|request: Request<Body>, next: Next| tag("second", request, next))),
        )
        .layer(from_fn(|request: Request<Body>, next: Next| tag("third", request, next)));
    let response = Caller::new(pilaster::handler(way).layer(stack)).send(request::get("/")).await.unwrap();
    assert_eq!(response.text(), "first second third");
    let way: Vec<_> = response.headers().get_all("x-way").iter().map(|tag| tag.to_str().unwrap()).collect();
    assert_eq!(way, ["third, second, first"], "an HTTP API has one value for each header");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_an_inner_own_layer_is_a_response_for_the_outer_and_is_mapped() {
    async fn slow(_: Method) -> &'static str {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "too late"
    }
    async fn tagged(request: Request<Body>, next: Next) -> Response {
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-tagged", "yes".parse().unwrap());
        response
    }
    let stack = Stack::new()
        .errors(ErrorLayer::new().on::<Elapsed>(504))
        .layer(from_fn(tagged))
        .layer(TimeoutLayer::new(Duration::from_secs(1)));
    let response = Caller::new(pilaster::handler(slow).layer(stack)).send(request::get("/")).await.unwrap();
    assert_eq!((response.status(), &response.headers()["x-tagged"]), (504, &"yes".parse().unwrap()));
}

/// `mapped` has a rule of [`errors`]; `slow` does not end.
async fn fails(Path(id): Path<String>) -> Result<(), HttpError> {
    match id.as_str() {
        "mapped" => Err(std::io::Error::other("taken").into()),
        "missing" => Err(HttpError::not_found("no such user")),
        "broken" => Err(HttpError::internal("db-3")),
        _ => std::future::pending().await,
    }
}

fn errors() -> ErrorLayer {
    ErrorLayer::new().on::<std::io::Error>(409)
}

/// Changes the status of a response, and reports the one that it had.
async fn changed(status: StatusCode, request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    let seen = response.status().as_u16().into();
    response.headers_mut().insert("x-seen", seen);
    *response.status_mut() = status;
    response
}

/// Replaces the body, too.
async fn replaced(status: StatusCode, request: Request<Body>, next: Next) -> Response {
    changed(status, request, next).await.map(|_| "replaced".into())
}

/// Returns the status, the body and `x-seen` of each response, and the statuses of the log lines.
async fn outcomes<R: RawService>(caller: Caller<R>) -> (Vec<(u16, String, u64)>, Vec<u64>) {
    let logs = CapturedLogs::default();
    let caller = caller.with_time_left(Duration::from_secs(3)).with_logs(&logs);
    let mut responses = Vec::new();
    for id in ["mapped", "missing", "broken", "slow"] {
        let response = caller.send(request::get("/users").path_parameter("id", id)).await.unwrap();
        let seen = response.header("x-seen").map_or(0, |seen| seen.parse().unwrap());
        responses.push((response.status(), response.text().into_owned(), seen));
    }
    (responses, logs.lines().iter().filter_map(|line| line["status"].as_u64()).collect())
}

#[tokio::test(start_paused = true)]
async fn of_a_changed_response_to_an_error_headers_and_a_status_of_an_error_are_kept() {
    for (status, missing, broken) in [(StatusCode::OK, 404, 500), (StatusCode::GONE, 410, 410)] {
        let change = move |request: Request<Body>, next: Next| changed(status, request, next);
        let stack = Stack::new().errors(errors()).layer(from_fn(change));
        let (responses, lines) = outcomes(Caller::new(pilaster::handler(fails).layer(stack))).await;
        let statuses: Vec<_> = responses.iter().map(|(status, _, seen)| (*status, *seen)).collect();
        assert_eq!(statuses, [(409, 500), (missing, 404), (broken, 500), (504, 0)], "the last one is not seen");
        assert!(responses.iter().all(|(_, body, _)| body.starts_with(r#"{"title""#)), "{responses:?}");
        assert_eq!(lines, [409, missing.into(), broken.into(), 504]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_an_own_layer_puts_in_place_of_an_error_is_sent_unless_a_rule_maps_the_error() {
    for (status, missing, broken) in [(StatusCode::OK, 404, 500), (StatusCode::GONE, 410, 410)] {
        let replace = move |request: Request<Body>, next: Next| replaced(status, request, next);
        let stack = Stack::new().errors(errors()).layer(from_fn(replace));
        let (responses, lines) = outcomes(Caller::new(pilaster::handler(fails).layer(stack))).await;
        let own = |seen| (status.as_u16(), "replaced".to_owned(), seen);
        assert_eq!(responses[1..3], [own(404), own(500)]);
        let [(409, mapped, 500), .., (504, _, 0)] = &responses[..] else { panic!("{responses:?}") };
        assert_eq!(mapped, r#"{"title":"Conflict","status":409,"detail":"taken"}"#);
        assert_eq!(lines, [409, missing, broken, 504], "each failure is logged once");
    }
}

/// Reads each body, and lets a function change it and its type.
async fn rewritten(
    rewrite: impl Fn(String) -> (Option<&'static str>, String),
    request: Request<Body>,
    next: Next,
) -> Result<Response, HttpError> {
    let (mut parts, body) = next.run(request).await.into_parts();
    let bytes = body.collect().await.map_err(HttpError::internal)?.to_bytes();
    let (media_type, body) = rewrite(String::from_utf8(bytes.to_vec())?);
    if let Some(media_type) = media_type {
        parts.headers.insert("content-type", media_type.parse()?);
    }
    Ok(Response::from_parts(parts, body.into()))
}

#[tokio::test(start_paused = true)]
async fn an_own_layer_may_translate_an_error_add_a_member_or_only_read_it() {
    macro_rules! bodies {
        ($errors:expr, $rewrite:expr) => {{
            let rewrite = move |request: Request<Body>, next: Next| rewritten($rewrite, request, next);
            let stack = Stack::new().errors($errors).layer(from_fn(rewrite));
            let (responses, lines) = outcomes(Caller::new(pilaster::handler(fails).layer(stack))).await;
            assert_eq!(lines, responses.iter().map(|(status, ..)| u64::from(*status)).collect::<Vec<_>>());
            responses.into_iter().take(3).map(|(status, body, _)| (status, body)).collect::<Vec<_>>()
        }};
    }
    let of = |expected: [(u16, &str); 3]| expected.map(|(status, body)| (status, body.to_owned()));
    let opaque = r#"{"title":"Internal Server Error","status":500}"#;
    let missing = r#"{"title":"Not Found","status":404,"detail":"no such user"}"#;
    let taken = r#"{"title":"Conflict","status":409,"detail":"taken"}"#;

    let member = |body: String| (None, body.replace('}', r#","id":7}"#));
    let with_member = [
        r#"{"title":"Not Found","status":404,"detail":"no such user","id":7}"#,
        r#"{"title":"Internal Server Error","status":500,"id":7}"#,
    ];
    let expected = of([(500, with_member[1]), (404, with_member[0]), (500, with_member[1])]);
    assert_eq!(bodies!(ErrorLayer::new(), member), expected);
    assert_eq!(bodies!(errors(), member), of([(409, taken), (404, with_member[0]), (500, with_member[1])]));

    // A body of another type can only be a replacement.
    let translated = |_: String| (Some("text/plain"), "Es ging nicht.".to_owned());
    let expected = of([(500, "Es ging nicht."), (404, "Es ging nicht."), (500, "Es ging nicht.")]);
    assert_eq!(bodies!(errors(), translated), expected);
    assert_eq!(bodies!(errors().render_with(|error| error.title().to_owned()), translated), expected);

    let read = |body: String| (None, body);
    assert_eq!(bodies!(errors(), read), of([(409, taken), (404, missing), (500, opaque)]));
    let by_title = of([(409, "Conflict"), (404, "Not Found"), (500, "Internal Server Error")]);
    assert_eq!(bodies!(errors().render_with(|error| error.title().to_owned()), read), by_title);
}

#[tokio::test]
async fn without_an_error_layer_a_body_of_an_own_layer_is_sent_as_well() {
    let own = |request: Request<Body>, next: Next| replaced(StatusCode::NOT_FOUND, request, next);
    let caller = Caller::new(pilaster::handler(fails).without_stack().layer(from_fn(own)));
    let (responses, lines) = outcomes(caller).await;
    assert_eq!(responses[1], (404, "replaced".to_owned(), 404));
    assert_eq!(lines[1], 404);
}

#[tokio::test(start_paused = true)]
async fn a_response_of_an_own_layer_in_place_of_an_error_is_sent() {
    async fn fresh(request: Request<Body>, next: Next) -> Response {
        let status = next.run(request).await.status();
        (if status == 500 { status } else { StatusCode::OK }, "fresh").into_response()
    }
    let stack = Stack::new().errors(errors()).layer(from_fn(fresh));
    let (responses, lines) = outcomes(Caller::new(pilaster::handler(fails).layer(stack))).await;
    let sent: Vec<_> = responses.iter().map(|(status, body, _)| (*status, &**body)).collect();
    assert_eq!(sent[..3], [(500, "fresh"), (200, "fresh"), (500, "fresh")]);
    assert_eq!(lines, [500, 500, 504], "a 5xx is logged by its status");
}

#[tokio::test(start_paused = true)]
async fn an_own_layer_around_an_error_layer_sees_the_status_that_is_sent_and_may_replace_it() {
    let own = || from_fn(|request: Request<Body>, next: Next| replaced(StatusCode::OK, request, next));
    for inner in [errors(), errors().render_with(|error| error.status())] {
        let stack = Stack::new().layer(own()).layer(inner);
        let (responses, lines) = outcomes(Caller::new(pilaster::handler(fails).layer(stack))).await;
        assert_eq!(responses[..3], [409, 404, 500].map(|seen| (200, "replaced".to_owned(), seen)));
        assert_eq!(responses[3].0, 504);
        assert_eq!(lines, [409, 404, 500, 504], "each failure is logged once");
    }

    let around = pilaster::handler(fails).without_stack().layer(own()).layer(Stack::new().errors(errors()));
    let (responses, lines) = outcomes(Caller::new(around)).await;
    assert_eq!(responses, [409, 404, 500, 504].map(|seen| (200, "replaced".to_owned(), seen)));
    assert_eq!(lines, [409, 404, 500, 504]);
}
