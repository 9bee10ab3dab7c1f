//! Records that fail, and how the response reports them.

use super::*;

#[tokio::test]
async fn what_a_failure_carries_may_panic_when_it_is_dropped() {
    /// An error and what a panic carries.
    #[derive(Debug)]
    struct Bomb;
    impl std::fmt::Display for Bomb {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("disk full")
        }
    }
    impl std::error::Error for Bomb {}
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped");
        }
    }
    async fn ship(order: Sqs<Order>) -> Result<(), Bomb> {
        match order.id {
            2 => Err(Bomb),
            3 => std::panic::panic_any(Bomb),
            _ => Ok(()),
        }
    }
    assert_eq!(call(ship, orders(1..=4)).await.unwrap(), failures(&["m2", "m3"]));

    struct Opens;
    impl FromRecord for Opens {
        const SOURCES: &'static [Source] = &[Source::Sqs];
        type Response = ();

        fn contents(record: &Record) -> Result<Contents, DecodeError> {
            match record.index() {
                0 => Err(DecodeError::new("it", Bomb)),
                1 => std::panic::panic_any(Bomb),
                _ => Ok(Contents::Itself),
            }
        }

        fn from_record(_: &Record) -> Result<Self, DecodeError> {
            Ok(Self)
        }
    }
    async fn take(_: Opens) -> Result<(), BoxError> {
        Ok(())
    }
    assert_eq!(call(take, orders(1..=3)).await.unwrap(), failures(&["m1", "m2"]));
}

#[tokio::test]
async fn what_opens_a_record_may_panic_and_fails_alone() {
    #[derive(Debug)]
    struct Own;

    impl FromRecord for Own {
        const SOURCES: &'static [Source] = &[Source::Sqs];
        type Response = ();

        fn contents(record: &Record) -> Result<Contents, DecodeError> {
            match record.index() {
                1 => panic!("one"),
                2 => Err(DecodeError::new("the message", "it is the second")),
                _ => Ok(Contents::Itself),
            }
        }

        fn from_record(record: &Record) -> Result<Self, DecodeError> {
            assert!(record.index() != 3, "three");
            Ok(Self)
        }
    }

    async fn ship(_: Own) -> Result<(), BoxError> {
        Ok(())
    }
    assert_eq!(call(ship, orders(0..5)).await.unwrap(), failures(&["m1", "m2", "m3"]));
}

#[tokio::test]
async fn what_can_never_succeed_is_not_returned() {
    #[derive(Debug, thiserror::Error)]
    #[error("not shipped")]
    struct NotShipped(#[source] RecordError);

    async fn ship(order: Sqs<Order>) -> Result<(), NotShipped> {
        match order.id {
            1 => Err(NotShipped(RecordError::discard("never"))),
            2 => Err(NotShipped(RecordError::retry("later"))),
            _ => Ok(()),
        }
    }
    assert_eq!(call(ship, orders(0..3)).await.unwrap(), failures(&["m2"]));
}

#[tokio::test]
async fn if_every_record_fails_all_are_returned_or_the_invocation_fails() {
    assert_eq!(call(refuse_odd, orders([1, 3])).await.unwrap(), failures(&["m1", "m3"]));
    let function = || handler(refuse_odd).batch(Batch::new().fail_if_all_fail());
    let error = call_with(function(), orders([1, 3]), None).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("RecordsFailed", "2 of 2 records failed: m1: odd; m3: odd"));
    assert_eq!(call_with(function(), orders([1, 2]), None).await.unwrap(), failures(&["m1"]));
}

#[tokio::test]
async fn if_a_record_fails_the_invocation_fails_where_the_mapping_does_not_read_the_response() {
    let function = || handler(refuse_odd).batch(Batch::new().fail_if_any_fails());
    let error = call_with(function(), orders([1, 2]), None).await.unwrap_err();
    assert!(error.message().contains("odd"), "the only failure: {}", error.message());
    let error = call_with(function(), orders([1, 2, 3]), None).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("RecordsFailed", "2 of 3 records failed: m1: odd; m3: odd"));
    assert_eq!(call_with(function(), orders([2, 4]), None).await.unwrap(), failures(&[]));
}

#[tokio::test]
async fn an_unknown_id_is_never_answered() {
    let mut event = orders([1, 2]);
    event["Records"][0]["messageId"] = json!("");
    assert_eq!(call(refuse_odd, event).await.unwrap_err().error_type(), "RecordWithoutId");
}

