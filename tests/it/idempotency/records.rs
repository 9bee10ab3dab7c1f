//! The identity of a record that is delivered again, source by source. The events have the form of AWS's documentation.

use std::io::Write as _;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::records::{Change, TransformedRecord};
use pilaster::{Firehose, Kafka, Kinesis, LogRecord, MqMessage, S3BatchTask, S3Object};

use super::*;

async fn count<R>(Client(charges): Client<Charges>, _record: R) -> Result<(), BoxError> {
    charges.add();
    Ok(())
}

/// Returns how often the function has run after each of the events.
macro_rules! runs {
    ($record:ty, $idempotency:expr, $events:expr) => {{
        let charges = Charges::default();
        let function = handler(count::<$record>).layer(IdempotencyLayer::new($idempotency));
        let caller = Caller::new(function).with_clients(clients(&charges));
        let mut runs = Vec::new();
        for event in $events {
            caller.call(event).await.unwrap();
            runs.push(charges.count());
        }
        runs
    }};
}

fn idempotency() -> Idempotency {
    once(&MemoryStore::new())
}

fn rabbit(queue: &str, ids: &[Option<&str>]) -> Value {
    let message =
        |id: &Option<&str>| json!({ "basicProperties": { "messageId": id }, "redelivered": false, "data": "MQ==" });
    let messages = ids.iter().map(message).collect::<Vec<_>>();
    json!({
        "eventSource": "aws:rmq", "eventSourceArn": "arn:aws:mq:us-west-2:111122223333:broker:pizza:b-9bcf",
        "rmqMessagesByQueue": { queue: messages },
    })
}

#[tokio::test]
async fn each_message_of_rabbitmq_is_handled_and_one_with_an_id_once() {
    // Three batches, whose messages stand in the same places.
    let unnamed = rabbit("pizza::/", &[None, None]);
    assert_eq!(runs!(MqMessage<String>, idempotency(), [unnamed.clone(), unnamed.clone(), unnamed]), [2, 4, 6]);
    let named = rabbit("pizza::/", &[Some("a"), Some("b")]);
    let copied = rabbit("archive::/", &[Some("a")]);
    let next = rabbit("pizza::/", &[Some("c")]);
    assert_eq!(runs!(MqMessage<String>, idempotency(), [named.clone(), named, copied, next]), [2, 2, 3, 4]);
}

#[tokio::test]
async fn a_record_without_an_id_fails_where_a_key_is_required() {
    let charges = Charges::default();
    let layer = IdempotencyLayer::new(idempotency().require_key());
    let caller = Caller::new(handler(count::<MqMessage<String>>).layer(layer)).with_clients(clients(&charges));
    let error = caller.call(rabbit("pizza::/", &[None])).await.unwrap_err();
    assert!(error.message().contains("idempotency key is missing"), "{error}");
    assert_eq!(charges.count(), 0);
}

#[tokio::test]
async fn an_active_mq_message_is_one_of_its_destination() {
    let event = |queue: &str| {
        json!({
            "eventSource": "aws:mq", "eventSourceArn": "arn:aws:mq:us-west-2:111122223333:broker:test:b-9bcf",
            "messages": [{ "messageID": "ID:b-9bcf-1", "data": "MQ==", "destination": { "physicalName": queue } }],
        })
    };
    let events = [event("a"), event("a"), event("b")];
    assert_eq!(runs!(MqMessage<String>, idempotency(), events), [1, 1, 2]);
}

fn s3(name: &str, object: Value) -> Value {
    let mut record = json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-2", "eventName": name,
        "eventTime": "2019-09-03T19:37:27.192Z", "s3": { "bucket": { "name": "lambda-artifacts" }, "object": { "key": "b21b84d6" } },
    });
    if let (Some(own), Some(more)) = (record["s3"]["object"].as_object_mut(), object.as_object()) {
        own.extend(more.clone());
    }
    record
}

