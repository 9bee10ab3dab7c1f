//! What becomes of the events of a publish.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::sleep;

use super::*;

const INTERNAL: &str = "InternalError: internal error (request id 00000000-0000-0000-0000-000000000000)";

#[derive(Debug, pilaster::ErrorType)]
enum ChatError {
    TooLong,
}

impl std::fmt::Display for ChatError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the message is too long")
    }
}

impl std::error::Error for ChatError {}

/// Does what the payload says.
async fn act(Payload(what): Payload<String>) -> Result<Option<String>, BoxError> {
    match what.as_str() {
        "drop" => Ok(None),
        "fail" => Err(FunctionError::new("Rude", "be polite").into()),
        "io" => Err(std::io::Error::other("secret host").into()),
        "long" => Err(ChatError::TooLong.into()),
        "panic" => panic!("secret host"),
        "unauthorized" => Err(Unauthorized.into()),
        "late" => {
            sleep(Duration::from_secs(3600)).await;
            Ok(None)
        }
        _ => Ok(Some(what.to_uppercase())),
    }
}

/// Does what the payloads say, all at once.
async fn act_on_all(publish: Publish<String>) -> Result<Vec<Outgoing>, BoxError> {
    let mut answers = Vec::new();
    for event in publish {
        answers.push(match event.payload.as_str() {
            "drop" => continue,
            "fail" => Outgoing::error(event.id, FunctionError::new("Rude", "be polite")),
            "io" => Outgoing::error(event.id, std::io::Error::other("secret host")),
            "refuse" => Outgoing::error(event.id, Unauthorized),
            "unauthorized" => return Err(Unauthorized.into()),
            "fail all" => return Err("secret host".into()),
            "fail with a text" => return Err(FunctionError::new("Closed", "the shop is closed").into()),
            "panic" => panic!("secret host"),
            "invent" => Outgoing::payload("invented", "secret"),
            "late" => {
                sleep(Duration::from_secs(3600)).await;
                continue;
            }
            text => Outgoing::payload(event.id, &text.to_uppercase()),
        });
    }
    Ok(answers)
}

fn handlers() -> Handlers {
    Handlers::new().publish("/each/*", act).publish_all("/all/*", act_on_all).error_type::<ChatError>()
}

fn publish<'a>(channel: &str, payloads: impl IntoIterator<Item = &'a str>) -> pilaster::testing::ChannelEvent {
    let numbered = payloads.into_iter().enumerate();
    numbered.fold(channel_publish(channel), |event, (at, payload)| event.with_id(at.to_string(), payload))
}

fn payload(id: usize, payload: &str) -> Value {
    json!({ "id": id.to_string(), "payload": payload })
}

fn error(id: usize, error: &str) -> Value {
    json!({ "id": id.to_string(), "error": error })
}

/// Returns the lines with this message.
fn lines(logs: &CapturedLogs, message: &str) -> Vec<Value> {
    logs.lines().into_iter().filter(|line| line["message"] == message).collect()
}

#[tokio::test]
async fn check_20_each_event_has_its_own_answer() {
    let logs = CapturedLogs::default();
    let caller = Caller::new(handlers()).with_logs(&logs);
    let response = caller.call(publish("/each/room", ["a", "drop", "io", "panic", "b"])).await.unwrap();
    let expected = json!({ "events": [payload(0, "A"), error(2, INTERNAL), error(3, INTERNAL), payload(4, "B")] });
    assert_eq!(response, expected);

    let dropped = lines(&logs, "events are not broadcast");
    assert_eq!(dropped.len(), 1);
    assert_eq!((&dropped[0]["dropped"], &dropped[0]["event_ids"]), (&json!(1), &json!("1")));
    assert_eq!(dropped[0]["channel"], "/each/room");
    let failed = lines(&logs, "the event failed");
    assert_eq!(failed.iter().map(|line| line["event_id"].clone()).collect::<Vec<_>>(), ["2", "3"]);
    // The log has the cause, and no payload.
    assert!(failed[0].to_string().contains("secret host"), "{}", failed[0]);
}

