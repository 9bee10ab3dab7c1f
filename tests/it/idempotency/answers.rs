//! A replay is the recorded response, and only responses are replayed.

use pilaster::http::{Body, HeaderValue, IntoResponse, Negotiate, Negotiated, NegotiationLayer, Response};

use super::callers::layer;
use super::*;

async fn sell(Client(charges): Client<Charges>, _body: String) -> ([(&'static str, &'static str); 1], Negotiate<u32>) {
    ([("x-own", "1")], Negotiate(charges.add()))
}

fn writers() -> NegotiationLayer {
    NegotiationLayer::new()
        .writer("application/json", |sold: &u32| Json(*sold).into_response())
        .writer("text/csv", |sold: &u32| format!("sold\n{sold}\n"))
        .languages(["en", "de"])
}

#[tokio::test]
async fn a_replay_is_in_the_media_type_and_language_of_the_first_answer() {
    let charges = Charges::default();
    let stack = http::Stack::new().layer(writers()).idempotency(layer());
    let caller = Caller::new(handler(sell).layer(stack)).with_clients(clients(&charges));
    let ask = async |accept: &str, language: &str| {
        let request = request::post("/sales").header("idempotency-key", "k").header("accept", accept);
        caller.send(request.header("accept-language", language).text("")).await.unwrap()
    };
    for (accept, language) in [("text/csv", "de"), ("text/csv", "de"), ("application/json", "en")] {
        let answer = ask(accept, language).await;
        assert_eq!((answer.status(), &*answer.text()), (200, "sold\n1\n"));
        for (name, value) in [("content-type", "text/csv"), ("content-language", "de"), ("x-own", "1")] {
            assert_eq!(answer.headers().get_all(name).iter().collect::<Vec<_>>(), [value], "{name}");
        }
        let vary = answer.header("vary").unwrap().to_owned();
        assert_eq!(vary.matches("accept").count(), 2, "{vary}");
    }
    assert_eq!(ask("image/png", "de").await.status(), 406);
    assert_eq!(charges.count(), 1);
}

#[tokio::test]
async fn without_a_key_the_layer_writes_as_ever() {
    let stack = http::Stack::new().layer(writers()).idempotency(layer());
    let caller = Caller::new(handler(sell).layer(stack)).with_clients(clients(&Charges::default()));
    for request in [request::post("/sales"), request::request("PUT", "/sales")] {
        let answer = caller.send(request.header("accept", "text/csv").text("")).await.unwrap();
        assert!(answer.text().starts_with("sold\n"));
    }
}

#[tokio::test]
async fn what_a_function_chose_by_itself_is_replayed_as_it_was() {
    async fn choose(negotiated: Negotiated) -> String {
        negotiated.media_type().unwrap_or_default().to_owned()
    }
    let negotiation = NegotiationLayer::new().media_types(["application/json", "text/csv"]);
    let caller = Caller::new(handler(choose).layer(http::Stack::new().layer(negotiation).idempotency(layer())));
    for accept in ["text/csv", "application/json"] {
        let request = request::post("/").header("idempotency-key", "k").header("accept", accept).text("");
        assert_eq!(caller.send(request).await.unwrap().text(), "text/csv");
    }
}

#[tokio::test]
async fn a_writer_that_fails_is_an_error_that_is_not_recorded() {
    for panics in [true, false] {
        let charges = Charges::default();
        let failing = NegotiationLayer::new().writer("text/csv", move |sold: &u32| match (*sold, panics) {
            (1, true) => panic!("the writer of a test panics"),
            (1, false) => http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            (other, _) => other.to_string().into_response(),
        });
        let stack = http::Stack::new().layer(failing).idempotency(layer());
        let caller = Caller::new(handler(sell).layer(stack)).with_clients(clients(&charges));
        let ask = async || {
            let answer = caller.send(request::post("/").header("idempotency-key", "k").text("")).await.unwrap();
            (answer.status(), answer.text().into_owned())
        };
        assert_eq!(ask().await.0, 500);
        assert_eq!([ask().await, ask().await], [(200, "2".to_owned()), (200, "2".to_owned())]);
    }
}

#[tokio::test]
async fn a_header_that_is_not_utf_8_is_replayed_as_it_was_sent() {
    async fn file(Client(charges): Client<Charges>, _body: String) -> Response {
        charges.add();
        let mut response = Response::new(Body::empty());
        let name = HeaderValue::from_bytes(b"attachment; filename=\"\xe4.txt\"").unwrap();
        response.headers_mut().insert("content-disposition", name);
        response
    }
    let charges = Charges::default();
    let stack = http::Stack::new().idempotency(layer());
    let caller = Caller::new(handler(file).layer(stack)).with_clients(clients(&charges));
    let event = request::post("/").header("idempotency-key", "k").text("").into_event().unwrap();
    let (first, second) = (caller.call(event.clone()).await.unwrap(), caller.call(event).await.unwrap());
    assert_eq!(first["headers"]["content-disposition"], "attachment; filename=\"\u{fffd}.txt\"");
    assert_eq!(first, second);
    assert_eq!(charges.count(), 1);
}

#[tokio::test]
async fn two_key_headers_are_rejected_behind_each_gateway() {
    let stack = http::Stack::new().idempotency(layer());
    let caller = Caller::new(handler(callers::add).layer(stack)).with_clients(clients(&Charges::default()));
    // An HTTP API joins them, a REST API does not.
    let joined = request::post("/").header("idempotency-key", "a").header("idempotency-key", "b").text("{}");
    let joined = joined.into_event().unwrap();
    assert_eq!(joined["headers"]["idempotency-key"], "a,b");
    let mut apart = callers::rest(&Value::Null, &json!({}), &json!({}));
    apart["headers"] = Value::Null;
    apart["multiValueHeaders"] = json!({ "Idempotency-Key": ["a", "b"] });
    for event in [joined, apart] {
        let answer = caller.call(event).await.unwrap();
        assert_eq!(answer["statusCode"], 400);
        assert!(answer["body"].as_str().unwrap().contains("must be a single value"), "{answer}");
    }
}
