//! The sources, each of whose fields is read alone.

use super::*;

#[tokio::test]
async fn of_kinesis() {
    each_field_is_read_alone(
        fixture("python/kinesisStreamEventOneRecord.json"),
        "/Records/0",
        &[
            ("eventID", &["shard_id"]),
            ("eventSourceARN", &["stream_arn", "stream_name"]),
            ("awsRegion", &["region"]),
            ("kinesis/partitionKey", &["partition_key"]),
            ("kinesis/approximateArrivalTimestamp", &["arrived_at"]),
            ("kinesis/kinesisSchemaVersion", &[]),
        ],
        |record: Kinesis<Vec<u8>>| {
            values!(record.record; sequence_number partition_key shard_id arrived_at stream_arn stream_name region)
        },
    )
    .await;
}

#[tokio::test]
async fn of_dynamodb() {
    let mut event = fixture("python/dynamoStreamEvent.json");
    event["Records"].as_array_mut().unwrap().truncate(1);
    event["Records"][0]["userIdentity"] = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    event["Records"][0]["eventName"] = json!("REMOVE");
    event["Records"][0]["dynamodb"]["ApproximateCreationDateTime"] = json!(1_480_642_020);
    each_field_is_read_alone(
        event,
        "/Records/0",
        &[
            ("eventID", &["event_id"]),
            ("eventSourceARN", &["stream_arn", "table_arn", "table_name"]),
            ("awsRegion", &["region"]),
            ("userIdentity", &["is_expiry"]),
            ("userIdentity/type", &["is_expiry"]),
            ("dynamodb/ApproximateCreationDateTime", &["created_at"]),
            ("dynamodb/SizeBytes", &["size"]),
            ("dynamodb/StreamViewType", &["view_type"]),
        ],
        |change: Change<Option<Value>>| {
            values!(change.record(); sequence_number event_id created_at size view_type is_expiry table_name table_arn
                stream_arn region)
        },
    )
    .await;
}

#[tokio::test]
async fn of_firehose() {
    each_field_is_read_alone(
        {
            let mut event = fixture("python/kinesisFirehoseKinesisEvent.json");
            event["records"].as_array_mut().unwrap().truncate(1);
            event
        },
        "/records/0",
        &[
            ("approximateArrivalTimestamp", &["arrived_at"]),
            ("kinesisRecordMetadata", &["shard_id", "partition_key", "sequence_number", "subsequence_number"]),
            ("kinesisRecordMetadata/shardId", &["shard_id"]),
            ("kinesisRecordMetadata/partitionKey", &["partition_key"]),
            ("kinesisRecordMetadata/sequenceNumber", &["sequence_number"]),
            ("kinesisRecordMetadata/subsequenceNumber", &["subsequence_number"]),
            ("kinesisRecordMetadata/approximateArrivalTimestamp", &[]),
        ],
        firehose,
    )
    .await;
}

fn firehose(record: Firehose<String>) -> Values {
    values!(record.record; id arrived_at shard_id partition_key sequence_number subsequence_number delivery_stream_arn)
}

/// The form of AWS's own sample and of LocalStack.
#[tokio::test]
async fn an_empty_subsequence_number_of_firehose() {
    for time in [json!("2012-04-23T18:25:43.511Z"), json!(1_664_028_820_148_u64)] {
        let event = json!({
            "invocationId": "i", "region": "eu-west-1",
            "sourceKinesisStreamArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/s",
            "deliveryStreamArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/d",
            "records": [{
                "data": "SGVsbG8=", "recordId": "r1", "approximateArrivalTimestamp": 1_664_028_820_148_u64,
                "kinesisRecordMetadata": {
                    "shardId": "shardId-000000000000", "partitionKey": "4d1ad2b9", "approximateArrivalTimestamp": time,
                    "sequenceNumber": "49546986683135544286507457936321625675700192471156785154", "subsequenceNumber": "",
                },
            }],
        });
        let values = values_of(event, firehose).await;
        assert_eq!(values["shard_id"], "Some(\"shardId-000000000000\")");
        assert_eq!(values["partition_key"], "Some(\"4d1ad2b9\")");
        assert_eq!(values["sequence_number"], "Some(\"49546986683135544286507457936321625675700192471156785154\")");
        assert_eq!(values["subsequence_number"], "None");
        assert_eq!(values["arrived_at"], shown(at_ms(1_664_028_820_148)));
    }
}

