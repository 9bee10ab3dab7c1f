//! Random publishes against a model: whatever the events do, each has its own answer, or the whole publish is refused.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::*;

/// What one event does.
#[derive(Clone, Debug, Deserialize, Serialize)]
enum Does {
    Answers(u32),
    Waits(u64),
    IsDropped,
    Fails(String),
    IsOpaque,
    Panics,
    PanicsLater,
    IsLate,
    IsLarge,
    /// Its payload does not fit.
    IsMalformed,
    Refuses,
}

/// Events that wait at most 5 s each and are late after an hour; a publish has 10 minutes.
fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        8 => any::<u32>().prop_map(Does::Answers),
        8 => (0..5000_u64).prop_map(Does::Waits),
        4 => Just(Does::IsDropped),
        4 => "[a-z]{1,8}".prop_map(Does::Fails),
        2 => Just(Does::IsOpaque),
        2 => Just(Does::Panics),
        2 => Just(Does::PanicsLater),
        2 => Just(Does::IsLate),
        1 => Just(Does::IsLarge),
        2 => Just(Does::IsMalformed),
        1 => Just(Does::Refuses),
    ]
}

/// The ids repeat.
fn events() -> impl Strategy<Value = Vec<(u8, Does)>> {
    prop::collection::vec((0..8_u8, does()), 0..12)
}

async fn act(does: Does) -> Result<Option<Value>, BoxError> {
    match does {
        Does::Answers(value) => Ok(Some(json!(value))),
        Does::Waits(time) => {
            sleep(Duration::from_millis(time)).await;
            Ok(Some(json!({ "waited": time })))
        }
        Does::IsDropped | Does::IsMalformed => Ok(None),
        Does::Fails(text) => Err(FunctionError::new("Failed", text).into()),
        Does::IsOpaque => Err("secret".into()),
        Does::Panics => panic!("secret"),
        Does::PanicsLater => {
            sleep(Duration::from_millis(7)).await;
            panic!("secret")
        }
        Does::IsLate => {
            sleep(Duration::from_secs(3600)).await;
            Ok(None)
        }
        Does::IsLarge => Ok(Some(json!("x".repeat(240 * 1024)))),
        Does::Refuses => Err(Unauthorized.into()),
    }
}

/// Returns the answer to one event, by the table of errors; `None` for one that is not broadcast.
fn expected(id: u8, does: &Does) -> Option<Value> {
    let failed = |text: &str| Some(json!({ "id": id.to_string(), "error": text }));
    let payload = |payload: Value| Some(json!({ "id": id.to_string(), "payload": payload }));
    match does {
        Does::Answers(value) => payload(json!(value)),
        Does::Waits(time) => payload(json!({ "waited": time })),
        Does::IsDropped | Does::Refuses => None,
        Does::Fails(text) => failed(&format!("Failed: {text}")),
        Does::IsOpaque | Does::Panics | Does::PanicsLater => {
            failed("InternalError: internal error (request id 00000000-0000-0000-0000-000000000000)")
        }
        Does::IsLate => failed("Timeout: the handler did not finish in time"),
        Does::IsLarge => failed("PayloadTooLarge: the payload has 245762 bytes; the limit of AppSync is 245760"),
        Does::IsMalformed => failed("InvalidPayload"),
    }
}

fn publish(events: &[(u8, Does)]) -> pilaster::testing::ChannelEvent {
    events.iter().fold(channel_publish("/a/b"), |event, (id, does)| match does {
        Does::IsMalformed => event.with_id(id.to_string(), json!({ "Answers": "secret" })),
        does => event.with_id(id.to_string(), does),
    })
}

/// The path in the error of a malformed payload is not compared.
fn essence(response: &Value) -> Vec<Value> {
    let mut events = response["events"].as_array().unwrap().clone();
    for event in &mut events {
        if event["error"].as_str().is_some_and(|error| error.starts_with("InvalidPayload: ")) {
            event["error"] = json!("InvalidPayload");
        }
    }
    events
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn config(seed: u64) -> ProptestConfig {
    ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(seed), ..ProptestConfig::default() }
}

#[test]
fn each_event_has_its_own_answer_whatever_the_others_do() {
    async fn one(Payload(does): Payload<Does>) -> Result<Option<Value>, BoxError> {
        act(does).await
    }
    TestRunner::new(config(20))
        .run(&(events(), 1..13_usize), |(events, concurrency)| {
            let late = events.iter().filter(|(_, does)| matches!(does, Does::IsLate)).count();
            // Late events must not keep all others from starting.
            prop_assume!(late < concurrency);
            let answer = runtime().block_on(async {
                let handlers = Handlers::new().publish("/a/*", one).concurrency(concurrency);
                let caller = Caller::new(handlers).with_time_left(Duration::from_secs(600)).without_logs();
                caller.call(publish(&events)).await
            });
            if events.iter().any(|(_, does)| matches!(does, Does::Refuses)) {
                let refused = answer.unwrap_err();
                prop_assert_eq!(refused.error_type(), "UnauthorizedException");
                return Ok(());
            }
            let answer = answer.unwrap();
            let expected = events.iter().filter_map(|(id, does)| expected(*id, does)).collect::<Vec<_>>();
            prop_assert_eq!(essence(&answer), expected);
            prop_assert!(!answer.to_string().contains("secret"));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_handler_of_all_events_answers_each_by_its_id() {
    async fn all(publish: Publish<Does>) -> Result<Vec<Outgoing>, BoxError> {
        let mut answers = Vec::new();
        for event in publish {
            match event.payload {
                Does::Panics | Does::PanicsLater | Does::IsLate => answers.push(Outgoing::error(event.id, "secret")),
                does => match act(does).await {
                    Ok(Some(payload)) => answers.push(Outgoing::payload(event.id, &payload)),
                    Ok(None) => {}
                    Err(error) => answers.push(Outgoing::error(event.id, error)),
                },
            }
        }
        Ok(answers)
    }
    TestRunner::new(config(21))
        .run(&events(), |events| {
            let caller = Caller::new(Handlers::new().publish_all("/a/*", all)).without_logs();
            let answer = runtime().block_on(caller.call(publish(&events)));
            if events.iter().any(|(_, does)| matches!(does, Does::Refuses)) {
                let refused = answer.unwrap_err();
                prop_assert_eq!(refused.error_type(), "UnauthorizedException");
                return Ok(());
            }
            // Events that do not fit come last.
            let (malformed, others): (Vec<_>, Vec<_>) =
                events.iter().partition(|(_, does)| matches!(does, Does::IsMalformed));
            let expected = others.into_iter().chain(malformed).filter_map(|(id, does)| match does {
                Does::IsLate => expected(*id, &Does::IsOpaque),
                does => expected(*id, does),
            });
            prop_assert_eq!(essence(&answer.unwrap()), expected.collect::<Vec<_>>());
            Ok(())
        })
        .unwrap();
}
