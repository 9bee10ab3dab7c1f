//! Batches of records, whose content another system has written: a malformed record fails alone, nothing panics, and the next
//! event is served.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::records::{Record, Sns};
use pilaster::testing::Caller;
use pilaster::{BoxError, Change, FunctionError, Kafka, Kinesis, S3Object, Sqs};
use serde_json::{Value, json};
use tests::call;
use tests::records::{SOURCES, all_done, answered, batch, event_of, failing, failures, of_source, record, transform};

#[tokio::test]
async fn an_empty_batch_is_done() {
    for source in SOURCES.into_iter().filter(|source| *source != "eventbridge") {
        assert_eq!(of_source(source, &event_of(source, Vec::new()), &[]).await.unwrap(), all_done(source), "{source}");
    }
}

#[tokio::test]
async fn an_event_that_is_not_a_batch_is_an_error_with_a_stable_type() {
    let odd = [json!(null), json!(5), json!("x"), json!([]), json!(true), json!({})];
    let records = [json!(null), json!(5), json!("x"), json!({}), json!({ "Records": [] }), json!(true), json!([[]])];
    let events = odd.into_iter().chain(records.map(|records| json!({ "Records": records })));
    for event in events {
        for source in ["sqs", "kinesis", "dynamodb", "sns", "s3", "ses", "activemq", "firehose", "kafka", "eventbridge"]
        {
            let error = of_source(source, &event, &[]).await.unwrap_err();
            assert_eq!(error.error_type(), "UnexpectedEvent", "{source}: {event}");
        }
    }
}

fn odd() -> [Value; 9] {
    [
        json!(null),
        json!(5),
        json!(-1.5e300),
        json!("x"),
        json!(""),
        json!([]),
        json!([[[1]]]),
        json!({ "a": { "b": 1 } }),
        json!(true),
    ]
}

