//! Events that are sent again until they are done or given up.

use super::*;

#[tokio::test]
async fn a_poison_message_ends_in_the_dead_letter_queue_and_the_others_are_done_once() {
    let queue =
        sqs::sqs(["good", "bad", "good", "good"].iter().zip(1..).map(|(body, id)| message(body).id(id.to_string())));
    let mapping = Mapping::sqs(queue).max_receive_count(3).batch_size(2);
    let report = mapping.run(|event: Value| async move { judge_bodies(&event, false) }).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["1", "3", "4"], vec!["2"]));
    assert_eq!(["1", "2", "3", "4", "5"].map(|id| report.deliveries(id)), [1, 3, 1, 1, 0]);
    let last = report.calls().last().unwrap();
    assert_eq!(last.event["Records"][0]["attributes"]["ApproximateReceiveCount"], "3");
}

#[tokio::test]
async fn an_error_takes_the_good_messages_of_the_batch_along() {
    let mapping = Mapping::sqs(messages(&["good", "bad"])).max_receive_count(2);
    let report = mapping.run(async |event: Value| judge_bodies(&event, false).and_then(|_| error())).await;
    assert_eq!((report.completed().len(), report.dead_lettered()), (0, vec!["good", "bad"]));
    assert_eq!((report.deliveries("good"), report.calls().len()), (2, 2));
}

#[tokio::test]
async fn without_reporting_a_failed_message_is_lost() {
    let mapping = Mapping::sqs(messages(&["bad"])).without_reporting();
    let report = mapping.run(async |event: Value| judge_bodies(&event, false)).await;
    assert_eq!((report.completed(), report.calls()[0].verdict.rule()), (vec!["bad"], Rule::NotReporting));
}

#[tokio::test]
async fn a_function_that_returns_the_rest_of_a_group_keeps_its_order() {
    let report = two_groups().run(async |event: Value| judge_bodies(&event, true)).await;
    // What was returned unprocessed was received as often as the poison before it.
    assert_eq!(report.dead_lettered(), ["bad-r2", "r3"]);
    assert_eq!((report.order("red"), report.order("blue")), (vec!["r1"], vec!["b1", "b2"]));
    assert_eq!(report.overtook(), Vec::<&str>::new());

    let report = two_groups().batch_size(1).run(async |event: Value| judge_bodies(&event, true)).await;
    assert_eq!((report.dead_lettered(), report.order("red")), (vec!["bad-r2"], vec!["r1", "r3"]));
}

#[tokio::test]
async fn a_function_that_goes_on_in_a_group_is_seen_to_overtake() {
    let report = two_groups().run(async |event: Value| judge_bodies(&event, false)).await;
    assert_eq!((report.order("red"), report.overtook()), (vec!["r1", "r3"], vec!["r3"]));
}

#[tokio::test]
async fn a_shard_goes_on_from_its_checkpoint() {
    let mapping = Mapping::stream(shard(&["a", "b", "bad", "c"])).max_retries(2);
    let report = mapping.clone().run(first_bad).await;
    // Without bisecting, what is behind the poison record goes with it.
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["1", "2"], vec!["3", "4"]));
    assert_eq!(["1", "2", "3", "4"].map(|id| report.deliveries(id)), [1, 1, 3, 3]);

    let report = mapping.bisect().run(first_bad).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["1", "2", "4"], vec!["3"]));
    assert_eq!(report.deliveries("1"), 1, "what is before the checkpoint is not sent again");
}

#[tokio::test]
async fn bisecting_isolates_the_record_for_which_the_function_fails() {
    let mapping = Mapping::stream(shard(&["a", "b", "c", "d", "e", "bad", "g", "h"])).max_retries(1);
    let report = mapping.clone().run(all_or_nothing).await;
    assert_eq!((report.completed().len(), report.dead_lettered().len(), report.calls().len()), (0, 8, 2));

    let report = mapping.clone().bisect().run(all_or_nothing).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["1", "2", "3", "4", "5", "7", "8"], vec!["6"]));
    // 8, then 4 + 4, 2 + 2, 1 + 1, and one retry.
    assert_eq!((report.deliveries("6"), report.deliveries("1"), report.deliveries("8")), (5, 2, 3));

    let report = mapping.batch_size(1).max_retries(0).run(all_or_nothing).await;
    assert_eq!((report.completed().len(), report.dead_lettered(), report.deliveries("6")), (7, vec!["6"], 1));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_too_old_is_not_sent_again() {
    let slow = async |event: Value| {
        tokio::time::sleep(Duration::from_secs(40)).await;
        all_or_nothing(event).await
    };
    let mapping = Mapping::stream(shard(&["bad", "b"])).max_retries(100).max_age(Duration::from_secs(60));
    let report = mapping.run(slow).await;
    assert_eq!((report.dead_lettered(), report.deliveries("1")), (vec!["1", "2"], 2));
}

#[tokio::test]
async fn a_partition_that_fails_does_not_hold_the_other() {
    let event = kafka("t", 0, ["a", "bad", "c"]).and(kafka("t", 1, ["x", "y"]));
    let report = Mapping::stream(event)
        .max_retries(1)
        .run(async |event: Value| {
            let lists = event["records"].as_object().cloned().unwrap_or_default();
            let all = lists.values().flat_map(|list| list.as_array().cloned().unwrap_or_default());
            let bad = all.filter(|record| record["value"] == "YmFk");
            failed(bad.map(|record| json!({ "partition": "t-0", "offset": record["offset"] })))
        })
        .await;
    assert_eq!((report.order("t-0"), report.order("t-1")), (vec!["t-0@0"], vec!["t-1@0", "t-1@1"]));
    assert_eq!((report.dead_lettered(), report.deliveries("t-1@1")), (vec!["t-0@1", "t-0@2"], 1));
    assert_eq!(report.calls()[1].event["records"].as_object().unwrap().keys().collect::<Vec<_>>(), ["t-0"]);
}

#[tokio::test]
async fn a_caller_is_played_too() {
    use crate::core::raw::Incoming;
    #[derive(Clone)]
    struct Function;
    impl tower::Service<Incoming> for Function {
        type Response = crate::Outgoing;
        type Error = FunctionError;
        type Future = std::future::Ready<Result<crate::Outgoing, FunctionError>>;
        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), FunctionError>> {
            std::task::Poll::Ready(Ok(()))
        }
        fn call(&mut self, incoming: Incoming) -> Self::Future {
            let event = serde_json::from_str(incoming.event.get()).unwrap();
            let answer = judge_bodies(&event, false).unwrap().to_string();
            std::future::ready(Ok(serde_json::value::RawValue::from_string(answer).unwrap().into()))
        }
    }
    let caller = Caller::of_service(Function);
    let report = Mapping::sqs(messages(&["bad", "good"])).max_receive_count(1).run(&caller).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["good"], vec!["bad"]));
}
