//! Records of each source, and the values that functions read from them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::records::{MessageAttribute, TransformedRecord};
use pilaster::testing::{self, Caller, raw};
use pilaster::{BoxError, Change, Firehose, Kafka, Kinesis, LogRecord, MqMessage, S3Object, Sns, Sqs};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{SEEN, bytes, holds, json as json_value, object, see, text};
use crate::aggregate::{field, frame, number};
use crate::decoders::block_on;

/// Checks that no record of a batch failed, and the values of each.
fn taken(answer: Result<Value, pilaster::FunctionError>) -> Vec<Value> {
    let answer = answer.unwrap();
    let failures = answer.get("batchItemFailures").and_then(Value::as_array);
    assert!(failures.is_none_or(Vec::is_empty), "{answer}");
    SEEN.take()
}

type Attributes = BTreeMap<String, (u8, String, Vec<u8>)>;

/// Attributes of each type.
fn attributes() -> impl Strategy<Value = Attributes> {
    btree_map("[a-zA-Z0-9_.-]{1,10}", (0_u8..3, text(12), bytes(12)), 0..4).prop_map(|mut attributes: Attributes| {
        for (kind, text, bytes) in attributes.values_mut() {
            if *kind == 1 {
                *text = format!("-{}.5", bytes.len());
            }
        }
        attributes
    })
}

fn reported(attributes: &Attributes) -> Value {
    attributes
        .iter()
        .map(|(name, (kind, text, bytes))| {
            let value = match kind {
                0 => json!({ "text": text }),
                1 => json!({ "number": text }),
                _ => json!({ "bytes": bytes }),
            };
            (name.clone(), value)
        })
        .collect::<Map<_, _>>()
        .into()
}

fn read(attributes: BTreeMap<String, MessageAttribute>) -> Value {
    let value = |attribute| match attribute {
        MessageAttribute::Text(text) => json!({ "text": text }),
        MessageAttribute::Number(text) => json!({ "number": text }),
        MessageAttribute::Binary(bytes) => json!({ "bytes": bytes }),
        _ => Value::Null,
    };
    attributes.into_iter().map(|(name, attribute)| (name, value(attribute))).collect::<Map<_, _>>().into()
}

async fn sqs(message: Sqs<String>) {
    see(json!([message.message.id(), message.body, read(message.message.message_attributes())]));
}

#[test]
fn messages_of_sqs() {
    let caller = Caller::new(pilaster::handler(sqs));
    holds(vec((text(8), text(60), attributes()), 1..6), |messages| {
        let (mut event, mut expected) = (testing::sqs(Vec::<String>::new()), Vec::new());
        for (at, (id, body, attributes)) in messages.iter().enumerate() {
            let id = format!("{at}{id}");
            let mut message = testing::sqs::message(body).id(&id);
            for (name, (kind, text, bytes)) in attributes {
                message = match kind {
                    0 => message.attribute(name, text),
                    1 => message.number_attribute(name, text),
                    _ => message.binary_attribute(name, bytes),
                };
            }
            event = event.and(message);
            expected.push(json!([id, body, reported(attributes)]));
        }
        assert_eq!(taken(block_on(caller.call(event))), expected);
    });
}

async fn sqs_json(message: Sqs<Value>) {
    see(message.body);
}

#[test]
fn json_in_messages() {
    let caller = Caller::new(pilaster::handler(sqs_json));
    holds(vec(json_value(), 1..4), |values| {
        let texts = values.iter().map(Value::to_string);
        assert_eq!(taken(block_on(caller.call(testing::sqs(texts)))), values);
    });
}

async fn sns(notification: Sns<String>) {
    let Sns { message, notification, .. } = notification;
    see(json!([message, notification.subject(), read(notification.attributes())]));
}

#[test]
fn notifications_of_sns_directly_and_through_a_queue() {
    let caller = Caller::new(pilaster::handler(sns));
    let strategy = (vec(text(60), 1..4), "[ -~]{1,20}", attributes());
    holds(strategy, |(messages, subject, attributes)| {
        let mut sent = testing::sns(&messages).subject(&subject);
        for (name, (kind, text, bytes)) in &attributes {
            sent = match kind {
                0 => sent.attribute(name, text),
                1 => sent.number_attribute(name, text),
                _ => sent.binary_attribute(name, bytes.clone()),
            };
        }
        let expected: Vec<_> =
            messages.iter().map(|message| json!([message, subject, reported(&attributes)])).collect();
        assert_eq!(taken(block_on(caller.call(sent.event()))), expected);
        assert_eq!(taken(block_on(caller.call(sent.through_sqs()))), expected, "through SQS");
    });
}

