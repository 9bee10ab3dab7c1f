//! The calls of one event: at most a number of them at the same time, and none after the deadline.
//!
//! They are futures of one task, so what a task holds, such as the metrics of the invocation, reaches each of them.

use std::future::poll_fn;
use std::sync::Once;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::task::coop;
use tokio::time::Instant;

use crate::core::env;
use crate::core::invocation::Invocation;
use crate::core::panic::Cancellable;

/// AppSync waits 30 s for all resolvers of a request, and for a handler of channels
/// (<https://docs.aws.amazon.com/general/latest/gr/appsync.html>): a function that has more cannot use it.
const LONGEST: Duration = Duration::from_secs(30);

/// The time after the end in which a call that was started, and can go on, still goes on: it may have ended.
const LAST: Duration = Duration::from_millis(50);

/// Warns once if the function may work longer than AppSync waits.
pub(crate) fn warn_of_long_timeout(invocation: &Invocation) {
    static WARNED: Once = Once::new();
    if is_too_long(invocation.remaining(), env::is_on_lambda()) {
        WARNED.call_once(|| {
            tracing::warn!(
                "the time-out of the function is longer than the 30 s that AppSync waits for its response: set it to 25 s \
                 or less"
            );
        });
    }
}

/// A local run has the longest time-out of Lambda, whatever that of the function is.
fn is_too_long(remaining: Option<Duration>, is_on_lambda: bool) -> bool {
    is_on_lambda && remaining.is_some_and(|remaining| remaining > LONGEST)
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
    let started_until = end.map(|end| end + LAST);
    let mut waiting = items.into_iter().enumerate();
    // Calls that never wait keep the timer from being polled, so the clock is read as well: before a call is started or
    // goes on.
    let is_over = || end.is_some_and(|end| Instant::now() >= end);
    let watched = |index, item| {
        let mut call = Cancellable::new(call(index, item));
        let mut end = end;
        poll_fn(move |cx| {
            if end.is_some_and(|end| Instant::now() >= end) {
                return Poll::Pending;
            }
            let polled = call.poll_unpin(cx).map(|result| (index, result));
            // It was started: it may still have ended when the end came.
            end = started_until;
            polled
        })
    };
    let mut running = FuturesUnordered::new();
    let at_end = async {
        match end {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(at_end);
    loop {
        while running.len() < concurrency && !is_over() {
            let Some((index, item)) = waiting.next() else { break };
            running.push(watched(index, item));
        }
        if running.is_empty() || is_over() {
            break;
        }
        tokio::select! {
            biased;
            () = &mut at_end => break,
            Some((index, result)) = running.next() => {
                let is_last = ends(&result);
                results[index] = Some(result);
                if is_last {
                    break;
                }
            }
        }
    }
    // What has ended keeps its value, so tokio's cooperative budget is lifted.
    while let Some(Some((index, result))) = coop::unconstrained(running.next()).now_or_never() {
        results[index] = Some(result);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Each call works for 400 ms without waiting: the clock moves while it is polled.
    #[tokio::test(start_paused = true)]
    async fn check_10_calls_that_work_without_waiting_do_not_start_after_the_end() {
        for concurrency in [1, 3, 10] {
            let begin = Instant::now();
            let call = |index: usize, (): ()| async move {
                let mut work = Box::pin(tokio::time::advance(Duration::from_millis(400)));
                let _ = futures_util::poll!(&mut work);
                index
            };
            let end = begin + Duration::from_millis(1_250);
            let results = each(vec![(); 10], concurrency, Some(end), call, |_| false).await;
            let done = results.iter().flatten().count();
            assert_eq!((done, begin.elapsed()), (4, Duration::from_millis(1_600)), "{concurrency}");
            assert!(results.iter().take(done).enumerate().all(|(index, result)| *result == Some(index)));
        }
    }

    /// Each call works in steps of 100 ms, and yields in between.
    #[tokio::test(start_paused = true)]
    async fn check_10_calls_that_yield_do_not_go_on_after_the_end() {
        let begin = Instant::now();
        let call = |index: usize, (): ()| async move {
            for _ in 0..4 {
                tokio::time::advance(Duration::from_millis(100)).await;
            }
            index
        };
        let end = begin + Duration::from_millis(1_250);
        each(vec![(); 10], 10, Some(end), call, |_| false).await;
        assert!(begin.elapsed() <= Duration::from_millis(1_400), "{:?}", begin.elapsed());
    }

    #[test]
    fn a_long_time_out_is_one_of_lambda_above_30_s() {
        let of = |seconds| is_too_long(Some(Duration::from_secs(seconds)), true);
        assert!(of(31) && !of(30) && !is_too_long(None, true));
        assert!(!is_too_long(Some(Duration::from_secs(900)), false), "a local run");
    }
}
