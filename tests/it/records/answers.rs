//! The response to each source, in its own form.

use super::*;

#[tokio::test]
async fn a_batch_that_is_done_is_answered_in_the_form_of_its_source() {
    for source in SOURCES.into_iter().filter(|source| *source != "firehose") {
        assert_eq!(of_source(source, &batch(source, 3), &[]).await.unwrap(), all_done(source), "{source}");
    }
    let answer = of_source("firehose", &batch("firehose", 2), &[]).await.unwrap();
    let ok =
        |at: usize| json!({ "recordId": format!("r{at}"), "result": "Ok", "data": record("firehose", at)["data"] });
    assert_eq!(answer, json!({ "records": [ok(0), ok(1)] }));
}

#[tokio::test]
async fn what_failed_is_named_as_the_source_names_it() {
    let failed = async |source| of_source(source, &batch(source, 4), &[1]).await.unwrap();
    assert_eq!(failed("sqs").await, failures(["m1"]));
    // The rest of the group, of the shard, of the partition is sent again with it.
    assert_eq!(failed("fifo").await, failures(["m1", "m2", "m3"]));
    assert_eq!(failed("kinesis").await, failures(["1", "2", "3"]));
    assert_eq!(failed("dynamodb").await, failures(["1", "2", "3"]));
    let offset = |offset: u64| json!({ "partition": "t-0", "offset": offset });
    assert_eq!(failed("kafka").await, failures([offset(1), offset(2), offset(3)]));
    let results = failed("firehose").await;
    let results: Vec<_> = results["records"].as_array().unwrap().iter().map(|record| &record["result"]).collect();
    assert_eq!(results, ["Ok", "ProcessingFailed", "Ok", "Ok"]);
}

#[tokio::test]
async fn where_no_partial_answer_is_known_the_invocation_fails_and_names_the_records() {
    for (source, names) in [
        ("sns", ["n0", "n2"]),
        ("s3", ["b/k0", "b/k2"]),
        ("activemq", ["a0", "a2"]),
        ("rabbitmq", ["q::/#0", "q::/#2"]),
        ("ses", ["s0", "s2"]),
    ] {
        let error = of_source(source, &batch(source, 3), &[0, 2]).await.unwrap_err();
        assert_eq!(error.error_type(), "RecordsFailed", "{source}");
        let expected = format!("2 of 3 records failed: {}: disk full; {}: disk full", names[0], names[1]);
        assert_eq!(error.message(), expected, "{source}");
    }
    let error = of_source("eventbridge", &batch("eventbridge", 1), &[0]).await.unwrap_err();
    assert_eq!(error.message(), "disk full");
}

#[tokio::test]
async fn partitions_are_apart_and_each_is_in_its_order() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let function = {
        let seen = Arc::clone(&seen);
        move |record: Record, own: Kafka<(), Value>| {
            let seen = Arc::clone(&seen);
            async move {
                tokio::task::yield_now().await;
                seen.lock().unwrap().push((own.record.partition(), own.record.offset()));
                if record.index() == 1 { Err(BoxError::from("odd")) } else { Ok(()) }
            }
        }
    };
    let of = |partition: i32, offset: i64| json!({ "topic": "t", "partition": partition, "offset": offset, "value": "MQ==" });
    let event = json!({ "eventSource": "SelfManagedKafka", "records": {
        "t-0": [of(0, 7), of(0, 8), of(0, 9)], "t-1": [of(1, 100), of(1, 101)],
    } });
    let answer = call(&Caller::new(pilaster::handler(function)), &event.to_string()).await.unwrap();
    let place = |offset: i64| json!({ "partition": "t-0", "offset": offset });
    assert_eq!(answer, failures([place(8), place(9)]));
    let seen = seen.lock().unwrap();
    let of = |partition| {
        seen.iter().filter(move |(own, _)| *own == partition).map(|(_, offset)| *offset).collect::<Vec<_>>()
    };
    assert_eq!((of(0), of(1)), (vec![7, 8], vec![100, 101]));
}

#[tokio::test]
async fn a_function_of_one_source_refuses_all_others_by_name() {
    let names = [
        ("sqs", "SQS"),
        ("kinesis", "Kinesis"),
        ("dynamodb", "DynamoDB Streams"),
        ("kafka", "Kafka"),
        ("sns", "SNS"),
        ("s3", "S3"),
        ("activemq", "ActiveMQ"),
        ("rabbitmq", "RabbitMQ"),
        ("firehose", "Firehose"),
        ("ses", "SES"),
        ("eventbridge", "EventBridge"),
    ];
    for (source, name) in names.into_iter().filter(|(source, _)| *source != "ses") {
        let error = answered::<SesMessage>(&batch(source, 1), &[]).await.unwrap_err();
        assert_eq!(error.error_type(), "UnexpectedEvent", "{source}");
        assert_eq!(error.message(), format!("unexpected event from {name}: this function handles SES"));
    }
}