async fn kinesis(record: Kinesis<Vec<u8>>) {
    see(json!([record.data, record.record.partition_key(), record.record.sequence_number()]));
}

#[test]
fn records_of_kinesis() {
    let caller = Caller::new(pilaster::handler(kinesis));
    holds(vec((bytes(80), text(12), "[1-9][0-9]{0,40}"), 1..5), |records| {
        let built = records.iter().map(|(data, key, number)| {
            testing::kinesis::record(raw(data.clone())).partition_key(key).sequence_number(number)
        });
        assert_eq!(
            taken(block_on(caller.call(testing::kinesis(built)))),
            records.iter().map(|record| json!(record)).collect::<Vec<_>>()
        );
    });
}

async fn aggregated(record: Kinesis<Vec<u8>>) {
    let Kinesis { data, record, .. } = record;
    let keys = (record.partition_key(), record.explicit_hash_key());
    see(json!([record.sequence_number(), record.sub_sequence_number(), keys.0, keys.1, data]));
}

/// A record of a producer: its data, the places of its keys in the tables, and what of it comes first.
type Produced = (Vec<u8>, usize, Option<usize>, bool);

/// Parts of a message in any order that keeps the order within the tables and of the records: where each next one comes from.
fn merged(parts: [Vec<Vec<u8>>; 4], turns: &[u8]) -> Vec<u8> {
    let mut parts = parts.map(|part| part.into_iter().peekable());
    let mut message = Vec::new();
    for turn in turns {
        message.extend(parts[usize::from(turn % 4)].next().unwrap_or_default());
    }
    for part in parts {
        message.extend(part.flatten());
    }
    message
}

/// Aggregated records are split again, whatever the encoder does: shared keys, any order, fields of later versions.
#[test]
fn aggregated_records_of_kinesis() {
    let caller = Caller::new(pilaster::handler(aggregated).concurrency(1));
    let record = (bytes(40), any::<usize>(), prop::option::of(any::<usize>()), any::<bool>());
    let frames = (vec(record, 1..8), vec(text(8), 1..4), vec("[0-9]{1,39}", 1..3), vec(any::<u8>(), 0..12));
    holds(vec((frames, any::<bool>()), 1..4), |frames| {
        let (mut built, mut expected) = (Vec::new(), Vec::new());
        for (at, ((records, keys, hash_keys, turns), has_more)) in frames.iter().enumerate() {
            let sequence_number = format!("{}", 100 + at);
            let encoded = |(data, key, hash_key, data_first): &Produced| {
                let key = number(1, (key % keys.len()) as u64);
                let hash_key = hash_key.map_or_else(Vec::new, |place| number(2, (place % hash_keys.len()) as u64));
                let mut fields = vec![key, hash_key, field(3, data)];
                if *data_first {
                    fields.reverse();
                }
                if *has_more {
                    fields.insert(1, field(4, &field(1, b"tag")));
                    fields.push(number(77, u64::MAX));
                }
                field(3, &fields.concat())
            };
            let table = |of: u64, keys: &[String]| keys.iter().map(|key| field(of, key.as_bytes())).collect::<Vec<_>>();
            let more = if *has_more { vec![field(9, b"x"), number(8, 1)] } else { Vec::new() };
            let parts = [table(1, keys), table(2, hash_keys), records.iter().map(encoded).collect(), more];
            let data = frame(&merged(parts, turns));
            built.push(testing::kinesis::record(raw(data)).partition_key("a").sequence_number(&sequence_number));
            for (place, (data, key, hash_key, _)) in records.iter().enumerate() {
                let hash_key = hash_key.map(|place| &hash_keys[place % hash_keys.len()]);
                expected.push(json!([sequence_number, place, keys[key % keys.len()], hash_key, data]));
            }
        }
        assert_eq!(taken(block_on(caller.call(testing::kinesis(built)))), expected);
    });
}

async fn change(change: Change<Value>) {
    let kind = match &change {
        Change::Insert { .. } => "insert",
        Change::Modify { .. } => "modify",
        Change::Remove { .. } => "remove",
    };
    see(json!([kind, change.new_image(), change.old_image()]));
}

