//! Records that a producer has aggregated, written by the format's document
//! (<https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>) and not by the decoder.

use ::md5::{Digest as _, Md5};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::yield_now;

use super::*;
use crate::records::{Change, Kinesis, KinesisRecord};

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A field of bytes.
fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

/// Magic number, message, MD5.
fn frame(message: &[u8]) -> Vec<u8> {
    [&[0xF3, 0x89, 0x9A, 0xC2], message, &Md5::digest(message)[..]].concat()
}

/// Records with their partition keys.
pub(super) fn aggregate(records: &[(&str, &[u8])]) -> Vec<u8> {
    let keys = records.iter().map(|(key, _)| field(1, key.as_bytes()));
    let own = |(at, (_, data)): (usize, &(&str, &[u8]))| field(3, &[number(1, at as u64), field(3, data)].concat());
    frame(&keys.chain(records.iter().enumerate().map(own)).collect::<Vec<_>>().concat())
}

fn record(sequence_number: u32, key: &str, data: &[u8]) -> Value {
    json!({
        "kinesis": {
            "sequenceNumber": sequence_number.to_string(), "partitionKey": key, "data": STANDARD.encode(data),
            "approximateArrivalTimestamp": 1_545_084_650.987,
        },
        "eventSource": "aws:kinesis",
        "eventID": format!("shardId-000000000006:{sequence_number}"),
        "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/clicks",
    })
}

fn stream(records: &[Value]) -> Value {
    json!({ "Records": records })
}