#[tokio::test]
async fn a_typed_error_is_discarded_and_keeps_its_error_type() {
    #[derive(Debug)]
    enum ShipError {
        NoLines,
        Warehouse,
    }

    impl std::fmt::Display for ShipError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{self:?}")
        }
    }

    impl std::error::Error for ShipError {}

    impl crate::ErrorType for ShipError {
        fn error_type(&self) -> &str {
            match self {
                Self::NoLines => "NoLines",
                Self::Warehouse => "WarehouseUnavailable",
            }
        }
    }

    impl From<ShipError> for RecordError {
        fn from(error: ShipError) -> Self {
            match error {
                ShipError::NoLines => Self::discard(error),
                ShipError::Warehouse => Self::retry(error),
            }
        }
    }

    fn check(order: &Order) -> Result<(), ShipError> {
        Err(if order.id == 1 { ShipError::NoLines } else { ShipError::Warehouse })
    }

    async fn ship(order: Sqs<Order>) -> Result<(), RecordError> {
        Ok(check(&order)?)
    }

    async fn index(object: S3Object) -> Result<(), RecordError> {
        Err(ShipError::Warehouse).inspect_err(|_| assert_eq!(object.key(), "1")).map_err(RecordError::from)
    }

    assert_eq!(call(ship, orders([1, 2])).await.unwrap(), failures(&["m2"]), "the first is discarded");
    let error = RecordError::from(ShipError::NoLines);
    assert!(error.is_discarded() && matches!(error.downcast_ref(), Some(ShipError::NoLines)));
    assert!(error.downcast_ref::<std::io::Error>().is_none());

    let object = json!({ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": { "bucket": { "name": "b" }, "object": { "key": "1" } } });
    let event = json!({ "Records": [object] });
    assert_eq!(call(index, event.clone()).await.unwrap_err().error_type(), "ShipError", "the name of the type");
    let error = call_with(handler(index).error_type::<ShipError>(), event, None).await.unwrap_err();
    assert_eq!(error.error_type(), "WarehouseUnavailable", "the name that the error gives");
    for untyped in [RecordError::discard("odd"), RecordError::discard("odd".to_owned())] {
        assert_eq!(FunctionError::of(untyped).error_type(), "Error", "the name that a text has alone");
    }
}

#[test]
fn a_record_error_has_the_name_of_the_error_within_also_in_a_box() {
    use std::sync::Arc;

    #[derive(Debug, thiserror::Error)]
    #[error("taken")]
    struct Taken;

    fn type_of<E: Into<BoxError>>(error: E) -> String {
        FunctionError::of(error).error_type().to_owned()
    }
    let taken = || RecordError::retry(Taken);
    assert_eq!(type_of(taken()), "Taken");
    assert_eq!(type_of(Box::new(taken())), "Taken");
    assert_eq!(type_of(Arc::new(taken())), "Taken");
    assert_eq!(type_of(BoxError::from(taken())), "Taken");
    assert_eq!(FunctionError::from_error(taken()).error_type(), "Taken");
    assert_eq!(crate::core::error::type_of(&Arc::new(taken())), "Taken");
    let within = RecordError::retry(Box::new(RecordError::discard(Taken)));
    assert!(!within.is_discarded() && within.downcast_ref::<Taken>().is_some());
    assert_eq!(type_of(within), "Taken");
    let borrowed = String::from("late");
    for nameless in [
        RecordError::retry(&*borrowed),
        RecordError::retry(BoxError::from(Taken)),
        RecordError::retry(std::io::Error::other("late")),
        RecordError::discard(RecordError::retry("late")),
    ] {
        assert_eq!(crate::core::error::type_of(&nameless), "Error");
        assert_eq!(type_of(nameless), "Error");
    }
    assert!(RecordError::retry(Box::new(Taken)).downcast_ref::<Taken>().is_some());
    assert!(RecordError::retry(Arc::new(Taken)).downcast_ref::<Taken>().is_some());
    assert!(RecordError::retry(std::io::Error::other(Taken)).downcast_ref::<Taken>().is_some());
}

#[test]
fn an_error_of_the_application_that_is_named_error_keeps_its_name_in_a_record_error() {
    mod own {
        macro_rules! errors {
            ($($name:ident)*) => {$(
                #[derive(Debug, thiserror::Error)]
                #[error("not shipped")]
                pub(super) struct $name;
            )*};
        }
        errors!(Error Report RecordError FunctionError String Box);
    }
    let type_of = |error: RecordError| FunctionError::of(error).error_type().to_owned();
    assert_eq!(type_of(RecordError::retry(own::Error)), "Error");
    assert_eq!(type_of(RecordError::retry(own::Report)), "Report");
    assert_eq!(type_of(RecordError::retry(own::RecordError)), "RecordError");
    assert_eq!(type_of(RecordError::retry(own::FunctionError)), "FunctionError");
    assert_eq!(type_of(RecordError::discard(own::String)), "String");
    assert_eq!(type_of(RecordError::discard(Box::new(own::Box))), "Box");
    let within = RecordError::discard(RecordError::retry(own::Error));
    assert_eq!((within.is_discarded(), type_of(within)), (true, "Error".to_owned()));
}

#[tokio::test]
async fn an_event_of_another_source_is_told_by_name() {
    let event = json!({ "Records": [{ "eventSource": "aws:kinesis", "kinesis": {} }] });
    let error = call(refuse_odd, event).await.unwrap_err();
    assert_eq!(
        (error.error_type(), error.message()),
        ("UnexpectedEvent", "unexpected event from Kinesis: this function handles SQS")
    );
    for event in [json!({}), json!([]), json!("text"), json!({ "Records": [{}] }), json!({ "Records": {} })] {
        assert_eq!(call(refuse_odd, event.clone()).await.unwrap_err().error_type(), "UnexpectedEvent", "{event}");
    }
}

/// The runtime does not check it.
#[tokio::test]
async fn an_event_that_is_not_json_is_not_read_in_part() {
    async fn refuse(_: crate::Kinesis<String>) -> Result<(), BoxError> {
        Err("called".into())
    }
    let record = r#"{"eventSource":"aws:kinesis","kinesis":{"data":"YQ==","sequenceNumber":"1"}}"#;
    let read = async |text: String| {
        let event = crate::RawEvent::unchecked(text);
        let incoming = Incoming { event, invocation: Invocation::new(lambda_runtime::Context::default()) };
        let read = handler(refuse).into_service().unwrap().oneshot(incoming).await;
        read.map(|answer| answer.as_json().unwrap().get().to_owned()).map_err(|error| error.error_type().to_owned())
    };
    let answer = r#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#.to_owned();
    assert_eq!(read(format!(" {{ \"Records\" : [ {record} ] , \"a\" : [ ] }} \n")).await, Ok(answer));
    for text in [
        format!(r#"{{"Records":[{record}]}}{{}}"#),
        format!(r#"{{"Records":[{record}]"a":1}}"#),
        format!(r#"{{"Records":[{record}],}}"#),
        format!(r#"{{"Records":[{record}{record}]}}"#),
        format!(r#"{{"Records":[{record},]}}"#),
        format!(r#"{{"Records":[{record}]"#),
    ] {
        assert_eq!(read(text.clone()).await, Err("UnexpectedEvent".to_owned()), "{text}");
    }
}

#[tokio::test]
async fn where_no_partial_answer_is_known_the_error_names_each_record() {
    async fn refuse(_: S3Object) -> Result<(), std::io::Error> {
        Err(std::io::Error::other("full"))
    }
    let error = call(refuse, notification("a")).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("Error", "full"));
    let mut event = notification("a");
    let second = notification("b")["Records"][0].clone();
    event["Records"].as_array_mut().unwrap().push(second);
    let error = call(refuse, event).await.unwrap_err();
    assert_eq!(error.message(), "2 of 2 records failed: photos/a: full; photos/b: full");
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn failed_records_are_counted_where_the_metrics_ask_for_it() {
    use crate::observe::metrics::{BuiltIn, CapturedMetrics, MetricsLayer};

    let captured = CapturedMetrics::default();
    let metrics = MetricsLayer::new().namespace("shop").built_in(BuiltIn::RecordFailures).writer(captured.clone());
    call_with(handler(refuse_odd).outer(metrics), orders(0..5), None).await.unwrap();
    let blobs = captured.blobs();
    assert!(blobs.iter().any(|blob| blob.to_string().contains("RecordFailures")), "{blobs:?}");
}
