//! Headers that are too large for their source.

use super::*;

/// An event of each kind of source, and the largest response that it accepts as JSON.
fn limited_events() -> [(serde_json::Value, usize); 4] {
    let alb = serde_json::json!({ "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/a/b" } });
    let socket = serde_json::json!({
        "connectionId": "c", "routeKey": "$default", "eventType": "MESSAGE", "domainName": "d", "stage": "s",
    });
    [
        (event_of(URL, serde_json::json!({})), 6 << 20),
        (serde_json::json!({ "resource": "/", "path": "/", "httpMethod": "GET", "requestContext": {} }), 6 << 20),
        (serde_json::json!({ "path": "/", "httpMethod": "GET", "headers": {}, "requestContext": alb }), 1 << 20),
        (serde_json::json!({ "requestContext": socket, "isBase64Encoded": false, "body": "a" }), 6 << 20),
    ]
}

#[tokio::test]
async fn headers_that_are_too_large_are_a_500_that_keeps_the_small_ones_of_the_layers() {
    for (event, limit) in limited_events() {
        for (large, many) in [(limit, 1), (16, 20_000), (limit / 20_000, 20_000)] {
            let inner = tower::service_fn(move |_: Request<Body>| async move {
                let mut response = Response::new(Body::from("a"));
                let value = http::HeaderValue::try_from("v".repeat(large)).unwrap();
                for index in 0..many {
                    let name = http::HeaderName::try_from(format!("x-{index}")).unwrap();
                    response.headers_mut().insert(name, value.clone());
                }
                let cors = http::HeaderValue::from_static("*");
                response.headers_mut().insert("access-control-allow-origin", cors);
                Ok::<_, std::convert::Infallible>(response)
            });
            let event_text = crate::RawEvent::parse(event.to_string()).unwrap();
            let invocation = Invocation::new(lambda_runtime::Context::default());
            let raw = HttpAdapter::new(inner);
            let response = raw.oneshot(Incoming { event: event_text, invocation }).await.unwrap();
            let text = response.as_json().unwrap().get();
            let response: serde_json::Value = serde_json::from_str(text).unwrap();
            let is_small = large * many < limit / 2;
            assert_eq!(response["statusCode"], if is_small { 200 } else { 500 }, "{event} {large} {many}");
            assert!(is_small || text.len() < 16 * 1024, "{}", text.len());
            for name in ["access-control-allow-origin", "content-type"].into_iter().take(if is_small { 1 } else { 2 }) {
                let has = !response["headers"][name].is_null() || !response["multiValueHeaders"][name].is_null();
                assert!(has, "{name} {event} {large} {many}");
            }
        }
    }
}

#[tokio::test]
async fn the_500_for_headers_that_are_too_large_has_its_body_whatever_the_status_was() {
    for status in [204, 304] {
        for (event, limit) in limited_events() {
            let inner = tower::service_fn(move |_: Request<Body>| async move {
                let response = Response::builder().status(status).header("x-large", "v".repeat(limit));
                Ok::<_, std::convert::Infallible>(response.body(Body::empty()).unwrap())
            });
            let event_text = crate::RawEvent::parse(event.to_string()).unwrap();
            let invocation = Invocation::new(lambda_runtime::Context::default());
            let response = HttpAdapter::new(inner).oneshot(Incoming { event: event_text, invocation }).await.unwrap();
            let response: serde_json::Value = serde_json::from_str(response.as_json().unwrap().get()).unwrap();
            assert_eq!(response["statusCode"], 500, "{event}");
            let body = response["body"].as_str().unwrap();
            assert!(body.contains("Internal Server Error"), "{status} {event} {body:?}");
        }
    }
}

#[cfg(feature = "logging")]
#[tokio::test]
async fn the_limit_in_the_log_is_the_one_that_was_exceeded() {
    use tracing::instrument::WithSubscriber;

    use crate::observe::logging::{CapturedLogs, Logs};

    let [.., (event, limit)] = limited_events();
    for (headers, body, expected) in [(limit, 1, limit), (1, 200_000, 128 * 1024)] {
        let inner = tower::service_fn(move |_: Request<Body>| async move {
            let response = Response::builder().header("x-large", "v".repeat(headers));
            Ok::<_, std::convert::Infallible>(response.body(Body::from("b".repeat(body))).unwrap())
        });
        let event = crate::RawEvent::parse(event.to_string()).unwrap();
        let invocation = Invocation::new(lambda_runtime::Context::default());
        let lines = CapturedLogs::default();
        let logs = tracing::Dispatch::new(Logs::new().writer(lines.clone()).build());
        HttpAdapter::new(inner).oneshot(Incoming { event, invocation }).with_subscriber(logs).await.unwrap();
        let lines = serde_json::to_string(&lines.lines()).unwrap();
        assert!(lines.contains(&format!(" is {expected}")), "{lines}");
    }
}
