//! The raw event and the raw response: JSON text on the way in; JSON text or a stream on the way out.
//!
//! The raw layers pass the event on as text; a layer that needs a member (the trigger, a correlation id) reads it from
//! the text. So they have no generic event or response type: each is a `tower::Service` from [`Incoming`] to
//! [`Outgoing`] or [`FunctionError`](crate::FunctionError).

use std::fmt;
#[cfg(any(feature = "http", feature = "records", feature = "appsync", feature = "mcp"))]
use std::ops::Range;
#[cfg(feature = "http")]
use std::pin::Pin;
use std::str::Utf8Error;

use bytes::Bytes;
use bytestring::ByteString;
#[cfg(feature = "http")]
use futures_util::Stream;
use lambda_runtime::LambdaEvent;
#[cfg(feature = "http")]
use lambda_runtime::StreamResponse;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tower::Service;

#[cfg(feature = "http")]
use crate::core::error::BoxError;

use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;

/// An event as the Runtime API sent it: one JSON text, not yet decoded. A clone shares the text.
///
/// # Example
///
/// ```
/// use pilaster::RawEvent;
///
/// let event = RawEvent::parse(r#"{"greeting": "hello"}"#)?;
/// assert_eq!(event.get(), r#"{"greeting": "hello"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct RawEvent {
    text: ByteString,
}

impl RawEvent {
    /// Creates an event of this text.
    ///
    /// # Errors
    ///
    /// The text is not JSON.
    pub fn parse(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text.into()).map(Self::from)
    }

    /// Creates an event of a text that is JSON already, as what Lambda delivers. The text is only read where it is
    /// decoded: a check would be one more pass over it. An event that is not JSON is then an error of the adapter.
    pub fn unchecked(text: impl Into<String>) -> Self {
        Self { text: text.into().into() }
    }

    /// Creates an event of what the Runtime API delivered, without copying it.
    ///
    /// # Errors
    ///
    /// It is not UTF-8.
    pub(crate) fn delivered(body: Bytes) -> Result<Self, Utf8Error> {
        let body = ByteString::try_from(body)?;
        Ok(Self { text: body.slice_ref(body.trim_ascii()) })
    }

    /// Returns the event as JSON; `None` for text that is not JSON, which Lambda does not deliver.
    #[cfg(feature = "logging")]
    pub(crate) fn to_json(&self) -> Option<Box<RawValue>> {
        RawValue::from_string(self.get().to_owned()).ok()
    }

    /// Returns the JSON text.
    pub fn get(&self) -> &str {
        &self.text
    }

    /// Returns the position of a part that was borrowed from the text; `None` for any other text.
    #[cfg(any(feature = "http", feature = "records", feature = "appsync", feature = "mcp"))]
    pub(crate) fn position(&self, part: &str) -> Option<Range<usize>> {
        let start = part.as_ptr().addr().checked_sub(self.get().as_ptr().addr())?;
        let end = start.checked_add(part.len())?;
        (end <= self.get().len()).then_some(start..end)
    }

    /// Returns a part of the text, which is shared with the event if it was borrowed from there.
    #[cfg(any(feature = "http", feature = "records", feature = "appsync", feature = "mcp"))]
    pub(crate) fn share(&self, part: &str) -> ByteString {
        match self.position(part) {
            Some(_) => self.text.slice_ref(part),
            None => part.into(),
        }
    }

    /// Returns a value within the text as a text of its own, which is shared.
    #[cfg(feature = "mcp")]
    pub(crate) fn part(&self, value: &str) -> Self {
        Self { text: self.share(value) }
    }
}

impl From<Box<RawValue>> for RawEvent {
    fn from(json: Box<RawValue>) -> Self {
        Self::unchecked(Box::<str>::from(json))
    }
}

/// The event may hold tokens and cookies: only its length is shown.
impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawEvent").field(&format_args!("{} bytes", self.get().len())).finish()
    }
}

/// The request of a raw service: the event's text and its invocation.
///
/// The invocation is made once, where the event enters; every layer below shares it, so that all of them agree on the
/// cold start.
///
/// # Example
///
/// ```
/// use lambda_runtime::Context;
/// use pilaster::{Incoming, Invocation, RawEvent};
///
/// let event = RawEvent::parse(r#"{"greeting": "hello"}"#)?;
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

/// The event may hold tokens and cookies: only its length is shown.
impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("event", &format_args!("{} bytes", self.event.get().len()))
            .field("request_id", &self.invocation.request_id())
            .finish_non_exhaustive()
    }
}

impl Incoming {
    /// Creates an event as the runtime received it. The first one of the process is marked as the cold start.
    pub fn new(event: LambdaEvent<impl Into<RawEvent>>) -> Self {
        let (event, context) = event.into_parts();
        Self { event: event.into(), invocation: Invocation::first_is_cold(context) }
    }
}

