//! Functions of AppSync Events: the acceptance checks 18 to 25, each found by its number. The patterns of check 18 are also
//! in `sdk/src/channels/patterns.rs`.

mod authorizer;
mod model;
mod publish;
mod subscribe;

use std::time::Duration;

use pilaster::channels::{
    Channel, ChannelCall, ChannelContext, ChannelResponse, CognitoUser, Handlers, Identity, Operation, Outgoing,
    Payload, Publish, RequestHeaders, Unauthorized, Unmatched,
};
use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::{Caller, channel_publish, channel_subscribe};
use pilaster::{BoxError, FunctionError, IntoService, Invocation};
use serde_json::{Value, json};

async fn echo(Payload(payload): Payload<Value>) -> Result<Option<Value>, BoxError> {
    Ok(Some(payload))
}

async fn admit(_: Channel) -> Result<(), BoxError> {
    Ok(())
}

/// A handler that answers with a name.
macro_rules! named {
    ($name:literal) => {
        |_: Payload<Value>| std::future::ready(Ok::<_, BoxError>(Some($name)))
    };
}

fn mistake(handlers: Handlers) -> String {
    match handlers.into_service() {
        Ok(_) => panic!("the function starts"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn check_18_the_most_specific_pattern_is_called() {
    for reverse in [false, true] {
        let mut handlers = Handlers::new();
        handlers = match reverse {
            false => handlers.publish("/*", named!("/*")).publish("/a/*", named!("/a/*")),
            true => handlers.publish("/a/b/c", named!("/a/b/c")).publish("/a/b/*", named!("/a/b/*")),
        };
        handlers = match reverse {
            false => handlers.publish("/a/b/*", named!("/a/b/*")).publish("/a/b/c", named!("/a/b/c")),
            true => handlers.publish("/a/*", named!("/a/*")).publish("/*", named!("/*")),
        };
        let caller = Caller::new(handlers);
        for (channel, expected) in
            [("/a/b/c", "/a/b/c"), ("/a/b/d/e", "/a/b/*"), ("/a/x", "/a/*"), ("/a", "/*"), ("/A/b", "/*")]
        {
            let response = caller.call(channel_publish(channel).with(1)).await.unwrap();
            assert_eq!(response["events"][0]["payload"], expected, "{channel}");
        }
    }
    let caller = Caller::new(Handlers::new().publish("/a/*", echo));
    for channel in ["/a", "/A/b"] {
        let response = caller.call(channel_publish(channel).with(1)).await.unwrap();
        let error = "UnknownChannel: no handler is registered for this channel";
        assert_eq!(response["events"][0]["error"], error, "{channel}");
    }
}

#[test]
fn check_19_a_wrong_pattern_fails_at_start_with_a_sentence() {
    let long = format!("/{}", "a".repeat(51));
    for (pattern, why) in [
        ("/a/*/c", "`*` must be its last segment"),
        ("/a*", "`*` must be its last segment"),
        ("a/b", "it must begin with `/`"),
        ("", "it must begin with `/`"),
        ("*", "it must begin with `/`"),
        ("/é", "a segment consists of ASCII letters, digits and dashes"),
        ("/a b", "a segment consists of ASCII letters, digits and dashes"),
        ("/a/b/c/d/e/f", "a channel has at most 5 segments"),
        ("/a/b/c/d/e/*", "a channel has at most 5 segments"),
        (&long, "a segment has at most 50 characters"),
        ("/a//b", "it has an empty segment"),
        ("/", "it has an empty segment"),
        ("/-a", "a segment neither begins nor ends with a dash"),
        ("/a-/*", "a segment neither begins nor ends with a dash"),
    ] {
        let expected = format!("{pattern:?} is not a pattern of channels: {why}; write it as");
        for handlers in [
            Handlers::new().publish(pattern, echo),
            Handlers::new().subscribe(pattern, admit),
            // The next ones are right.
            Handlers::new().publish(pattern, echo).publish("/a", echo).subscribe("/a", admit),
            Handlers::new().publish("/a", echo).subscribe(pattern, admit).subscribe("/a", admit).publish("/b", echo),
        ] {
            let mistake = mistake(handlers);
            assert!(mistake.contains(&expected), "{mistake}");
        }
    }
    let all = |_: Publish<Value>| std::future::ready(Ok::<_, BoxError>(Vec::new()));
    for handlers in [
        Handlers::new().publish("/a/*", echo).publish("/a/*", echo),
        Handlers::new().publish("/a/*", echo).publish_all("/a/*", all),
        Handlers::new().subscribe("/a/*", admit).subscribe("/a/*", admit),
    ] {
        let mistake = mistake(handlers);
        assert!(mistake.contains(r#"the pattern "/a/*" is registered twice"#), "{mistake}");
    }
    // One pattern may be for both operations, and the longest path is fine.
    let longest = format!("/a/b/c/d/{}", "e".repeat(50));
    let handlers = Handlers::new().publish("/a/*", echo).subscribe("/a/*", admit).publish(&longest, echo);
    assert!(handlers.into_service().is_ok());
}

#[test]
fn a_function_without_handlers_or_concurrency_fails_at_start() {
    assert!(mistake(Handlers::new()).contains("no handler of channels is registered"));
    let none = mistake(Handlers::new().publish("/a", echo).concurrency(0));
    assert!(none.contains("the concurrency of a publish must not be 0"), "{none}");
    let of_function = pilaster::handler(Handlers::new().publish("/a", echo)).concurrency(0);
    assert_eq!(of_function.into_service().err().unwrap().to_string(), none);
}

#[tokio::test(start_paused = true)]
async fn a_function_of_handlers_has_their_settings() {
    async fn wait(_: Payload<Value>) -> Result<Option<Value>, BoxError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(None)
    }
    let function = pilaster::handler(Handlers::new().publish("/a", wait)).concurrency(1).margin(Duration::from_secs(2));
    let caller = Caller::new(function).with_time_left(Duration::from_secs(10));
    let start = tokio::time::Instant::now();
    let response = caller.call((0..10).fold(channel_publish("/a"), |event, at| event.with(at))).await.unwrap();
    // One after the other, until 2 s before the deadline.
    assert_eq!((response["events"].as_array().unwrap().len(), start.elapsed()), (2, Duration::from_secs(8)));
}

#[test]
fn debug_shows_the_patterns() {
    let handlers = Handlers::new().publish("/b/*", echo).publish("/a", echo).subscribe("/*", admit);
    let expected = r#"Handlers { publish: ["/a", "/b/*"], subscribe: ["/*"], unmatched: Refuse }"#;
    assert_eq!(format!("{handlers:?}"), expected);
}

#[tokio::test]
async fn an_event_of_another_form_fails() {
    let caller = Caller::new(Handlers::new().publish("/*", echo).subscribe("/*", admit));
    let with = |pointer: &str, value: Value| {
        let mut event = channel_publish("/chat/room").with(1).event();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    for (event, why) in [
        (json!({}), "missing field `info.channel.path`"),
        (json!("text"), "it is not an object"),
        (json!([]), "it is not an object"),
        (with("/info", json!(7)), "`info` is not an object"),
        (with("/info/channel/path", json!(7)), "missing field `info.channel.path`"),
        (with("/info/channel/path", json!("chat")), "`info.channel.path` is not a path"),
        (with("/info/channel/path", json!("/chat/")), "`info.channel.path` is not a path"),
        (with("/info/operation", json!("DELETE")), "`info.operation` must be PUBLISH or SUBSCRIBE"),
        (with("/info/operation", json!(null)), "missing field `info.operation`"),
        (with("/events", json!(null)), "missing field `events`"),
        (with("/events", json!({})), "`events` is not a list"),
        (with("/events/0", json!(["id", 1])), "`events[0]` is not `{id, payload}`"),
        (with("/events/0/id", json!(7)), "`events[0]` is not `{id, payload}`"),
        (tests::http::event("python/appSyncDirectResolver.json"), "missing field `info.channel.path`"),
        (tests::http::event("python/sqsEvent.json"), "missing field `info.channel.path`"),
    ] {
        let error = caller.call(event.clone()).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidEvent", "{event}");
        assert!(error.message().contains(why), "{error}: {event}");
    }
}

#[tokio::test]
async fn recorded_events_reach_their_handlers() {
    async fn look(
        Payload(payload): Payload<Value>,
        channel: Channel,
        identity: Identity,
        headers: RequestHeaders,
        context: ChannelContext,
        _: Invocation,
    ) -> Result<Option<Value>, BoxError> {
        assert_eq!(identity, Identity::ApiKey);
        assert_eq!(context.operation(), Operation::Publish);
        let segments = channel.segments().collect::<Vec<_>>();
        Ok(Some(json!([payload, channel.path(), segments, channel.namespace(), headers.iter().count()])))
    }
    let caller = Caller::new(Handlers::new().publish("/*", look).subscribe("/default/*", admit));
    let response = caller.call(tests::http::event("channels/publish.json")).await.unwrap();
    assert_eq!(
        response,
        json!({ "events": [
            { "id": "96bc1d46-5b01-40ae-9859-173a5bb3a46a", "payload": [{ "event_1": "data_1" }, "/default/channel", ["default", "channel"], "default", 26] },
            { "id": "48cde766-afe9-4c2c-9708-2fed930efe56", "payload": [{ "event_2": "data_2" }, "/default/channel", ["default", "channel"], "default", 26] },
        ] })
    );
    let response = caller.call(tests::http::event("typescript/event-handler/onPublish.json")).await.unwrap();
    assert_eq!(response["events"].as_array().unwrap().len(), 3);
    assert_eq!(response["events"][2]["payload"][1], "/request/channel");
    assert_eq!(caller.call(tests::http::event("channels/subscribe.json")).await.unwrap(), Value::Null);
}

#[tokio::test]
async fn a_warm_up_call_does_not_reach_a_handler() {
    let caller = Caller::new(Handlers::new().publish("/*", echo));
    assert_eq!(caller.call(json!({ "warmer": true })).await.unwrap(), Value::Null);
}

#[tokio::test]
async fn layers_see_each_call_and_may_answer() {
    use std::sync::{Arc, Mutex};
    use tower::ServiceBuilder;

    let seen = Arc::new(Mutex::new(Vec::new()));
    let layer = {
        let seen = Arc::clone(&seen);
        tower::layer::layer_fn(move |service| {
            let seen = Arc::clone(&seen);
            let see = move |call: ChannelCall| {
                seen.lock().unwrap().push((call.operation(), call.channel().to_owned(), call.events().len()));
                call
            };
            let answer = |mut response: ChannelResponse| {
                if response.events().iter().any(|event| event.id() == "2") {
                    response = ChannelResponse::new([Outgoing::payload("2", "of the layer")]);
                }
                response
            };
            ServiceBuilder::new().map_request(see).map_response(answer).service(service)
        })
    };
    let all = |publish: Publish<Value>| {
        let events = publish.into_iter().map(|event| Outgoing::payload(event.id, &event.payload));
        std::future::ready(Ok::<_, BoxError>(events.collect()))
    };
    let handlers = Handlers::new().publish("/a", echo).publish_all("/b", all).subscribe("/a", admit);
    let caller = Caller::new(pilaster::handler(handlers).layer(layer));
    let response = caller.call(channel_publish("/a").with_id("1", 1).with_id("2", 2)).await.unwrap();
    assert_eq!(response["events"][1]["payload"], "of the layer");
    caller.call(channel_publish("/b").with(1).with(2).with(3)).await.unwrap();
    caller.call(channel_subscribe("/a")).await.unwrap();
    let publish = |channel: &str, events| (Operation::Publish, channel.to_owned(), events);
    let expected = [publish("/a", 1), publish("/a", 1), publish("/b", 3), (Operation::Subscribe, "/a".to_owned(), 0)];
    assert_eq!(*seen.lock().unwrap(), expected);
}
