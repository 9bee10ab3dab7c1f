//! The order of a batch, an invocation that failed as a whole, and how often an id is reported.

use super::*;

fn groups(groups: impl IntoIterator<Item = (u32, &'static str)>) -> Value {
    queue(groups.into_iter().map(|(id, group)| message(id, &format!(r#"{{"id": {id}}}"#), Some(group))))
}

#[tokio::test]
async fn one_at_a_time_a_batch_runs_in_its_order_whatever_the_groups() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ship = {
        let seen = Arc::clone(&seen);
        move |order: Sqs<Order>| {
            let seen = Arc::clone(&seen);
            async move {
                tokio::task::yield_now().await;
                seen.lock().unwrap().push(order.id);
                if order.id == 3 { Err(BoxError::from("three")) } else { Ok(()) }
            }
        }
    };
    let event = groups([(1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "a"), (6, "c"), (7, "b")]);
    assert_eq!(call_with(handler(ship).concurrency(1), event, None).await.unwrap(), failures(&["m3", "m4", "m7"]));
    assert_eq!(*seen.lock().unwrap(), [1, 2, 3, 5, 6]);
}

#[tokio::test]
async fn a_batch_fails_if_all_of_it_failed_or_was_held_back() {
    let function = || handler(refuse_odd).batch(Batch::new().fail_if_all_fail());
    let error = call_with(function(), groups([(1, "a"), (2, "a"), (3, "b")]), None).await.unwrap_err();
    assert_eq!(error.error_type(), "RecordsFailed");
    assert_eq!(error.message(), "3 of 3 records failed: m1: odd; m2: not started; m3: odd");
    // One that is done makes it a partial answer.
    let answer = call_with(function(), groups([(1, "a"), (2, "a"), (4, "b")]), None).await.unwrap();
    assert_eq!(answer, failures(&["m1", "m2"]));
    // Without the option all ids are returned.
    let answer = call_with(handler(refuse_odd), groups([(1, "a"), (2, "a")]), None).await.unwrap();
    assert_eq!(answer, failures(&["m1", "m2"]));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_ran_out_of_time_is_no_batch_that_failed() {
    async fn hang(_: Sqs<Order>) -> Result<(), BoxError> {
        std::future::pending().await
    }
    let function = handler(hang).batch(Batch::new().concurrency(1).fail_if_all_fail());
    let answer = call_with(function, orders([1, 2]), Some(Duration::from_secs(5))).await.unwrap();
    assert_eq!(answer, failures(&["m1", "m2"]));
}

#[tokio::test]
async fn an_id_that_comes_twice_is_returned_once() {
    assert_eq!(call(refuse_odd, orders([1, 2, 1])).await.unwrap(), failures(&["m1"]));
    // Of two by one id the one that is done is done again with the other.
    let mut event = orders([1, 2]);
    event["Records"][1]["messageId"] = json!("m1");
    assert_eq!(call(refuse_odd, event).await.unwrap(), failures(&["m1"]));
}
