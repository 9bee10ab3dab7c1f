//! Idempotent records: one key for each record of a batch.
//!
//! Without [`Idempotency::key`](super::Idempotency::key) the key is the record's id, as if it were `messageId`: a message that is
//! delivered twice has its effect once. An expression selects from the record as the event has it, so
//! `powertools_json(body).order_id` keeps also two messages about one order apart from two orders. A record whose key is in
//! progress is returned to its source, which sends it again.

use std::pin::Pin;
use std::task::{Context, Poll};

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::Service;

use super::engine::{Begun, Idempotency};
use super::error::IdempotencyError;
use super::jmespath::Document;
use super::layer::{Idempotent, taken};
use crate::error::BoxError;
use crate::records::{Answer, Record};

async fn begin(idempotency: &Idempotency, record: &Record) -> Result<Begun, IdempotencyError> {
    let deadline = record.invocation().deadline();
    let document = || Document::parse(record.json()).map_err(|error| IdempotencyError::bad_key(error.to_string()));
    if idempotency.has_key() {
        return idempotency.begin(&document()?, deadline).await;
    }
    let payload = match idempotency.has_payload() {
        true => idempotency.payload_of(&document()?)?,
        false => None,
    };
    // Several records that came in one envelope have its id.
    let id = record.id().to_string();
    let key = record.content().map_or_else(|| Value::from(id.as_str()), |content| json!([id, content]));
    idempotency.begin_with(key, payload, deadline).await
}

impl<S> Service<Record> for Idempotent<S>
where
    S: Service<Record, Response = Answer> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = Answer;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, record: Record) -> Self::Future {
        let mut inner = taken(&mut self.inner);
        let idempotency = self.idempotency.clone();
        Box::pin(async move {
            let running = match begin(&idempotency, &record).await? {
                Begun::Run(running) => running,
                Begun::Replay(_) => return Ok(Answer::default()),
                Begun::Unkeyed => return inner.call(record).await.map_err(Into::into),
            };
            let (running, result) = running.watch(async move { inner.call(record).await.map_err(Into::into) }).await;
            match result {
                Ok(answer) if answer == Answer::default() => {
                    running.complete(RawValue::NULL).await?;
                    Ok(answer)
                }
                // A transformation has no effect to be had once, and its data would have to be kept.
                Ok(answer) => {
                    running.release().await;
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
