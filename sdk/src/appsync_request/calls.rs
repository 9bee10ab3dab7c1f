//! The calls of one event: at most a number of them at the same time, and none after the deadline.
//!
//! They are futures of one task, so what a task holds, such as the metrics of the invocation, reaches each of them.

use std::sync::Once;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::task::coop;
use tokio::time::Instant;

use crate::core::invocation::Invocation;
use crate::core::panic::Cancellable;

/// AppSync waits 30 s for all resolvers of a request, and for a handler of channels
/// (<https://docs.aws.amazon.com/general/latest/gr/appsync.html>): a function that has more cannot use it.
const LONGEST: Duration = Duration::from_secs(30);

/// Warns once if the function may work longer than AppSync waits.
pub(crate) fn warn_of_long_timeout(invocation: &Invocation) {
    static WARNED: Once = Once::new();
    if invocation.remaining().is_some_and(|remaining| remaining > LONGEST) {
        WARNED.call_once(|| {
            tracing::warn!(
                "the time-out of the function is longer than the 30 s that AppSync waits for its response: set it to 25 s \
                 or less"
            );
        });
    }
}

/// Calls a function for each item, `concurrency` of them at the same time, until the end or the first result that ends the
/// work. Returns the result of each item, `None` for one that is not done.
pub(crate) async fn each<T, R, F: Future<Output = R>>(
    items: Vec<T>,
    concurrency: usize,
    end: Option<Instant>,
    call: impl Fn(usize, T) -> F,
    ends: impl Fn(&R) -> bool,
) -> Vec<Option<R>> {
    let mut results = Vec::with_capacity(items.len());
    results.resize_with(items.len(), || None);
    let mut waiting = items.into_iter().enumerate();
    let mut running = FuturesUnordered::new();
    let at_end = async {
        match end {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(at_end);
    // Calls that never wait keep the timer from being polled, so the clock is read as well.
    let is_over = move || end.is_some_and(|end| Instant::now() >= end);
    loop {
        while running.len() < concurrency && !is_over() {
            let Some((index, item)) = waiting.next() else { break };
            let call = call(index, item);
            // One that would begin after the end keeps the others from being answered in time.
            let begun = async move { if is_over() { None } else { Some(call.await) } };
            running.push(Cancellable::new(begun).map(move |result| (index, result)));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = &mut at_end => break,
            Some((index, result)) = running.next() => {
                let is_last = result.as_ref().is_some_and(&ends);
                results[index] = result;
                if is_last {
                    break;
                }
            }
        }
    }
    // What has ended keeps its value, so tokio's cooperative budget is lifted.
    while let Some(Some((index, result))) = coop::unconstrained(running.next()).now_or_never() {
        results[index] = result;
    }
    results
}

/// Waits for a call until the end. Returns `None` for one that is not done, which is cancelled.
pub(crate) async fn until_end<R>(end: Option<Instant>, call: impl Future<Output = R>) -> Option<R> {
    let call = Cancellable::new(call);
    match end {
        None => Some(call.await),
        Some(end) => tokio::time::timeout_at(end, call).await.ok(),
    }
}
