//! Streams played until nothing is left, by the model of AWS's event source mapping.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::core::error::BoxError;
use crate::records::{Batch, Change, Firehose, Kafka, Kinesis, TransformedRecord};
use crate::testing::mapping::{Mapping, Stream};
use crate::testing::{Caller, firehose, insert, kafka, kinesis, modify, remove};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: String,
    name: String,
}

fn user(id: &str, name: &str) -> User {
    User { id: id.to_owned(), name: name.to_owned() }
}

#[tokio::test]
async fn of_a_shard_only_the_poison_is_given_up() {
    let numbers = ["1", "2", "bad", "4", "5"].into_iter().zip(11..);
    let records = numbers.map(|(data, number)| kinesis::record(data).sequence_number(number.to_string()));
    let caller = Caller::new(crate::handler(async |number: Kinesis<u32>| {
        assert!(*number > 0);
        Ok::<_, BoxError>(())
    }));
    let report = Mapping::stream(kinesis(records).event()).max_retries(2).bisect().run(&caller).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["11", "12", "14", "15"], vec!["13"]));
    assert_eq!((report.overtook(), report.deliveries("11")), (vec![], 1));
}

#[tokio::test]
async fn with_the_option_other_keys_are_handled_also_where_their_batch_is_lost() {
    async fn handled(batch: Batch, mapping: fn(Stream) -> Stream) -> Vec<String> {
        let handled = Arc::<Mutex<Vec<String>>>::default();
        let count = {
            let handled = Arc::clone(&handled);
            move |click: Kinesis<String>| {
                let fails = click.data == "bad";
                if !fails {
                    handled.lock().unwrap().push(click.data);
                }
                std::future::ready(if fails { Err(BoxError::from("bad")) } else { Ok(()) })
            }
        };
        let clicks = [("a", "a1"), ("b", "bad"), ("a", "a2"), ("b", "b2"), ("c", "c1")].into_iter().zip(11..);
        let records =
            clicks.map(|((key, data), at)| kinesis::record(data).partition_key(key).sequence_number(at.to_string()));
        let caller = Caller::new(crate::handler(count).batch(batch));
        let _ = mapping(Mapping::stream(kinesis(records).event()).max_retries(1)).run(&caller).await;
        let mut handled = handled.lock().unwrap().clone();
        handled.sort_unstable();
        handled.dedup();
        handled
    }
    let default = || Batch::new().concurrency(1);
    // The mapping takes each response for success.
    assert_eq!(handled(default(), |mapping| mapping.without_reporting()).await, ["a1"]);
    let option = default().continue_on_failure();
    assert_eq!(handled(option.clone(), |mapping| mapping.without_reporting()).await, ["a1", "a2", "c1"]);
    // The retries end, and the batch is not split; or it is.
    assert_eq!(handled(default(), |mapping| mapping).await, ["a1"]);
    assert_eq!(handled(option, |mapping| mapping).await, ["a1", "a2", "c1"]);
    assert_eq!(handled(default(), |mapping| mapping.bisect()).await, ["a1", "a2", "b2", "c1"]);
}

#[tokio::test]
async fn of_partitions_each_goes_its_own_way() {
    let caller = Caller::new(crate::handler(async |price: Kafka<String, u32>| match price.value {
        Some(0) => Err(BoxError::from("zero")),
        _ => Ok(()),
    }));
    let records = |prices: [u32; 3]| prices.map(|price| kafka::record(json!(price)).key("apple"));
    let event = kafka("prices", 0, records([1, 0, 2])).and(kafka("prices", 1, records([1, 2, 3]))).event();
    let report = Mapping::stream(event).max_retries(1).run(&caller).await;
    assert_eq!(report.dead_lettered(), ["prices-0@1", "prices-0@2"]);
    assert_eq!((report.completed().len(), report.overtook()), (4, vec![]));
}

#[tokio::test]
async fn the_built_changes_are_those_that_were_meant() {
    let seen = Arc::<Mutex<Vec<_>>>::default();
    let project = {
        let seen = Arc::clone(&seen);
        move |change: Change<User>| {
            let images = (change.old_image().cloned(), change.new_image().cloned(), change.is_expiry());
            seen.lock().unwrap().push(images);
            std::future::ready(Ok::<_, BoxError>(()))
        }
    };
    let (ada, countess) = (user("u1", "Ada"), user("u1", "Countess"));
    let event = insert(&ada).and(modify(&ada, &countess)).and(remove(&countess).expired()).event();
    Caller::new(crate::handler(project)).call(event).await.unwrap();
    let expected =
        [(None, Some(ada.clone()), false), (Some(ada), Some(countess.clone()), false), (Some(countess), None, true)];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_built_event_of_firehose_is_transformed() {
    let caller = Caller::new(crate::handler(async |mut user: Firehose<User>| {
        user.name.make_ascii_uppercase();
        TransformedRecord::json(&user.data)
    }));
    let answer = caller.call(firehose([user("u1", "Ada")]).event()).await.unwrap();
    let line = "eyJpZCI6InUxIiwibmFtZSI6IkFEQSJ9Cg==";
    assert_eq!(answer, json!({ "records": [{ "recordId": "record1", "result": "Ok", "data": line }] }));
}
