//! Batches, of resolvers of single fields and of those that take the batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pilaster::appsync::{Batch, Batched};
use pilaster::observe::logging::CapturedLogs;
use tokio::time::sleep;

use super::*;

async fn double(Source(number): Source<u64>) -> Result<u64, BoxError> {
    Ok(number * 2)
}

async fn doubles(batch: Batch<u64>) -> Result<Batched<u64>, BoxError> {
    Ok(batch.answer(|item| item.source * 2))
}

fn event() -> pilaster::testing::AppSyncEvent {
    appsync("Number", "double")
}

#[tokio::test(start_paused = true)]
async fn check_08_at_most_16_of_2000_items_run_at_once_and_their_order_is_kept() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let function = {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        move |Source(number): Source<u64>| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                // The later ones are quicker.
                sleep(Duration::from_millis(2000 - number)).await;
                running.fetch_sub(1, Ordering::Relaxed);
                Ok::<_, BoxError>(number)
            }
        }
    };
    let expected = (0..2000).map(|number| json!({ "data": number })).collect::<Vec<_>>();
    let of_one = Caller::new(pilaster::handler(function.clone()).concurrency(16)).without_logs();
    assert_eq!(of_one.call(event().batch(0..2000)).await.unwrap(), json!(expected));
    assert_eq!(most.swap(0, Ordering::Relaxed), 16);
    let of_many = Resolvers::new().field("Number", "double", function).concurrency(16);
    assert_eq!(Caller::new(of_many).without_logs().call(event().batch(0..2000)).await.unwrap(), json!(expected));
    assert_eq!(most.load(Ordering::Relaxed), 16);
}

#[tokio::test]
async fn check_08_the_calls_of_a_batch_are_as_many_as_its_items() {
    let calls = Arc::new(AtomicUsize::new(0));
    let function = {
        let calls = Arc::clone(&calls);
        move |Source(number): Source<u64>| {
            calls.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok::<_, BoxError>(number))
        }
    };
    let caller = Caller::new(pilaster::handler(function)).without_logs();
    for items in [1, 500, 1000, 2000] {
        calls.store(0, Ordering::Relaxed);
        let answer = caller.call(event().batch(0..items)).await.unwrap();
        assert_eq!(answer.as_array().unwrap().len() as u64, items);
        assert_eq!(calls.load(Ordering::Relaxed) as u64, items);
    }
}

#[tokio::test(start_paused = true)]
async fn check_08_the_work_of_a_batch_grows_with_its_items_alone() {
    /// A source whose decodings are counted.
    struct Counted(u64);

    static DECODED: AtomicUsize = AtomicUsize::new(0);

    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
            DECODED.fetch_add(1, Ordering::Relaxed);
            u64::deserialize(value).map(Self)
        }
    }

    let polls = Arc::new(AtomicUsize::new(0));
    let one = {
        let polls = Arc::clone(&polls);
        move |Source(number): Source<Counted>| {
            let (polls, mut work) = (Arc::clone(&polls), Box::pin(sleep(Duration::from_millis(number.0 + 1))));
            std::future::poll_fn(move |cx| {
                polls.fetch_add(1, Ordering::Relaxed);
                work.as_mut().poll(cx).map(|()| Ok::<_, BoxError>(number.0))
            })
        }
    };
    let all = async |batch: Batch<Counted>| Ok::<_, BoxError>(batch.answer(|item| item.source.0));
    let all = Caller::new(pilaster::handler(all)).without_logs();
    for items in [1, 500, 1000, 2000] {
        // All of them at once, so that work for each pair would show.
        let one = Caller::new(pilaster::handler(one.clone()).concurrency(2000)).without_logs();
        polls.store(0, Ordering::Relaxed);
        for (caller, name) in [(&one, "one"), (&all, "all")] {
            DECODED.store(0, Ordering::Relaxed);
            caller.call(event().batch(0..items as u64)).await.unwrap();
            assert_eq!(DECODED.load(Ordering::Relaxed), items, "{name}");
        }
        // Each one begins and ends; the budget of tokio's tasks interrupts some of them.
        let polls = polls.load(Ordering::Relaxed);
        assert!((2 * items..=3 * items).contains(&polls), "{polls} of {items}");
    }
}

