//! Values that a layer writes, behind the layers that look at the body and its tag.

use axum::Router;
use axum::routing::get;
use pilaster::http::{
    CompressionLayer, ConditionalLayer, HttpError, IntoResponse, Negotiate, NegotiationLayer, PartialResponseLayer,
    Preconditions, Response, Stack, StatusCode, headers::ETag,
};
use pilaster::testing::http as request;
use serde::Serialize;

use super::*;

#[derive(Clone, Copy, Serialize)]
struct User {
    id: u32,
    name: &'static str,
}

const ADA: User = User { id: 7, name: "ada" };

fn writers() -> NegotiationLayer {
    NegotiationLayer::new()
        .writer("application/json", |user: &User| Json(*user))
        .writer("text/csv", |user: &User| format!("id,name\n{},{}\n", user.id, user.name))
}

async fn send<R: RawService>(caller: &Caller<R>, request: request::Request) -> (u16, HeaderMap, String) {
    let answer = caller.send(request).await.unwrap();
    (answer.status(), answer.headers().clone(), answer.text().into_owned())
}

async fn tagged() -> ([(&'static str, &'static str); 1], Negotiate<User>) {
    ([("etag", "\"7\"")], Negotiate(ADA))
}

#[tokio::test]
async fn each_media_type_has_its_own_tag() {
    async fn function(_: Method) -> impl IntoResponse {
        tagged().await
    }
    let stack = Stack::new().conditional(ConditionalLayer::new()).layer(writers());
    let caller = Caller::new(pilaster::handler(function).layer(stack));
    let read = |accept: &str| request::get("/").header("accept", accept);
    let (_, json, _) = send(&caller, read("application/json")).await;
    let (_, csv, _) = send(&caller, read("text/csv")).await;
    assert_eq!(json["etag"], "\"7;application/json\"");
    assert_eq!(csv["etag"], "\"7;text/csv\"");
    for (accept, tag, status) in [
        ("text/csv", "\"7;application/json\"", 200),
        ("text/csv", "\"7\"", 200),
        ("text/csv", "\"7;application/json\", W/\"7;text/csv\"", 304),
        ("application/json", "\"7;application/json\"", 304),
        ("application/json", "\"7;text/csv\"", 200),
    ] {
        let (got, headers, body) = send(&caller, read(accept).header("if-none-match", tag)).await;
        assert_eq!(got, status, "{accept} {tag}");
        let expected = if accept == "text/csv" { &csv } else { &json };
        assert_eq!((&headers["etag"], headers["vary"].to_str().unwrap()), (&expected["etag"], "accept"));
        assert_eq!(body.is_empty(), status == 304);
    }
}

#[tokio::test]
async fn the_function_sees_its_own_tags() {
    async fn function(method: Method, preconditions: Preconditions, headers: HeaderMap) -> Result<Response, HttpError> {
        let tag: ETag = "\"7\"".parse().unwrap();
        if method == Method::PUT {
            preconditions.required()?.check(Some(&tag))?;
        } else if headers.get("if-none-match").is_some_and(|held| held == "\"7\"") {
            return Ok((StatusCode::NOT_MODIFIED, [("etag", "\"7\"")]).into_response());
        }
        Ok(tagged().await.into_response())
    }
    let caller = Caller::new(pilaster::handler(function).layer(Stack::new().layer(writers())));
    for tag in ["\"7;text/csv\"", "\"7;application/json\"", "\"7\""] {
        let put = |tag: &str| request::request("PUT", "/").header("if-match", tag).header("accept", "text/csv");
        assert_eq!(send(&caller, put(tag)).await.0, 200, "{tag}");
        assert_eq!(send(&caller, put(&tag.replace('7', "8"))).await.0, 412, "{tag}");
        let (status, headers, _) =
            send(&caller, request::get("/").header("if-none-match", tag).header("accept", "text/csv")).await;
        let expected = match tag {
            "\"7;text/csv\"" => (304, "\"7;text/csv\""),
            "\"7\"" => (304, "\"7\""),
            _ => (200, "\"7;text/csv\""),
        };
        assert_eq!((status, headers["etag"].to_str().unwrap()), expected, "{tag}");
    }
}

#[tokio::test]
async fn conditional_requests_within_the_layer_leave_nothing_to_write() {
    let app = Router::new()
        .route("/", get(tagged))
        .layer(tower::ServiceBuilder::new().layer(writers()).layer(ConditionalLayer::new()));
    let caller = Caller::new(pilaster::http::service(app));
    let read = || request::get("/").header("accept", "text/csv");
    let (_, headers, body) = send(&caller, read()).await;
    assert_eq!((headers["etag"].to_str().unwrap(), body.as_str()), ("\"7;text/csv\"", "id,name\n7,ada\n"));
    let (status, headers, body) = send(&caller, read().header("if-none-match", "\"7;text/csv\"")).await;
    assert_eq!((status, headers["etag"].to_str().unwrap(), body.as_str()), (304, "\"7;text/csv\"", ""));
    let (status, headers, body) = send(&caller, read().header("if-match", "\"8;text/csv\"")).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (412, "application/problem+json"));
    assert!(body.contains("Precondition"), "{body}");
}

