//! Records of streams: Kinesis, DynamoDB, Kafka, Firehose, log lines.

use super::*;

#[tokio::test]
async fn records_of_streams_are_their_data() {
    for file in files::of("kinesis") {
        let event = event(file);
        let (seen, answer) = seen(&event, |record: Kinesis<Vec<u8>>| {
            json!([record.data, record.record.sequence_number(), record.record.partition_key()])
        })
        .await;
        let expected = records(&event).into_iter().map(|record| {
            let own = &record["kinesis"];
            json!([bytes(&own["data"]), own["sequenceNumber"], own["partitionKey"]])
        });
        assert_eq!(seen, expected.collect::<Vec<_>>(), "{file}");
        assert_eq!(answer.unwrap(), nothing_failed(), "{file}");
    }
}

fn gunzip(packed: &[u8]) -> Value {
    // A sample is of zlib.
    match packed.first() {
        Some(0x78) => serde_json::from_reader(flate2::read::ZlibDecoder::new(packed)).unwrap(),
        _ => serde_json::from_reader(flate2::read::MultiGzDecoder::new(packed)).unwrap(),
    }
}

#[tokio::test]
async fn log_lines_are_unpacked_directly_and_out_of_a_stream() {
    for (kind, data) in [("logs", "/awslogs/data"), ("kinesis-logs", "/kinesis/data")] {
        for file in files::of(kind) {
            let event = event(file);
            let (seen, answer) = seen(&event, |line: LogRecord| {
                let since = line.timestamp().duration_since(std::time::UNIX_EPOCH).unwrap();
                json!([line.log_group(), line.log_stream(), line.id(), since.as_millis() as u64, line.message()])
            })
            .await;
            let packed = if kind == "logs" { vec![event.clone()] } else { records(&event) };
            let lines = packed.iter().map(|record| gunzip(&bytes(record.pointer(data).unwrap()))).flat_map(|batch| {
                let lines = batch["logEvents"].as_array().unwrap().clone();
                lines.into_iter().map(move |line| {
                    json!([batch["logGroup"], batch["logStream"], line["id"], line["timestamp"], line["message"]])
                })
            });
            let lines = lines.collect::<Vec<_>>();
            assert!(!lines.is_empty(), "{file}");
            assert_eq!(seen, lines, "{file}");
            assert_eq!(answer.unwrap(), if kind == "logs" { Value::Null } else { nothing_failed() }, "{file}");
        }
    }
}

#[tokio::test]
async fn log_lines_that_are_not_packed_fail_the_invocation() {
    for file in files::of("logs-unpacked") {
        let (seen, answer) = seen(&event(file), |line: LogRecord| json!(line.message())).await;
        assert_eq!(seen, Vec::<Value>::new(), "{file}");
        assert_eq!(answer.unwrap_err().error_type(), "DecodeError", "{file}");
    }
}

type Item = Option<Map<String, Value>>;

fn change(change: Change<Item, Item, Item>) -> Value {
    let kind = match &change {
        Change::Insert { .. } => "INSERT",
        Change::Modify { .. } => "MODIFY",
        Change::Remove { .. } => "REMOVE",
    };
    json!([kind, change.keys(), change.new_image().cloned().flatten(), change.old_image().cloned().flatten()])
}

/// An attribute's value without its type.
fn plain(attribute: &Value) -> Value {
    let (kind, value) = attribute.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "N" => serde_json::from_str(value.as_str().unwrap()).unwrap(),
        "NS" => value.as_array().unwrap().iter().map(|number| plain(&json!({ "N": number }))).collect(),
        "M" => item(value),
        "L" => value.as_array().unwrap().iter().map(plain).collect(),
        "NULL" => Value::Null,
        "B" => json!(bytes(value)),
        _ => value.clone(),
    }
}

fn item(image: &Value) -> Value {
    let Some(image) = image.as_object() else { return Value::Null };
    Value::Object(image.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
}

#[tokio::test]
async fn changes_of_a_table_have_the_images_that_the_stream_has() {
    for kind in ["change", "kinesis-change"] {
        for file in files::of(kind) {
            let event = event(file);
            let (seen, answer) = seen(&event, change).await;
            let fields = |record: Value| match kind {
                "change" => record,
                _ => serde_json::from_slice(&bytes(&record["kinesis"]["data"])).unwrap(),
            };
            let expected = records(&event).into_iter().map(fields).map(|record| {
                let of = &record["dynamodb"];
                json!([record["eventName"], item(&of["Keys"]), item(&of["NewImage"]), item(&of["OldImage"])])
            });
            let expected = expected.collect::<Vec<_>>();
            assert!(!expected.is_empty(), "{file}");
            assert_eq!(seen, expected, "{file}");
            assert_eq!(answer.unwrap(), nothing_failed(), "{file}");
        }
    }
}

#[tokio::test]
async fn records_of_topics_have_key_and_value() {
    for file in files::of("kafka") {
        let event = event(file);
        let (seen, answer) = seen(&event, |Kafka { key, value, record }: Kafka<Vec<u8>, Vec<u8>>| {
            json!([record.topic(), record.partition(), record.offset(), key, value])
        })
        .await;
        let some = |base64: &Value| if base64.is_null() { Value::Null } else { json!(bytes(base64)) };
        let partition = |value: &Value| match value.as_str() {
            Some(text) => serde_json::from_str(text).unwrap(),
            None => value.clone(),
        };
        let expected = records(&event).into_iter().map(|record| {
            let place = json!([record["topic"], partition(&record["partition"]), record["offset"]]);
            json!([place[0], place[1], place[2], some(&record["key"]), some(&record["value"])])
        });
        assert_eq!(seen, expected.collect::<Vec<_>>(), "{file}");
        assert_eq!(answer.unwrap(), nothing_failed(), "{file}");
    }
}

#[tokio::test]
async fn records_of_firehose_are_delivered_transformed() {
    async fn reverse(record: Firehose<Vec<u8>>) -> Result<TransformedRecord, BoxError> {
        Ok(TransformedRecord::ok(record.data.iter().rev().copied().collect::<Vec<_>>()))
    }
    for file in files::of("firehose") {
        let event = event(file);
        let answer = Caller::new(pilaster::handler(reverse)).call(event.clone()).await.unwrap();
        let expected = records(&event).into_iter().map(|record| {
            let data: Vec<u8> = bytes(&record["data"]).into_iter().rev().collect();
            json!({ "recordId": record["recordId"], "result": "Ok", "data": STANDARD.encode(data) })
        });
        assert_eq!(answer, json!({ "records": expected.collect::<Vec<_>>() }), "{file}");
    }
}
