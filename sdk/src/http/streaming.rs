//! Response streaming: the caller gets the first bytes while the function still produces the last ones, and a response
//! may be larger than 6 MB.
//!
//! [`Function::streaming`](crate::Function::streaming), or `#[lambda_handler(streaming)]`, streams every response of
//! the function. A response goes through the same stack: headers, CORS and errors before the first byte are unchanged.
//! A body that is aborted later, by an error, a panic or the deadline, is logged once, and Lambda gets the error
//! trailer (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming>), as
//! `lambda_runtime` sends it: version 1.5.0 writes the trailer's text, without the reason, to the end of the body.
//!
//! The size of a streamed response is not checked, neither that of its body nor that of its headers.
//!
//! A layer that changes responses belongs in the stack, or around it below the adapter. A layer around the whole
//! function ([`Function::outer`](crate::Function::outer)) gets the stream as an [`Outgoing`] without JSON text.
//!
//! Function URLs with `InvokeMode: RESPONSE_STREAM` and REST APIs with response streaming support it. An HTTP API, a
//! load balancer and the other sources cannot stream: their responses are sent as a whole. A function URL is detected
//! by its domain (`….lambda-url.…`).
//!
//! # Example
//!
//! ```no_run
//! use std::convert::Infallible;
//! use futures_util::stream;
//! use pilaster::http::{Body, Query};
//!
//! async fn count(Query(to): Query<std::collections::BTreeMap<String, u32>>) -> Body {
//!     let lines = (0..to.get("to").copied().unwrap_or(10)).map(|n| Ok::<_, Infallible>(format!("{n}\n")));
//!     Body::from_stream(stream::iter(lines))
//! }
//!
//! fn main() -> Result<(), pilaster::StartError> {
//!     pilaster::run(pilaster::handler(count).streaming())
//! }
//! ```

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use lambda_runtime::{MetadataPrelude, StreamResponse};
use tokio::time::{Instant, Sleep};

use crate::core::deadline::{DeadlineExceeded, MARGIN, until};
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::panic::{caught, contained};
use crate::core::raw::Outgoing;

/// Marks a request whose response is streamed.
#[derive(Clone)]
pub(crate) struct Streamed;

/// The function that converts a response to a stream: [`stream`].
pub(crate) type ToStream = fn(Response<Body>, &Invocation) -> Outgoing;

/// Converts the response to the format of the Runtime API. Its body keeps the current span.
pub(crate) fn stream(response: Response<Body>, invocation: &Invocation) -> Outgoing {
    let (mut parts, body) = response.into_parts();
    let cookies = parts.headers.get_all(header::SET_COOKIE).iter();
    let cookies = cookies.map(|cookie| String::from_utf8_lossy(cookie.as_bytes()).into_owned()).collect();
    parts.headers.remove(header::SET_COOKIE);
    let metadata_prelude = MetadataPrelude { status_code: parts.status, headers: joined(&parts.headers), cookies };
    Outgoing::stream(StreamResponse { metadata_prelude, stream: Box::pin(Chunks::new(body, invocation)) })
}

/// Reads a streamed response to its end, and returns it as JSON, in the form of the response of a function URL.
#[cfg(any(test, debug_assertions, feature = "local", feature = "testing"))]
pub(crate) async fn whole(
    response: StreamResponse<crate::core::raw::Chunks>,
) -> Result<serde_json::Value, crate::core::error::FunctionError> {
    use base64::Engine as _;
    use futures_util::TryStreamExt as _;

    use crate::core::error::FunctionError;

    let StreamResponse { metadata_prelude, stream } = response;
    let body: Vec<Bytes> =
        stream.try_collect().await.map_err(|error| FunctionError::new("ResponseBrokeOff", error.to_string()))?;
    let mut json = serde_json::to_value(metadata_prelude).map_err(FunctionError::from_error)?;
    let body = String::from_utf8(body.concat());
    json["isBase64Encoded"] = body.is_err().into();
    json["body"] =
        body.unwrap_or_else(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes.as_bytes())).into();
    Ok(json)
}

