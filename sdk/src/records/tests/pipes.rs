//! Events of EventBridge Pipes. The records are those of the pages about each source
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::records::{Change, Kafka, Kinesis, MqMessage};

fn piped_message(id: u32) -> Value {
    json!({
        "messageId": format!("m{id}"), "receiptHandle": "h", "body": format!(r#"{{"id": {id}}}"#),
        "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "g" }, "messageAttributes": {},
        "md5OfBody": "0", "eventSource": "aws:sqs", "awsRegion": "us-east-2",
        "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:orders",
    })
}

#[tokio::test]
async fn messages_of_a_pipe_are_handled_and_returned_by_their_ids() {
    let event = Value::Array((0..4).map(piped_message).collect());
    assert_eq!(call(refuse_odd, event).await.unwrap(), failures(&["m1", "m3"]));
    let mut fifo = Value::Array((1..4).map(piped_message).collect());
    for message in fifo.as_array_mut().unwrap() {
        message["eventSourceARN"] = json!("arn:aws:sqs:us-east-2:123456789012:orders.fifo");
    }
    assert_eq!(call(refuse_odd, fifo).await.unwrap(), failures(&["m1", "m2", "m3"]), "one group");
}

fn piped_click(number: u32, data: &str) -> Value {
    json!({
        "kinesisSchemaVersion": "1.0", "partitionKey": "k", "sequenceNumber": number.to_string(),
        "data": STANDARD.encode(data), "approximateArrivalTimestamp": 1545084650.987, "eventSource": "aws:kinesis",
        "eventVersion": "1.0", "eventID": format!("shardId-000000000006:{number}"), "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role", "awsRegion": "us-east-2",
        "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/clicks",
    })
}

#[tokio::test]
async fn records_of_kinesis_are_returned_by_their_event_ids() {
    let event = Value::Array(["a", "\"bad\"", "c"].iter().zip(1..).map(|(data, at)| piped_click(at, data)).collect());
    let count = async |click: Kinesis<String>| {
        let record = &click.record;
        assert_eq!(record.shard_id().as_deref(), Some("shardId-000000000006"));
        assert_eq!((record.partition_key().as_deref(), record.arrived_at()), (Some("k"), at_ms(1_545_084_650_987)));
        assert_eq!(record.stream_name().as_deref(), Some("clicks"));
        if click.data == "\"bad\"" { Err(BoxError::from(record.sequence_number())) } else { Ok(()) }
    };
    let expected = failures(&["shardId-000000000006:2", "shardId-000000000006:3"]);
    assert_eq!(call(count, event.clone()).await.unwrap(), expected);
    // A record that cannot be read fails alone, too; one without its id fails the batch.
    let mut broken = event.clone();
    broken[2] = json!({ "eventSource": "aws:kinesis", "eventID": "e3" });
    broken[1]["data"] = json!("YQ==");
    assert_eq!(call(count, broken).await.unwrap(), failures(&["e3"]));
    let mut nameless = event;
    nameless[1]["eventID"] = Value::Null;
    assert_eq!(call(count, nameless).await.unwrap_err().error_type(), "RecordWithoutId");
}

#[tokio::test]
async fn changes_of_a_table_are_returned_by_their_event_ids() {
    let change = |id: &str, name: &str| {
        json!({
            "eventID": id, "eventVersion": "1.0", "awsRegion": "us-west-2", "eventName": "INSERT",
            "eventSource": "aws:dynamodb", "eventSourceARN": "arn:aws:dynamodb:us-east-1:111122223333:table/users",
            "dynamodb": {
                "Keys": { "Id": { "N": "101" } }, "NewImage": { "id": { "N": name } }, "SequenceNumber": format!("{id}11"),
                "StreamViewType": "NEW_AND_OLD_IMAGES", "SizeBytes": 26,
            },
        })
    };
    let project = async |change: Change<Order>| match change.new_image() {
        Some(order) if order.id == 2 => Err(BoxError::from("two")),
        _ => Ok(()),
    };
    let event = json!([change("e1", "1"), change("e2", "2"), change("e3", "3")]);
    assert_eq!(call(project, event).await.unwrap(), failures(&["e2", "e3"]));
}

#[tokio::test]
async fn of_kafka_the_invocation_fails_and_the_order_is_kept() {
    let record = |partition: u32, offset: u32, value: &str| {
        json!({
            "eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:sa-east-1:123456789012:cluster/c",
            "eventSourceKey": format!("prices-{partition}"), "topic": "prices", "partition": partition.to_string(),
            "offset": offset, "timestamp": 1_545_084_650_987_u64, "timestampType": "CREATE_TIME",
            "key": "YXBwbGU=", "value": STANDARD.encode(value), "headers": [{ "name": [104, 105] }],
        })
    };
    let noted = Arc::new(Mutex::new(Vec::new()));
    let project = {
        let noted = Arc::clone(&noted);
        move |price: Kafka<String, String>| {
            let record = &price.record;
            assert_eq!((&*record.topic(), price.key.as_deref()), ("prices", Some("apple")));
            assert!(record.cluster_arn().is_some_and(|arn| arn.ends_with("cluster/c")));
            let value = price.value.unwrap();
            noted.lock().unwrap().push(format!("{}@{} {value}", record.partition(), record.offset()));
            std::future::ready(if value == "bad" { Err(BoxError::from("bad")) } else { Ok(()) })
        }
    };
    let event = json!([record(0, 7, "a"), record(1, 3, "bad"), record(0, 8, "b"), record(1, 4, "held")]);
    let error = call_with(handler(project.clone()).concurrency(1), event, None).await.unwrap_err();
    assert!(error.message().starts_with("2 of 4 records failed: prices-1@3: bad; prices-1@4: not started"), "{error}");
    assert_eq!(*noted.lock().unwrap(), ["0@7 a", "0@8 b", "1@3 bad"]);
    assert_eq!(call(project.clone(), json!([record(0, 9, "c")])).await.unwrap(), Value::Null);
    let mut own = record(0, 1, "d");
    own["eventSource"] = json!("SelfManagedKafka");
    assert_eq!(call(project, json!([own])).await.unwrap(), Value::Null);
}

#[tokio::test]
async fn messages_of_both_brokers_of_a_pipe_are_handled() {
    let active = json!([{
        "eventSource": "aws:amq", "eventSourceArn": "arn:aws:mq:us-west-2:112556298976:broker:test:b-1", "messageID": "ID:1",
        "messageType": "jms/text-message", "data": "QUJDOkFBQUE=", "redelivered": false,
        "destination": { "physicalName": "testQueue" }, "timestamp": 1598827811958_u64,
    }]);
    let rabbit = json!([{
        "eventSource": "aws:rmq", "eventSourceArn": "arn:aws:mq:us-west-2:111122223333:broker:pizzaBroker:b-1",
        "eventSourceKey": "pizzaQueue::/", "basicProperties": { "contentType": "text/plain" }, "redelivered": false,
        "data": "QUJDOkFBQUE=",
    }]);
    for (event, queue) in [(active, "testQueue"), (rabbit, "pizzaQueue")] {
        let fields = |message: MqMessage<String>| {
            (message.record.queue().map(|queue| queue.into_owned()), message.record.broker_arn(), message.data)
        };
        let fields = seen(event.clone(), fields).await;
        assert_eq!(fields.len(), 1, "{event}");
        assert_eq!((fields[0].0.as_deref(), &*fields[0].2), (Some(queue), "ABC:AAAA"), "{event}");
        assert!(fields[0].1.as_deref().is_some_and(|arn| arn.starts_with("arn:aws:mq:")), "{event}");
        let refuse = async |_: MqMessage<String>| Err::<(), _>(BoxError::from("no"));
        assert_eq!(call(refuse, event).await.unwrap_err().message(), "no");
    }
}

#[tokio::test]
async fn an_array_of_anything_else_is_refused() {
    for event in [json!([]), json!([1]), json!([{}]), json!([{ "eventSource": "aws:s3" }]), json!([{ "body": "a" }])] {
        assert_eq!(call(refuse_odd, event.clone()).await.unwrap_err().error_type(), "UnexpectedEvent", "{event}");
    }
    let error = call(refuse_odd, json!([piped_click(1, "a")])).await.unwrap_err();
    assert_eq!(error.message(), "unexpected event from Kinesis: this function handles SQS");
}
