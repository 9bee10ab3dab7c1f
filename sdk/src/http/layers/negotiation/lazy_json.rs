//! The JSON of a value that no writer has written yet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde::Serialize;

use crate::core::error::BoxError;

/// JSON that is serialized when the body or its size is read: a writer may replace the body first.
pub(super) struct LazyJson<T> {
    /// `None` once the body has been read.
    value: Option<Arc<T>>,
    json: OnceLock<Result<Bytes, serde_json::Error>>,
}

impl<T: Serialize> LazyJson<T> {
    pub(super) fn new(value: Arc<T>) -> Self {
        Self { value: Some(value), json: OnceLock::new() }
    }
}

fn json(value: &impl Serialize) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec(value).map(Bytes::from)
}

impl<T: Serialize + Send + Sync + 'static> http_body::Body for LazyJson<T> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(value) = self.value.take() else { return Poll::Ready(None) };
        let json = self.json.take().unwrap_or_else(|| json(&*value));
        Poll::Ready(Some(json.map(Frame::data).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.value.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let Some(value) = &self.value else { return SizeHint::with_exact(0) };
        // An error or a panic of `Serialize` is reported when the body is read.
        match catch_unwind(AssertUnwindSafe(|| self.json.get_or_init(|| json(&**value)))) {
            Ok(Ok(json)) => SizeHint::with_exact(json.len() as u64),
            Ok(Err(_)) | Err(_) => SizeHint::default(),
        }
    }
}
