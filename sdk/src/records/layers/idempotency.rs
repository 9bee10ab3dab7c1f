//! Idempotent records: one key for each record of a batch.
//!
//! Without [`Idempotency::key`](crate::idempotency::Idempotency::key) the key is the identity of a record, which is the
//! same when it is redelivered:
//!
//! | source | key |
//! |---|---|
//! | SQS, SNS | the message id |
//! | Kinesis | the stream and `eventID` |
//! | DynamoDB Streams | `eventID` |
//! | Kafka | the cluster's ARN or the bootstrap servers, topic, partition and offset |
//! | S3 | bucket, key, version, sequencer and event name; the time if there is no sequencer |
//! | ActiveMQ | the broker, the destination and the message id |
//! | RabbitMQ | the broker, the queue and the message id, if the producer sets one |
//! | Firehose | the delivery stream and the record id |
//! | S3 Batch Operations | the job and the task id |
//! | CloudWatch Logs | the log event |
//! | EventBridge, SES | the id of the event, of the mail |
//!
//! A record without such an identity has no key: it runs, with a warning, or it fails with
//! [`Idempotency::require_key`](crate::idempotency::Idempotency::require_key).
//!
//! An expression selects from the record in the format of the event, so with `powertools_json(body).order_id` two
//! messages about one order have one key. Each of several records in an envelope (the S3 objects of an SQS message, the
//! lines of a batch of CloudWatch Logs) has its own key, which includes its content; a single record has the key that
//! the expression selects. For a record that a Kinesis producer has aggregated with others, an expression selects from
//! the record as if it were alone in the stream; if it selects only a value that all of them share, such as `eventID`,
//! their contents distinguish them. A record whose key is in progress is returned to its source, which redelivers it.
//!
//! The result is recorded if the source reads it: the text of an S3 Batch Operations task, and the data that Firehose
//! delivers.

pub(crate) mod identity;
pub(crate) mod recorded;

use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde_json::value::RawValue;
use tower::Service;

use crate::core::error::BoxError;
use crate::core::expression::Document;
use crate::idempotency::engine::{CallKey, Idempotency, Recording};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::layer::IdempotencyService;
use crate::records::{Record, RecordResponse};

/// Selects the key and the payload of a record.
fn call_key(idempotency: &Idempotency, record: &Record) -> Result<CallKey, IdempotencyError> {
    let deadline = record.invocation().deadline();
    let document =
        || Document::parse(record.selectable()).map_err(|error| IdempotencyError::bad_key(error.to_string()));
    if idempotency.has_key() {
        let document = document()?;
        let (key, payload) = (idempotency.key_of(&document)?, idempotency.payload_of(&document)?);
        let within = match record.shared() {
            // Otherwise, a value that all aggregated records share, such as `eventID`, would be the key of each.
            Some(shared) => {
                let shared = Document::of(&shared).ok().and_then(|shared| idempotency.key_of(&shared).ok());
                shared.is_some_and(|shared| shared.value == key.value).then(|| record.content().into())
            }
            None => record.within(),
        };
        return Ok(CallKey { key, payload, within, deadline, ..CallKey::default() });
    }
    let payload = match idempotency.has_payload() {
        true => idempotency.payload_of(&document()?)?,
        false => None,
    };
    let key = record.identity().unwrap_or_default().into();
    Ok(CallKey { key, payload, deadline, ..CallKey::default() })
}

impl<S> Service<Record> for IdempotencyService<S>
where
    S: Service<Record, Response = RecordResponse> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = RecordResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<RecordResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner().poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, record: Record) -> Self::Future {
        let mut inner = self.take_ready();
        let (idempotency, source) = (self.layer.idempotency.clone(), record.source());
        Box::pin(async move {
            let begun = idempotency.begin_with(|| call_key(&idempotency, &record)).await?;
            let call = async move { inner.call(record).await.map_err(Into::into) };
            let replay = |recorded: &RawValue| RecordResponse::replayed(recorded, source);
            let record = |response: RecordResponse| {
                let recording = response.recorded().map_or(Recording::Release, Recording::from);
                ready((response, recording))
            };
            begun.finish(call, replay, record).await
        })
    }
}