#[tokio::test]
async fn of_brokers() {
    let read = |message: MqMessage<Vec<u8>>| {
        values!(message.record; message_id queue virtual_host is_redelivered properties message_type content_type
            correlation_id reply_to priority sent_at broker_arn)
    };
    let mut active = fixture("python/activeMQEvent.json");
    active["messages"].as_array_mut().unwrap().truncate(1);
    for (name, value) in [("priority", json!(4)), ("correlationId", json!("c")), ("replyTo", json!("r"))] {
        active["messages"][0][name] = value;
    }
    let fields: &[(&str, &[&str])] = &[
        ("priority", &["priority"]),
        ("messageType", &["message_type"]),
        ("timestamp", &["sent_at"]),
        ("correlationId", &["correlation_id"]),
        ("replyTo", &["reply_to"]),
        ("redelivered", &["is_redelivered"]),
        ("destination", &["queue"]),
        ("properties", &["properties"]),
        ("brokerInTime", &[]),
    ];
    each_field_is_read_alone(active.clone(), "/messages/0", fields, read).await;
    active["messages"][0]["priority"] = json!("4");
    let values = values_of(active, read).await;
    assert_eq!(
        (&*values["priority"], &*values["correlation_id"], &*values["queue"]),
        ("None", "Some(\"c\")", "Some(\"testQueue\")")
    );

    let mut rabbit = fixture("python/rabbitMQEvent.json");
    rabbit["rmqMessagesByQueue"]["pizzaQueue::/"].as_array_mut().unwrap().truncate(1);
    let fields: &[(&str, &[&str])] = &[
        ("redelivered", &["is_redelivered"]),
        ("basicProperties/priority", &["priority"]),
        ("basicProperties/contentType", &["content_type"]),
        ("basicProperties/headers", &["properties"]),
        ("basicProperties/messageId", &["message_id"]),
        ("basicProperties/type", &["message_type"]),
        ("basicProperties/timestamp", &[]),
        ("basicProperties/bodySize", &[]),
    ];
    each_field_is_read_alone(rabbit, "/rmqMessagesByQueue/pizzaQueue::~1/0", fields, read).await;
}

#[tokio::test]
async fn of_kafka_also_among_its_headers() {
    let mut event = fixture("python/kafkaEventMsk.json");
    let records = event["records"].as_object_mut().unwrap();
    records.retain(|partition, _| partition == "mytopic-0");
    let list = records["mytopic-0"].as_array_mut().unwrap();
    list.truncate(1);
    list[0]["headers"] = json!([{ "a": [65] }, { "b": [66], "c": null }, { "d": [67] }]);
    list[0]["keySchemaMetadata"] = json!({ "dataFormat": "AVRO", "schemaId": "7" });
    list[0]["valueSchemaMetadata"] = json!({ "dataFormat": "JSON", "schemaId": "8" });
    let read = |record: Kafka<Vec<u8>, Vec<u8>>| values!(record.record; topic partition offset timestamp timestamp_type headers key_schema value_schema);
    let fields: &[(&str, &[&str])] = &[
        ("timestamp", &["timestamp"]),
        ("timestampType", &["timestamp_type"]),
        ("headers", &["headers"]),
        ("keySchemaMetadata", &["key_schema"]),
        ("keySchemaMetadata/dataFormat", &["key_schema"]),
        ("valueSchemaMetadata", &["value_schema"]),
    ];
    each_field_is_read_alone(event.clone(), "/records/mytopic-0/0", fields, read).await;
    for (place, left) in [("1/b", "acd"), ("1", "ad"), ("0", "bcd")] {
        for other in [json!("x"), json!(7), json!([300_000]), json!(["x"])] {
            let mut changed = event.clone();
            *changed.pointer_mut(&format!("/records/mytopic-0/0/headers/{place}")).unwrap() = other;
            let names = seen(changed, |record: Kafka<Vec<u8>, Vec<u8>>| {
                record.record.headers().into_iter().map(|(name, _)| name).collect::<String>()
            });
            assert_eq!(names.await, [left]);
        }
    }
}

