//! Batches and single fields at the deadline of the invocation.

use std::time::Duration;

use pilaster::appsync::{Batch, Batched};
use tokio::time::{Instant, sleep};

use super::*;

fn event() -> pilaster::testing::AppSyncEvent {
    appsync("Number", "double")
}

#[tokio::test(start_paused = true)]
async fn check_10_what_is_done_at_the_deadline_is_kept() {
    async fn wait(Source(seconds): Source<u64>) -> Result<u64, BoxError> {
        sleep(Duration::from_secs(seconds)).await;
        Ok(seconds)
    }
    let caller = Caller::new(pilaster::handler(wait)).with_time_left(Duration::from_secs(10));
    let start = Instant::now();
    let answer = caller.call(event().batch([1, 20, 2, 20, 3, 20, 4, 20, 5, 6])).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(9750));
    for (index, item) in answer.as_array().unwrap().iter().enumerate() {
        match [1, 20, 2, 20, 3, 20, 4, 20, 5, 6][index] {
            20 => assert_eq!(
                *item,
                json!({ "errorType": "Timeout", "errorMessage": "the resolver did not finish in time" })
            ),
            seconds => assert_eq!(*item, json!({ "data": seconds })),
        }
    }
    // An item that ends with the time is done.
    async fn wait_millis(Source(millis): Source<u64>) -> Result<u64, BoxError> {
        sleep(Duration::from_millis(millis)).await;
        Ok(millis)
    }
    let ends = Caller::new(pilaster::handler(wait_millis)).with_time_left(Duration::from_secs(10));
    let answer = ends.call(event().batch([9750, 9751, 9750])).await.unwrap();
    assert_eq!((&answer[0], &answer[2]), (&json!({ "data": 9750 }), &json!({ "data": 9750 })));
    assert_eq!(answer[1]["errorType"], "Timeout");
    // One by one, those that were not started are late as well.
    let caller = Caller::new(pilaster::handler(wait).concurrency(1)).with_time_left(Duration::from_secs(10));
    let answer = caller.call(event().batch([3, 3, 3, 3, 3])).await.unwrap();
    let late = answer.as_array().unwrap().iter().filter(|item| item["errorType"] == "Timeout").count();
    assert_eq!((late, &answer[2]), (2, &json!({ "data": 3 })));
    // A batch resolver has one answer, and a single field fails.
    async fn waits(batch: Batch<u64>) -> Result<Batched<u64>, BoxError> {
        sleep(Duration::from_secs(20)).await;
        Ok(batch.answer(|item| item.source))
    }
    let caller = Caller::new(pilaster::handler(waits)).with_time_left(Duration::from_secs(10));
    let answer = caller.call(event().batch([1, 2])).await.unwrap();
    assert_eq!((&answer[0]["errorType"], &answer[1]["errorType"]), (&json!("Timeout"), &json!("Timeout")));
    let error = caller.call(event().source(1)).await.unwrap_err();
    assert_eq!(error.error_type(), "Timeout");
}

#[tokio::test(start_paused = true)]
async fn the_margin_can_be_longer() {
    async fn wait(_: FieldInfo) -> Result<u64, BoxError> {
        sleep(Duration::from_secs(60)).await;
        Ok(1)
    }
    let function = pilaster::handler(wait).margin(Duration::from_secs(2));
    let caller = Caller::new(function).with_time_left(Duration::from_secs(10));
    let start = Instant::now();
    assert_eq!(caller.call(event()).await.unwrap_err().error_type(), "Timeout");
    assert_eq!(start.elapsed(), Duration::from_secs(8));
    let caller = Caller::new(pilaster::handler(wait).margin(None)).with_time_left(Duration::from_secs(10));
    assert_eq!(caller.call(event()).await.unwrap(), 1);
}
