//! The `errorType` of a failed invocation, by `#[derive(ErrorType)]`, through every adapter.

use std::fmt;

use pilaster::testing::Caller;
use pilaster::{BoxError, ErrorType, Event, EventBridge, FunctionError, IntoService, handler};
use serde_json::{Value, json};

#[derive(Debug, ErrorType)]
enum Payment {
    Declined,
    #[error_type("CardExpired")]
    Expired {
        year: u16,
    },
}

#[derive(Debug, ErrorType)]
enum Reserve {
    OutOfStock,
    #[error_type(transparent)]
    Payment(Box<Payment>),
    Other(BoxError),
}

/// A type of ours around any cause.
#[derive(Debug, ErrorType)]
#[error_type("Broken.Wrapper")]
struct Wrapper<T>(T);

/// One that says no name.
#[derive(Debug)]
struct Outer(Reserve);

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declined => f.write_str("the card was declined"),
            Self::Expired { year } => write!(f, "the card expired in {year}"),
        }
    }
}

impl fmt::Display for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfStock => f.write_str("nothing is left"),
            Self::Payment(payment) => payment.fmt(f),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl<T: fmt::Debug> fmt::Display for Wrapper<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is broken", self.0)
    }
}

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not reserved")
    }
}

impl std::error::Error for Payment {}
impl std::error::Error for Reserve {}
impl<T: fmt::Debug> std::error::Error for Wrapper<T> {}
impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

async fn reserve(Event(what): Event<String>) -> Result<(), Reserve> {
    Err(match what.as_str() {
        "expired" => Reserve::Payment(Box::new(Payment::Expired { year: 2020 })),
        "declined" => Reserve::Payment(Box::new(Payment::Declined)),
        "other" => Reserve::Other("something else".into()),
        _ => Reserve::OutOfStock,
    })
}

async fn fail(function: impl IntoService, event: Value) -> FunctionError {
    Caller::new(function).call(event).await.unwrap_err()
}

#[tokio::test]
async fn a_state_machine_catches_variants_by_their_names() {
    for (what, name, message) in [
        ("umbrella", "OutOfStock", "nothing is left"),
        ("expired", "CardExpired", "the card expired in 2020"),
        ("declined", "Declined", "the card was declined"),
        ("other", "Other", "something else"),
    ] {
        let error = fail(handler(reserve).error_type::<Reserve>(), json!(what)).await;
        assert_eq!((error.error_type(), error.message()), (name, message));
        assert_eq!(fail(handler(reserve), json!(what)).await.error_type(), "Reserve", "without `error_type`");
    }
}

#[tokio::test]
async fn the_macro_reads_the_error_of_the_signature() {
    use pilaster::__private::{Fallback as _, type_of};

    async fn boxed(_: Event<Value>) -> Result<(), BoxError> {
        Err(Wrapper(7).into())
    }
    async fn in_a_box(_: Event<Value>) -> Result<(), Box<Reserve>> {
        Err(Box::new(Reserve::OutOfStock))
    }
    // The code that `#[lambda_handler]` writes into `main`.
    let named = type_of::<Result<(), Reserve>>().pilaster_error().pilaster_error_type(handler(reserve));
    assert_eq!(fail(named, json!("umbrella")).await.error_type(), "OutOfStock");
    let named = type_of::<Result<(), Box<Reserve>>>().pilaster_error().pilaster_error_type(handler(in_a_box));
    assert_eq!(fail(named, json!(0)).await.error_type(), "OutOfStock");
    assert_eq!(fail(handler(in_a_box).error_type::<Reserve>(), json!(0)).await.error_type(), "OutOfStock");
    let unnamed = type_of::<Result<(), BoxError>>().pilaster_error().pilaster_error_type(handler(boxed));
    assert_eq!(fail(unnamed, json!(0)).await.error_type(), "Error");
    let error = fail(handler(boxed).error_type::<Wrapper<i32>>(), json!(0)).await;
    assert_eq!((error.error_type(), error.message()), ("Broken.Wrapper", "7 is broken"));
}

#[tokio::test]
async fn it_is_found_among_the_causes_and_behind_the_record_door() {
    async fn outer(_: EventBridge<Value>) -> Result<(), Outer> {
        Err(Outer(Reserve::OutOfStock))
    }
    let event = json!({ "detail-type": "Ordered", "source": "shop", "id": "e1", "detail": {} });
    let error = fail(handler(outer).error_type::<Payment>().error_type::<Reserve>(), event.clone()).await;
    assert_eq!((error.error_type(), error.message()), ("OutOfStock", "not reserved"));
    assert_eq!(fail(handler(outer).error_type::<Payment>(), event).await.error_type(), "Outer");
}
