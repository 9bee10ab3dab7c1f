use super::*;
use std::io::Read;

use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tower::ServiceExt;

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
    for accept in ["", "identity", "gzip;q=0", "*;q=0", "identity, gzip;q=0.5", "deflate", "gzip;q=2"] {
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
    for accept in ["*", "x-gzip", "deflate, gzip;q=0.5", "gzip;q=0.001, identity;q=0", "GZIP, zstd;q=0, br;q=0"] {
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
async fn a_request_that_asks_for_no_transformation_is_said_on() {
    let request = || Request::builder().header("accept-encoding", "gzip").header("cache-control", "no-transform");
    let response = answer(&[("cache-control", "max-age=60")], text());
    let (headers, body) = send_request(CompressionLayer::new(), request(), response).await;
    assert_eq!(headers["cache-control"], "max-age=60, no-transform");
    assert_eq!(body.unwrap(), text());
}

#[tokio::test]
async fn a_strong_etag_names_the_coding_and_is_understood_when_it_comes_back() {
    let (headers, _) = send(CompressionLayer::new(), "gzip", answer(&[("etag", "\"7\"")], text())).await;
    assert_eq!(headers["etag"], "\"7-gzip\"");
    let (headers, _) = send(CompressionLayer::new(), "gzip", answer(&[("etag", "W/\"7\"")], text())).await;
    assert_eq!(headers["etag"], "W/\"7\"");

    let handler = service_fn(async |request: Request<()>| {
        assert_eq!(request.headers()["if-none-match"], "\"6\", W/\"7\", \"7\"");
        Response::builder().status(304).header("etag", "\"7\"").body(Body::empty())
    });
    let request = Request::builder().header("if-none-match", "\"6\", W/\"7\", \"7-gzip\"").body(()).unwrap();
    let answer = CompressionLayer::new().layer(handler).oneshot(request).await.unwrap();
    assert_eq!(
        (&answer.headers()["etag"], &answer.headers()["vary"]),
        (&"\"7-gzip\"".parse().unwrap(), &"accept-encoding".parse().unwrap())
    );
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
