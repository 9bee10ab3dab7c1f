use super::*;
use futures_util::stream;
use std::convert::Infallible;
use tower::{ServiceExt, service_fn};

const THEN: &str = "Sat, 21 Nov 2026 08:00:00 GMT";
const LATER: &str = "Sat, 21 Nov 2026 09:00:00 GMT";

/// A resource with the tag `"7"`, changed at [`THEN`].
async fn ask(method: &str, headers: &[(&str, &str)]) -> Response {
    let request = Request::builder().method(method);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let handler = service_fn(async |_: Request<Body>| {
        http::Response::builder()
            .header("etag", "\"7\"")
            .header("last-modified", THEN)
            .header("content-type", "text/plain")
            .header("cache-control", "max-age=9")
            .body(Body::from("seven"))
    });
    ConditionalLayer::new().layer(handler).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn who_has_it_gets_304_without_what_tells_of_a_body() {
    for tag in ["\"7\"", "W/\"7\"", "\"1\", \"7\"", "*"] {
        let response = ask("GET", &[("if-none-match", tag)]).await;
        assert_eq!(response.status(), 304, "{tag}");
        assert!(!response.headers().contains_key("content-type"));
        assert_eq!(
            (&response.headers()["etag"], &response.headers()["cache-control"]),
            (&"\"7\"".parse().unwrap(), &"max-age=9".parse().unwrap())
        );
        assert_eq!(text(response).await, "");
    }
}

#[tokio::test]
async fn tags_may_stand_in_several_lines() {
    assert_eq!(ask("GET", &[("if-none-match", "\"1\""), ("if-none-match", "\"7\"")]).await.status(), 304);
    assert_eq!(ask("GET", &[("if-match", "\"1\""), ("if-match", "\"7\"")]).await.status(), 200);
    assert_eq!(ask("GET", &[("if-match", "\"1\""), ("if-match", "\"2\"")]).await.status(), 412);
}

#[tokio::test]
async fn who_has_another_gets_it() {
    for headers in [
        &[("if-none-match", "\"6\"")][..],
        &[("if-none-match", "no tag")],
        // An ill-formed tag goes before a time, too.
        &[("if-none-match", "no tag"), ("if-modified-since", LATER)],
        &[("if-modified-since", "Sat, 21 Nov 2026 07:59:59 GMT")],
        &[("if-modified-since", "yesterday")],
        // A tag goes before a time.
        &[("if-none-match", "\"6\""), ("if-modified-since", LATER)],
        &[("if-match", "\"7\"")],
        &[("if-match", "*")],
        &[("if-unmodified-since", THEN)],
    ] {
        let response = ask("GET", headers).await;
        assert_eq!((response.status(), text(response).await.as_str()), (StatusCode::OK, "seven"), "{headers:?}");
    }
    assert_eq!(ask("HEAD", &[("if-modified-since", LATER)]).await.status(), 304);
}

#[tokio::test]
async fn a_part_of_another_version_is_not_read() {
    for headers in [
        &[("if-match", "\"6\"")][..],
        &[("if-match", "W/\"7\"")],
        &[("if-match", "")],
        &[("if-unmodified-since", "Sat, 21 Nov 2026 07:00:00 GMT")],
    ] {
        let response = ask("GET", headers).await;
        assert_eq!(response.status(), 412, "{headers:?}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn what_is_written_is_the_functions_to_check() {
    assert_eq!(ask("PUT", &[("if-none-match", "\"7\""), ("if-match", "\"6\"")]).await.status(), 200);
}

fn preconditions(headers: &[(&'static str, &'static str)]) -> Preconditions {
    let headers =
        headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
    Preconditions::read(&headers.collect(), &Method::PUT)
}

#[test]
fn a_change_needs_the_version_that_is_there() {
    let tag: ETag = "\"7\"".parse().unwrap();
    let status = |preconditions: Preconditions, tag| preconditions.check(tag).map_err(|error| error.status().as_u16());
    assert_eq!(status(preconditions(&[]), Some(&tag)), Ok(()));
    assert_eq!(status(preconditions(&[("if-match", "\"7\"")]), Some(&tag)), Ok(()));
    assert_eq!(status(preconditions(&[("if-match", "\"6\", \"7\"")]), Some(&tag)), Ok(()));
    for expected in ["\"6\"", "W/\"7\"", "7", ""] {
        assert_eq!(status(preconditions(&[("if-match", expected)]), Some(&tag)), Err(412), "{expected}");
    }
    assert_eq!(status(preconditions(&[("if-match", "*")]), Some(&tag)), Ok(()));
    assert_eq!(status(preconditions(&[("if-match", "*")]), None), Err(412));
    assert_eq!(status(preconditions(&[("if-match", "\"7\"")]), None), Err(412));
    assert_eq!(status(preconditions(&[("if-none-match", "*")]), None), Ok(()));
    assert_eq!(status(preconditions(&[("if-none-match", "*")]), Some(&tag)), Err(412));
    assert_eq!(status(preconditions(&[("if-none-match", "\"7\"")]), Some(&tag)), Err(412));
    assert_eq!(preconditions(&[]).required().unwrap_err().status(), 428);
    assert!(preconditions(&[("if-match", "\"7\"")]).required().is_ok());
}

#[test]
fn a_change_may_go_by_time() {
    let later = |seconds: u64| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_795_248_000 + seconds);
    let since = preconditions(&[("if-unmodified-since", THEN)]);
    assert!(since.check_with(None, Some(later(0))).is_ok());
    assert_eq!(since.check_with(None, Some(later(1))).unwrap_err().status(), 412);
}

#[tokio::test]
async fn an_answer_without_a_tag_gets_one_of_its_bytes() {
    let answer = async |layer: ConditionalLayer, body: Body, status: u16| {
        let mut body = Some(body);
        let handler = service_fn(move |_: Request<Body>| {
            let response = http::Response::builder().status(status).body(body.take().unwrap()).unwrap();
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let response = layer.layer(handler).oneshot(Request::default()).await.unwrap();
        let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (tag, text(response).await)
    };
    let (one, body) = answer(ConditionalLayer::new(), Body::from("one"), 200).await;
    assert_eq!(body, "one");
    assert_eq!(one.as_deref(), Some("\"7692c3ad3540bb803c020b3aee66cd88\""));
    assert_ne!(answer(ConditionalLayer::new(), Body::from("two"), 200).await.0, one);
    assert_eq!(answer(ConditionalLayer::new().generate_etags(false), Body::from("one"), 200).await.0, None);
    assert_eq!(answer(ConditionalLayer::new(), Body::from("one"), 404).await.0, None);
    assert_eq!(answer(ConditionalLayer::new(), Body::empty(), 200).await.0, None);
    let stream = Body::from_stream(stream::iter([Ok::<_, Infallible>("one")]));
    assert_eq!(answer(ConditionalLayer::new(), stream, 200).await, (None, "one".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_or_hangs_while_its_hash_is_made_is_an_answer() {
    /// A body of a size that is known, which never comes.
    struct Never(bool);
    impl http_body::Body for Never {
        type Data = Bytes;
        type Error = BoxError;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
            assert!(!self.0, "no body");
            Poll::Pending
        }
        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(7)
        }
    }
    for (panics, status) in [(true, 500), (false, 504)] {
        let handler = service_fn(move |_: Request<Body>| {
            std::future::ready(Ok::<_, Infallible>(http::Response::new(Never(panics))))
        });
        let invocation = Invocation::with_time_left(lambda_runtime::Context::default(), Some(Duration::from_secs(5)));
        let request = Request::builder().extension(invocation).body(Body::empty()).unwrap();
        assert_eq!(ConditionalLayer::new().layer(handler).oneshot(request).await.unwrap().status(), status);
    }
}
