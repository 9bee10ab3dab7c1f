//! The adapter of event functions: an inner failure fails the invocation, with a stable `errorType`.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use tower::{Service, ServiceExt};

use super::handler::{EventFuture, Wrap};
use crate::core::deadline::{DeadlineExceeded, until};
use crate::core::error::{BoxError, FunctionError, NamedErrors};
use crate::core::panic::{Cancellable, contained};
use crate::core::raw::{Incoming, Outgoing};

/// Service that calls the layers and the handler of an event function. A panic is a [`FunctionError`] of type `Panic`;
/// work that is not finished 250 ms before the deadline (or [`Function::margin`](crate::Function::margin) before it) is
/// cancelled and fails with type `Timeout`.
#[derive(Clone, Debug)]
pub struct EventAdapter<S> {
    inner: S,
    wrap: Option<Wrap>,
    error_types: NamedErrors,
    margin: Option<Duration>,
}

impl<S> EventAdapter<S> {
    pub(crate) fn new(inner: S, wrap: Option<Wrap>, error_types: NamedErrors, margin: Option<Duration>) -> Self {
        Self { inner, wrap, error_types, margin }
    }
}

impl<S> Service<Incoming> for EventAdapter<S>
where
    S: Service<Incoming, Response = Outgoing, Error: Into<BoxError> + 'static, Future: Send> + Clone + Send + 'static,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // `call` polls the inner service: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let Self { inner, wrap, error_types, margin } = self.clone();
        let wrapped = wrap.map(|wrap| (wrap, incoming.clone()));
        let called: EventFuture = Box::pin(async move {
            let until = margin.and_then(|margin| until(&incoming.invocation, margin));
            // Catches a panic of the layers, the function, and the `Display` of their errors.
            let called =
                async { inner.oneshot(incoming).await.map_err(|error| error_types.apply(FunctionError::of(error))) };
            let called = Cancellable::new(AssertUnwindSafe(called).catch_unwind());
            let called = match until {
                None => called.await,
                Some((at, time)) => match tokio::time::timeout_at(at, called).await {
                    Ok(called) => called,
                    Err(_) => {
                        let exceeded = DeadlineExceeded::after(time);
                        return Err(FunctionError::new("Timeout", exceeded.to_string()).with_source(exceeded));
                    }
                },
            };
            match called {
                Ok(called) => called,
                Err(payload) => {
                    // The payload of a panic may panic again when it is dropped.
                    contained(|| drop(payload));
                    Err(FunctionError::new("Panic", "the function panicked"))
                }
            }
        });
        match wrapped {
            None => called,
            Some((wrap, incoming)) => wrap(incoming, called),
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;

    use super::*;
    use crate::core::invocation::Invocation;
    use crate::events::Event;
    use crate::function::handler::handler;

    #[tokio::test(start_paused = true)]
    async fn work_beyond_the_deadline_is_a_timeout_before_it() {
        async fn wait(Event(seconds): Event<u64>) -> Result<u64, BoxError> {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(seconds)
        }
        let call = async |seconds: u64, left: Option<u64>| {
            let invocation = Invocation::with_time_left(Context::default(), left.map(Duration::from_secs));
            let event = crate::RawEvent::parse(seconds.to_string()).unwrap();
            handler(wait).into_service().unwrap().oneshot(Incoming { event, invocation }).await
        };
        let start = tokio::time::Instant::now();
        assert_eq!(call(60, Some(3)).await.unwrap_err().error_type(), "Timeout");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        assert_eq!(call(60, Some(90)).await.unwrap().as_json().unwrap().get(), "60");
        assert_eq!(call(60, None).await.unwrap().as_json().unwrap().get(), "60");
    }

    #[tokio::test(start_paused = true)]
    async fn the_margin_before_the_deadline_can_be_longer_or_zero_or_none() {
        /// Returns how long a call may work, of 10 s, and the error if it was cancelled.
        async fn call(margin: impl Into<Option<Duration>>) -> (Duration, Option<String>) {
            async fn wait(_: Event<u64>) -> Result<(), BoxError> {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok(())
            }
            let start = tokio::time::Instant::now();
            let invocation = Invocation::with_time_left(Context::default(), Some(Duration::from_secs(10)));
            let event = crate::RawEvent::parse("1").unwrap();
            let called =
                handler(wait).margin(margin).into_service().unwrap().oneshot(Incoming { event, invocation }).await;
            (start.elapsed(), called.err().map(|error| error.error_type().to_owned()))
        }
        let timeout = Some("Timeout".to_owned());
        assert_eq!(call(Duration::from_secs(2)).await, (Duration::from_secs(8), timeout.clone()));
        assert_eq!(call(Duration::ZERO).await, (Duration::from_secs(10), timeout.clone()));
        assert_eq!(call(Duration::MAX).await, (Duration::from_secs(5), timeout));
        assert_eq!(call(None).await, (Duration::from_secs(60), None));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_panics_when_it_is_cancelled_is_a_timeout_too() {
        struct Guard;
        impl Drop for Guard {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        async fn hang(_: Event<u64>) -> Result<(), BoxError> {
            let _guard = Guard;
            std::future::pending().await
        }
        let invocation = Invocation::with_time_left(Context::default(), Some(Duration::from_secs(3)));
        let incoming = Incoming { event: crate::RawEvent::parse("1").unwrap(), invocation };
        assert_eq!(handler(hang).into_service().unwrap().oneshot(incoming).await.unwrap_err().error_type(), "Timeout");
    }
}
