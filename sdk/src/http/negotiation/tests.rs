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
    assert_eq!(ranked(""), [""; 0]);
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
    assert!(text(response).await.contains("there is application/json, text/csv"));
    let response = ask(layer().default_to_first(true), "accept-language", "fr").await;
    assert_eq!(text(response).await, r#"Some("application/json") Some("en")"#);
}

#[tokio::test]
async fn without_the_layer_it_is_a_mistake_of_the_functions() {
    let (mut parts, ()) = Request::new(()).into_parts();
    assert_eq!(Negotiated::from_request_parts(&mut parts, &()).await.unwrap_err().status(), 500);
}
