use std::convert::Infallible;
use std::future::ready;
use std::io::Read;

use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;
use tower::{ServiceExt, service_fn};

use super::coding::CODINGS;
use super::*;

async fn send(
    layer: CompressionLayer,
    accept: &'static str,
    response: Response<Body>,
) -> (HeaderMap, Result<Bytes, axum_core::Error>) {
    send_request(layer, Request::builder().header("accept-encoding", accept), response).await
}

async fn send_request(
    layer: CompressionLayer,
    request: http::request::Builder,
    response: Response<Body>,
) -> (HeaderMap, Result<Bytes, axum_core::Error>) {
    let mut response = Some(response);
    let handler = service_fn(move |_: Request<()>| ready(Ok::<_, Infallible>(response.take().unwrap())));
    let answer = layer.layer(handler).oneshot(request.body(()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    (parts.headers, body.collect().await.map(http_body_util::Collected::to_bytes))
}

fn text() -> String {
    "all work and no play ".repeat(200)
}

fn answer(headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
    let builder = headers.iter().fold(Response::builder(), |builder, (name, value)| builder.header(*name, *value));
    builder.body(body.into()).unwrap()
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_long_text_is_compressed_and_its_length_goes() {
    let response = answer(&[("content-type", "application/json"), ("content-length", "4200")], text());
    let (headers, body) = send(CompressionLayer::new(), "gzip", response).await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["vary"], "accept-encoding");
    assert!(!headers.contains_key("content-length"));
    let body = body.unwrap();
    assert!(body.len() < 200);
    assert_eq!(gunzip(&body), text());
}

#[tokio::test]
async fn what_must_stay_as_it_is_stays() {
    let plain = text();
    for headers in [
        &[("content-type", "image/png")][..],
        &[("content-type", "application/zip")],
        &[("content-type", "text/event-stream")],
        &[("content-encoding", "br")],
        &[("content-range", "bytes 0-9/100")],
        &[("cache-control", "public, No-Transform")],
    ] {
        let (sent, body) = send(CompressionLayer::new(), "gzip", answer(headers, plain.clone())).await;
        assert_eq!(body.unwrap(), plain, "{headers:?}");
        assert!(!sent.contains_key("vary"), "{headers:?}");
    }
    for status in [204, 206, 304] {
        let mut response = answer(&[], plain.clone());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        assert!(!send(CompressionLayer::new(), "gzip", response).await.0.contains_key("content-encoding"), "{status}");
    }
    let (headers, body) = send(CompressionLayer::new(), "gzip", answer(&[], "a".repeat(1023))).await;
    assert_eq!((headers.len(), body.unwrap().len()), (0, 1023));
    let (headers, body) = send(CompressionLayer::new().minimum_size(0), "gzip", answer(&[], "")).await;
    assert_eq!((headers.len(), body.unwrap().len()), (0, 0));
}

#[tokio::test]
async fn a_client_that_takes_no_coding_gets_the_bytes_and_caches_are_told() {
    for accept in ["", "identity", "gzip;q=0", "*;q=0", "identity, gzip;q=0.5", "deflate", "gzip;q=x"] {
        let (headers, body) = send(CompressionLayer::new(), accept, answer(&[("vary", "origin")], text())).await;
        assert!(!headers.contains_key("content-encoding"), "{accept}");
        assert_eq!(body.unwrap(), text());
        let vary: Vec<_> = headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["origin", "accept-encoding"]);
    }
    let (headers, _) = send_request(CompressionLayer::new(), Request::builder(), answer(&[], text())).await;
    assert_eq!(headers.len(), 1);
}

#[tokio::test]
async fn quality_values_are_heeded() {
    for accept in [
        "*",
        "x-gzip",
        "deflate, gzip;q=0.5",
        "gzip;q=2",
        "br;q=.1, zstd;q=0, gzip;q=.2",
        "gzip;q=0.001, identity;q=0",
        "GZIP, zstd;q=0, br;q=0",
    ] {
        let (headers, _) = send(CompressionLayer::new(), accept, answer(&[], text())).await;
        assert_eq!(headers["content-encoding"], if accept == "*" { CODINGS[0].name() } else { "gzip" }, "{accept}");
    }
}

#[cfg(all(feature = "compression-br", feature = "compression-zstd"))]
#[tokio::test]
async fn of_codings_alike_the_densest_is_taken() {
    for (accept, taken) in
        [("gzip, deflate, br, zstd", "zstd"), ("gzip, deflate, br", "br"), ("gzip, br;q=0.9, zstd;q=0.8", "gzip")]
    {
        for layer in [CompressionLayer::new(), CompressionLayer::fastest(), CompressionLayer::smallest()] {
            let (headers, body) = send(layer, accept, answer(&[], text())).await;
            assert_eq!(headers["content-encoding"], taken);
            assert!(body.unwrap().len() < 200);
        }
    }
}

#[tokio::test]
async fn a_request_that_asks_for_no_transformation_gets_none_and_keeps_each_directive_of_the_answer() {
    let request = || Request::builder().header("accept-encoding", "gzip").header("cache-control", "no-transform");
    let mut response = answer(&[("cache-control", "private"), ("cache-control", "no-store")], text());
    response.headers_mut().insert("etag", "\"7\"".parse().unwrap());
    let (headers, body) = send_request(CompressionLayer::new(), request(), response).await;
    let directives: Vec<_> = headers.get_all("cache-control").iter().collect();
    assert_eq!(directives, ["private", "no-store", "no-transform"]);
    assert_eq!((&headers["etag"], &headers["vary"]), (&"\"7\"".parse().unwrap(), &"accept-encoding".parse().unwrap()));
    assert_eq!(body.unwrap(), text());
    let quoted = answer(&[("cache-control", "no-cache=\"a, no-transform\"")], text());
    let (headers, _) = send(CompressionLayer::new(), "gzip", quoted).await;
    assert_eq!(headers["content-encoding"], "gzip");
}

/// The preconditions that the inner services get, and the tag of a response whose own tag is `own`.
async fn exchanged(
    method: &str,
    sent: &[(&'static str, &'static str)],
    own: &'static str,
    status: u16,
) -> (Vec<String>, HeaderMap) {
    let read = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&read);
    let handler = service_fn(move |request: Request<()>| {
        for name in ["if-none-match", "if-match", "if-range"] {
            let lines = request.headers().get_all(name).iter();
            seen.lock().unwrap().extend(lines.map(|line| format!("{name}: {}", line.to_str().unwrap())));
        }
        let body = if status == 304 { Body::empty() } else { Body::from(text()) };
        ready(Response::builder().status(status).header("etag", own).body(body))
    });
    let request = Request::builder().method(method);
    let request = sent.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = CompressionLayer::new().layer(handler).oneshot(request.body(()).unwrap()).await.unwrap();
    let read = read.lock().unwrap().clone();
    (read, answer.headers().clone())
}