#[tokio::test]
async fn what_happens_to_one_object_is_handled_each_time() {
    let of = |records: &[Value]| json!({ "Records": records });
    let put = of(&[s3("ObjectCreated:Put", json!({ "sequencer": "0C0F6F405D6ED209E1" }))]);
    let delete = of(&[s3("ObjectRemoved:Delete", json!({ "sequencer": "0C0F6F405D6ED209E2" }))]);
    let again = of(&[s3("ObjectCreated:Put", json!({ "sequencer": "0C0F6F405D6ED209E3" }))]);
    assert_eq!(runs!(S3Object, idempotency(), [put.clone(), delete.clone(), put, again, delete]), [1, 2, 2, 3, 3]);

    let version = |version: &str| of(&[s3("ObjectCreated:Put", json!({ "versionId": version }))]);
    assert_eq!(runs!(S3Object, idempotency(), [version("1"), version("2"), version("1")]), [1, 2, 2]);

    // Tags have neither.
    let tagged = |time: &str| {
        let mut record = s3("ObjectTagging:Put", json!({}));
        record["eventTime"] = json!(time);
        of(&[record])
    };
    assert_eq!(runs!(S3Object, idempotency(), [tagged("1"), tagged("2"), tagged("1")]), [1, 2, 2]);
}

fn kafka(source: &str, cluster: Value, offset: u64) -> Value {
    let mut event = json!({
        "eventSource": source,
        "records": { "mytopic-0": [{ "topic": "mytopic", "partition": 0, "offset": offset, "value": "MQ==" }] },
    });
    event.as_object_mut().unwrap().extend(cluster.as_object().unwrap().clone());
    event
}

#[tokio::test]
async fn a_place_in_a_partition_is_one_of_its_cluster() {
    let msk = |name: &str, offset| {
        let cluster = json!({ "eventSourceArn": format!("arn:aws:kafka:us-east-1:123456789012:cluster/{name}/ab"), "bootstrapServers": "b-1:9092" });
        kafka("aws:kafka", cluster, offset)
    };
    let events = [msk("one", 1), msk("one", 1), msk("two", 1), msk("two", 2)];
    assert_eq!(runs!(Kafka<String, String>, idempotency(), events), [1, 1, 2, 3]);
    let own = |servers: &str| kafka("SelfManagedKafka", json!({ "bootstrapServers": servers }), 1);
    let events = [own("a:9092,b:9092"), own("b:9092, a:9092"), own("c:9092")];
    assert_eq!(runs!(Kafka<String, String>, idempotency(), events), [1, 1, 2]);
}

#[tokio::test]
async fn a_sequence_number_is_one_of_its_shard() {
    let kinesis = |stream: &str, shard: &str| {
        json!({ "Records": [{
            "kinesis": { "partitionKey": "1", "sequenceNumber": "49590338271490256608559692538361571095921575989136588898", "data": "MQ==" },
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventName": "aws:kinesis:record",
            "eventID": format!("{shard}:49590338271490256608559692538361571095921575989136588898"),
            "eventSourceARN": format!("arn:aws:kinesis:us-east-2:123456789012:stream/{stream}"),
        }] })
    };
    let events = [
        kinesis("a", "shardId-000000000006"),
        kinesis("a", "shardId-000000000007"),
        kinesis("a", "shardId-000000000006"),
        kinesis("b", "shardId-000000000006"),
        kinesis("a/consumer/fast:1570000000", "shardId-000000000006"),
    ];
    assert_eq!(runs!(Kinesis<String>, idempotency(), events), [1, 2, 2, 3, 3]);

    let change = |id: &str| {
        json!({ "Records": [{
            "eventID": id, "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
            "dynamodb": { "Keys": { "Id": { "N": "101" } }, "NewImage": { "Id": { "N": "101" } }, "SequenceNumber": "111", "StreamViewType": "NEW_IMAGE" },
        }] })
    };
    assert_eq!(runs!(Change<Value>, idempotency(), [change("a"), change("b"), change("a")]), [1, 2, 2]);
}

#[tokio::test]
async fn each_object_of_a_message_is_handled_with_any_key() {
    let objects = ["1", "2"].map(|sequencer| s3("ObjectCreated:Put", json!({ "sequencer": sequencer })));
    let event = json!({ "Records": [message("m1", &json!({ "Records": objects }))] });
    for idempotency in [
        idempotency(),
        idempotency().key("messageId"),
        idempotency().key("powertools_json(body).Records[0].s3.bucket.name"),
    ] {
        assert_eq!(runs!(S3Object, idempotency, [event.clone(), event.clone()]), [2, 2]);
    }
}