#[tokio::test]
async fn check_09_an_item_that_fails_panics_or_does_not_decode_fails_alone() {
    async fn seventh(Source(number): Source<u64>, Arguments(how): Arguments<Option<ById>>) -> Result<u64, BoxError> {
        match how.filter(|_| number == 7) {
            None => Ok(number),
            Some(how) if how.id == "panic" => panic!("secret"),
            Some(_) => Err(std::io::Error::other("secret").into()),
        }
    }
    for (how, error_type) in [("fail", "InternalError"), ("panic", "InternalError"), ("decode", "InvalidSource")] {
        let captured = CapturedLogs::default();
        let caller = Caller::new(pilaster::handler(seventh)).with_logs(&captured);
        let source = |number: u64| if how == "decode" && number == 7 { json!("seven") } else { json!(number) };
        let event = event().arguments(json!({ "id": how })).batch((0..10).map(source));
        let answer = caller.call(event).await.unwrap();
        let items = answer.as_array().unwrap();
        assert_eq!(items.len(), 10);
        for (index, item) in items.iter().enumerate() {
            match index {
                7 => {
                    assert_eq!(item["errorType"], error_type, "{how}");
                    assert_eq!(item.as_object().unwrap().len(), 2, "{how}: {item}");
                    assert!(item["errorMessage"].is_string() && !item.to_string().contains("secret"), "{how}: {item}");
                }
                _ => assert_eq!(*item, json!({ "data": index }), "{how}"),
            }
        }
        let lines = captured.lines();
        let failed = lines.iter().filter(|line| line["message"] == "the item of the batch failed");
        let failed = failed.collect::<Vec<_>>();
        assert_eq!(failed.len(), 1, "{how}: {lines:?}");
        assert_eq!(failed[0]["item"], 7);
        assert_eq!((&failed[0]["error_type"], &failed[0]["level"]), (&json!(error_type), &json!("ERROR")));
        assert_eq!(lines.iter().any(|line| line.to_string().contains("secret")), how != "decode", "{how}: {lines:?}");
    }
}

#[tokio::test]
async fn check_09_items_that_fail_stand_at_their_places_in_any_resolver() {
    async fn some(batch: Batch<u64>) -> Result<Batched<u64>, BoxError> {
        Ok(batch.try_answer(|item| if item.source % 4 == 1 { Err("secret") } else { Ok(item.source) }))
    }
    async fn one(Source(number): Source<u64>) -> Result<u64, BoxError> {
        if number % 4 == 1 { Err("secret".into()) } else { Ok(number) }
    }
    let some = Caller::new(pilaster::handler(some)).without_logs();
    let one = Caller::new(pilaster::handler(one)).without_logs();
    // By the bits of a number: items that fail, whose source does not fit, or that are not contexts.
    for of in 0..4_u64.pow(5) {
        let kinds = (0..5).map(|at| of >> (2 * at) & 3).collect::<Vec<_>>();
        let item = |(at, kind): (usize, &u64)| match kind {
            2 => event().source("text").event(),
            3 => json!({ "info": at }),
            kind => event().source(4 * at as u64 + kind).event(),
        };
        let expected = kinds.iter().enumerate().map(|(at, kind)| match kind {
            0 => json!({ "data": 4 * at }),
            1 => json!("InternalError"),
            2 => json!("InvalidSource"),
            _ => json!("InvalidEvent"),
        });
        let (expected, batch) = (expected.collect::<Vec<_>>(), kinds.iter().enumerate().map(item).collect::<Vec<_>>());
        for answer in [some.call(json!(batch)).await.unwrap(), one.call(json!(batch)).await.unwrap()] {
            let answer = answer.as_array().unwrap().iter();
            let shown = answer.map(|item| item.get("errorType").unwrap_or(item).clone()).collect::<Vec<_>>();
            assert_eq!(shown, expected, "{kinds:?}");
        }
    }
}

