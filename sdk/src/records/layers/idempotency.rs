//! Idempotent records: one key for each record of a batch.
//!
//! Without [`Idempotency::key`](crate::idempotency::Idempotency::key) the key is what makes the record the same one when it is delivered again:
//!
//! | source | key |
//! |---|---|
//! | SQS, SNS | the message id |
//! | Kinesis | the stream and `eventID` |
//! | DynamoDB Streams | `eventID` |
//! | Kafka | the cluster's ARN or the bootstrap servers, topic, partition and offset |
//! | S3 | bucket, key, version, sequencer and event name; the time where there is no sequencer |
//! | ActiveMQ | the broker, the destination and the message id |
//! | RabbitMQ | the broker, the queue and the message id, where the producer gave one |
//! | Firehose | the delivery stream and the record id |
//! | S3 Batch Operations | the job and the task id |
//! | CloudWatch Logs | the log event |
//! | EventBridge, SES | the id of the event, of the mail |
//!
//! A record of which the source does not say it has no key: it runs and a warning says so, or it fails with
//! [`Idempotency::require_key`](crate::idempotency::Idempotency::require_key).
//!
//! An expression selects from the record as the event has it, so `powertools_json(body).order_id` keeps also two messages about one
//! order apart from two orders. Of several records that came in one envelope (the S3 objects of an SQS message, the lines of a batch of
//! CloudWatch Logs) each has its own key: its content is part of it. The only one of an envelope has the key that the expression
//! selects. Of a record that a producer of Kinesis has aggregated with others an expression selects from the record as the stream would
//! have it by itself; one that selects only what all of them share, such as `eventID`, keeps them apart by their contents. A record
//! whose key is in progress is returned to its source, which sends it again.
//!
//! What the function answered is recorded where its source reads it: the text of a task of S3 Batch Operations, and what Firehose is to
//! deliver.

pub(crate) mod identity;
pub(crate) mod recorded;

use std::pin::Pin;
use std::task::{Context, Poll};

use tower::Service;

use crate::core::error::BoxError;
use crate::idempotency::engine::{Begun, Call, Idempotency};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::jmespath::Document;
use crate::idempotency::layer::{Idempotent, taken};
use crate::records::{Record, RecordResponse};

async fn begin(idempotency: &Idempotency, record: &Record) -> Result<Begun, IdempotencyError> {
    if idempotency.is_off()? {
        return Ok(Begun::Unkeyed);
    }
    let deadline = record.invocation().deadline();
    let document =
        || Document::parse(record.selectable()).map_err(|error| IdempotencyError::bad_key(error.to_string()));
    if idempotency.has_key() {
        let document = document()?;
        let (key, payload) = (idempotency.key_of(&document)?, idempotency.payload_of(&document)?);
        let within = match record.shared() {
            // A key of what all of an aggregated record share, such as its `eventID`, would be the key of each of them.
            Some(shared) => {
                let shared = Document::of(&shared).ok().and_then(|shared| idempotency.key_of(&shared).ok());
                shared.is_some_and(|shared| shared.value == key.value).then(|| record.content().into())
            }
            None => record.within(),
        };
        let call = Call { key, payload, within, deadline, ..Call::default() };
        return idempotency.begin_with(call).await;
    }
    let payload = match idempotency.has_payload() {
        true => idempotency.payload_of(&document()?)?,
        false => None,
    };
    let key = record.identity().unwrap_or_default().into();
    idempotency.begin_with(Call { key, payload, deadline, ..Call::default() }).await
}

impl<S> Service<Record> for Idempotent<S>
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
        let mut inner = taken(&mut self.inner);
        let (idempotency, source) = (self.idempotency.clone(), record.source());
        Box::pin(async move {
            let running = match begin(&idempotency, &record).await? {
                Begun::Run(running) => running,
                Begun::Replay(recorded) => {
                    let replayed = RecordResponse::replayed(&recorded, source);
                    return replayed.map_err(|error| IdempotencyError::answer("read from its record", error).into());
                }
                Begun::Unkeyed => return inner.call(record).await.map_err(Into::into),
            };
            let (running, result) = running.watch(async move { inner.call(record).await.map_err(Into::into) }).await;
            match result {
                Ok(answer) => {
                    match answer.recorded() {
                        Some(Ok(recorded)) => running.complete(&recorded).await?,
                        Some(Err(error)) => running.keep(&error),
                        None => running.release().await,
                    }
                    Ok(answer)
                }
                Err(error) => {
                    running.release().await;
                    Err(error)
                }
            }
        })
    }
}
