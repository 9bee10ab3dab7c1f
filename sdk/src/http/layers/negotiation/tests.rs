#[cfg(all(feature = "negotiation-cbor", feature = "negotiation-xml"))]
mod cbor_and_xml;
#[cfg(feature = "negotiation-csv")]
mod formats;

use super::*;
use std::convert::Infallible;
use tower::{ServiceExt, service_fn};

fn accepts(name: &'static str, value: &'static str) -> Accepts {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_static(value));
    Accepts::read(&headers)
}

#[test]
fn media_types_are_ranked_by_quality_then_by_closeness() {
    let available = ["text/plain", "text/html", "application/json"];
    let ranked = |value| accepts("accept", value).media_types(&available);
    assert_eq!(ranked("application/json, text/*;q=0.5"), ["application/json", "text/plain", "text/html"]);
    assert_eq!(ranked("*/*, text/html"), ["text/html", "text/plain", "application/json"]);
    assert_eq!(ranked("text/*, text/html;q=0"), ["text/plain"]);
    assert_eq!(ranked("TEXT/HTML;level=1"), ["text/html"]);
    assert_eq!(ranked("image/png"), [""; 0]);
    assert_eq!(ranked(r#"text/html; x="a, text/csv", text/plain;q=0.5"#), ["text/html", "text/plain"]);
    for anything in ["", " ", ",", ";q=1", "text/html;q=x", "*", "*;q=.2"] {
        assert_eq!(ranked(anything), available, "{anything}");
    }
    // The default of Java's `HttpURLConnection`.
    assert_eq!(ranked("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2")[0], "text/html");
    assert_eq!(
        accepts("accept", "text/html, *; q=.2, */*; q=.2").media_types(&["application/json"]),
        ["application/json"]
    );
    assert_eq!(Accepts::read(&HeaderMap::new()).media_types(&available), available);
}

#[test]
fn a_language_suits_its_kin() {
    let ranked = |value, available: &[&'static str]| accepts("accept-language", value).languages(available);
    assert_eq!(ranked("en-US", &["de", "en"]), ["en"]);
    assert_eq!(ranked("en", &["en-CA"]), ["en-CA"]);
    assert_eq!(ranked("en-US", &["en-CA"]), [""; 0]);
    assert_eq!(ranked("e", &["en"]), [""; 0]);
    assert_eq!(ranked("da, en-gb;q=0.8, en;q=0.7", &["en", "en-GB", "da"]), ["da", "en-GB", "en"]);
    assert_eq!(ranked("fr-FR,de;q=.9", &["en", "de"]), ["de"]);
    assert_eq!(ranked("fr, *;q=0.1", &["de", "fr"]), ["fr", "de"]);
}

async fn ask(layer: NegotiationLayer, name: &str, value: &str) -> Response {
    let handler = service_fn(async |request: Request<Body>| {
        let (mut parts, _) = request.into_parts();
        let negotiated = Negotiated::from_request_parts(&mut parts, &()).await.unwrap();
        Ok::<_, Infallible>(Response::new(Body::from(format!(
            "{:?} {:?}",
            negotiated.media_type(),
            negotiated.language()
        ))))
    });
    let request = Request::builder().header(name, value).body(Body::empty()).unwrap();
    layer.layer(handler).oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    use http_body_util::BodyExt;
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn layer() -> NegotiationLayer {
    NegotiationLayer::new().media_types(["application/json", "text/csv"]).languages(["en", "de"])
}

#[tokio::test]
async fn the_choice_reaches_the_function_and_caches_are_told() {
    let response = ask(layer(), "accept", "text/csv").await;
    assert_eq!(response.headers()["content-language"], "en");
    assert_eq!(response.headers().get_all("vary").iter().collect::<Vec<_>>(), ["accept", "accept-language"]);
    assert_eq!(text(response).await, r#"Some("text/csv") Some("en")"#);
    assert_eq!(text(ask(NegotiationLayer::new(), "accept", "text/csv").await).await, "None None");
}

#[tokio::test]
async fn who_can_be_suited_by_nothing_gets_406_or_the_first() {
    let response = ask(layer(), "accept", "image/png").await;
    assert_eq!(response.status(), 406);
    assert!(response.headers().contains_key("vary") && !response.headers().contains_key("content-language"));
    assert!(text(response).await.contains("available: application/json, text/csv"));
    let response = ask(layer().default_to_first(true), "accept-language", "fr").await;
    assert_eq!(text(response).await, r#"Some("application/json") Some("en")"#);
}

#[tokio::test]
async fn without_the_layer_it_is_a_mistake_of_the_functions() {
    let (mut parts, ()) = Request::new(()).into_parts();
    assert_eq!(Negotiated::from_request_parts(&mut parts, &()).await.unwrap_err().status(), 500);
}

#[derive(Clone, Debug, serde::Serialize)]
struct Sold(u32);

/// Asks a function that returns a value, or fails with 409.
async fn sold(layer: NegotiationLayer, accept: Option<&str>, fails: bool) -> (u16, String, String) {
    let handler = service_fn(move |_: Request<Body>| {
        let response = match fails {
            true => HttpError::conflict("sold out").into_response(),
            false => (http::StatusCode::ACCEPTED, [("x-own", "1")], Negotiate(Sold(7))).into_response(),
        };
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let request = accept.map_or(Request::builder(), |accept| Request::builder().header("accept", accept));
    let service = crate::http::ErrorLayer::new().layer(layer.layer(handler));
    let response = service.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    assert!(status != 202 || response.headers()["x-own"] == "1");
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    (status, content_type, text(response).await)
}

fn writing() -> NegotiationLayer {
    NegotiationLayer::new()
        .writer("application/json", |sold: &Sold| crate::http::Json(sold.clone()))
        .writer("text/csv", |sold: &Sold| format!("sold\n{}\n", sold.0))
        .error_writer("text/plain", |error| error.detail().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_value_is_written_in_the_media_type_of_the_client() {
    let answer = |status, media_type: &str, text: &str| (status, media_type.to_owned(), text.to_owned());
    assert_eq!(sold(writing(), None, false).await, answer(202, "application/json", "7"));
    assert_eq!(sold(writing(), Some("text/*"), false).await, answer(202, "text/csv", "sold\n7\n"));
    assert_eq!(sold(writing(), Some("image/png"), false).await.0, 406);
    // Without writers it is JSON, with or without the layer.
    assert_eq!(sold(NegotiationLayer::new(), Some("text/csv"), false).await, answer(202, "application/json", "7"));
    let response = Negotiate(Sold(7)).into_response();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(text(response).await, "7");
}

#[tokio::test]
async fn an_error_is_written_in_the_media_type_of_the_client() {
    let problem = r#"{"title":"Conflict","status":409,"detail":"sold out"}"#;
    for accept in [None, Some("application/json"), Some("*/*"), Some("image/png")] {
        let answer = sold(writing(), accept, true).await;
        let expected = match accept {
            // Nothing suits, so the function is not called.
            Some("image/png") => 406,
            _ => 409,
        };
        assert_eq!((answer.0, answer.1.as_str()), (expected, "application/problem+json"), "{accept:?}");
        assert!(expected == 406 || answer.2 == problem);
    }
    let lenient = writing().default_to_first(true);
    let answer = sold(lenient, Some("text/plain, application/json;q=0.5"), true).await;
    assert_eq!(answer, (409, "text/plain".to_owned(), "sold out".to_owned()));
}

#[tokio::test]
async fn a_value_without_a_writer_for_its_type_is_a_500_that_shows_nothing() {
    let layer = NegotiationLayer::new().writer("text/csv", |number: &u8| number.to_string());
    let (status, media_type, body) = sold(layer, None, false).await;
    assert_eq!((status, media_type.as_str()), (500, "application/problem+json"));
    assert!(!body.contains("csv"), "{body}");
}

#[test]
fn a_media_type_that_is_no_header_is_a_mistake_at_the_start() {
    let collect =
        |layer: NegotiationLayer| crate::core::layer_mistakes::collect(|| tower::Layer::layer(&layer, ())).map(|_| ());
    assert_eq!(collect(NegotiationLayer::new().media_types(["text/plain; q=a"])), Ok(()));
    for layer in [
        NegotiationLayer::new().media_types(["text/plain; name=é"]),
        NegotiationLayer::new().error_writer("text/\nplain", |_| "no"),
    ] {
        assert!(collect(layer).unwrap_err().contains("media types in ASCII"));
    }
}
