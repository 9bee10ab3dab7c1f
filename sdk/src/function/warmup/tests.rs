use lambda_runtime::Context;
use serde_json::json;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::*;
use crate::core::error::FunctionError;

fn ping(concurrency: u64, hold: Duration) -> Option<Ping> {
    Some(Ping { concurrency, hold })
}

fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap()
}

/// Calls a function that returns "called".
async fn answer(layer: WarmupLayer, event: &Value) -> String {
    let function = service_fn(async |_: Incoming| Ok::<Outgoing, FunctionError>(raw("\"called\"".to_owned()).into()));
    let incoming = Incoming { event: raw(event.to_string()).into(), invocation: Invocation::new(Context::default()) };
    let answer = ServiceBuilder::new().layer(layer).service(function).oneshot(incoming).await;
    answer.unwrap().as_json().unwrap().get().to_owned()
}

#[test]
fn both_known_forms_are_recognised() {
    assert_eq!(Ping::read(r#"{ "source": "serverless-plugin-warmup" }"#), ping(1, HOLD_FOR_PLUGIN));
    assert_eq!(Ping::read(r#"{"warmer":true}"#), ping(1, Duration::ZERO));
    assert_eq!(Ping::read(r#"{"warmer":true,"concurrency":3,"test":1}"#), ping(3, HOLD));
    assert_eq!(Ping::read(r#"{"warmer":true,"concurrency":"3"}"#), ping(3, HOLD));
}

#[test]
fn an_event_that_only_holds_the_words_is_none() {
    for event in [
        r#"{"warmer":false}"#,
        r#"{"detail":{"warmer":true}}"#,
        r#"[{"warmer":true}]"#,
        r#"{"source":"aws.events","detail":"serverless-plugin-warmup"}"#,
        r#"{"body":"{\"warmer\":true}"}"#,
        r#""warmer""#,
        r#"{"source":"warmup"}"#,
        // An event of a function's own.
        r#"{"warmer":true,"radiator":7}"#,
        r#"{"warmer":"true"}"#,
        r#"{"source":"serverless-plugin-warmup","id":1}"#,
        r#"{"concurrency":3}"#,
    ] {
        assert_eq!(Ping::read(event), None, "{event}");
    }
    let long = json!({ "warmer": true, "padding": "x".repeat(LONGEST) }).to_string();
    assert_eq!(Ping::read(&long), None, "longer than any ping");
}

#[test]
fn the_concurrency_is_bounded_and_a_copy_starts_no_more() {
    assert_eq!(Ping::read(r#"{"warmer":true,"concurrency":1000000}"#), ping(MOST, HOLD));
    for none in ["0", "-1", "1.5", "null", "\"many\""] {
        assert_eq!(Ping::read(&format!(r#"{{"warmer":true,"concurrency":{none}}}"#)), ping(1, Duration::ZERO));
    }
    let copy = json!({ "warmer": true, "concurrency": 5, NUMBER: 2, "__WARMER_CONCURRENCY__": 5 });
    assert_eq!(Ping::read(&copy.to_string()), ping(1, HOLD));
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_at_once_and_a_copy_holds_its_sandbox() {
    let began = tokio::time::Instant::now();
    assert_eq!(answer(WarmupLayer::new(), &json!({ "warmer": true })).await, "null");
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(answer(WarmupLayer::new(), &json!({ "warmer": true, NUMBER: 2 })).await, "null");
    assert_eq!(began.elapsed(), HOLD);
    assert_eq!(answer(WarmupLayer::new(), &json!({ "order": 7 })).await, "\"called\"");
}

#[tokio::test]
async fn a_form_of_ones_own_replaces_the_known_ones() {
    let layer = WarmupLayer::new().when(|event| event.get().contains("wake up"));
    assert_eq!(answer(layer.clone(), &json!({ "please": "wake up", "concurrency": 9 })).await, "null");
    assert_eq!(answer(layer, &json!({ "warmer": true })).await, "\"called\"");
}

#[tokio::test]
async fn a_function_of_whole_events_gets_them_unless_they_are_turned_on() {
    for (variable, is_of_whole_events, expected) in [
        ("", false, "null"),
        ("", true, "\"called\""),
        ("on", true, "null"),
        ("True", true, "null"),
        ("0", false, "\"called\""),
        ("false", true, "\"called\""),
    ] {
        let layer = WarmupLayer::set_to(variable, is_of_whole_events);
        assert_eq!(answer(layer, &json!({ "warmer": true })).await, expected, "{variable} {is_of_whole_events}");
    }
}

#[tokio::test]
async fn turned_off_it_answers_nothing() {
    let layer = WarmupLayer::set_to("OFF", false);
    assert_eq!(answer(layer, &json!({ "warmer": true })).await, "\"called\"");
}

/// The registry of an invocation is a test's own only with feature `testing`.
#[cfg(all(feature = "lambda", feature = "secrets", feature = "testing"))]
mod copies {
    use super::*;
    use crate::clients::replay::Replay;

    async fn invoke(answers: &[(u16, &'static str)], event: &Value) -> (String, Vec<(String, String)>) {
        let (clients, replay) = Replay::new(answers);
        let mut context = Context::default();
        context.invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:orders:live".to_owned();
        let invocation = Invocation::new(context);
        invocation.extensions().insert(clients);
        let function = service_fn(async |_: Incoming| Err::<Outgoing, _>(FunctionError::new("Called", "called")));
        let service = ServiceBuilder::new().layer(WarmupLayer::new()).service(function);
        let answer = service.oneshot(Incoming { event: raw(event.to_string()).into(), invocation }).await;
        (answer.unwrap().as_json().unwrap().get().to_owned(), replay.requests())
    }

    #[tokio::test(start_paused = true)]
    async fn a_concurrency_of_three_is_two_more_calls_of_the_same_alias() {
        let (answer, requests) = invoke(&[(202, "")], &json!({ "warmer": true, "concurrency": 3 })).await;
        assert_eq!(answer, "null");
        let mut sent: Vec<Value> = requests.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
        sent.sort_by_key(|payload| payload[NUMBER].as_u64());
        let copy = |number| json!({ "warmer": true, NUMBER: number, "__WARMER_CONCURRENCY__": 3 });
        assert_eq!(sent, [copy(2), copy(3)]);
        assert!(requests.iter().all(|(uri, _)| uri.contains("orders%3Alive/invocations")), "{requests:?}");
        assert!(sent.iter().all(|payload| Ping::read(&payload.to_string()) == ping(1, HOLD)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_refused_is_no_error_and_keeps_no_other_back() {
        let event = json!({ "warmer": true, "concurrency": 12 });
        let (answer, requests) = invoke(&[(403, r#"{"message":"not allowed"}"#)], &event).await;
        assert_eq!((answer.as_str(), requests.len()), ("null", 11));
    }
}
