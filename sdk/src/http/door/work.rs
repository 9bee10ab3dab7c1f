//! The work for one request: the call of the layers and the reading of the body, so that time and panics end neither without an answer.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::response::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::Instant;
use tower::Service;

use crate::deadline::{DeadlineExceeded, contained};
use crate::error::BoxError;
#[cfg(feature = "compression")]
use crate::http::compression::Pending;
use crate::http::deadline;
use crate::http::error::HttpError;

/// Until when something may last, and how long that is.
type Until = Option<(Instant, Duration)>;

/// What all the layers answer.
pub(super) async fn answered<S, B>(
    mut hall: S,
    request: Request<Body>,
    until: Until,
) -> Result<Response<Body>, HttpError>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    // A layer outside the one that watches over the time may never be ready.
    guarded(poll_fn(|cx| hall.poll_ready(cx)), until).await?.map_err(|error| deadline::answer(error.into()))?;
    // The function's own panics are answered below; this is a layer's.
    let called = catch_unwind(AssertUnwindSafe(|| hall.call(request))).map_err(|_| Ended::Panicked)?;
    let response = guarded(called, None).await?.map_err(|error| deadline::answer(error.into()))?;
    Ok(response.map(Body::new))
}

/// Why a body cannot be sent.
pub(super) enum Unread {
    TooLarge,
    Failed(BoxError),
    Panicked,
}

/// The whole body. More than the limit cannot be sent, and a body may have no end.
#[cfg_attr(not(feature = "compression"), allow(unused_variables))]
pub(super) async fn read(parts: &mut Parts, body: Body, limit: usize, until: Until) -> Result<Bytes, Unread> {
    #[cfg(feature = "compression")]
    let body = match parts.extensions.remove::<Pending>() {
        Some(pending) => within(until, pending.compress(&mut parts.headers, body, limit)).await?,
        None => body,
    };
    within(until, Limited::new(body, limit).collect()).await.map(http_body_util::Collected::to_bytes)
}

async fn within<F, T>(until: Until, work: F) -> Result<T, Unread>
where
    F: Future<Output = Result<T, BoxError>>,
{
    match guarded(work, until).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(error)) => Err(Unread::Failed(error)),
        Err(Ended::Late(exceeded)) => Err(Unread::Failed(exceeded.into())),
        Err(Ended::Panicked) => Err(Unread::Panicked),
    }
}

/// No body in place of one that is not sent.
#[cfg_attr(not(feature = "compression"), allow(unused_variables))]
pub(super) fn without(parts: &mut Parts, body: Body) -> Body {
    #[cfg(feature = "compression")]
    if let Some(pending) = parts.extensions.remove::<Pending>() {
        pending.complete(&mut parts.headers);
    }
    contained(|| drop(body));
    Body::empty()
}

/// Why work has no outcome.
enum Ended {
    /// The panic hook has logged it.
    Panicked,
    Late(DeadlineExceeded),
}

impl From<Ended> for HttpError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Panicked => Self::panic(),
            Ended::Late(exceeded) => deadline::answer(exceeded.into()),
        }
    }
}

/// Waits for work until then; what it drops afterwards may panic, and does not take the outcome with it.
async fn guarded<F: Future>(work: F, until: Until) -> Result<F::Output, Ended> {
    let mut work = pin!(Some(work));
    // Made when the work waits for the first time: most does not.
    let mut sleep = pin!(None);
    let polled = poll_fn(|cx| {
        if let Some(Poll::Ready(outcome)) = work.as_mut().as_pin_mut().map(|work| work.poll(cx)) {
            return Poll::Ready(Ok(outcome));
        }
        let Some((at, after)) = until else { return Poll::Pending };
        if sleep.is_none() {
            sleep.set(Some(tokio::time::sleep_until(at)));
        }
        match sleep.as_mut().as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(Ended::Late(DeadlineExceeded::after(after)))),
            _ => Poll::Pending,
        }
    });
    let outcome = AssertUnwindSafe(polled).catch_unwind().await;
    contained(|| work.set(None));
    outcome.unwrap_or(Err(Ended::Panicked))
}