/// Joins the values of each header into one text ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)),
/// which the prelude requires. Logs and removes a value that is not ASCII: the prelude's type writes an empty list for
/// it, while the JSON of a whole response can hold it.
fn joined(headers: &HeaderMap) -> HeaderMap {
    let text = |name: &HeaderName, value: &HeaderValue| match value.to_str() {
        Ok(text) => Some(text.to_owned()),
        Err(_) => {
            tracing::warn!(
                header = name.as_str(),
                "a header value was removed: it must be ASCII in a streamed response; encode it, for example as `filename*=UTF-8''…` (RFC 8187)"
            );
            None
        }
    };
    let join = |name: &HeaderName| {
        let values = headers.get_all(name).iter().filter_map(|value| text(name, value)).collect::<Vec<_>>();
        let joined = HeaderValue::try_from(values.join(", ")).ok();
        joined.filter(|_| !values.is_empty()).map(|value| (name.clone(), value))
    };
    headers.keys().filter_map(join).collect()
}

/// The chunks of a body. The reason for an abort is logged and not sent.
struct Chunks {
    body: Option<BodyDataStream>,
    deadline: Option<(Pin<Box<Sleep>>, DeadlineExceeded)>,
    span: tracing::Span,
}

impl Chunks {
    fn new(body: Body, invocation: &Invocation) -> Self {
        let deadline = until(invocation, MARGIN)
            .map(|(at, time)| (Box::pin(tokio::time::sleep_until(at)), DeadlineExceeded::after(time)));
        Self { body: Some(body.into_data_stream()), deadline, span: tracing::Span::current() }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        // The timer is polled first: a body that is always ready would starve it.
        if let Some((_, exceeded)) = self.deadline.take_if(|(sleep, _)| sleep.deadline() <= Instant::now()) {
            return Poll::Ready(Some(Err(exceeded.into())));
        }
        // For a body that panics: Lambda has the first bytes, so only the error trailer can report it.
        match caught(|| Pin::new(body).poll_next(cx)) {
            Some(Poll::Ready(next)) => return Poll::Ready(next.map(|chunk| chunk.map_err(Into::into))),
            Some(Poll::Pending) => {}
            None => return Poll::Ready(Some(Err("the body panicked".into()))),
        }
        match self.deadline.as_mut().map(|(sleep, _)| sleep.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => {
                let exceeded = self.deadline.take().map(|(_, exceeded)| BoxError::from(exceeded));
                Poll::Ready(exceeded.map(Err))
            }
            _ => Poll::Pending,
        }
    }

