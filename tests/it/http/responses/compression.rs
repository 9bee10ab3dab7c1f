//! Responses that are compressed.

use super::*;

#[tokio::test]
async fn a_compressed_answer_is_base64_and_has_the_headers_of_any() {
    let stack = http::Stack::new()
        .conditional(http::ConditionalLayer::new())
        .compression(http::CompressionLayer::new())
        .cors(http::CorsLayer::new().allow_origin("https://a.example"));
    let caller = Caller::new(pilaster::handler(async |_: Method| "work ".repeat(1000)).layer(stack));
    for source in SOURCES.into_iter().filter(|source| *source != "websocket") {
        let event = |headers: &[(&str, &str)]| asked(source, "GET", headers);
        let answer = call(&caller, &event(&[("accept-encoding", "gzip")])).await.unwrap();
        assert_eq!(answer["isBase64Encoded"], true, "{source}: {answer}");
        assert!(answer["body"].as_str().unwrap().starts_with("H4sI"), "{source}");
        let tag = header_of(source, &answer, "etag").unwrap();
        assert!(tag.ends_with("-gzip\""), "{tag}");

        let asked = [("accept-encoding", "gzip"), ("if-none-match", tag.as_str())];
        let again = call(&caller, &event(&asked)).await.unwrap();
        assert_eq!((&again["statusCode"], &again["body"]), (&json!(304), &json!("")), "{source}: {again}");
        assert_eq!(header_of(source, &again, "etag"), Some(tag));
    }
}

#[tokio::test]
async fn an_answer_that_compression_does_not_make_smaller_is_sent_as_it_is() {
    let stack =
        || http::Stack::new().compression(http::CompressionLayer::new()).conditional(http::ConditionalLayer::new());
    let small = Caller::new(pilaster::handler(async |_: Method| dense()).layer(stack()));
    let stream = async |_: Method| {
        let pieces = dense().into_bytes().chunks(100).map(Bytes::copy_from_slice).collect::<Vec<_>>();
        http::Body::from_stream(futures_util::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)))
    };
    let pieces = Caller::new(pilaster::handler(stream).layer(stack()));
    for source in SOURCES.into_iter().filter(|source| *source != "websocket") {
        let event = asked(source, "GET", &[("accept-encoding", "gzip")]);
        for answer in [call(&small, &event).await.unwrap(), call(&pieces, &event).await.unwrap()] {
            assert_eq!((&answer["isBase64Encoded"], &answer["body"]), (&json!(false), &json!(dense())), "{source}");
            assert_eq!(header_of(source, &answer, "content-encoding"), None);
            assert_eq!(header_of(source, &answer, "vary").as_deref(), Some("accept-encoding"));
        }
        let answer = call(&small, &event).await.unwrap();
        assert!(!header_of(source, &answer, "etag").unwrap().contains("gzip"), "{source}: {answer}");
    }
    // A body that is base64 anyway only has to get smaller: gzip saves a fifth of this one.
    let binary = async |_: Method| {
        let half = dense().into_bytes();
        ([("content-type", "application/wasm")], [&[0xFF][..], &half[..]].concat())
    };
    let binary = Caller::new(pilaster::handler(binary).layer(stack()));
    let answer = call(&binary, &asked("http api", "GET", &[("accept-encoding", "gzip")])).await.unwrap();
    assert_eq!(answer["headers"]["content-encoding"], "gzip");
}

#[tokio::test]
async fn a_body_that_fits_only_compressed_is_compressed_and_head_says_nothing_of_it() {
    let stack = http::Stack::new().compression(http::CompressionLayer::new());
    let large = async |_: Method| ([("etag", "\"7\"")], "la ".repeat(3_000_000));
    let caller = Caller::new(pilaster::handler(large).layer(stack));
    let get = call(&caller, &asked("http api", "GET", &[("accept-encoding", "gzip")])).await.unwrap();
    let head = call(&caller, &asked("http api", "HEAD", &[("accept-encoding", "gzip")])).await.unwrap();
    assert_eq!((&get["statusCode"], &get["isBase64Encoded"]), (&json!(200), &json!(true)));
    let zipped = base64::engine::general_purpose::STANDARD.decode(get["body"].as_str().unwrap()).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*zipped), &mut text).unwrap();
    assert_eq!(text.len(), 9_000_000);
    assert_eq!((&get["headers"]["etag"], &get["headers"]["content-encoding"]), (&json!("\"7-gzip\""), &json!("gzip")));
    assert_eq!((&head["headers"]["etag"], &head["body"]), (&json!("\"7\""), &json!("")));
    assert!(head["headers"]["content-encoding"].is_null(), "{head}");
    assert_eq!(get["headers"]["vary"], head["headers"]["vary"]);
}