#[test]
fn changes_of_dynamodb() {
    let caller = Caller::new(pilaster::handler(change));
    let item = || {
        (object(json_value()), "[a-z]{1,8}").prop_map(|(mut item, id)| {
            item["id"] = id.into();
            item
        })
    };
    holds((item(), item(), item(), item()), |(inserted, old, new, removed)| {
        let event = testing::insert(&inserted).and(testing::modify(&old, &new)).and(testing::remove(&removed));
        let seen = taken(block_on(caller.call(event)));
        let expected =
            [json!(["insert", inserted, null]), json!(["modify", new, old]), json!(["remove", null, removed])];
        assert_eq!(seen, expected);
    });
}

async fn kafka(record: Kafka<Vec<u8>, Vec<u8>>) {
    let Kafka { key, value, record, .. } = record;
    see(json!([record.topic(), record.partition(), record.offset(), key, value, record.headers()]));
}

#[test]
fn records_of_kafka() {
    let caller = Caller::new(pilaster::handler(kafka));
    let record = (prop::option::of(bytes(12)), prop::option::of(bytes(60)), vec((text(6), bytes(8)), 0..3));
    let strategy = ("[a-z][a-z0-9._-]{0,12}", 0_u32..200, 0_u64..1 << 60, vec(record, 1..5), any::<bool>());
    holds(strategy, |(topic, partition, first, records, is_own)| {
        let built = records.iter().map(|(key, value, headers)| {
            let record = match (value, key) {
                (Some(value), _) => testing::kafka::record(raw(value.clone())),
                (None, key) => testing::kafka::tombstone(raw(key.clone().unwrap_or_default())),
            };
            let record = match key {
                Some(key) => record.key(raw(key.clone())),
                None => record,
            };
            headers.iter().fold(record, |record, (name, value)| record.header(name, raw(value.clone())))
        });
        let event = testing::kafka(&topic, partition, built).offset(first);
        let event = if is_own { event.self_managed() } else { event };
        let expected = records.iter().enumerate().map(|(at, (key, value, headers))| {
            let key = if value.is_none() { Some(key.clone().unwrap_or_default()) } else { key.clone() };
            json!([topic, partition, first + at as u64, key, value, headers])
        });
        assert_eq!(taken(block_on(caller.call(event))), expected.collect::<Vec<_>>());
    });
}

async fn firehose(record: Firehose<Vec<u8>>) -> Result<TransformedRecord, BoxError> {
    see(json!([record.record.id(), record.data]));
    Ok(TransformedRecord::ok(record.data))
}

#[test]
fn records_of_firehose_there_and_back() {
    let caller = Caller::new(pilaster::handler(firehose));
    holds(vec(bytes(80), 1..5), |records| {
        let answer = block_on(caller.call(testing::firehose(records.iter().cloned().map(raw)))).unwrap();
        let seen = SEEN.take();
        let reported = answer["records"].as_array().unwrap();
        assert_eq!((seen.len(), reported.len()), (records.len(), records.len()));
        for ((seen, reported), record) in seen.iter().zip(reported).zip(&records) {
            assert_eq!(
                (&seen[1], &reported["recordId"], &reported["result"]),
                (&json!(record), &seen[0], &json!("Ok"))
            );
            assert_eq!(STANDARD.decode(reported["data"].as_str().unwrap()).unwrap(), *record);
        }
    });
}

async fn object_of_s3(object: S3Object) {
    see(json!([object.bucket(), object.key(), object.size(), object.version_id()]));
}

#[test]
fn keys_of_s3_by_each_way() {
    let caller = Caller::new(pilaster::handler(object_of_s3));
    let key = prop_oneof![text(40), "[ -~]{1,60}"].prop_filter("a key has a character", |key| !key.is_empty());
    holds(("[a-z0-9.-]{3,20}", key, 0_u64..1 << 50, "[!-~]{1,20}"), |(bucket, key, size, version)| {
        let put = testing::s3_put(&bucket, &key).size(size).version_id(&version);
        let expected = [json!([bucket, key, size, version])];
        assert_eq!(taken(block_on(caller.call(put.event()))), expected);
        assert_eq!(taken(block_on(caller.call(put.through_sns()))), expected, "through SNS");
        assert_eq!(taken(block_on(caller.call(put.through_sqs()))), expected, "through SQS");
        assert_eq!(taken(block_on(caller.call(put.through_sns().through_sqs()))), expected, "through SNS and SQS");
        assert_eq!(taken(block_on(caller.call(put.through_event_bridge()))), expected, "through EventBridge");
    });
}

