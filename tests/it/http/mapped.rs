//! Errors that are enums: each variant has its response, returned by the handler or mapped by the error layer.

use std::error::Error;
use std::fmt;

use pilaster::http::{ErrorLayer, FieldError, HttpError, Rejection, Stack, StatusCode, ToHttpError};
use pilaster::observe::logging::CapturedLogs;

use super::*;

#[derive(Debug, ToHttpError)]
enum StockError {
    #[http(status = 503)]
    Closed,
}

impl fmt::Display for StockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the warehouse db-7 is closed")
    }
}

impl Error for StockError {}

#[derive(Debug, ToHttpError)]
enum OrderError {
    #[http(status = 404)]
    Missing,
    #[http(status = 409, detail = "the order is already paid")]
    Paid { day: &'static str },
    #[http(status = 502)]
    Read(std::io::Error),
    #[http(transparent)]
    Stock(StockError),
    #[http(transparent)]
    Body { rejection: Rejection },
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no such order"),
            Self::Paid { day } => write!(f, "the order was paid on {day}"),
            Self::Read(_) => f.write_str("the order could not be read"),
            Self::Stock(error) => error.fmt(f),
            Self::Body { .. } => f.write_str("the body of the order"),
        }
    }
}

impl Error for OrderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            _ => None,
        }
    }
}

fn order(kind: &str) -> Result<String, OrderError> {
    match kind {
        "missing" => Err(OrderError::Missing),
        "paid" => Err(OrderError::Paid { day: "Monday" }),
        "read" => Err(OrderError::Read(std::io::Error::other("disk full"))),
        "stock" => Err(OrderError::Stock(StockError::Closed)),
        "body" => {
            let rejection = Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong");
            Err(OrderError::Body { rejection: rejection.with_field(FieldError::new("/age", "is missing")) })
        }
        _ => Ok("shipped".to_owned()),
    }
}

#[tokio::test]
async fn each_variant_has_its_response_returned_or_mapped() {
    let returned = Caller::new(pilaster::handler(async |kind: String| order(&kind)));
    let mapped = Caller::new(
        pilaster::handler(async |kind: String| -> Result<String, HttpError> {
            let _: u8 = "3".parse()?;
            Ok(order(&kind)?)
        })
        .layer(Stack::new().errors(ErrorLayer::new().map::<OrderError>())),
    );
    let wrapped = Caller::new(
        pilaster::handler(async |kind: String| -> Result<String, HttpError> {
            Ok(order(&kind).map_err(|error| FunctionError::new("Order", "the order failed").with_source(error))?)
        })
        .layer(Stack::new().errors(ErrorLayer::new().map::<OrderError>())),
    );
    for (kind, status, detail) in [
        ("missing", 404, json!("no such order")),
        ("paid", 409, json!("the order is already paid")),
        ("read", 502, Value::Null),
        ("stock", 503, Value::Null),
        ("body", 422, json!("wrong")),
    ] {
        let mut event = smallest("http api");
        event["requestContext"]["http"]["method"] = json!("POST");
        event["body"] = json!(kind);
        for answer in [
            call(&returned, &event.to_string()).await.unwrap(),
            call(&mapped, &event.to_string()).await.unwrap(),
            call(&wrapped, &event.to_string()).await.unwrap(),
        ] {
            let problem = body(&answer);
            assert_eq!((&answer["statusCode"], &problem["detail"]), (&json!(status), &detail), "{kind}");
            assert_eq!(problem["errors"].is_array(), kind == "body", "{kind}");
        }
    }
}

#[tokio::test]
async fn the_error_itself_is_the_logged_cause() {
    let logs = CapturedLogs::default();
    let caller = Caller::new(pilaster::handler(async |kind: String| order(&kind))).with_logs(&logs);
    let mut event = smallest("http api");
    event["requestContext"]["http"]["method"] = json!("POST");
    event["body"] = json!("read");
    call(&caller, &event.to_string()).await.unwrap();
    let lines = logs.lines();
    let failed: Vec<_> = lines.iter().filter(|line| line["message"] == "the request failed").collect();
    assert_eq!(failed.len(), 1, "{lines:?}");
    let text = failed[0].to_string();
    assert!(text.contains("the order could not be read") && text.contains("disk full"), "{text}");
}

#[tokio::test]
async fn the_detail_of_a_5xx_is_logged_beside_its_cause() {
    let logs = CapturedLogs::default();
    let fails = async |kind: String| {
        let detail = if kind == "same" { "refused" } else { "the warehouse does not respond" };
        Err::<(), _>(HttpError::bad_gateway(detail).with_source(std::io::Error::other("refused")))
    };
    let caller = Caller::new(pilaster::handler(fails)).with_logs(&logs);
    for kind in ["other", "same"] {
        let mut event = smallest("http api");
        event["requestContext"]["http"]["method"] = json!("POST");
        event["body"] = json!(kind);
        assert_eq!(call(&caller, &event.to_string()).await.unwrap()["statusCode"], 502);
    }
    let lines = logs.lines();
    let failed: Vec<_> = lines.iter().filter(|line| line["message"] == "the request failed").collect();
    assert_eq!(failed.len(), 2, "{lines:?}");
    assert_eq!(failed[0]["detail"], "the warehouse does not respond");
    assert_eq!(failed[1].get("detail"), None, "it is the text of the cause");
}
