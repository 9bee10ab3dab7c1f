//! [`WarmUps`]: the values that a function creates before its first event.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt;

use crate::clients::{Clients, Warm};
use crate::core::error::{BoxError, chain};
use crate::function::steps::{Step, all};

/// The longest time that one value may take to be made during initialisation.
const WARM_UP_TIMEOUT: Duration = Duration::from_secs(8);

/// The values of [`Function::warm`](crate::Function::warm).
#[derive(Clone, Debug, Default)]
pub(crate) struct WarmUps(Vec<(&'static str, WarmFn)>);

/// Creates a value of the type that is named beside it.
type WarmFn = fn(&Clients) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>>;

impl WarmUps {
    pub(crate) fn add<T: Warm>(&mut self) {
        self.0.push((std::any::type_name::<T>(), |clients| Box::pin(T::warm(clients))));
    }

    /// Creates the values in this registry, concurrently. After a failure the function still starts: the first request
    /// that needs the value retries.
    ///
    /// Lambda allows the init phase 10 s
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib>); then it
    /// would start it again, within the first invocation.
    pub(crate) async fn run(&self, clients: &Clients) {
        let each = self.0.iter().map(|&(name, warm)| -> Step<'_> {
            Box::pin(async move {
                let warmed = AssertUnwindSafe(async { warm(clients).await }).catch_unwind();
                let why = match tokio::time::timeout(WARM_UP_TIMEOUT, warmed).await {
                    Ok(Ok(Ok(()))) => return true,
                    Ok(Ok(Err(error))) => chain(&*error).join(": "),
                    Ok(Err(_)) => "it panicked".to_owned(),
                    Err(_) => format!("it took longer than {WARM_UP_TIMEOUT:?}"),
                };
                tracing::warn!(name, error = why, "warm-up failed; it is retried on first use");
                false
            })
        });
        all(each.collect()).await;
    }
}
