//! The log lines of records that failed, and the parts of an error that survive a conversion.

use std::fmt;

use pilaster::ErrorType;
use pilaster::observe::logging::CapturedLogs;
use pilaster::records::{Next, RecordError};

use super::*;

#[derive(Debug, ErrorType)]
enum ShipError {
    NoAddress,
    #[error_type("CarrierDown")]
    Carrier,
}

impl fmt::Display for ShipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not shipped")
    }
}

impl std::error::Error for ShipError {}

/// Returns the lines of the records that failed (id, level and type of the error) and the response.
async fn lines(
    function: impl pilaster::IntoService,
    event: &Value,
) -> (Vec<(String, String, String)>, Result<Value, FunctionError>) {
    let captured = CapturedLogs::default();
    let caller = Caller::new(function).with_logs(&captured);
    let answer = call(&caller, &event.to_string()).await;
    let lines = captured.lines().into_iter().filter(|line| line["error_type"].is_string());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (lines.map(|line| (text(&line["record_id"]), text(&line["level"]), text(&line["error_type"]))).collect(), answer)
}

fn line(id: &str, level: &str, error_type: &str) -> (String, String, String) {
    (id.to_owned(), level.to_owned(), error_type.to_owned())
}

#[tokio::test]
async fn a_failed_record_is_logged_with_the_type_of_its_error() {
    async fn ship(record: Record, _: Sqs<Value>) -> Result<(), ShipError> {
        match record.index() {
            0 => Err(ShipError::NoAddress),
            1 => Err(ShipError::Carrier),
            _ => Ok(()),
        }
    }
    let (logged, answer) = lines(pilaster::handler(ship).error_type::<ShipError>(), &batch("sqs", 3)).await;
    assert_eq!(logged, [line("m0", "ERROR", "NoAddress"), line("m1", "ERROR", "CarrierDown")]);
    assert_eq!(answer.unwrap(), failures(["m0", "m1"]));
    let (logged, _) = lines(pilaster::handler(ship), &batch("sqs", 1)).await;
    assert_eq!(logged, [line("m0", "ERROR", "ShipError")], "without `error_type`");

    // Discarded, it is named by what it was discarded for.
    async fn refuse(_: Sqs<Value>) -> Result<(), RecordError> {
        Err(RecordError::discard(ShipError::Carrier))
    }
    let (logged, answer) = lines(pilaster::handler(refuse).error_type::<ShipError>(), &batch("sqs", 1)).await;
    assert_eq!(logged, [line("m0", "WARN", "CarrierDown")]);
    assert_eq!(answer.unwrap(), failures::<&str>([]));
}

/// Wraps an error like another library.
fn wrapped(error: impl std::error::Error + Send + Sync + 'static, how: usize) -> anyhow::Error {
    match how {
        0 => anyhow::Error::new(error),
        1 => anyhow::Error::new(error).context("while shipping"),
        _ => anyhow::Error::from_boxed(Box::new(error)).context("a").context("b"),
    }
}

#[tokio::test]
async fn an_error_of_ours_keeps_its_type_and_its_verdict_within_anyhow() {
    for how in 0..3 {
        let ship = move |record: Record, _: Sqs<Value>| async move {
            let out_of_stock = FunctionError::new("OutOfStock", "nothing is left");
            Err::<(), _>(match record.index() {
                0 => wrapped(out_of_stock, how),
                1 => wrapped(RecordError::discard(out_of_stock), how),
                _ => wrapped(RecordError::retry("busy"), how),
            })
        };
        let (logged, answer) = lines(pilaster::handler(ship), &batch("sqs", 3)).await;
        assert_eq!(logged[..2], [line("m0", "ERROR", "OutOfStock"), line("m1", "WARN", "OutOfStock")], "{how}");
        assert_eq!((&*logged[2].0, &*logged[2].1), ("m2", "ERROR"), "{how}");
        assert_eq!(answer.unwrap(), failures(["m0", "m2"]), "{how}");

        // In a layer, and where the invocation fails.
        let layer = pilaster::records::from_fn(move |record: Record, next: Next| async move {
            next.run(record).await.map_err(|error| BoxError::from(anyhow::Error::from_boxed(error)))
        });
        let look = move |_: EventBridge<Value>| async move {
            Err::<(), _>(wrapped(FunctionError::new("OutOfStock", "nothing is left"), how))
        };
        let error = lines(pilaster::handler(look).layer(layer), &batch("eventbridge", 1)).await.1.unwrap_err();
        assert_eq!(error.error_type(), "OutOfStock", "{how}");
        let message = ["nothing is left", "while shipping", "b"][how];
        assert_eq!(error.message(), message);
    }
}

#[tokio::test]
async fn a_type_with_a_name_of_its_own_is_not_renamed_by_its_cause() {
    #[derive(Debug)]
    struct NotSaved(FunctionError);

    impl fmt::Display for NotSaved {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("not saved")
        }
    }

    impl std::error::Error for NotSaved {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    async fn save(_: EventBridge<Value>) -> Result<(), NotSaved> {
        Err(NotSaved(FunctionError::new("DiskFull", "disk full")))
    }
    let error = lines(pilaster::handler(save), &batch("eventbridge", 1)).await.1.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("NotSaved", "not saved"));
}
