//! The raw event and the raw response: JSON text, with the invocation that it belongs to.
//!
//! No layer outside of an adapter needs to know what an event *is*; it passes on the text. So the layers of the raw event have no generic
//! event or response type: each is a `tower::Service` from [`Incoming`] to [`RawResponse`] or [`FunctionError`](crate::FunctionError).

use std::fmt;

use lambda_runtime::LambdaEvent;
use serde_json::value::RawValue;
use tower::Service;

use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;

/// An event as the Runtime API sent it: one JSON text, not yet decoded.
pub type RawEvent = Box<RawValue>;

/// A response as the Runtime API gets it: one JSON text.
pub type RawResponse = Box<RawValue>;

/// The largest event and the largest response of a synchronous invocation, in bytes, as Lambda counts them
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(crate) const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// What a room of the raw landing is called with: the event's text and its invocation.
///
/// The invocation is made once, where the event enters; every room below shares it, so all of them agree on what was the
/// cold start.
///
/// # Example
///
/// ```
/// use lambda_runtime::{Context, LambdaEvent};
/// use pilaster::{Incoming, Invocation};
///
/// let event = serde_json::value::RawValue::from_string(r#"{"greeting": "hello"}"#.to_owned())?;
/// let incoming = Incoming { event, invocation: Invocation::new(Context::default()) };
/// assert_eq!(incoming.event.get(), r#"{"greeting": "hello"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Incoming {
    /// The event's text.
    pub event: RawEvent,
    /// The invocation that brought it.
    pub invocation: Invocation,
}

/// The event may hold tokens and cookies: only its length is told.
impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("event", &format_args!("{} bytes", self.event.get().len()))
            .field("request_id", &self.invocation.request_id())
            .finish_non_exhaustive()
    }
}

impl Incoming {
    /// What the runtime received. The first one of the process is marked as the cold start.
    pub fn new(event: LambdaEvent<RawEvent>) -> Self {
        let (event, context) = event.into_parts();
        Self { event, invocation: Invocation::first_is_cold(context) }
    }
}

impl From<LambdaEvent<RawEvent>> for Incoming {
    fn from(event: LambdaEvent<RawEvent>) -> Self {
        Self::new(event)
    }
}

/// A service of the raw landing: what every function is in the end.
pub trait RawService:
    Service<Incoming, Response = RawResponse, Error = FunctionError, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}

impl<S> RawService for S where
    S: Service<Incoming, Response = RawResponse, Error = FunctionError, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}