#[tokio::test]
async fn check_11_a_null_of_a_batch_resolver_is_data() {
    async fn halves(batch: Batch<u64>) -> Result<Batched<Option<u64>>, BoxError> {
        Ok(batch.answer(|item| (item.source % 2 == 0).then_some(item.source / 2)))
    }
    assert_eq!(bytes(pilaster::handler(halves), event().batch([4, 3])).await, r#"[{"data":2},{"data":null}]"#);
}

#[tokio::test]
async fn check_12_each_resolver_answers_a_batch_and_a_single_event() {
    for resolvers in
        [Resolvers::new().field("Number", "double", double), Resolvers::new().batch("Number", "double", doubles)]
    {
        let caller = Caller::new(resolvers);
        assert_eq!(caller.call(json!([])).await.unwrap(), json!([]));
        assert_eq!(caller.call(event().source(4)).await.unwrap(), 8);
        assert_eq!(caller.call(event().batch([4])).await.unwrap(), json!([{ "data": 8 }]));
        assert_eq!(caller.call(event().batch([4, 5])).await.unwrap(), json!([{ "data": 8 }, { "data": 10 }]));
    }
    assert_eq!(bytes(pilaster::handler(doubles), event().batch([4])).await, r#"[{"data":8}]"#);
    assert_eq!(bytes(pilaster::handler(double), json!([])).await, "[]");
}

#[tokio::test]
async fn check_13_equal_sources_and_aliases_have_answers_of_their_own() {
    #[derive(Deserialize)]
    struct By {
        by: u64,
    }
    async fn times(Source(number): Source<u64>, Arguments(by): Arguments<By>) -> Result<u64, BoxError> {
        Ok(number * by.by)
    }
    async fn all_times(batch: Batch<u64, By>) -> Result<Batched<u64>, BoxError> {
        Ok(batch.answer(|item| item.source * item.arguments.by))
    }
    let item = |source: u64, by: u64| event().source(source).arguments(json!({ "by": by })).event();
    let batch = json!([item(2, 3), item(2, 3), item(2, 5), item(7, 5)]);
    let expected = json!([{ "data": 6 }, { "data": 6 }, { "data": 10 }, { "data": 35 }]);
    assert_eq!(Caller::new(pilaster::handler(times)).call(batch.clone()).await.unwrap(), expected);
    assert_eq!(Caller::new(pilaster::handler(all_times)).call(batch).await.unwrap(), expected);
}

#[tokio::test]
async fn a_recorded_batch_is_answered_in_order() {
    async fn related(identity: Identity, batch: Batch<ById>) -> Result<Batched<String>, BoxError> {
        let Identity::Cognito(user) = identity else { return Err("not a Cognito user".into()) };
        Ok(batch.answer(|item| format!("{} of {}", item.source.id, user.username)))
    }
    let caller = Caller::new(Resolvers::new().batch("Post", "relatedPosts", related));
    let answer = caller.call(tests::http::event("appsync/batch.json")).await.unwrap();
    assert_eq!(answer, json!([{ "data": "1 of jdoe" }, { "data": "2 of jdoe" }]));
}

#[tokio::test]
async fn an_item_that_does_not_fit_never_reaches_a_batch_resolver() {
    async fn sum(batch: Batch<u64>) -> Result<Batched<u64>, BoxError> {
        let sum = batch.sources().sum::<u64>();
        assert_eq!((batch.len(), batch.is_empty()), (2, false));
        Ok(batch.answer(|item| sum - item.source))
    }
    let caller = Caller::new(pilaster::handler(sum));
    let answer = caller.call(event().batch([json!("x"), json!(1), json!(null), json!(2), json!([])])).await.unwrap();
    let items = answer.as_array().unwrap();
    assert_eq!((&items[1], &items[3]), (&json!({ "data": 2 }), &json!({ "data": 1 })));
    for index in [0, 2, 4] {
        assert_eq!(items[index]["errorType"], "InvalidSource", "{answer}");
    }
    assert_eq!(items.len(), 5);
    // Without one that fits, the function is not called.
    let answer = caller.call(event().batch(["x", "y"])).await.unwrap();
    assert_eq!(answer.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_batch_resolver_fails_items_or_all_of_them() {
    async fn halves(batch: Batch<u64>) -> Result<Batched<u64>, BoxError> {
        if batch.sources().any(|number| *number == 13) {
            return Err(FunctionError::new("Unlucky", "there is a 13").into());
        }
        if batch.sources().any(|number| *number == 99) {
            panic!("secret");
        }
        Ok(batch.try_answer(|item| match item.source % 2 {
            0 => Ok(item.source / 2),
            1 if item.source > 10 => Err(BoxError::from("secret")),
            _ => Err(FunctionError::new("Odd", "the number is odd").into()),
        }))
    }
    let captured = CapturedLogs::default();
    let caller = Caller::new(pilaster::handler(halves)).with_logs(&captured);
    let answer = caller.call(event().batch([4, 3, 11])).await.unwrap();
    assert_eq!(answer[0], json!({ "data": 2 }));
    assert_eq!(answer[1], json!({ "errorType": "Odd", "errorMessage": "the number is odd" }));
    assert_eq!(answer[2]["errorType"], "InternalError");
    assert!(!answer.to_string().contains("secret"));
    let lines = captured.lines();
    let of_items = lines.iter().map(|line| (&line["item"], line["level"].as_str().unwrap(), line["field"].as_str()));
    let field = Some("Number.double");
    assert_eq!(of_items.collect::<Vec<_>>(), [(&json!(1), "INFO", field), (&json!(2), "ERROR", field)]);
    let answer = caller.call(event().batch([4, 13])).await.unwrap();
    assert_eq!((&answer[0]["errorType"], &answer[1]["errorType"]), (&json!("Unlucky"), &json!("Unlucky")));
    let answer = caller.call(event().batch([4, 99])).await.unwrap();
    assert_eq!((&answer[0]["errorType"], &answer[1]["errorType"]), (&json!("InternalError"), &json!("InternalError")));
    assert_eq!(caller.call(event().source(13)).await.unwrap_err().error_type(), "Unlucky");
    assert_eq!(caller.call(event().source(99)).await.unwrap_err().error_type(), "InternalError");
}

#[tokio::test(start_paused = true)]
async fn check_09_a_failure_of_the_whole_call_has_one_line() {
    async fn all(batch: Batch<String>) -> Result<Batched<u8>, BoxError> {
        end(batch.sources().next().unwrap()).await?;
        Ok(batch.answer(|_| 1))
    }
    async fn one(Source(how): Source<String>) -> Result<u8, BoxError> {
        end(&how).await
    }
    async fn end(how: &str) -> Result<u8, BoxError> {
        match how {
            "error" => Err(std::io::Error::other("the disk is full").into()),
            "text" => Err(FunctionError::new("Closed", "the shop is closed").into()),
            "panic" => panic!("the disk is on fire"),
            "late" => std::future::pending().await,
            _ => Ok(1),
        }
    }
    let resolvers = || Resolvers::new().batch("Number", "all", all).field("Number", "one", one);
    let cases = [
        ("all", "error", "ERROR", "items of the batch failed", "the disk is full"),
        ("all", "panic", "ERROR", "items of the batch failed", "the resolver panicked"),
        ("all", "late", "ERROR", "items of the batch failed", "cancelled after 9.8s"),
        ("all", "text", "INFO", "the field was answered with an error", "the shop is closed"),
        // What is not done at the deadline.
        ("one", "late", "ERROR", "items of the batch failed", "cancelled after 9.8s"),
    ];
    for (field, how, level, message, cause) in cases {
        let captured = CapturedLogs::default();
        let caller = Caller::new(resolvers()).with_logs(&captured).with_time_left(Duration::from_secs(10));
        let answer = caller.call(appsync("Number", field).batch(vec![how; 2000])).await.unwrap();
        let answer = answer.as_array().unwrap();
        assert_eq!(answer.len(), 2000);
        assert!(answer.iter().all(|item| *item == answer[0] && item["errorType"].is_string()), "{}", answer[0]);
        let lines = captured.lines();
        // That of a panic is the hook's.
        let lines = lines.iter().filter(|line| line["error"].is_string()).collect::<Vec<_>>();
        assert_eq!(lines.len(), 1, "{field} {how}");
        let line = lines[0];
        assert_eq!((&line["level"], &line["message"]), (&json!(level), &json!(message)), "{field} {how}");
        assert_eq!((&line["items"], &line["item"]), (&json!(2000), &Value::Null), "{line}");
        assert_eq!(line["field"], format!("Number.{field}"));
        assert!(line.to_string().contains(cause), "{line}");
    }
}

#[tokio::test]
async fn an_item_of_another_field_fails_in_a_batch_resolver() {
    let caller = Caller::new(Resolvers::new().batch("Number", "double", doubles).field("Number", "same", double));
    let batch = json!([event().source(1).event(), appsync("Number", "same").source(1).event(), 7, {}]);
    let answer = caller.call(batch).await.unwrap();
    assert_eq!(answer[0], json!({ "data": 2 }));
    for index in 1..4 {
        assert_eq!(answer[index]["errorType"], "InvalidEvent", "{answer}");
    }
}

tokio::task_local! {
    static TENANT: u8;
}

#[tokio::test]
async fn what_the_task_holds_reaches_each_item() {
    async fn tenant(_: Source<u64>) -> Result<u8, BoxError> {
        Ok(TENANT.try_with(|tenant| *tenant)?)
    }
    let caller = Caller::new(pilaster::handler(tenant));
    let answer = TENANT.scope(7, caller.call(event().batch([1, 2, 3]))).await.unwrap();
    assert_eq!(answer, json!([{ "data": 7 }, { "data": 7 }, { "data": 7 }]));
}

#[tokio::test]
async fn metrics_of_each_item_are_those_of_the_invocation() {
    use pilaster::observe::metrics::CapturedMetrics;

    async fn count(metrics: pilaster::Metrics, Source(number): Source<u64>) -> Result<u64, BoxError> {
        metrics.count("Resolved", number)?;
        Ok(number)
    }
    let captured = CapturedMetrics::default();
    let layer = pilaster::MetricsLayer::new().namespace("Blog");
    let caller = Caller::new(pilaster::handler(count).outer(layer)).with_metrics(&captured);
    caller.call(event().batch([1, 2, 3])).await.unwrap();
    assert_eq!(captured.values("Resolved"), [1.0, 2.0, 3.0]);
}