#[tokio::test]
async fn without_writers_it_is_as_json() {
    let layers = || {
        let stack = Stack::new().conditional(ConditionalLayer::new()).compression(CompressionLayer::new());
        stack.layer(PartialResponseLayer::new())
    };
    let negotiate = Caller::new(pilaster::handler(async |_: Method| Negotiate(ADA)).layer(layers()));
    let with_layer =
        Caller::new(pilaster::handler(async |_: Method| Negotiate(ADA)).layer(layers().layer(NegotiationLayer::new())));
    let as_json = Caller::new(pilaster::handler(async |_: Method| Json(ADA)).layer(layers()));
    for target in ["/", "/?fields=id", "/?fields=none"] {
        for method in ["GET", "HEAD"] {
            let asked = || request::request(method, target).header("accept-encoding", "gzip");
            let expected = send(&as_json, asked()).await;
            assert!(expected.1.contains_key("etag") && !expected.1.contains_key("content-encoding"));
            assert_eq!(send(&negotiate, asked()).await, expected, "{method} {target}");
            assert_eq!(send(&with_layer, asked()).await, expected, "{method} {target}");
        }
    }
    assert_eq!(send(&negotiate, request::get("/?fields=id")).await.2, r#"{"id":7}"#);
    // A layer around the writers sees their output.
    let around = layers().layer(writers());
    let caller = Caller::new(pilaster::handler(async |_: Method| Negotiate(ADA)).layer(around));
    assert_eq!(send(&caller, request::get("/?fields=id")).await.2, r#"{"id":7}"#);
    let csv = send(&caller, request::get("/?fields=id").header("accept", "text/csv")).await;
    assert_eq!(csv.2, "id,name\n7,ada\n");
}

#[tokio::test]
async fn a_value_that_is_no_json_is_a_500_unless_a_writer_takes_it() {
    #[derive(Serialize)]
    struct Keyed(std::collections::BTreeMap<(u8, u8), u8>);
    async fn function(_: Method) -> Negotiate<Keyed> {
        Negotiate(Keyed([((1, 2), 3)].into()))
    }
    struct Panics;
    impl Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("hunter2")
        }
    }
    for stack in [Stack::new(), Stack::new().conditional(ConditionalLayer::new())] {
        let caller = Caller::new(pilaster::handler(function).layer(stack.clone()));
        assert_eq!(send(&caller, request::get("/")).await.0, 500);
        let panics = pilaster::handler(async |_: Method| Negotiate(Panics)).layer(stack.clone());
        let (status, _, body) = send(&Caller::new(panics), request::get("/")).await;
        assert!(status == 500 && !body.contains("hunter2"), "{status} {body}");
        let layer = NegotiationLayer::new().writer("text/plain", |keyed: &Keyed| keyed.0.len().to_string());
        let caller = Caller::new(pilaster::handler(function).layer(stack.layer(layer)));
        assert_eq!(send(&caller, request::get("/")).await.2, "1");
    }
}

#[tokio::test]
async fn a_router_counts_what_the_writer_wrote() {
    async fn user() -> Negotiate<User> {
        Negotiate(ADA)
    }
    let app = Router::new().route("/", get(user).layer(writers())).route("/all", get(user));
    let caller = Caller::new(pilaster::http::service(app.layer(writers())));
    for (path, length) in [("/", 14), ("/all", 14)] {
        for method in ["GET", "HEAD"] {
            let asked = request::request(method, path).header("accept", "text/csv");
            let (status, headers, _) = send(&caller, asked).await;
            assert_eq!(status, 200);
            let counted = headers.get("content-length").map(|length| length.to_str().unwrap().to_owned());
            assert!(counted.is_none_or(|counted| counted == length.to_string()), "{method} {path} {headers:?}");
        }
    }
}

#[tokio::test]
async fn the_headers_of_function_and_writer_are_both_sent() {
    async fn function(_: Method) -> impl IntoResponse {
        let headers = [
            ("location", "/7"),
            ("cache-control", "private"),
            ("set-cookie", "a=1"),
            ("vary", "origin"),
            ("content-type", "text/html"),
        ];
        (StatusCode::CREATED, headers, Negotiate(ADA))
    }
    let headers = [
        ("location", "/other"),
        ("cache-control", "public"),
        ("set-cookie", "b=2"),
        ("vary", "cookie"),
        ("content-type", "text/html"),
        ("content-disposition", "attachment"),
    ];
    let layer = NegotiationLayer::new().writer("text/csv", move |_: &User| (headers, "x"));
    let caller = Caller::new(pilaster::handler(function).layer(Stack::new().layer(layer)));
    let (status, headers, body) = send(&caller, request::get("/")).await;
    assert_eq!((status, body.as_str()), (201, "x"));
    let all = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(all("location"), ["/7"]);
    assert_eq!(all("cache-control"), ["private"]);
    assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(all("vary").join(", "), "origin, cookie, accept");
    assert_eq!(all("content-type"), ["text/csv"]);
    assert_eq!(all("content-disposition"), ["attachment"]);
}

#[tokio::test]
async fn the_status_of_a_writer_is_sent_unless_it_is_200() {
    async fn function(_: Method) -> impl IntoResponse {
        (StatusCode::CREATED, [("location", "/7")], Negotiate(ADA))
    }
    for (written, status, has_type) in [(200, 201, true), (204, 204, false), (206, 206, true), (205, 205, false)] {
        let layer = NegotiationLayer::new().writer("text/csv", move |_: &User| StatusCode::from_u16(written).unwrap());
        let caller = Caller::new(pilaster::handler(function).layer(Stack::new().layer(layer)));
        let (got, headers, _) = send(&caller, request::get("/")).await;
        assert_eq!((got, headers["location"].to_str().unwrap()), (status, "/7"));
        assert_eq!(headers.contains_key("content-type"), has_type, "{written}");
    }
}