/// A record that `elastic-serverless-forwarder` and others did not split.
#[tokio::test]
async fn an_aggregated_record_is_the_records_that_it_holds() {
    let mut event = stream(&[record(100, "p0", b""), record(101, "p1", br#"{"id":3}"#)]);
    event["Records"][0]["kinesis"]["data"] =
        json!("84mawgoBVxoMCAAaCHsiaWQiOjF9GgwIABoIeyJpZCI6Mn1cIrnc1UOefbTNIzFvMXKD");
    let ids = seen(event, |record: Kinesis<Order>| {
        let place = record.record.sub_sequence_number();
        (record.id, record.record.sequence_number(), place, record.record.partition_key().unwrap().into_owned())
    });
    let of = |id, number: &str, place, key: &str| (id, number.to_owned(), place, key.to_owned());
    let expected = [of(1, "100", Some(0), "W"), of(2, "100", Some(1), "W"), of(3, "101", None, "p1")];
    assert_eq!(ids.await, expected);
}

#[tokio::test]
async fn each_has_its_keys_and_what_the_streams_record_says() {
    let message = [
        // The tables may stand behind what points to them, and have what nothing points to.
        field(3, &[field(3, b"one"), number(1, 1), number(2, 0)].concat()),
        field(1, b"unused"),
        // Tags, and fields of a version to come.
        field(3, &[number(1, 1), field(4, &field(1, b"tag")), field(3, b""), number(9, 7)].concat()),
        field(9, b"to come"),
        field(2, b"340282366920938463463374607431768211455"),
        // Of a field that comes twice the last counts.
        field(3, &[number(1, 9), number(1, 0), field(3, b"x"), field(3, &[0xFF, 0])].concat()),
        field(1, "schlüssel".as_bytes()),
    ];
    let all = seen(stream(&[record(7, "a", &frame(&message.concat()))]), |record: Kinesis<Vec<u8>>| {
        let inner = &record.record;
        assert_eq!(
            (inner.sequence_number().as_str(), inner.shard_id().as_deref()),
            ("7", Some("shardId-000000000006"))
        );
        assert_eq!((inner.stream_name().as_deref(), inner.arrived_at()), (Some("clicks"), at_ms(1_545_084_650_987)));
        let key = inner.partition_key().unwrap().into_owned();
        (inner.sub_sequence_number(), key, inner.explicit_hash_key().map(|key| key.into_owned()), record.data)
    });
    let most = Some("340282366920938463463374607431768211455".to_owned());
    let expected = [
        (Some(0), "schlüssel".to_owned(), most, b"one".to_vec()),
        (Some(1), "schlüssel".to_owned(), None, Vec::new()),
        (Some(2), "unused".to_owned(), None, vec![0xFF, 0]),
    ];
    assert_eq!(all.await, expected);
}

#[tokio::test]
async fn data_that_is_not_exactly_of_the_form_is_one_record() {
    let good = aggregate(&[("a", b"1"), ("b", b"2")]);
    let changed = |at: usize| {
        let mut changed = good.clone();
        changed[at] ^= 1;
        changed
    };
    let one = |fields: &[Vec<u8>]| frame(&[field(1, b"a"), field(3, &fields.concat())].concat());
    let others = [
        changed(0),
        changed(6),
        changed(good.len() - 1),
        good[..good.len() - 1].to_vec(),
        good[..4].to_vec(),
        good[..20].to_vec(),
        [&good[..], &[0]].concat(),
        frame(b""),
        // Without a record, of an unknown form, cut off.
        frame(&field(1, b"a")),
        frame(&[0x0B]),
        frame(&[0x1A, 0x05, 0x08]),
        // Without a key, without data, with a key that is in no table.
        one(&[field(3, b"x")]),
        one(&[number(1, 0)]),
        one(&[number(1, 1), field(3, b"x")]),
        one(&[number(1, u64::MAX), field(3, b"x")]),
        one(&[number(1, 0), number(2, 0), field(3, b"x")]),
    ];
    for data in others {
        let seen = seen(stream(&[record(1, "a", &data)]), |record: Kinesis<Vec<u8>>| {
            (record.record.sub_sequence_number(), record.record.partition_key().unwrap().into_owned(), record.data)
        });
        assert_eq!(seen.await, [(None, "a".to_owned(), data)]);
    }
    // A producer's own data is not a position in an aggregated record.
    let text = br#"{"subSequenceNumber":7,"partitionKey":"b","data":""}"#;
    let seen = seen(stream(&[record(1, "a", text)]), |record: Kinesis<Vec<u8>>| record.record.sub_sequence_number());
    assert_eq!(seen.await, [None]);
}

#[tokio::test]
async fn from_the_first_that_failed_the_streams_record_is_returned() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let count = {
        let seen = Arc::clone(&seen);
        move |click: Kinesis<u32>| {
            seen.lock().unwrap().push(*click);
            std::future::ready(if *click == 4 { Err(BoxError::from("four")) } else { Ok(()) })
        }
    };
    let event = stream(&[
        record(11, "a", b"1"),
        record(12, "a", &aggregate(&[("a", b"2"), ("b", b"3"), ("a", b"4"), ("b", b"5"), ("a", b"6")])),
        record(13, "a", b"7"),
    ]);
    assert_eq!(call_with(handler(count).concurrency(1), event, None).await.unwrap(), failures(&["12", "13"]));
    assert_eq!(*seen.lock().unwrap(), [1, 2, 3, 4]);
    // One that cannot be decoded fails like any other.
    async fn take(_: Kinesis<u32>) -> Result<(), BoxError> {
        Ok(())
    }
    let event = stream(&[record(11, "a", b"1"), record(12, "a", &aggregate(&[("a", b"2"), ("b", b"x")]))]);
    assert_eq!(call(take, event).await.unwrap(), failures(&["12"]));
}

/// The library writes a record that is alone in its batch as it is: the same key comes both ways.
#[tokio::test]
async fn records_of_one_key_stay_in_order_whether_they_are_aggregated_or_not() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let count = {
        let seen = Arc::clone(&seen);
        move |record: Kinesis<u32>| {
            let seen = Arc::clone(&seen);
            async move {
                // The earlier ones wait the longest.
                for _ in 0..20 - record.data {
                    yield_now().await;
                }
                let key = record.record.partition_key().unwrap().into_owned();
                seen.lock().unwrap().push((key, record.data));
                Ok::<_, BoxError>(())
            }
        }
    };
    let event = stream(&[
        record(1, "a", &aggregate(&[("ada", b"1"), ("bob", b"2"), ("ada", b"3")])),
        record(2, "ada", b"4"),
        record(3, "a", &aggregate(&[("bob", b"5"), ("ada", b"6"), ("eve", b"7")])),
        record(4, "bob", b"8"),
    ]);
    assert_eq!(call(count, event).await.unwrap(), failures(&[]));
    let seen = seen.lock().unwrap();
    let of = |key: &str| seen.iter().filter(|(own, _)| own == key).map(|(_, data)| *data).collect::<Vec<_>>();
    assert_eq!((of("ada"), of("bob"), of("eve")), (vec![1, 3, 4, 6], vec![2, 5, 8], vec![7]));
    assert_eq!(seen[0], ("eve".to_owned(), 7), "the keys run side by side");
}

#[tokio::test]
async fn changes_of_a_table_are_found_in_it_too() {
    let change = |id: u32| {
        json!({ "eventName": "INSERT", "dynamodb": { "Keys": { "id": { "N": id.to_string() } }, "NewImage": { "id": { "N": id.to_string() } } } })
            .to_string()
    };
    let (one, two) = (change(1), change(2));
    let event = stream(&[record(1, "a", &aggregate(&[("x", one.as_bytes()), ("y", two.as_bytes())]))]);
    let ids = seen(event, |change: Change<Order>| change.new_image().unwrap().id);
    assert_eq!(ids.await, [1, 2]);
}

#[tokio::test]
async fn an_event_that_holds_more_than_there_is_room_for_at_once_is_handled_in_its_order() {
    let empty = field(3, &[number(1, 0), field(3, b"")].concat());
    let many = |key: &[u8], count: usize| frame(&[field(1, key), empty.repeat(count)].concat());
    let places = Arc::new(Mutex::new(Vec::new()));
    let taken = async |event: Value, fails: Option<(&'static str, u64)>| {
        let kept = Arc::clone(&places);
        let take = move |record: KinesisRecord, _: Kinesis<Vec<u8>>| {
            let place = (record.sequence_number(), record.sub_sequence_number().unwrap_or_default());
            let fails = fails.is_some_and(|(id, number)| place == (id.to_owned(), number));
            kept.lock().unwrap().push(place);
            std::future::ready(if fails { Err(BoxError::from("disk full")) } else { Ok(()) })
        };
        let answer = call(take, event).await.unwrap();
        (answer, std::mem::take(&mut *places.lock().unwrap()))
    };
    let places = |of: &[(&str, u64)]| {
        let each =
            |&(id, count): &(&str, u64)| (0..count).map(move |number| (id.to_string(), number)).collect::<Vec<_>>();
        of.iter().flat_map(each).collect::<Vec<_>>()
    };
    // One alone is more than that.
    let event = stream(&[record(1, "a", b"x"), record(2, "b", &many(b"a", 90_000)), record(3, "c", b"x")]);
    assert_eq!(taken(event, None).await, (failures(&[]), places(&[("1", 1), ("2", 90_000), ("3", 1)])));
    // All of them together are: records of which some were opened already.
    let event = [1, 2, 3].map(|at| record(at, "a", &many(b"a", 30_000)));
    let event = stream(&[&event[..], &[record(4, "z", b"x")]].concat());
    let all = [("1", 30_000), ("2", 30_000), ("3", 30_000), ("4", 1)];
    assert_eq!(taken(event.clone(), None).await, (failures(&[]), places(&all)));
    // After a failure nothing more is begun.
    let failed = taken(event, Some(("2", 9))).await;
    assert_eq!(failed, (failures(&["2", "3", "4"]), places(&[("1", 30_000), ("2", 10)])));
    // A long key is not written for each of them before it is their turn.
    let event = |length: usize| stream(&[record(1, "a", &many(&vec![b'k'; length], 20_000)), record(2, "a", b"x")]);
    let first = taken(event(1000), Some(("1", 3))).await;
    assert_eq!(first, (failures(&["1", "2"]), places(&[("1", 4)])));
    // One that would make 60 GB of text fails.
    assert_eq!(taken(event(500_000), None).await, (failures(&["1", "2"]), Vec::new()));
}

#[cfg(feature = "idempotency")]
#[tokio::test]
async fn each_has_its_own_idempotency_key() {
    use crate::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};

    // The data of two is the same, and so are their keys.
    let event = stream(&[record(12, "a", &aggregate(&[("a", b"1"), ("a", b"1"), ("b", b"2")])), record(13, "a", b"1")]);
    let calls = Arc::new(Mutex::new(0));
    let store = MemoryStore::new();
    let call = async || {
        let calls = Arc::clone(&calls);
        let count = move |_: Kinesis<u32>| {
            *calls.lock().unwrap() += 1;
            std::future::ready(Ok::<(), BoxError>(()))
        };
        let once = IdempotencyLayer::new(Idempotency::new(store.clone(), "clicks"));
        call_with(handler(count).layer(once), event.clone(), None).await.unwrap()
    };
    assert_eq!(call().await, failures(&[]));
    assert_eq!(*calls.lock().unwrap(), 4);
    assert_eq!(call().await, failures(&[]));
    assert_eq!(*calls.lock().unwrap(), 4, "the second time each is known");
}