impl<E: Into<RawEvent>> From<LambdaEvent<E>> for Incoming {
    fn from(event: LambdaEvent<E>) -> Self {
        Self::new(event)
    }
}

/// The response of a raw service: one JSON text, or the stream of an HTTP function that
/// [streams](crate::Function::streaming) its responses.
///
/// # Example
///
/// A layer of your own reads the text, or puts another response in its place:
///
/// ```
/// use pilaster::{Incoming, Outgoing};
/// use tower::ServiceBuilder;
///
/// let layer = ServiceBuilder::new().map_response(|outgoing: Outgoing| match outgoing.as_json() {
///     Some(json) if json.get() == "null" => Outgoing::serialize("nothing").unwrap_or(outgoing),
///     _ => outgoing,
/// });
/// # let _ = layer.service_fn(async |incoming: Incoming| Outgoing::try_from(incoming.event));
/// ```
pub struct Outgoing {
    content: Content,
    /// The function or a part of it failed, and the response describes it, so that the call is to run again.
    describes_failure: bool,
}

/// The extension of an HTTP response that describes a failure, whatever its status.
#[cfg(feature = "mcp")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct DescribesFailure;

/// The content of an [`Outgoing`].
enum Content {
    Json(Box<RawValue>),
    #[cfg(feature = "http")]
    Stream(Box<StreamResponse<Chunks>>),
}

/// The body of a streamed response. What it logs belongs to the span of its invocation, wherever it is read or dropped.
#[cfg(feature = "http")]
pub(crate) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;

impl Outgoing {
    /// Returns the JSON of this value.
    ///
    /// # Errors
    ///
    /// If the value cannot be written as JSON, such as a map whose keys are not text.
    pub fn serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        to_raw_value(value).map(Self::from)
    }

    /// Returns the JSON text; `None` for a response that is streamed.
    pub fn as_json(&self) -> Option<&RawValue> {
        match &self.content {
            Content::Json(json) => Some(json),
            #[cfg(feature = "http")]
            Content::Stream(_) => None,
        }
    }

    /// Marks a response that describes a failure: it is sent, and not recorded, so that a repeated call runs.
    #[cfg_attr(not(any(feature = "http", feature = "records", feature = "appsync")), allow(dead_code))]
    pub(crate) fn describing_failure(mut self, describes_failure: bool) -> Self {
        self.describes_failure |= describes_failure;
        self
    }

    /// Returns `true` for a response that describes a failure.
    #[cfg(feature = "idempotency")]
    pub(crate) fn describes_failure(&self) -> bool {
        self.describes_failure
    }

    /// Creates a streamed response, which is sent while its body is produced.
    #[cfg(feature = "http")]
    pub(crate) fn stream(response: StreamResponse<Chunks>) -> Self {
        Self { content: Content::Stream(Box::new(response)), describes_failure: false }
    }

    /// Returns the status, the headers and the cookies of a response that is streamed.
    #[cfg(all(feature = "http", feature = "logging"))]
    pub(crate) fn prelude(&self) -> Option<&lambda_runtime::MetadataPrelude> {
        match &self.content {
            Content::Json(_) => None,
            Content::Stream(response) => Some(&response.metadata_prelude),
        }
    }

    /// Returns the JSON text; `None` for a response that is streamed.
    pub(crate) fn into_json(self) -> Option<Box<RawValue>> {
        match self.content {
            Content::Json(json) => Some(json),
            #[cfg(feature = "http")]
            Content::Stream(_) => None,
        }
    }

    /// Returns the JSON text, or the response that is streamed.
    #[cfg(feature = "http")]
    pub(crate) fn into_content(self) -> Result<Box<RawValue>, Box<StreamResponse<Chunks>>> {
        match self.content {
            Content::Json(json) => Ok(json),
            Content::Stream(response) => Err(response),
        }
    }
}

impl From<Box<RawValue>> for Outgoing {
    fn from(json: Box<RawValue>) -> Self {
        Self { content: Content::Json(json), describes_failure: false }
    }
}

/// The event as the response.
impl TryFrom<RawEvent> for Outgoing {
    type Error = FunctionError;

    fn try_from(event: RawEvent) -> Result<Self, FunctionError> {
        let json = RawValue::from_string(event.get().to_owned())
            .map_err(|_| FunctionError::new("InvalidEvent", "the event is not JSON"))?;
        Ok(json.into())
    }
}

/// The response may hold tokens and cookies: only its length is shown.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_json() {
            Some(json) => f.debug_tuple("Outgoing").field(&format_args!("{} bytes", json.get().len())).finish(),
            None => f.debug_tuple("Outgoing").field(&format_args!("a stream")).finish(),
        }
    }
}

/// A raw service, from [`Incoming`] to [`Outgoing`]: the type of service that every function becomes.
pub trait RawService:
    Service<Incoming, Response = Outgoing, Error = FunctionError, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}

impl<S> RawService for S where
    S: Service<Incoming, Response = Outgoing, Error = FunctionError, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}
