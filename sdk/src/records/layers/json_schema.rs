//! The payloads of records, and the data that a record function returns, checked by JSON Schema.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use serde_json::Value;
use tower::Service;

use crate::core::error::{BoxError, FunctionError};
use crate::json_schema::{Mismatch, SchemaLayer, SchemaService};
use crate::records::error::DecodeError;
use crate::records::extract::FromRecord as _;
use crate::records::extract::envelope::{Envelope, envelope, unwrap_sqs};
use crate::records::extract::event_bridge::EventBridge;
use crate::records::extract::firehose::Firehose;
use crate::records::extract::kafka::Kafka;
use crate::records::extract::kinesis::Kinesis;
use crate::records::extract::mq::MqMessage;
use crate::records::extract::sns::Sns;
use crate::records::extract::sqs;
use crate::records::record::Record;
use crate::records::response::{RecordResponse, ResponseValue, TransformedRecord};
use crate::records::source::Source;

/// Returns the payload of a record, which its producer has written.
fn payload(record: &Record, unwraps_notifications: bool) -> Result<Bytes, BoxError> {
    let text = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let of_event_bridge = || -> Result<Bytes, BoxError> {
        let event = EventBridge::<Value>::from_record(record)?;
        Ok(serde_json::to_vec(&event.detail)?.into())
    };
    // The content of a message: an event, or a notification about an object.
    if let (Source::Sqs | Source::Sns, Some(content)) = (record.source(), record.content()) {
        return match envelope(content) {
            Envelope::EventBridge => of_event_bridge(),
            _ => Ok(text(content)),
        };
    }
    Ok(match record.source() {
        Source::EventBridge => of_event_bridge()?,
        Source::Kinesis => Kinesis::<Bytes>::from_record(record)?.data,
        Source::Firehose => Firehose::<Bytes>::from_record(record)?.data,
        Source::Kafka => {
            let record = Kafka::<(), Bytes>::from_record(record)?;
            record.value.unwrap_or_else(|| Bytes::from_static(b"null"))
        }
        Source::ActiveMq | Source::RabbitMq => MqMessage::<Bytes>::from_record(record)?.data,
        Source::Sqs if unwraps_notifications => text(&unwrap_sqs(record)?),
        Source::Sqs => text(sqs::body(record)?),
        Source::Sns => Sns::<Bytes>::from_record(record)?.message,
        _ => text(record.content().unwrap_or_else(|| record.json())),
    })
}

fn check(layer: &SchemaLayer, record: &Record) -> Result<(), BoxError> {
    let payload = payload(record, layer.unwraps_notifications())?;
    let not_json = |error: serde_json::Error| DecodeError::new("the payload of the record", error);
    let payload = serde_json::from_slice::<Value>(&payload).map_err(not_json)?;
    layer.check_incoming(&payload, "the payload of the record").map_err(|mismatch| failed("SchemaValidation", mismatch))
}

fn failed(error_type: &str, mismatch: Mismatch) -> BoxError {
    FunctionError::new(error_type, mismatch.to_string()).with_source(mismatch).into()
}

/// Checks the data that Firehose delivers. No other response of a record has a form of its own.
fn check_response(layer: &SchemaLayer, response: &RecordResponse) -> Result<(), BoxError> {
    let RecordResponse(ResponseValue::Transformed(TransformedRecord::Ok { data, .. })) = response else {
        return Ok(());
    };
    let checked = layer.check_outgoing(data, "the data of the response");
    checked.map_err(|mismatch| failed("ResponseSchemaValidation", mismatch))
}

impl<S> Service<Record> for SchemaService<S>
where
    S: Service<Record, Response = RecordResponse> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = RecordResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<RecordResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, record: Record) -> Self::Future {
        let (mut inner, layer) = (self.take_ready(), self.layer.clone());
        Box::pin(async move {
            if layer.checks_incoming() {
                check(&layer, &record)?;
            }
            let response = inner.call(record).await.map_err(Into::into)?;
            check_response(&layer, &response)?;
            Ok(response)
        })
    }
}
