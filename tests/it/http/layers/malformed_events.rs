//! Events that cannot be decoded, which the layers see as a response.

use super::*;

/// Returns events that cannot be decoded as a request, and the status of the response.
fn malformed(source: &str) -> Vec<(Value, u64)> {
    let mut events = Vec::new();
    let mut with = |status, change: &dyn Fn(&mut Value)| {
        let mut event = smallest(source);
        for list in ["headers", "multiValueHeaders"] {
            match &event[list]["host"] {
                Value::String(_) => event[list]["origin"] = json!("https://app.example.com"),
                Value::Array(_) => event[list]["origin"] = json!(["https://app.example.com"]),
                _ => drop(event.as_object_mut().unwrap().remove(list)),
            }
        }
        change(&mut event);
        events.push((event, status));
    };
    with(400, &|event| {
        event["body"] = json!("%%%");
        event["isBase64Encoded"] = json!(true);
    });
    with(400, &|event| event["isBase64Encoded"] = json!("maybe"));
    with(400, &|event| match event["multiValueHeaders"].is_object() {
        true => event["multiValueHeaders"]["host"] = json!(["a b"]),
        false => event["headers"]["host"] = json!("a b"),
    });
    with(400, &|event| match event["multiValueHeaders"].is_object() {
        true => event["multiValueHeaders"]["x-a"] = json!(["a\nb"]),
        false => event["headers"]["x-a"] = json!("a\nb"),
    });
    events
}

#[tokio::test]
async fn an_event_that_cannot_be_decoded_is_refused_with_the_headers_of_the_stack() {
    async fn never(_: Method) -> &'static str {
        panic!("the function was called")
    }
    async fn unseen(_: Request, _: Next) -> Response {
        panic!("the layer was called")
    }
    let caller = Caller::new(pilaster::handler(never).layer(with_headers().layer(from_fn(unseen))));
    for source in SOURCES {
        for (event, status) in malformed(source) {
            let captured = CapturedLogs::default();
            let answer = call(&caller.clone().with_logs(&captured), &event.to_string()).await.unwrap();
            assert_eq!(answer["statusCode"], status, "{source}: {event}");
            assert!(body(&answer)["detail"].as_str().unwrap().contains("malformed"), "{source}: {answer}");
            for (name, value) in [
                ("access-control-allow-origin", "https://app.example.com"),
                ("x-content-type-options", "nosniff"),
                ("content-type", "application/problem+json"),
            ] {
                assert_eq!(header_of(source, &answer, name).as_deref(), Some(value), "{source}: {answer}");
            }
            let lines = captured.lines();
            assert_eq!((lines.len(), &lines[0]["level"]), (1, &json!("INFO")), "{source}: {lines:?}");
        }
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_decoded_is_refused_below_any_layer() {
    async fn never(_: Method) -> &'static str {
        panic!("the function was called")
    }
    async fn reads(request: Request, next: Next) -> Response {
        let (parts, body) = request.into_parts();
        assert!(http_body_util::BodyExt::collect(body).await.is_err(), "an empty body");
        next.run(Request::from_parts(parts, Body::empty())).await
    }
    let router = || axum::Router::new().route("/", axum::routing::any(never));
    for source in SOURCES {
        for (event, status) in malformed(source) {
            let event = event.to_string();
            for answer in [
                call(&Caller::new(pilaster::handler(never).without_stack().layer(signed())), &event).await.unwrap(),
                call(&Caller::new(http::service(router()).without_stack().layer(signed())), &event).await.unwrap(),
                call(&Caller::new(pilaster::handler(never).without_stack().layer((signed(), from_fn(reads)))), &event)
                    .await
                    .unwrap(),
            ] {
                assert_eq!(answer["statusCode"], status, "{source}: {answer}");
                assert_eq!(header_of(source, &answer, "server").as_deref(), Some("mine"), "{source}: {answer}");
            }
        }
    }
}