#[tokio::test]
async fn a_text_reaches_the_client_only_from_an_error_that_is_meant_for_it() {
    let caller = Caller::new(handlers());
    let response = caller.call(publish("/each/room", ["fail", "long", "io"])).await.unwrap();
    let expected = [error(0, "Rude: be polite"), error(1, "TooLong: the message is too long"), error(2, INTERNAL)];
    assert_eq!(response, json!({ "events": expected }));
    let response = caller.call(publish("/all/room", ["fail", "io", "x"])).await.unwrap();
    assert_eq!(response, json!({ "events": [error(0, "Rude: be polite"), error(1, INTERNAL), payload(2, "X")] }));
}

#[tokio::test]
async fn an_error_and_a_panic_of_a_handler_of_all_events_are_those_of_each() {
    for what in ["fail all", "panic"] {
        let logs = CapturedLogs::default();
        let caller = Caller::new(handlers()).with_logs(&logs);
        let response = caller.call(publish("/all/room", ["x", what, "x"])).await.unwrap();
        let expected = json!({ "events": [error(0, INTERNAL), error(1, INTERNAL), error(2, INTERNAL)] });
        assert_eq!(response, expected, "{what}");
        let cause = if what == "panic" { "the handler panicked" } else { "secret host" };
        assert_logged_once(&logs, ("ERROR", "events failed", 3), cause);
    }
}