#[tokio::test]
async fn each_coding_has_a_tag_of_its_own() {
    for (accept, own, sent) in [
        ("gzip", "\"7\"", "\"7-gzip\""),
        ("gzip", "W/\"7\"", "W/\"7-gzip\""),
        ("identity", "\"7\"", "\"7\""),
        // Tags of the function's own that look like ours.
        ("identity", "\"7-gzip\"", "\"7-gzip-identity\""),
        ("gzip", "\"7-gzip\"", "\"7-gzip-gzip\""),
        ("identity", "\"7-identity\"", "\"7-identity-identity\""),
    ] {
        let (_, headers) = exchanged("GET", &[("accept-encoding", accept)], own, 200).await;
        assert_eq!(headers["etag"], sent, "{accept} {own}");
        // Sent back, it is the function's tag again, and the 304 has the tag that the client knows.
        let again = [("accept-encoding", accept), ("if-none-match", sent)];
        let (read, headers) = exchanged("GET", &again, own, 304).await;
        assert_eq!(read, [format!("if-none-match: {own}")]);
        assert_eq!((&headers["etag"], &headers["vary"]), (&sent.parse().unwrap(), &"accept-encoding".parse().unwrap()));
    }
}

#[tokio::test]
async fn a_tag_of_another_coding_than_the_answers_matches_nothing_where_a_client_reads() {
    let sent = [("accept-encoding", "identity"), ("if-none-match", "\"6\", \"7-gzip\"")];
    let (read, headers) = exchanged("GET", &sent, "\"6\"", 304).await;
    assert_eq!(read, ["if-none-match: \"6\", \"7-gzip-unselected\""]);
    assert_eq!(headers["etag"], "\"6\"");
    let sent = [("cache-control", "no-transform"), ("accept-encoding", "gzip"), ("if-match", "\"7-gzip\"")];
    assert_eq!(exchanged("HEAD", &sent, "\"7\"", 200).await.0, ["if-match: \"7-gzip-unselected\""]);
    // The client has both: the 304 is for the one that it would get now.
    let sent = [("accept-encoding", "gzip"), ("if-none-match", "\"7\", \"7-gzip\"")];
    assert_eq!(exchanged("GET", &sent, "\"7\"", 304).await.1["etag"], "\"7-gzip\"");
    let sent = [("accept-encoding", "gzip"), ("if-range", "\"7-gzip\"")];
    assert_eq!(exchanged("GET", &sent, "\"7\"", 200).await.0, ["if-range: \"7-gzip-unselected\""]);
    let sent = [("if-range", "Sat, 21 Nov 2026 08:00:00 GMT"), ("if-none-match", "*")];
    let (read, _) = exchanged("GET", &sent, "\"7\"", 200).await;
    assert_eq!(read, ["if-none-match: *", "if-range: Sat, 21 Nov 2026 08:00:00 GMT"]);
}

