//! Tasks that go on when the work of an invocation is cancelled, and that the invocation awaits before it ends: Lambda
//! may freeze the process after the response, and then a task would wait for the next invocation.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::core::invocation::Invocation;

/// The longest time for which an invocation without a deadline awaits its tasks.
const LONGEST: Duration = Duration::from_secs(2);

tokio::task_local! {
    /// The invocation whose work this task polls.
    static CURRENT: Invocation;
}

/// The tasks, in the extensions of an invocation.
#[derive(Default)]
struct Tasks(Mutex<Vec<JoinHandle<()>>>);

/// Spawns a task that the current invocation awaits. Outside of an invocation, such as in a task of the function,
/// nothing awaits it; outside of a tokio runtime it does not run.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    let Ok(runtime) = Handle::try_current() else { return };
    // Its log lines and spans belong to the invocation that was cancelled.
    let task = runtime.spawn(task.in_current_span());
    // It fails outside of an invocation.
    let _ = CURRENT.try_with(|invocation| {
        let extensions = invocation.extensions();
        if extensions.get::<Tasks>().is_none() {
            extensions.insert(Tasks::default());
        }
        if let Some(Tasks(tasks)) = extensions.get() {
            tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        }
    });
}

/// Does the work of an invocation, and then awaits the tasks that were spawned in it, for at most half of the time that
/// is left: the other half is for the response. A task that takes longer goes on.
pub(crate) async fn awaited<F: Future>(invocation: Invocation, work: F) -> F::Output {
    let output = CURRENT.scope(invocation.clone(), work).await;
    if let Some(Tasks(tasks)) = invocation.extensions().get() {
        let tasks = std::mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let limit = invocation.remaining().map_or(LONGEST, |left| left / 2);
        let _ = timeout(limit, join_all(tasks)).await;
    }
    output
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::{Instant, sleep};

    use super::*;

    /// Spawns a task of this length when it is dropped.
    struct OnDrop(Duration, Arc<AtomicU32>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            let (length, done) = (self.0, Arc::clone(&self.1));
            spawn(async move {
                sleep(length).await;
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
    }

    /// Cancels work with tasks of these lengths, and returns how many have ended with the invocation, and its time.
    async fn cancelled(left: Option<Duration>, lengths: &[u64]) -> (u32, Duration) {
        let invocation = Invocation::with_time_left(lambda_runtime::Context::default(), left);
        let (start, done) = (Instant::now(), Arc::new(AtomicU32::new(0)));
        let dropped: Vec<_> =
            lengths.iter().map(|length| OnDrop(Duration::from_millis(*length), Arc::clone(&done))).collect();
        let work = async move {
            let work = async move {
                let _dropped = dropped;
                std::future::pending::<()>().await;
            };
            timeout(Duration::from_secs(1), work).await
        };
        awaited(invocation, work).await.unwrap_err();
        (done.load(Ordering::Relaxed), start.elapsed() - Duration::from_secs(1))
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_are_awaited_for_half_of_the_time_that_is_left() {
        let ms = Duration::from_millis;
        assert_eq!(cancelled(Some(ms(1_200)), &[]).await, (0, ms(0)));
        assert_eq!(cancelled(Some(ms(1_200)), &[20, 50]).await, (2, ms(50)));
        assert_eq!(cancelled(Some(ms(1_200)), &[20, 500]).await, (1, ms(100)));
        assert_eq!(cancelled(Some(ms(900)), &[20]).await.0, 0, "after the deadline");
        assert_eq!(cancelled(None, &[20, 5_000]).await, (1, LONGEST));
    }

    #[tokio::test(start_paused = true)]
    async fn outside_of_an_invocation_a_task_runs_and_is_not_awaited() {
        let done = Arc::new(AtomicU32::new(0));
        drop(OnDrop(Duration::from_millis(20), Arc::clone(&done)));
        sleep(Duration::from_millis(21)).await;
        assert_eq!(done.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn outside_of_a_runtime_nothing_panics() {
        drop(OnDrop(Duration::ZERO, Arc::default()));
    }
}