async fn mq(message: MqMessage<Vec<u8>>) {
    see(json!([message.record.queue(), message.data, message.record.properties()]));
}

#[test]
fn messages_of_both_brokers() {
    let caller = Caller::new(pilaster::handler(mq));
    let properties = btree_map("[a-z]{1,8}", text(12), 0..4);
    holds(("[a-z]{1,10}", vec(bytes(60), 1..4), properties), |(queue, messages, properties)| {
        let built = || messages.iter().cloned().map(raw);
        let expected: Vec<_> = messages.iter().map(|data| json!([queue, data, properties])).collect();
        let active = properties.iter().fold(testing::active_mq(&queue, built()), |event, (n, v)| event.property(n, v));
        assert_eq!(taken(block_on(caller.call(active))), expected);
        let rabbit = properties.iter().fold(testing::rabbit_mq(&queue, built()), |event, (n, v)| event.header(n, v));
        assert_eq!(taken(block_on(caller.call(rabbit))), expected, "RabbitMQ");
    });
}

async fn logs(record: LogRecord) {
    see(json!([record.log_group(), record.log_stream(), record.message()]));
}

#[test]
fn events_of_a_log_subscription() {
    let caller = Caller::new(pilaster::handler(logs));
    holds((text(12), text(12), vec(text(60), 1..5)), |(group, stream, messages)| {
        let event = testing::logs(&messages).log_group(&group).log_stream(&stream);
        let expected: Vec<_> = messages.iter().map(|message| json!([group, stream, message])).collect();
        assert_eq!(taken(block_on(caller.call(event))), expected);
    });
}

#[derive(Debug, Deserialize)]
struct Instruction {
    fails: bool,
}

async fn message(reported: Sqs<Instruction>) -> Result<(), BoxError> {
    if reported.body.fails { Err("as instructed".into()) } else { Ok(()) }
}

#[test]
fn the_ids_of_failed_messages_are_returned_with_any_content() {
    let caller = Caller::new(pilaster::handler(message));
    holds(vec((text(12), any::<bool>()), 0..20), |messages| {
        let (mut event, mut expected) = (testing::sqs(Vec::<String>::new()), BTreeSet::new());
        for (at, (id, fails)) in messages.iter().enumerate() {
            let id = format!("{at}{id}");
            event = event.and(testing::sqs::message(json!({ "fails": fails })).id(&id));
            if *fails {
                expected.insert(id);
            }
        }
        let answer = block_on(caller.call(event)).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        let ids: BTreeSet<_> = failures.iter().map(|id| id["itemIdentifier"].as_str().unwrap().to_owned()).collect();
        assert_eq!((&ids, failures.len()), (&expected, expected.len()));
    });
}

async fn entry(reported: Kafka<(), Instruction>) -> Result<(), BoxError> {
    match &reported.value {
        Some(value) if !value.fails => Ok(()),
        _ => Err("as instructed".into()),
    }
}

#[test]
fn the_first_offset_that_failed_comes_back_of_each_partition() {
    let caller = Caller::new(pilaster::handler(entry));
    holds(vec((0_u64..1 << 40, vec(prop::bool::weighted(0.2), 1..12)), 1..5), |partitions| {
        let parts = partitions.iter().enumerate().map(|(number, (first, fails))| {
            let records = fails.iter().map(|fails| testing::kafka::record(json!({ "fails": fails })));
            testing::kafka("t", u32::try_from(number).unwrap(), records).offset(*first)
        });
        let event = parts.reduce(|event, part| event.and(part)).unwrap();
        let answer = block_on(caller.call(event)).unwrap();
        let failures: Vec<_> =
            answer["batchItemFailures"].as_array().unwrap().iter().map(|id| &id["itemIdentifier"]).collect();
        for (number, (first, fails)) in partitions.iter().enumerate() {
            let of: Vec<_> = failures.iter().filter(|id| id["partition"] == format!("t-{number}")).collect();
            let offsets = of.iter().map(|id| id["offset"].as_u64().unwrap());
            let expected = fails.iter().position(|fails| *fails).map(|at| first + at as u64);
            assert_eq!(offsets.min(), expected, "{number}: {of:?}");
        }
    });
}