#[tokio::test]
async fn what_is_written_is_a_version_whatever_coding_it_was_read_in() {
    let sent =
        [("if-match", "\"6-gzip\""), ("if-match", "\"7\", W/\"8-gzip\""), ("if-none-match", "\"9-gzip-identity\"")];
    let (read, _) = exchanged("PUT", &sent, "\"7\"", 204).await;
    assert_eq!(read, ["if-none-match: \"9-gzip\"", "if-match: \"6\", \"7\", W/\"8\""]);
}

#[tokio::test]
async fn a_stream_arrives_whole_and_breaks_off_where_it_broke_off() {
    let chunks = || stream::iter(0..1000).map(|n| Ok::<_, BoxError>(format!("line {n}\n")));
    let response = answer(&[("content-type", "text/csv")], Body::from_stream(chunks()));
    let (headers, body) = send(CompressionLayer::new(), "gzip", response).await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(gunzip(&body.unwrap()), (0..1000).map(|n| format!("line {n}\n")).collect::<String>());

    let broken = chunks().take(3).chain(stream::once(async { Err("gone".into()) }));
    let (_, body) = send(CompressionLayer::new(), "gzip", answer(&[], Body::from_stream(broken))).await;
    assert!(body.is_err());
}

#[tokio::test]
async fn what_a_stream_has_sent_is_not_held_back_while_it_waits() {
    let handler = service_fn(|_: Request<()>| {
        let body = Body::from_stream(stream::iter(["first"].map(Ok::<_, BoxError>)).chain(stream::pending()));
        ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let request = Request::builder().header("accept-encoding", "gzip").body(()).unwrap();
    let mut body =
        CompressionLayer::new().layer(handler).oneshot(request).await.unwrap().into_body().into_data_stream();
    let mut seen = Vec::new();
    while let Some(Some(chunk)) = body.next().now_or_never() {
        seen.extend(chunk.unwrap());
    }
    let mut text = [0; 5];
    flate2::read::GzDecoder::new(&*seen).read_exact(&mut text).unwrap();
    assert_eq!(&text, b"first");
}