/// The valid responses to a batch of three whose second record is odd.
fn only_the_second(source: &str, result: Result<Value, FunctionError>, odd: &str) {
    match result {
        Ok(answer) if source == "firehose" => {
            let results: Vec<_> =
                answer["records"].as_array().unwrap().iter().map(|record| &record["result"]).collect();
            assert!(results[0] == "Ok" && results[2] == "Ok", "{odd}: {answer}");
        }
        Ok(Value::Null) => {}
        Ok(answer) => {
            let failures = answer["batchItemFailures"].as_array().unwrap();
            assert!(failures.iter().all(|failure| !failure["itemIdentifier"].is_null()), "{odd}: {answer}");
            let first = record(source, 0);
            let first =
                [&first["messageId"], &first["kinesis"]["sequenceNumber"], &first["dynamodb"]["SequenceNumber"]];
            let first = first.into_iter().find(|id| id.is_string());
            assert!(failures.iter().all(|failure| Some(&failure["itemIdentifier"]) != first), "{odd}: {answer}");
            assert!(failures.len() < 3, "{odd}: {answer}");
        }
        // Its id is missing, or the source has no partial batch responses.
        Err(error) => {
            let known = ["RecordWithoutId", "DecodeError", "RecordsFailed"];
            assert!(known.contains(&error.error_type()), "{odd}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_record_that_is_not_an_object_fails_alone() {
    for source in SOURCES.into_iter().filter(|source| *source != "eventbridge") {
        for value in odd() {
            let event = event_of(source, vec![record(source, 0), value.clone(), record(source, 2)]);
            let result = of_source(source, &event, &[]).await;
            only_the_second(source, result, &format!("{source}: {value}"));
        }
    }
}

/// Every field of a record, two levels deep, as something else.
#[tokio::test]
async fn a_record_with_a_field_of_the_wrong_type_fails_alone() {
    for source in SOURCES.into_iter().filter(|source| *source != "eventbridge") {
        let whole = record(source, 1);
        let mut places = Vec::new();
        for (name, value) in whole.as_object().unwrap() {
            places.push(format!("/{name}"));
            places.extend(value.as_object().into_iter().flatten().map(|(inner, _)| format!("/{name}/{inner}")));
        }
        for place in places {
            for value in odd() {
                let mut second = whole.clone();
                *second.pointer_mut(&place).unwrap() = value.clone();
                let event = event_of(source, vec![record(source, 0), second, record(source, 2)]);
                let result = of_source(source, &event, &[]).await;
                only_the_second(source, result, &format!("{source} {place}: {value}"));
            }
        }
    }
}

#[tokio::test]
async fn a_record_without_a_field_fails_alone() {
    for source in SOURCES.into_iter().filter(|source| *source != "eventbridge") {
        for name in record(source, 1).as_object().unwrap().keys() {
            let mut second = record(source, 1);
            second.as_object_mut().unwrap().remove(name);
            let event = event_of(source, vec![record(source, 0), second, record(source, 2)]);
            only_the_second(source, of_source(source, &event, &[]).await, &format!("{source} without {name}"));
        }
    }
}

#[tokio::test]
async fn each_of_ten_thousand_records_has_its_own_result() {
    let function = |record: Record, _: Sqs<Value>| {
        let fails = record.index() % 1000 == 7;
        std::future::ready(if fails { Err(BoxError::from("odd")) } else { Ok(()) })
    };
    let answer = call(&Caller::new(pilaster::handler(function)), &batch("sqs", 10_000).to_string()).await.unwrap();
    assert_eq!(answer, failures((0..10).map(|thousand| format!("m{}", thousand * 1000 + 7))));
    // One group of a FIFO queue, and one shard: all after the first.
    for source in ["fifo", "kinesis"] {
        let answer = of_source(source, &batch(source, 10_000), &[9_990]).await.unwrap();
        assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 10, "{source}");
    }
    let answer = of_source("kafka", &batch("kafka", 10_000), &[0]).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 10_000);
}

#[tokio::test]
async fn deep_json_fails_alone_and_overflows_nothing() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut event = batch("sqs", 3);
    event["Records"][1]["body"] = json!(deep);
    assert_eq!(answered::<Sqs<Value>>(&event, &[]).await.unwrap(), failures(["m1"]));
    // As text it is valid.
    assert_eq!(answered::<Sqs<String>>(&event, &[]).await.unwrap(), failures::<&str>([]));
    let mut event = batch("kinesis", 3);
    event["Records"][1]["kinesis"]["data"] = json!(STANDARD.encode(&deep));
    assert_eq!(answered::<Kinesis<Value>>(&event, &[]).await.unwrap(), failures(["1", "2"]));
    // In the event itself, where no code reads it, and in place of a batch.
    let caller = Caller::new(failing::<Sqs<Value>>(&[]));
    let around = batch("sqs", 1).to_string();
    let around = format!(r#"{{"x": {deep}, {}"#, &around[1..]);
    assert_eq!(call(&caller, &around).await.unwrap(), failures::<&str>([]));
    let within = format!(r#"{{"Records": {deep}}}"#);
    assert_eq!(call(&caller, &within).await.unwrap_err().error_type(), "UnexpectedEvent");
    let objects = format!(r#"{{"Records": [{}1{}]}}"#, r#"{"body":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(call(&caller, &objects).await.unwrap_err().error_type(), "UnexpectedEvent");
}

#[tokio::test]
async fn bytes_that_are_not_text_fail_alone_as_text_and_not_as_bytes() {
    let mut event = batch("kinesis", 3);
    event["Records"][1]["kinesis"]["data"] = json!(STANDARD.encode(b"\xff\xfe\x00"));
    assert_eq!(answered::<Kinesis<String>>(&event, &[]).await.unwrap(), failures(["1", "2"]));
    assert_eq!(answered::<Kinesis<Vec<u8>>>(&event, &[]).await.unwrap(), failures::<&str>([]));
    // Invalid base64: not padded, of the alphabet for URLs, with spaces.
    for data in ["YQ", "_-8=", "Y Q==", "YQ==\n", "%%%", "=", "YR=="] {
        event["Records"][1]["kinesis"]["data"] = json!(data);
        assert_eq!(answered::<Kinesis<Vec<u8>>>(&event, &[]).await.unwrap(), failures(["1", "2"]), "{data}");
    }
    let mut event = batch("firehose", 2);
    event["records"][1]["data"] = json!("%%%");
    let answer = of_source("firehose", &event, &[]).await.unwrap();
    assert_eq!(answer["records"][1], json!({ "recordId": "r1", "result": "ProcessingFailed", "data": "%%%" }));
}

#[tokio::test]
async fn huge_ids_are_returned_unchanged() {
    let huge = "9".repeat(1000);
    for (source, place) in
        [("sqs", "/messageId"), ("kinesis", "/kinesis/sequenceNumber"), ("dynamodb", "/dynamodb/SequenceNumber")]
    {
        let mut second = record(source, 1);
        *second.pointer_mut(place).unwrap() = json!(huge);
        let event = event_of(source, vec![record(source, 0), second]);
        assert_eq!(of_source(source, &event, &[1]).await.unwrap(), failures([huge.as_str()]), "{source}");
    }
    // Characters that JSON must escape are escaped in the response, too.
    let mut event = batch("sqs", 1);
    let id = "a\"b\\c\n\u{0}\u{2028}é😀";
    event["Records"][0]["messageId"] = json!(id);
    assert_eq!(of_source("sqs", &event, &[0]).await.unwrap(), failures([id]));
}

#[tokio::test]
async fn an_offset_must_be_an_integer_of_64_bits() {
    for offset in [i64::MAX, 0, -1] {
        let mut event = batch("kafka", 1);
        event["records"]["t-0"][0]["offset"] = json!(offset);
        let place = json!({ "partition": "t-0", "offset": offset });
        assert_eq!(of_source("kafka", &event, &[0]).await.unwrap(), failures([place]));
    }
    for offset in ["1e30", "9223372036854775808", "1.5", "\"7\"", "null"] {
        let event = batch("kafka", 1).to_string().replace("\"offset\":0", &format!("\"offset\":{offset}"));
        let caller = Caller::new(failing::<Kafka<String, Value>>(&[0]));
        assert_eq!(call(&caller, &event).await.unwrap_err().error_type(), "RecordWithoutId", "{offset}");
        // A record that succeeds needs no id.
        let caller = Caller::new(failing::<Kafka<String, Value>>(&[]));
        assert_eq!(call(&caller, &event).await.unwrap(), failures::<&str>([]), "{offset}");
    }
}

#[tokio::test]
async fn an_id_that_comes_twice_is_returned_once() {
    let mut event = batch("sqs", 4);
    event["Records"][2]["messageId"] = json!("m1");
    assert_eq!(of_source("sqs", &event, &[2]).await.unwrap(), failures(["m1"]));
    assert_eq!(of_source("sqs", &event, &[1, 2]).await.unwrap(), failures(["m1"]));
}

#[tokio::test]
async fn a_record_of_another_source_in_a_batch_fails_alone() {
    let event = event_of("sqs", vec![record("sqs", 0), record("kinesis", 1), record("sqs", 2)]);
    assert_eq!(of_source("sqs", &event, &[]).await.unwrap_err().error_type(), "RecordWithoutId");
    let mut stranger = record("kinesis", 1);
    stranger["messageId"] = json!("m1");
    let event = event_of("sqs", vec![record("sqs", 0), stranger, record("sqs", 2)]);
    assert_eq!(of_source("sqs", &event, &[]).await.unwrap(), failures(["m1"]));
}

#[tokio::test]
async fn a_text_that_is_not_unicode_does_not_stop_the_next_event() {
    let caller = Caller::new(failing::<Sqs<String>>(&[]));
    for body in [r#""\ud800""#, r#""\udfff\ud800""#] {
        let event = batch("sqs", 3).to_string().replacen(r#""{\"at\":1}""#, body, 1);
        assert!(event.contains(body));
        match call(&caller, &event).await {
            Ok(answer) => assert_eq!(answer, failures(["m1"])),
            Err(error) => assert_eq!(error.error_type(), "UnexpectedEvent", "{error:?}"),
        }
    }
    assert_eq!(call(&caller, &batch("sqs", 3).to_string()).await.unwrap(), failures::<&str>([]));
}

#[tokio::test]
async fn a_key_that_comes_twice_counts_once() {
    let caller = Caller::new(failing::<Sqs<Value>>(&[]));
    let (first, second) = (batch("sqs", 1).to_string(), batch("sqs", 2).to_string());
    let both = format!("{},{}", first.trim_end_matches('}').to_owned() + "}]", &second[1..]);
    let both = both.replacen("}}]", "}]", 1);
    let answer = call(&caller, &both).await;
    assert!(answer.is_ok() || answer.is_err_and(|error| error.error_type() != "Panic"));
}

#[tokio::test]
async fn a_record_that_panics_fails_alone_and_the_next_event_is_served() {
    async fn panicky(message: Sqs<Value>) -> Result<(), BoxError> {
        assert!(message["at"] != 1, "one");
        Ok(())
    }
    let caller = Caller::new(pilaster::handler(panicky));
    for _ in 0..2 {
        assert_eq!(call(&caller, &batch("sqs", 3).to_string()).await.unwrap(), failures(["m1"]));
    }
}

/// JSON can hold half a character (`\ud800`), which no text of Rust can hold.
#[tokio::test]
async fn half_a_character_fails_its_record_alone_and_the_id_is_known() {
    const HALF: &str = "HALF";
    let half = |event: &Value| event.to_string().replace(HALF, r"x\ud800");
    async fn answer(source: &str, event: &str) -> Result<Value, FunctionError> {
        match source {
            "sqs" | "fifo" => call(&Caller::new(failing::<Sqs<Value>>(&[])), event).await,
            "kinesis" => call(&Caller::new(failing::<Kinesis<Value>>(&[])), event).await,
            "dynamodb" => call(&Caller::new(failing::<Change<Value>>(&[])), event).await,
            "sns" => call(&Caller::new(failing::<Sns<String>>(&[])), event).await,
            "s3" => call(&Caller::new(failing::<S3Object>(&[])), event).await,
            "kafka" => call(&Caller::new(failing::<Kafka<String, Value>>(&[])), event).await,
            _ => call(&transform(&[]), event).await,
        }
    }
    for (source, place, expected) in [
        ("sqs", "/body", Ok(failures(["m1"]))),
        ("fifo", "/body", Ok(failures(["m1", "m2"]))),
        ("fifo", "/attributes/MessageGroupId", Ok(failures(["m1"]))),
        ("kinesis", "/kinesis/partitionKey", Ok(failures(["1", "2"]))),
        ("kinesis", "/kinesis/data", Ok(failures(["1", "2"]))),
        ("dynamodb", "/dynamodb/NewImage/id/N", Ok(failures(["1", "2"]))),
        (
            "kafka",
            "/value",
            Ok(failures([json!({ "partition": "t-0", "offset": 1 }), json!({ "partition": "t-0", "offset": 2 })])),
        ),
        ("sns", "/Sns/Message", Err("the SNS record could not be decoded")),
        ("s3", "/s3/object/key", Err("the record could not be decoded")),
        // No code reads it.
        ("sqs", "/receiptHandle", Ok(failures::<&str>([]))),
        ("sqs", "/attributes/SenderId", Ok(failures::<&str>([]))),
    ] {
        let mut second = record(source, 1);
        match second.pointer_mut(place) {
            Some(field) => *field = json!(HALF),
            None => second["attributes"]["SenderId"] = json!(HALF),
        }
        let event = half(&event_of(source, vec![record(source, 0), second, record(source, 2)]));
        match (answer(source, &event).await, expected) {
            (Ok(answer), Ok(expected)) => assert_eq!(answer, expected, "{source} {place}"),
            (Err(error), Err(expected)) => assert_eq!(error.message(), expected, "{source} {place}"),
            (answer, _) => panic!("{source} {place}: {answer:?}"),
        }
    }
    let mut firehose = batch("firehose", 3);
    firehose["records"][1]["data"] = json!(HALF);
    let results = answer("firehose", &half(&firehose)).await.unwrap();
    let results: Vec<_> = results["records"].as_array().unwrap().iter().map(|record| &record["result"]).collect();
    assert_eq!(results, ["Ok", "ProcessingFailed", "Ok"]);
    // Bodies with escapes beside it keep their own text; an id with half a character is not an id.
    let mut event = batch("sqs", 3);
    event["Records"][0]["body"] = json!("\"a\\n\"");
    event["Records"][1]["body"] = json!(HALF);
    event["Records"][2]["body"] = json!("7");
    assert_eq!(answer("sqs", &half(&event)).await.unwrap(), failures(["m1"]));
    event["Records"][1]["messageId"] = json!(HALF);
    assert_eq!(answer("sqs", &half(&event)).await.unwrap_err().error_type(), "RecordWithoutId");
}
