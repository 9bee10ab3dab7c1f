//! The work for one request: it calls the layers and reads the body, and responds also after a time-out or a panic.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::response::Parts;
use http::{Extensions, Request, Response};
use http_body::Body as _;
use http_body_util::{LengthLimitError, Limited};
use tokio::time::Instant;
use tower::Service;

use crate::core::deadline::DeadlineExceeded;
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::panic::contained;
use crate::http::error::HttpError;
#[cfg(feature = "compression")]
use crate::http::layers::compression::DeferredCompression;
use crate::http::layers::deadline;

/// The end of the work, and the time until then.
pub(super) type Until = Option<(Instant, Duration)>;

/// Calls all the layers. `inner` is `None` if its `Clone` panicked.
pub(super) async fn call_layers<S, B>(
    inner: Option<S>,
    request: Request<Body>,
    until: Until,
) -> Result<Response<Body>, HttpError>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let Some(mut inner) = inner else { return Err(HttpError::panic()) };
    let result = called(&mut inner, request, until).await;
    // For a service whose `Drop` panics, after the response.
    contained(|| drop(inner));
    result
}

async fn called<S, B>(inner: &mut S, request: Request<Body>, until: Until) -> Result<Response<Body>, HttpError>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    // A layer outside the deadline layer may never be ready.
    guarded(poll_fn(|cx| inner.poll_ready(cx)), until, None)
        .await?
        .map_err(|error| deadline::layer_error(error.into()))?;
    // Read only after a time-out, so it is cloned only for work with a deadline.
    let invocation = until.and_then(|_| request.extensions().get::<Invocation>().cloned());
    // For a layer that panics in `call` itself, before `guarded` has a future to catch it in.
    let called = catch_unwind(AssertUnwindSafe(|| inner.call(request))).map_err(|_| Ended::Panicked)?;
    let response = guarded(called, until.map(after_layers), invocation.as_ref())
        .await?
        .map_err(|error| deadline::layer_error(error.into()))?;
    Ok(response.map(Body::new))
}

/// The extra time of a deadline layer for its own response, which has the headers of the layers around it.
const GRACE: Duration = Duration::from_millis(25);

/// Adds a little time to that of a layer with the same margin, so that the layer's response comes first.
fn after_layers((at, after): (Instant, Duration)) -> (Instant, Duration) {
    let grace = GRACE.min(after / 10);
    (at + grace, after + grace)
}

/// The reason for which a body cannot be sent.
pub(super) enum Unread {
    TooLarge,
    Failed(BoxError),
    Panicked,
}

/// Reads the whole body, up to the limit: a body may have no end.
#[cfg_attr(not(feature = "compression"), allow(unused_variables))]
pub(super) async fn read(parts: &mut Parts, body: Body, limit: usize, until: Until) -> Result<Bytes, Unread> {
    #[cfg(feature = "compression")]
    let body = match parts.extensions.remove::<DeferredCompression>() {
        Some(deferred) => within(until, deferred.compress(&mut parts.headers, body, limit)).await?,
        None => body,
    };
    within(until, Whole { body: Limited::new(body, limit), frames: Vec::new() }).await
}

/// All data of a body. Most have one frame, which is not copied. Not an async function: a body that panics when it is read
/// may panic again when it is dropped, which must not happen while the first panic unwinds.
struct Whole {
    body: Limited<Body>,
    frames: Vec<Bytes>,
}

impl Future for Whole {
    type Output = Result<Bytes, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { body, frames } = &mut *self;
        while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)?) {
            frames.extend(frame.into_data());
        }
        Poll::Ready(Ok(match frames.len() {
            0 | 1 => frames.pop().unwrap_or_default(),
            _ => frames.concat().into(),
        }))
    }
}

async fn within<F, T>(until: Until, work: F) -> Result<T, Unread>
where
    F: Future<Output = Result<T, BoxError>>,
{
    match guarded(work, until, None).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(error)) => Err(Unread::Failed(error)),
        Err(Ended::Late(exceeded)) => Err(Unread::Failed(exceeded.into())),
        Err(Ended::Panicked) => Err(Unread::Panicked),
    }
}

/// Replaces a body that is not sent by an empty one. Whether compression would make it smaller is not known, so the
/// fields of the uncompressed one are sent ([RFC 9110, 9.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2)
/// lets `HEAD` leave out others).
#[cfg_attr(not(feature = "compression"), allow(unused_variables))]
pub(super) fn without(parts: &mut Parts, body: Body) -> Body {
    #[cfg(feature = "compression")]
    if parts.extensions.remove::<DeferredCompression>().is_some() {
        DeferredCompression::left_off(&mut parts.headers);
    }
    // For a body whose `Drop` panics, since it is not read to its end.
    contained(|| drop(body));
    Body::empty()
}

/// Drops the values that layers have left in a response; their `Drop` may panic.
pub(super) fn clear(extensions: &mut Extensions) {
    if !extensions.is_empty() {
        contained(|| extensions.clear());
    }
}

/// The reason for which work has no outcome.
enum Ended {
    /// The panic hook has logged it.
    Panicked,
    Late(DeadlineExceeded),
}

impl From<Ended> for HttpError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Panicked => Self::panic(),
            Ended::Late(exceeded) => deadline::layer_error(exceeded.into()),
        }
    }
}

/// Waits for work until then; values that it drops afterwards may panic, which does not affect the outcome. If the
/// invocation is given, a layer may have announced in it that it responds later.
async fn guarded<F: Future>(work: F, until: Until, invocation: Option<&Invocation>) -> Result<F::Output, Ended> {
    let mut work = pin!(Some(work));
    // Created when the work waits for the first time: most does not.
    let mut sleep = pin!(None);
    let polled = poll_fn(|cx| {
        if let Some(Poll::Ready(outcome)) = work.as_mut().as_pin_mut().map(|work| work.poll(cx)) {
            return Poll::Ready(Ok(outcome));
        }
        let Some((at, after)) = until else { return Poll::Pending };
        if sleep.is_none() {
            sleep.set(Some(tokio::time::sleep_until(at)));
        }
        while sleep.as_mut().as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_ready()) {
            let later = invocation.and_then(Invocation::shared::<deadline::WorkUntil>).map(|until| until.0 + GRACE);
            match later.filter(|later| *later > Instant::now()) {
                Some(later) => sleep.set(Some(tokio::time::sleep_until(later))),
                None => return Poll::Ready(Err(Ended::Late(DeadlineExceeded::after(after)))),
            }
        }
        Poll::Pending
    });
    // For a panic of a layer or of a body; `CatchPanicLayer` catches those of the function.
    let outcome = AssertUnwindSafe(polled).catch_unwind().await;
    // For work that is dropped after a time-out or a panic, or holds a value whose `Drop` panics.
    contained(|| work.set(None));
    outcome.unwrap_or_else(|payload| {
        // For a payload of `panic_any` whose `Drop` panics.
        contained(|| drop(payload));
        Err(Ended::Panicked)
    })
}
