//! Tools for tests: an in-process caller through the whole stack.
//!
//! [`Caller::call`] takes the event of any source as JSON; with [`http`] the test of an HTTP function writes requests and reads
//! answers instead. [`Caller::with_clients`] puts stubs in place of what [`Client<T>`](crate::Client) would find.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{HttpError, Json, Path};
//! use pilaster::testing::{Caller, http};
//! use pilaster::{BoxError, Client, Clients, FromClients};
//! use serde_json::{Value, json};
//!
//! #[derive(Clone)]
//! struct Users(Vec<&'static str>); // a table, in the cloud
//!
//! impl FromClients for Users {
//!     async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
//!         Err("there is no table here".into())
//!     }
//! }
//!
//! async fn user(Client(users): Client<Users>, Path(id): Path<usize>) -> Result<Json<Value>, HttpError> {
//!     let name = users.0.get(id).ok_or_else(|| HttpError::not_found("no such user"))?;
//!     Ok(Json(json!({ "name": name })))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let clients = Clients::new();
//! clients.insert(Users(vec!["ada"]));
//! let caller = Caller::new(pilaster::handler(user)).with_clients(clients);
//!
//! let answer = caller.send(http::get("/users/0").path_parameter("id", "0")).await?;
//! assert_eq!((answer.status(), answer.json::<Value>()?), (200, json!({ "name": "ada" })));
//!
//! let answer = caller.send(http::get("/users/1").path_parameter("id", "1")).await?;
//! assert_eq!(answer.status(), 404);
//! assert_eq!(answer.header("content-type"), Some("application/problem+json"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "http")]
pub mod http;

use std::fmt;
use std::future::poll_fn;

use lambda_runtime::Context;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::FunctionError;
use crate::event::{Incoming, Invocation};
use crate::handler::{IntoRaw, RawService};

/// The request id of every call, unless [`Caller::with_context`] names another.
const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";

/// Calls a function in this process, from event JSON to response JSON, through every room but the log context and the Runtime API.
#[derive(Clone)]
pub struct Caller<R> {
    raw: R,
    context: Context,
    #[cfg(feature = "clients")]
    clients: Option<crate::Clients>,
}

impl<R: RawService> Caller<R> {
    /// A caller of this function.
    ///
    /// # Panics
    ///
    /// If a layer of the function is configured wrongly.
    pub fn new<F: IntoRaw<Raw = R>>(function: F) -> Self {
        let mut context = Context::default();
        context.request_id = REQUEST_ID.to_owned();
        Self {
            raw: function.into_raw(),
            context,
            #[cfg(feature = "clients")]
            clients: None,
        }
    }

    /// Calls it with this context from now on.
    #[must_use]
    pub fn with_context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Calls it with this registry from now on: what `Client<T>` and `Secret<T>` find instead of that of the process.
    #[cfg(feature = "clients")]
    #[must_use]
    pub fn with_clients(mut self, clients: crate::Clients) -> Self {
        self.clients = Some(clients);
        self
    }

    /// Calls it with a request, as the event of an HTTP API.
    ///
    /// # Errors
    ///
    /// What the function posts to the Runtime API when it fails as a whole; `InvalidRequest` for a request that cannot be
    /// sent, `InvalidAnswer` for an answer that is none of an HTTP function.
    #[cfg(feature = "http")]
    pub async fn send(&self, request: http::Request) -> Result<http::Answer, FunctionError> {
        self.call(request.into_event()?).await?.try_into()
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
        #[allow(unused_mut)]
        let mut invocation = Invocation::new(self.context.clone());
        #[cfg(feature = "clients")]
        invocation.clients.clone_from(&self.clients);
        let response = raw.call(Incoming { event, invocation }).await?;
        serde_json::from_str(response.get()).map_err(invalid)
    }
}

impl<R> fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}
