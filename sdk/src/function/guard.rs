//! [`Guard`]: failures that must not reach `lambda_runtime`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tower::Service;

use crate::core::error::FunctionError;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::panic::contained;
use crate::core::raw::{Incoming, Outgoing, RawService};

/// Service that converts a panic, whose text the runtime would post to the caller, into an error, and also a response
/// above 6 MB, which Lambda rejects in a way that may end the process.
#[derive(Clone, Debug)]
pub struct Guard<S>(S);

impl<S> Guard<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self(inner)
    }
}

impl<S: RawService> Service<Incoming> for Guard<S> {
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // `call` polls the inner service: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        #[cfg(feature = "idempotency")]
        let invocation = incoming.invocation.clone();
        // The clone is user code too: its panic is resumed inside the future.
        let cloned = catch_unwind(AssertUnwindSafe(|| self.0.clone()));
        let called = AssertUnwindSafe(async move {
            let mut inner = cloned.unwrap_or_else(|payload| resume_unwind(payload));
            std::future::poll_fn(|cx| inner.poll_ready(cx)).await?;
            let response = inner.call(incoming).await;
            // A panic of a destructor must not discard the response.
            contained(|| drop(inner));
            response
        });
        Box::pin(async move {
            // The payload of a panic may panic again when it is dropped.
            let panicked = |payload| {
                contained(|| drop(payload));
                Err(FunctionError::new("Panic", "the function panicked"))
            };
            let called = called.catch_unwind();
            #[cfg(feature = "idempotency")]
            let called = crate::core::at_end::awaited(invocation, called);
            let response = called.await.unwrap_or_else(panicked)?;
            let length = response.as_json().map_or(0, |json| json.get().len());
            if length > PAYLOAD_LIMIT {
                let message = format!("the response has {length} bytes; the limit of Lambda is {PAYLOAD_LIMIT}");
                return Err(FunctionError::new("ResponseTooLarge", message));
            }
            Ok(response)
        })
    }
}

#[cfg(test)]
#[cfg(feature = "idempotency")]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, SystemTime};

    use tokio::time::{Instant, sleep};
    use tower::ServiceExt;

    use super::*;
    use crate::Event;
    use crate::core::error::BoxError;
    use crate::core::invocation::Invocation;
    use crate::core::raw::RawEvent;
    use crate::idempotency::{
        Completion, Document, Idempotency, IdempotencyRecord, Lock, LockOutcome, MemoryStore, Store,
    };

    /// A store that needs this time to release a lock.
    #[derive(Clone)]
    struct Slow(MemoryStore, Duration);

    impl Store for Slow {
        async fn lock(&self, lock: &Lock, now: SystemTime) -> Result<LockOutcome, BoxError> {
            Store::lock(&self.0, lock, now).await
        }

        async fn get(&self, lock: &Lock) -> Result<Option<IdempotencyRecord>, BoxError> {
            Store::get(&self.0, lock).await
        }

        async fn complete(&self, lock: &Lock, completion: &Completion) -> Result<bool, BoxError> {
            Store::complete(&self.0, lock, completion).await
        }

        async fn release(&self, lock: &Lock) -> Result<bool, BoxError> {
            sleep(self.1).await;
            Store::release(&self.0, lock).await
        }
    }

    /// Calls a function that works for an hour and cancels that work after `given_up`, in an invocation of 3 seconds.
    /// Returns the number of locks after it, its time, and whether a repeated call then ran.
    async fn cancelled(release: Duration, given_up: Duration) -> (usize, Duration, bool) {
        let store = MemoryStore::new();
        let idempotency = Idempotency::new(Slow(store.clone(), release), "f");
        let runs = Arc::new(AtomicU32::new(0));
        let function = {
            let runs = Arc::clone(&runs);
            move |invocation: Invocation, Event(order): Event<u8>| {
                let (idempotency, runs) = (idempotency.clone(), Arc::clone(&runs));
                async move {
                    let document = Document::of(&order)?;
                    let work = idempotency.run(&document, invocation.deadline(), || async {
                        runs.fetch_add(1, Ordering::Relaxed);
                        sleep(Duration::from_secs(3600)).await;
                        Ok::<_, BoxError>(())
                    });
                    tokio::time::timeout(given_up, work).await?
                }
            }
        };
        let service = crate::handler(function).into_service().unwrap();
        let call = || {
            let context = lambda_runtime::Context::default();
            let invocation = Invocation::with_time_left(context, Some(Duration::from_secs(3)));
            service.clone().oneshot(Incoming { event: RawEvent::parse("7").unwrap(), invocation })
        };
        let start = Instant::now();
        call().await.unwrap_err();
        let (locks, time) = (store.all().len(), start.elapsed());
        call().await.unwrap_err();
        (locks, time, runs.load(Ordering::Relaxed) == 2)
    }

    #[tokio::test(start_paused = true)]
    async fn the_lock_of_a_cancelled_call_is_released_before_the_invocation_ends() {
        let (ms, never) = (Duration::from_millis, Duration::from_secs(3600));
        assert_eq!(cancelled(ms(20), never).await, (0, ms(2770), true), "by the deadline");
        assert_eq!(cancelled(ms(900), ms(500)).await, (0, ms(1400), true), "by the function itself");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_cannot_be_released_does_not_delay_the_response_beyond_the_deadline() {
        let (locks, time, _) = cancelled(Duration::from_secs(3600), Duration::from_secs(3600)).await;
        assert_eq!((locks, time), (1, Duration::from_millis(2875)));
    }
}