#[tokio::test]
async fn of_sqs_and_sns() {
    let mut event = queue([message(7, "hello", Some("g"))]);
    event["Records"][0]["receiptHandle"] = json!("h");
    event["Records"][0]["awsRegion"] = json!("eu-central-1");
    event["Records"][0]["attributes"]["SentTimestamp"] = json!("1545082649183");
    let read = |message: Sqs<String>| values!(message.message; id body receipt_handle receive_count group_id sent_at queue_arn region message_attributes);
    let fields: &[(&str, &[&str])] = &[
        ("receiptHandle", &["receipt_handle"]),
        ("awsRegion", &["region"]),
        ("messageAttributes", &["message_attributes"]),
        ("attributes/SentTimestamp", &["sent_at"]),
        ("attributes/MessageGroupId", &["group_id"]),
        ("attributes/ApproximateReceiveCount", &["receive_count"]),
    ];
    each_field_is_read_alone(event, "/Records/0", fields, read).await;

    let mut event = fixture("python/snsEvent.json");
    event["Records"].as_array_mut().unwrap().truncate(1);
    let fields: &[(&str, &[&str])] = &[
        ("MessageId", &["message_id"]),
        ("TopicArn", &["topic_arn", "topic_name"]),
        ("Subject", &["subject"]),
        ("Timestamp", &["time"]),
        ("MessageAttributes", &["attributes"]),
        ("Signature", &[]),
    ];
    each_field_is_read_alone(event, "/Records/0/Sns", fields, |record: Sns<String>| {
        values!(record.notification; message_id message subject topic_arn topic_name time sequence_number attributes)
    })
    .await;
}

#[tokio::test]
async fn of_objects_events_and_tasks() {
    let mut event = notification("a+b");
    for (name, value) in [("eventTime", "2021-03-12T20:43:44.287Z"), ("awsRegion", "eu-west-1")] {
        event["Records"][0][name] = json!(value);
    }
    for (name, value) in [("eTag", "e"), ("versionId", "v")] {
        event["Records"][0]["s3"]["object"][name] = json!(value);
    }
    let fields: &[(&str, &[&str])] = &[
        ("eventTime", &["time"]),
        ("awsRegion", &["region"]),
        ("s3/object/size", &["size"]),
        ("s3/object/eTag", &["e_tag"]),
        ("s3/object/versionId", &["version_id"]),
        ("s3/object/sequencer", &["sequencer"]),
    ];
    each_field_is_read_alone(
        event,
        "/Records/0",
        fields,
        |object: S3Object| values!(object; bucket key event_name size e_tag version_id sequencer region time is_created),
    )
    .await;

    let fields: &[(&str, &[&str])] = &[
        ("id", &["id"]),
        ("account", &["account"]),
        ("time", &["time"]),
        ("region", &["region"]),
        ("resources", &["resources"]),
        ("replay-name", &["replay_name"]),
    ];
    each_field_is_read_alone(fixture("python/eventBridgeEvent.json"), "", fields, |event: EventBridge<Value>| {
        let EventBridge { detail, detail_type, source, id, account, time, region, resources, replay_name } = event;
        Values::from([
            ("detail", shown(detail)),
            ("detail_type", shown(detail_type)),
            ("source", source),
            ("id", id),
            ("account", account),
            ("time", time),
            ("region", region),
            ("resources", shown(resources)),
            ("replay_name", shown(replay_name)),
        ])
    })
    .await;

    let event = json!({
        "invocationId": "i", "invocationSchemaVersion": "2.0",
        "job": { "id": "j", "userArguments": { "to": "t", "from": "f" } },
        "tasks": [{ "taskId": "1", "s3Key": "k", "s3Bucket": "b", "s3VersionId": "v" }],
    });
    let fields: &[(&str, &[&str])] = &[
        ("job/id", &["job_id"]),
        ("job/userArguments", &["user_arguments"]),
        ("tasks/0/s3VersionId", &["version_id"]),
    ];
    each_field_is_read_alone(
        event.clone(),
        "",
        fields,
        |task: S3BatchTask| values!(task; id bucket key version_id job_id user_arguments schema_version invocation_id),
    )
    .await;
    let mut one = event;
    one["job"]["userArguments"]["to"] = json!(7);
    let values = values_of(one, |task: S3BatchTask| values!(task; job_id user_arguments)).await;
    assert_eq!((&*values["job_id"], &*values["user_arguments"]), ("Some(\"j\")", r#"{"from": "f"}"#));
}

impl Default for TransformedRecord {
    fn default() -> Self {
        Self::dropped()
    }
}