#[tokio::test]
async fn each_line_of_a_log_is_handled_once_with_any_key() {
    let event = |ids: &[&str]| {
        let lines = ids
            .iter()
            .map(|id| json!({ "id": id, "timestamp": 1_440_442_987_000_u64, "message": "[ERROR]" }))
            .collect::<Vec<_>>();
        let batch = json!({
            "messageType": "DATA_MESSAGE", "owner": "123456789123", "logGroup": "testLogGroup", "logStream": "testLogStream",
            "subscriptionFilters": ["testFilter"], "logEvents": lines,
        });
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(batch.to_string().as_bytes()).unwrap();
        json!({ "awslogs": { "data": STANDARD.encode(gzip.finish().unwrap()) } })
    };
    let group = "powertools_json(powertools_base64_gzip(awslogs.data)).logGroup";
    for idempotency in [idempotency(), idempotency().key(group)] {
        let events = [event(&["1", "2", "3"]), event(&["1", "2", "3"]), event(&["4"])];
        assert_eq!(runs!(LogRecord, idempotency, events), [3, 3, 4]);
    }
}

#[tokio::test]
async fn a_task_of_s3_batch_operations_has_its_effect_once_and_its_text_twice() {
    async fn shrink(Client(charges): Client<Charges>, task: S3BatchTask) -> Result<String, BoxError> {
        Ok(format!("{} shrunk, effect {}", task.key(), charges.add()))
    }
    let charges = Charges::default();
    let caller =
        Caller::new(handler(shrink).layer(IdempotencyLayer::new(idempotency()))).with_clients(clients(&charges));
    let event = |job: &str| {
        json!({
            "invocationSchemaVersion": "1.0", "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo", "job": { "id": job },
            "tasks": [{ "taskId": "dGFza2lkZ29lc2hlcmUK", "s3Key": "a.jpg", "s3VersionId": "1", "s3BucketArn": "arn:aws:s3:::photos" }],
        })
    };
    let first = caller.call(event("job 1")).await.unwrap();
    assert_eq!(first["results"][0]["resultString"], "a.jpg shrunk, effect 1");
    assert_eq!(caller.call(event("job 1")).await.unwrap(), first);
    assert_eq!(caller.call(event("job 2")).await.unwrap()["results"][0]["resultString"], "a.jpg shrunk, effect 2");
}

#[tokio::test]
async fn a_transformation_is_recorded_with_its_data() {
    static ORDER: Mutex<Vec<String>> = Mutex::new(Vec::new());
    async fn clean(data: Firehose<String>) -> Result<TransformedRecord, BoxError> {
        ORDER.lock().unwrap().push(data.data.clone());
        Ok(match &*data.data {
            "drop" => TransformedRecord::dropped(),
            "fail" => TransformedRecord::failed(),
            other => TransformedRecord::ok(format!("{other} ü")).partition_key("day", "1"),
        })
    }
    let caller = Caller::new(handler(clean).layer(IdempotencyLayer::new(idempotency())));
    let event = |stream: &str| {
        let record = |id: &str, data: &str| json!({ "recordId": id, "approximateArrivalTimestamp": 1_495_072_949_453_u64, "data": STANDARD.encode(data) });
        json!({
            "invocationId": "invocationIdExample", "deliveryStreamArn": format!("arn:aws:firehose:us-east-1:1:deliverystream/{stream}"),
            "region": "us-east-1", "records": [record("1", "keep"), record("2", "drop"), record("3", "fail")],
        })
    };
    let first = caller.call(event("a")).await.unwrap();
    assert_eq!(first["records"][0]["data"], STANDARD.encode("keep ü"));
    assert_eq!(first["records"][0]["metadata"]["partitionKeys"]["day"], "1");
    assert_eq!(caller.call(event("a")).await.unwrap(), first);
    assert_eq!(*ORDER.lock().unwrap(), ["keep", "drop", "fail", "fail"], "what says that it failed is tried again");
    caller.call(event("b")).await.unwrap();
    assert_eq!(ORDER.lock().unwrap().len(), 7, "a record id is one of its stream");
}
