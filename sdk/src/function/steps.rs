//! Steps at the start and the end of a process, which run concurrently.

use std::pin::Pin;

/// A step, which returns `false` if it failed.
pub(crate) type Step<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// Runs all steps. The future is boxed, so that it is compiled once.
pub(crate) fn all(steps: Vec<Step<'_>>) -> Step<'_> {
    Box::pin(async { futures_util::future::join_all(steps).await.into_iter().all(|succeeded| succeeded) })
}
