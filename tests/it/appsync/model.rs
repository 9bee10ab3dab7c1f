//! Random batches against a model: whatever the items do, each has its own answer at its own place.

use std::time::Duration;

use pilaster::appsync::{Batch, Batched};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use tokio::time::sleep;

use super::*;

/// What one item does.
#[derive(Clone, Debug, Deserialize, serde::Serialize)]
enum Does {
    Answers(u32),
    Waits(u64),
    Fails(String),
    IsOpaque,
    Panics,
    PanicsLater,
    IsLate,
    /// Its source does not fit.
    IsMalformed,
}

/// Items that wait at most 5 s each and are late after an hour; a batch has 10 minutes.
fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        4 => any::<u32>().prop_map(Does::Answers),
        4 => (0..5000_u64).prop_map(Does::Waits),
        2 => "[a-z]{1,8}".prop_map(Does::Fails),
        1 => Just(Does::IsOpaque),
        1 => Just(Does::Panics),
        1 => Just(Does::PanicsLater),
        1 => Just(Does::IsLate),
        1 => Just(Does::IsMalformed),
    ]
}

async fn act(does: Does) -> Result<Value, BoxError> {
    match does {
        Does::Answers(value) => Ok(json!(value)),
        Does::Waits(time) => {
            sleep(Duration::from_millis(time)).await;
            Ok(json!({ "waited": time }))
        }
        Does::Fails(text) => Err(FunctionError::new("Failed", text).into()),
        Does::IsOpaque => Err("secret".into()),
        Does::Panics => panic!("secret"),
        Does::PanicsLater => {
            sleep(Duration::from_millis(7)).await;
            panic!("secret")
        }
        Does::IsLate => {
            sleep(Duration::from_secs(3600)).await;
            Ok(Value::Null)
        }
        Does::IsMalformed => Ok(Value::Null),
    }
}

fn expected(does: &Does) -> Value {
    let failed = |error_type: &str, message: &str| json!({ "errorType": error_type, "errorMessage": message });
    let internal = "internal error (request id 00000000-0000-0000-0000-000000000000)";
    match does {
        Does::Answers(value) => json!({ "data": value }),
        Does::Waits(time) => json!({ "data": { "waited": time } }),
        Does::Fails(text) => failed("Failed", text),
        Does::IsOpaque | Does::Panics | Does::PanicsLater => failed("InternalError", internal),
        Does::IsLate => failed("Timeout", "the resolver did not finish in time"),
        Does::IsMalformed => json!("InvalidSource"),
    }
}

fn batch(items: &[Does]) -> Value {
    appsync("Query", "act").batch(items.iter().map(|does| match does {
        Does::IsMalformed => json!({ "Answers": "secret" }),
        does => json!(does),
    }))
}

/// The path in the message of a malformed item is not compared.
fn essence(answer: &Value) -> Vec<Value> {
    let items = answer.as_array().unwrap().iter();
    items.map(|item| if item["errorType"] == "InvalidSource" { json!("InvalidSource") } else { item.clone() }).collect()
}

#[test]
fn each_item_has_its_own_answer_whatever_the_others_do() {
    async fn one(Source(does): Source<Does>) -> Result<Value, BoxError> {
        act(does).await
    }
    let config = ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(15), ..ProptestConfig::default() };
    let late = |does: &Does| matches!(does, Does::IsLate);
    let batches = (prop::collection::vec(does(), 0..60), 1..20_usize);
    TestRunner::new(config)
        .run(&batches, |(items, concurrency)| {
            // Late items must not keep all others from starting.
            prop_assume!(items.iter().filter(|does| late(does)).count() < concurrency);
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let answer = runtime.block_on(async {
                let function = pilaster::handler(one).concurrency(concurrency);
                let caller = Caller::new(function).with_time_left(Duration::from_secs(600)).without_logs();
                caller.call(batch(&items)).await.unwrap()
            });
            prop_assert_eq!(essence(&answer), items.iter().map(expected).collect::<Vec<_>>());
            prop_assert!(!answer.to_string().contains("secret"));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_batch_resolver_answers_each_item_at_its_place() {
    async fn all(batch: Batch<Does>) -> Result<Batched<Value>, BoxError> {
        Ok(batch.try_answer(|item| match item.source {
            Does::Answers(value) => Ok(json!(value)),
            Does::Waits(time) => Ok(json!({ "waited": time })),
            Does::Fails(text) => Err(BoxError::from(FunctionError::new("Failed", text))),
            _ => Err("secret".into()),
        }))
    }
    let config = ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(16), ..ProptestConfig::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let caller = Caller::new(pilaster::handler(all)).without_logs();
    TestRunner::new(config)
        .run(&prop::collection::vec(does(), 0..60), |items| {
            let answer = runtime.block_on(caller.call(batch(&items))).unwrap();
            let expected = items.iter().map(|does| match does {
                Does::IsLate => expected(&Does::IsOpaque),
                does => expected(does),
            });
            prop_assert_eq!(essence(&answer), expected.collect::<Vec<_>>());
            Ok(())
        })
        .unwrap();
}
