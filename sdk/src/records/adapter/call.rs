//! Calls the function for one record.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tower::{Service, ServiceExt};
use tracing::Instrument;

use super::outcome::{Outcome, panicked};
use crate::core::error::{BoxError, FunctionError, NamedErrors};
use crate::records::record::Record;
use crate::records::response::RecordResponse;

/// Calls the function. A panic of the function, of a layer or of an error's `ErrorType` fails this record alone.
pub(super) async fn call<S>(service: &S, record: Record, error_types: &NamedErrors) -> Outcome
where
    S: Service<Record, Response = RecordResponse, Error: Into<BoxError>> + Clone,
{
    // Each log line of the function names its record.
    let span = tracing::error_span!("record", record_id = &*record.record_id().as_text());
    let called = async {
        let called = service.clone().oneshot(record.clone()).await;
        called.map_err(|error| error_types.apply(FunctionError::of(error.into())))
    };
    let caught = async {
        #[cfg(feature = "otel")]
        super::spans::began(&record);
        let caught = AssertUnwindSafe(called).catch_unwind().await.unwrap_or_else(|payload| Err(panicked(payload)));
        #[cfg(feature = "otel")]
        super::spans::ended(&caught);
        caught
    };
    match caught.instrument(span).await {
        Ok(response) => Outcome::Succeeded(response),
        Err(error) => Outcome::failed(&record, error),
    }
}