/// Checks that the log has one line of a failure, about so many events, with its cause.
fn assert_logged_once(logs: &CapturedLogs, (level, message, items): (&str, &str, usize), cause: &str) {
    // That of a panic is the hook's.
    let lines = logs.lines().into_iter().filter(|line| line["error"].is_string()).collect::<Vec<_>>();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let line = &lines[0];
    assert_eq!((&line["level"], &line["message"]), (&json!(level), &json!(message)));
    assert_eq!((&line["items"], &line["channel"]), (&json!(items), &json!("/all/room")), "{line}");
    assert!(line.to_string().contains(cause), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_a_whole_publish_has_one_line() {
    for (what, expected, cause) in [
        ("fail with a text", ("INFO", "events were refused", 2), "the shop is closed"),
        ("late", ("ERROR", "events failed", 2), "cancelled after 9.8s"),
    ] {
        let logs = CapturedLogs::default();
        let caller = Caller::new(handlers()).with_logs(&logs).with_time_left(Duration::from_secs(10));
        caller.call(publish("/all/room", ["x", what])).await.unwrap();
        assert_logged_once(&logs, expected, cause);
    }
    // Those that a handler of single events has not done.
    let logs = CapturedLogs::default();
    let caller = Caller::new(handlers()).with_logs(&logs).with_time_left(Duration::from_secs(10));
    caller.call(publish("/each/room", ["late", "x", "late"])).await.unwrap();
    let failed = lines(&logs, "events failed");
    assert_eq!((failed.len(), &failed[0]["items"]), (1, &json!(2)), "{failed:#?}");
    assert!(lines(&logs, "the event failed").is_empty());
}

#[tokio::test]
async fn what_is_meant_for_a_publisher_is_logged_at_info_and_the_rest_at_error() {
    for channel in ["/each/room", "/all/room"] {
        let logs = CapturedLogs::default();
        let caller = Caller::new(handlers()).with_logs(&logs);
        let event = publish(channel, ["fail", "io"]).with_id("2", json!({ "secret": 7 }));
        caller.call(event).await.unwrap();
        let mut seen = Vec::new();
        for line in logs.lines() {
            if line["error_type"].is_string() {
                seen.push(
                    [&line["event_id"], &line["level"], &line["message"]]
                        .map(|value| value.as_str().unwrap().to_owned()),
                );
            }
        }
        seen.sort();
        let expected = [
            ["0", "INFO", "the event was refused"],
            ["1", "ERROR", "the event failed"],
            ["2", "INFO", "the event was refused"],
        ];
        assert_eq!(seen, expected, "{channel}");
    }
}

#[tokio::test]
async fn the_text_of_an_internal_error_does_not_reach_a_publisher() {
    #[derive(Debug, pilaster::ErrorType)]
    #[error_type(internal)]
    struct Db;

    impl std::fmt::Display for Db {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("secret host")
        }
    }

    impl std::error::Error for Db {}

    /// As itself, in a `FunctionError` with its text, and in one with a text for the client.
    fn failed(how: &str) -> BoxError {
        match how {
            "taken" => FunctionError::from_error(Db).into(),
            "own" => FunctionError::new("Busy", "try later").with_source(Db).into(),
            _ => Db.into(),
        }
    }
    let one = async |Payload(how): Payload<String>| Err::<Option<u8>, _>(failed(&how));
    let all = async |publish: Publish<String>| {
        let answers = publish.into_iter().map(|event| Outgoing::error(event.id, failed(&event.payload)));
        Ok::<_, BoxError>(answers.collect::<Vec<_>>())
    };
    let subscribe = async |channel: Channel| Err::<(), _>(failed(channel.segments().next_back().unwrap()));
    let handlers = Handlers::new().publish("/each", one).publish_all("/all", all).subscribe("/*", subscribe);
    let logs = CapturedLogs::default();
    let caller = Caller::new(handlers.error_type::<Db>()).with_logs(&logs);
    for channel in ["/each", "/all"] {
        let response = caller.call(publish(channel, ["itself", "taken", "own"])).await.unwrap();
        let expected = [error(0, INTERNAL), error(1, INTERNAL), error(2, "Db: try later")];
        assert_eq!(response, json!({ "events": expected }), "{channel}");
    }
    for (how, expected) in [("itself", INTERNAL), ("taken", INTERNAL), ("own", "Db: try later")] {
        let response = caller.call(channel_subscribe(format!("/a/{how}"))).await.unwrap();
        assert_eq!(response, json!({ "error": expected }), "{how}");
    }
    assert!(logs.text().contains("secret host"), "the log has it");
}

#[tokio::test]
async fn a_payload_that_does_not_fit_fails_its_event_alone() {
    let caller = Caller::new(handlers());
    for channel in ["/each/room", "/all/room"] {
        let event = channel_publish(channel).with_id("0", "a").with_id("1", json!({ "secret": 7 })).with_id("2", "b");
        let mut response = caller.call(event).await.unwrap();
        let events = response["events"].as_array_mut().unwrap();
        events.sort_by_key(|event| event["id"].to_string());
        assert_eq!((&events[0], &events[2]), (&payload(0, "A"), &payload(2, "B")));
        let error = events[1]["error"].as_str().unwrap();
        assert!(error.starts_with("InvalidPayload: `payload` does not match the expected type: "), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    // The function is not called without events.
    let never = |_: Publish<u8>| async { panic!("called") as Result<Vec<Outgoing>, BoxError> };
    let caller = Caller::new(Handlers::new().publish_all("/all", never));
    let response = caller.call(publish("/all", ["x"])).await.unwrap();
    assert!(response["events"][0]["error"].as_str().unwrap().starts_with("InvalidPayload"));
    assert_eq!(caller.call(channel_publish("/all")).await.unwrap(), json!({ "events": [] }));
}

#[tokio::test]
async fn check_21_ids_are_kept_and_never_invented() {
    let caller = Caller::new(handlers());
    for channel in ["/each/room", "/all/room"] {
        let twice = channel_publish(channel).with_id("1", "a").with_id("2", "b").with_id("1", "c");
        let expected = [payload(1, "A"), payload(2, "B"), payload(1, "C")];
        assert_eq!(caller.call(twice).await.unwrap(), json!({ "events": expected }), "{channel}");
    }
    let failed = caller.call(publish("/all/room", ["a", "invent"])).await.unwrap_err();
    assert_eq!(failed.error_type(), "InvalidResponse");
    assert!(failed.message().contains("whose id is not in the publish"), "{failed}");

    // An id that is there once is answered once.
    let twice = |publish: Publish<Value>| {
        let events =
            publish.iter().flat_map(|event| [Outgoing::payload(&event.id, &1), Outgoing::payload(&event.id, &2)]);
        std::future::ready(Ok::<_, BoxError>(events.collect::<Vec<_>>()))
    };
    let caller = Caller::new(Handlers::new().publish_all("/all", twice));
    assert_eq!(caller.call(publish("/all", ["a"])).await.unwrap_err().error_type(), "InvalidResponse");
}

#[tokio::test]
async fn check_23_unauthorized_refuses_the_whole_publish() {
    let captured = CapturedLogs::default();
    let caller = Caller::new(handlers()).with_logs(&captured);
    for event in [
        publish("/each/room", ["a", "unauthorized", "io"]),
        publish("/all/room", ["a", "unauthorized"]),
        publish("/all/room", ["a", "refuse"]),
    ] {
        let refused = caller.call(event).await.unwrap_err();
        assert_eq!(refused.error_type(), "UnauthorizedException");
    }
    let lines = captured.lines();
    let refusals = lines.iter().filter(|line| line["error_type"] == "UnauthorizedException");
    assert_eq!(refusals.map(|line| &line["level"]).collect::<Vec<_>>(), ["INFO"; 3], "{lines:?}");
    // An argument refuses as well.
    async fn of_user(_: CognitoUser, Payload(payload): Payload<Value>) -> Result<Option<Value>, BoxError> {
        Ok(Some(payload))
    }
    let caller = Caller::new(Handlers::new().publish("/a", of_user));
    let refused = caller.call(publish("/a", ["x"])).await.unwrap_err();
    assert_eq!(refused.error_type(), "UnauthorizedException");
    let response = caller.call(publish("/a", ["x"]).cognito("ada", [])).await.unwrap();
    assert_eq!(response, json!({ "events": [payload(0, "x")] }));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_does_not_wait_for_the_others() {
    let caller = Caller::new(handlers()).with_time_left(Duration::from_secs(600));
    let started = tokio::time::Instant::now();
    let refused = caller.call(publish("/each/room", ["late", "unauthorized"])).await.unwrap_err();
    assert_eq!(refused.error_type(), "UnauthorizedException");
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn check_24_a_payload_above_the_limit_fails_its_event_and_is_logged() {
    const LIMIT: usize = 240 * 1024;
    // The quotes belong to the payload.
    let long = |publish: Payload<usize>| std::future::ready(Ok::<_, BoxError>(Some("x".repeat(publish.0 - 2))));
    let logs = CapturedLogs::default();
    let caller = Caller::new(Handlers::new().publish("/a", long)).with_logs(&logs);
    let event = channel_publish("/a").with_id("0", LIMIT).with_id("1", LIMIT + 1);
    let response = caller.call(event).await.unwrap();
    assert_eq!(response["events"][0]["payload"].as_str().unwrap().len(), LIMIT - 2);
    let too_large = error(1, "PayloadTooLarge: the payload has 245761 bytes; the limit of AppSync is 245760");
    assert_eq!(response["events"][1], too_large);
    let warned = lines(&logs, "the payload is too large: the event is not broadcast");
    assert_eq!((warned.len(), &warned[0]["event_id"], &warned[0]["level"]), (1, &json!("1"), &json!("WARN")));
    let fail = async |Payload(length): Payload<usize>| match length {
        1 => Ok::<_, BoxError>(Some(1)),
        _ => Err(FunctionError::new("Large", "x".repeat(length)).into()),
    };
    let caller_of_errors = Caller::new(Handlers::new().publish("/a", fail)).without_logs();
    let response = caller_of_errors.call(channel_publish("/a").with_id("0", 1).with_id("1", LIMIT)).await.unwrap();
    assert_eq!(response["events"][0]["payload"], 1);
    let too_large = error(1, "PayloadTooLarge: the error has 245769 bytes; the limit of AppSync is 245760");
    assert_eq!(response["events"][1], too_large);
    // More than the five events of AppSync.
    let response = Caller::new(handlers()).call(publish("/each/room", ["a"; 6])).await.unwrap();
    assert_eq!(response["events"].as_array().unwrap().len(), 6);
    // All together above 5 MB.
    let event = (0..22).fold(channel_publish("/a"), |event, _| event.with(LIMIT));
    assert_eq!(caller.call(event).await.unwrap_err().error_type(), "ResponseTooLarge");
}

#[tokio::test(start_paused = true)]
async fn the_rest_at_the_deadline_is_a_timeout() {
    let late = "Timeout: the handler did not finish in time";
    let caller = Caller::new(handlers().concurrency(2)).with_time_left(Duration::from_secs(10));
    let response = caller.call(publish("/each/room", ["a", "late", "b", "late", "never started"])).await.unwrap();
    let expected = [payload(0, "A"), error(1, late), payload(2, "B"), error(3, late), error(4, late)];
    assert_eq!(response, json!({ "events": expected }));
    let response = caller.call(publish("/all/room", ["a", "late"])).await.unwrap();
    assert_eq!(response, json!({ "events": [error(0, late), error(1, late)] }));
}

#[tokio::test(start_paused = true)]
async fn at_most_so_many_events_are_handled_at_once() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let handler = {
        let most = Arc::clone(&most);
        move |Payload(number): Payload<u64>| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                sleep(Duration::from_millis(100 - number)).await;
                running.fetch_sub(1, Ordering::Relaxed);
                Ok::<_, BoxError>(Some(number))
            }
        }
    };
    let caller = Caller::new(Handlers::new().publish("/a", handler).concurrency(3));
    let event = (0..40_u64).fold(channel_publish("/a"), |event, number| event.with(number));
    let response = caller.call(event).await.unwrap();
    let numbers = response["events"].as_array().unwrap().iter().map(|event| event["payload"].as_u64().unwrap());
    assert_eq!(numbers.collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    assert_eq!(most.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_channel_without_a_handler_is_refused_or_passed() {
    let logs = CapturedLogs::default();
    let caller = Caller::new(handlers()).with_logs(&logs);
    let response = caller.call(publish("/other", ["a", "b"])).await.unwrap();
    let unknown = "UnknownChannel: no handler is registered for this channel";
    assert_eq!(response, json!({ "events": [error(0, unknown), error(1, unknown)] }));
    let warned = lines(&logs, "no handler is registered for the channel: the request is refused");
    assert_eq!((warned.len(), &warned[0]["channel"]), (1, &json!("/other")));

    let caller = Caller::new(handlers().unmatched(Unmatched::Pass));
    let event = channel_publish("/other").with_id("0", json!({ "a": [1.50, null] })).with_id("0", json!(null));
    let events = event.event()["events"].clone();
    assert_eq!(caller.call(event).await.unwrap(), json!({ "events": events }));
}

#[tokio::test]
async fn logs_and_debug_have_no_payload() {
    async fn look(context: ChannelContext, payload: Payload<String>) -> Result<Option<String>, BoxError> {
        let shown = format!("{context:?} {payload:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        Err(FunctionError::new("Rude", "be polite").into())
    }
    async fn look_at_all(publish: Publish<String>) -> Result<Vec<Outgoing>, BoxError> {
        let outgoing = Outgoing::payload("0", "hunter2");
        let shown = format!("{publish:?} {outgoing:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        Ok(Vec::new())
    }
    let logs = CapturedLogs::default();
    let caller = Caller::new(Handlers::new().publish("/a", look).publish_all("/b", look_at_all)).with_logs(&logs);
    for channel in ["/a", "/b", "/c"] {
        caller.call(publish(channel, ["hunter2"])).await.unwrap();
    }
    assert!(!format!("{:?}", logs.lines()).contains("hunter2"));
    assert!(logs.lines().len() >= 3);
}