    /// Drops the body within the invocation's span, in which its parts may log. The panic hook logs a panic.
    fn end(&mut self) {
        let _entered = self.span.clone().entered();
        let body = self.body.take();
        // For a body whose `Drop` panics: it may be dropped anywhere in the runtime.
        contained(|| drop(body));
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.end();
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let span = self.span.clone();
        let _entered = span.enter();
        self.poll(cx).map(|next| {
            Some(match next? {
                Ok(chunk) => Ok(chunk),
                Err(error) => {
                    self.end();
                    let error: &(dyn std::error::Error + 'static) = &*error;
                    tracing::error!(error, "the response was aborted");
                    Err("the response was aborted".into())
                }
            })
        })
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, stream as streams};
    use std::time::Duration;

    fn invocation(left: Option<Duration>) -> Invocation {
        Invocation::with_time_left(lambda_runtime::Context::default(), left)
    }

    async fn read(chunks: Chunks) -> Vec<Result<Bytes, String>> {
        chunks.map(|chunk| chunk.map_err(|error| error.to_string())).collect().await
    }

    #[tokio::test]
    async fn a_body_that_fails_or_panics_breaks_off_without_its_reason() {
        let failing = streams::iter([Ok("one"), Err("db password is hunter2")]);
        let panicking = streams::iter(0..2).map(|n| if n == 0 { Ok::<_, BoxError>("one") } else { panic!("hunter2") });
        // The payload of a panic may panic again when it is dropped.
        struct Payload;
        impl Drop for Payload {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let twice =
            streams::iter(0..2).map(|n| if n == 0 { Ok::<_, BoxError>("one") } else { std::panic::panic_any(Payload) });
        for body in [Body::from_stream(failing), Body::from_stream(panicking), Body::from_stream(twice)] {
            let chunks = read(Chunks::new(body, &invocation(None))).await;
            assert_eq!(chunks, [Ok(Bytes::from("one")), Err("the response was aborted".to_owned())]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_hangs_breaks_off_before_the_deadline() {
        let start = tokio::time::Instant::now();
        let body = Body::from_stream(streams::iter([Ok::<_, BoxError>("one")]).chain(streams::pending()));
        let chunks = read(Chunks::new(body, &invocation(Some(Duration::from_secs(3))))).await;
        assert_eq!(chunks.len(), 2);
        assert!(start.elapsed() < Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_always_has_more_breaks_off_before_the_deadline() {
        let body = Body::from_stream(streams::repeat_with(|| Ok::<_, BoxError>("more")));
        let mut chunks = Chunks::new(body, &invocation(Some(Duration::from_secs(3))));
        assert!(chunks.next().await.is_some_and(|chunk| chunk.is_ok()));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert!(chunks.next().await.is_some_and(|chunk| chunk.is_err()));
        assert!(chunks.next().await.is_none());
    }

    #[tokio::test]
    async fn a_body_that_panics_when_it_is_dropped_does_not_end_the_process() {
        struct Guard;
        impl Drop for Guard {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let guarded = |end: BoxError| {
            let guard = Guard;
            let chunks = streams::iter([Ok("one"), Err(end)]).inspect(move |_| {
                let _ = &guard;
            });
            Chunks::new(Body::from_stream(chunks), &invocation(None))
        };
        assert_eq!(read(guarded("broken".into())).await.len(), 2);
        drop(guarded("unread".into()));
    }

    #[cfg(feature = "logging")]
    #[test]
    fn what_a_body_logs_when_it_is_dropped_belongs_to_its_invocation() {
        use std::sync::{Arc, Mutex};

        struct Guard(Arc<Mutex<Vec<Option<&'static str>>>>);
        impl Drop for Guard {
            fn drop(&mut self) {
                let within = tracing::Span::current().metadata().map(tracing::Metadata::name);
                self.0.lock().unwrap().push(within);
            }
        }
        let dropped: Arc<Mutex<Vec<_>>> = Arc::default();
        tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            for reads in [0, 1, 2] {
                let guard = Guard(Arc::clone(&dropped));
                let body = streams::iter([Ok("one"), Err("broken")]).inspect(move |_| {
                    let _ = &guard;
                });
                let span = tracing::info_span!("invocation");
                let mut chunks = span.in_scope(|| Chunks::new(Body::from_stream(body), &invocation(None)));
                runtime.block_on(async {
                    for _ in 0..reads {
                        chunks.next().await;
                    }
                });
                drop(chunks);
            }
        });
        assert_eq!(*dropped.lock().unwrap(), [Some("invocation"); 3]);
    }

    #[tokio::test]
    async fn a_header_has_one_text_in_the_prelude() {
        let response = Response::builder().header("vary", "origin").header("vary", "accept-encoding");
        let response =
            response.header("x-name", HeaderValue::from_bytes(b"\xe4").unwrap()).body(Body::empty()).unwrap();
        let streamed = stream(response, &invocation(None)).into_content().unwrap_err();
        let prelude = serde_json::to_value(streamed.metadata_prelude).unwrap();
        assert_eq!(prelude["headers"], serde_json::json!({ "vary": "origin, accept-encoding" }));
    }

    #[test]
    fn cookies_are_apart_in_the_prelude() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _entered = runtime.enter();
        let response = Response::builder().header("set-cookie", "a=1").header("set-cookie", "b=2").header("x-a", "1");
        let streamed = stream(response.status(201).body(Body::empty()).unwrap(), &invocation(None));
        let prelude = streamed.into_content().unwrap_err().metadata_prelude;
        assert_eq!((prelude.status_code.as_u16(), prelude.cookies), (201, vec!["a=1".to_owned(), "b=2".to_owned()]));
        assert_eq!(prelude.headers.len(), 1);
    }
}