#[cfg(feature = "idempotency")]
#[tokio::test]
async fn an_expression_selects_from_each_as_the_stream_would_have_it() {
    use crate::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};

    let one = || aggregate(&[("a", br#"{"id":1}"#), ("b", br#"{"id":2}"#), ("b", br#"{"id":2}"#)]);
    let events = [
        stream(&[record(12, "a", &one())]),
        stream(&[record(12, "a", &one())]),
        stream(&[record(13, "a", br#"{"id":1}"#), record(14, "a", &aggregate(&[("c", br#"{"id":2}"#)]))]),
        stream(&[record(15, "a", &aggregate(&[("c", br#"{"id":3}"#)]))]),
    ];
    let runs = async |key: &str| {
        let calls = Arc::new(Mutex::new(0));
        let store = MemoryStore::new();
        let mut after = Vec::new();
        for event in &events {
            let counted = Arc::clone(&calls);
            let count = move |_: Kinesis<Value>| {
                *counted.lock().unwrap() += 1;
                std::future::ready(Ok::<(), BoxError>(()))
            };
            let once = Idempotency::new(store.clone(), "clicks").key(key).require_key();
            let function = handler(count).layer(IdempotencyLayer::new(once)).concurrency(1);
            assert_eq!(call_with(function, event.clone(), None).await.unwrap(), failures(&[]));
            after.push(*calls.lock().unwrap());
        }
        after
    };
    assert_eq!(runs("powertools_json(powertools_base64(kinesis.data)).id").await, [2, 2, 2, 3]);
    assert_eq!(runs("kinesis.partitionKey").await, [2, 2, 3, 3]);
    // What all of them share is the key of none of them.
    assert_eq!(runs("eventID").await, [3, 3, 5, 6]);
    assert_eq!(runs("[eventID, subSequenceNumber]").await, [3, 3, 5, 6]);
}
