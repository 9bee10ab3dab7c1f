//! Tools for tests: an in-process caller through the whole stack.
//!
//! # Example
//!
//! ```
//! use pilaster::http::Json;
//! use pilaster::testing::Caller;
//! use serde_json::json;
//!
//! async fn double(Json(number): Json<i64>) -> Json<i64> {
//!     Json(number * 2)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let caller = Caller::new(pilaster::handler(double));
//! let answer = caller
//!     .call(json!({
//!         "httpMethod": "POST", "path": "/double", "body": "21",
//!         "headers": { "content-type": "application/json" },
//!     }))
//!     .await?;
//! assert_eq!(answer["body"], "42");
//! # Ok::<(), pilaster::FunctionError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::future::poll_fn;

use lambda_runtime::Context;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::FunctionError;
use crate::event::{Incoming, Invocation};
use crate::handler::{IntoRaw, RawService};

/// Calls a function in this process, from event JSON to response JSON, through every room but the Runtime API.
#[derive(Clone)]
pub struct Caller<R> {
    raw: R,
    context: Context,
}

impl<R: RawService> Caller<R> {
    /// A caller of this function.
    ///
    /// # Panics
    ///
    /// If a layer of the function is configured wrongly.
    pub fn new<F: IntoRaw<Raw = R>>(function: F) -> Self {
        let mut context = Context::default();
        context.request_id = "00000000-0000-0000-0000-000000000000".to_owned();
        Self { raw: function.into_raw(), context }
    }

    /// Calls it with this context from now on.
    #[must_use]
    pub fn with_context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Calls it with an event.
    ///
    /// # Errors
    ///
    /// What the function posts to the Runtime API when it fails as a whole.
    pub async fn call(&self, event: Value) -> Result<Value, FunctionError> {
        self.call_text(&event.to_string()).await
    }

    /// Calls it with the JSON text of an event.
    ///
    /// # Errors
    ///
    /// What the function posts to the Runtime API when it fails as a whole; `InvalidJson` for text that is not JSON.
    pub async fn call_text(&self, event: &str) -> Result<Value, FunctionError> {
        let invalid = |error: serde_json::Error| FunctionError::new("InvalidJson", error.to_string());
        let event = RawValue::from_string(event.to_owned()).map_err(invalid)?;
        let mut raw = self.raw.clone();
        poll_fn(|cx| raw.poll_ready(cx)).await?;
        let response = raw.call(Incoming { event, invocation: Invocation::new(self.context.clone()) }).await?;
        serde_json::from_str(response.get()).map_err(invalid)
    }
}

impl<R> fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}
