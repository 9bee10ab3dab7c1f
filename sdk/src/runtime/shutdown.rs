//! The end of the process: the hooks of [`Function::on_shutdown`](crate::Function::on_shutdown) run before it.
//!
//! Lambda sends SIGTERM before it ends a sandbox, but only if an extension is registered; otherwise it kills the
//! sandbox. A function with hooks therefore registers an internal extension that subscribes to no events. Lambda gives
//! such a function
//! [500 ms](https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown);
//! 300 ms of them are for the hooks. A function without hooks does none of this.
//!
//! A separate thread with its own runtime waits for signals and runs the hooks. It exists before the extension is
//! registered, and handlers that block all threads of the function do not delay the signal.

use std::io::Write as _;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::StatusCode;
use lambda_runtime_api_client::body::Body;
use tokio::sync::oneshot;

use super::{Serving, api, run_hooks};
use crate::core::error::{BoxError, chain};
use crate::core::signals::Signals;
use crate::function::StartError;
use crate::function::lifecycle::Hooks;

/// The time-out for all hooks in total.
const HOOKS_TIMEOUT: Duration = Duration::from_millis(300);

/// The process ends after this time at the latest, even if a hook blocks its thread, and with it the timer of
/// [`HOOKS_TIMEOUT`], or the function blocks its own thread.
const LATEST: Duration = Duration::from_millis(400);

/// The time-out for writing the last lines: standard output may have no reader.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(50);

/// The time-out for registering the extension, which takes about a millisecond.
const REGISTER_TIMEOUT: Duration = Duration::from_secs(1);

/// The name of the internal extension, which is unique within a function.
const NAME: &str = "pilaster-on-shutdown";

const IDENTIFIER: &str = "lambda-extension-identifier";

/// Registers the extension, without which Lambda sends no SIGTERM. It must happen before the first event is requested.
///
/// If the Extensions API is missing, as in some engines, or rejects it, the function starts without the extension.
pub(super) async fn register() {
    let registered = tokio::time::timeout(REGISTER_TIMEOUT, try_to_register()).await;
    if let Err(error) = registered.unwrap_or_else(|_| Err(format!("no response within {REGISTER_TIMEOUT:?}").into())) {
        let error = chain(&*error).join(": ");
        tracing::warn!(error, "Lambda did not register the function for SIGTERM: its shutdown hooks may not run");
    }
}

async fn try_to_register() -> Result<(), BoxError> {
    let request = lambda_runtime_api_client::build_request()
        .method("POST")
        .uri("/2020-01-01/extension/register")
        .header("Content-Type", "application/json")
        .header("Lambda-Extension-Name", NAME)
        .body(Body::from(r#"{"events":[]}"#))?;
    let registered = api::call(request).await?;
    if registered.status != StatusCode::OK {
        return Err(format!("the Extensions API responded with {}", registered.status).into());
    }
    let id = registered.headers.get(IDENTIFIER).ok_or("the response of the Extensions API has no identifier")?;
    let next = lambda_runtime_api_client::build_request()
        .uri("/2020-01-01/extension/event/next")
        .header(IDENTIFIER, id)
        .body(Body::empty())?;
    // The init phase lasts until each extension requests its next event. This one receives none.
    tokio::spawn(async move {
        if let Err(error) = api::call(next).await {
            tracing::debug!(error, "the connection to the Extensions API was lost");
        }
    });
    Ok(())
}

/// The thread that waits for a signal and runs the hooks.
pub(super) struct Shutdown {
    /// Its drop ends the wait, when the function ends by itself.
    ended: oneshot::Sender<()>,
    /// Resolves when the hooks have run.
    done: oneshot::Receiver<()>,
}

impl Shutdown {
    /// Starts to wait for a signal, if there are hooks. Signals are received once this returns.
    ///
    /// # Errors
    ///
    /// The thread could not be started.
    pub(super) fn start(hooks: Hooks) -> Result<Option<Self>, StartError> {
        if hooks.is_empty() {
            return Ok(None);
        }
        let (ended, by_itself) = oneshot::channel();
        let (finished, done) = oneshot::channel();
        let (listens, heard) = std::sync::mpsc::channel();
        let failed = |error: std::io::Error| {
            StartError::new(format!("could not start a thread for the shutdown hooks: {error}"))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let wait = move || {
            let waiting: Serving = Box::pin(async move {
                let signals = Signals::of_the_end();
                // The function starts when this is dropped.
                drop(listens);
                if let Either::Left(_) = select(pin!(received(signals)), by_itself).await {
                    end_at_the_latest();
                }
                run(hooks).await;
                let _: Result<(), ()> = finished.send(());
                Ok(())
            });
            let _: Result<(), StartError> = runtime.block_on(waiting);
            // A task spawned by a hook may still block.
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("shutdown".to_owned()).spawn(wait).map_err(failed)?;
        let _: Result<(), std::sync::mpsc::RecvError> = heard.recv();
        Ok(Some(Self { ended, done }))
    }

    /// Serves until the function ends by itself or because of a signal. Before it returns, the hooks have run or timed
    /// out.
    pub(super) async fn around(self, serving: Serving) -> Result<(), StartError> {
        let Self { ended, done } = self;
        match select(serving, done).await {
            Either::Left((served, done)) => {
                drop(ended);
                // A hook that blocks its thread must not keep a finished function alive.
                let _: Result<_, tokio::time::error::Elapsed> = tokio::time::timeout(LATEST, done).await;
                served
            }
            Either::Right(_) => Ok(()),
        }
    }
}

/// Waits for a signal; for ever if none can be received.
async fn received(signals: std::io::Result<Signals>) {
    if async { signals?.received().await }.await.is_err() {
        std::future::pending().await
    }
}

/// Runs all hooks concurrently, within their time-out.
async fn run(hooks: Hooks) {
    match tokio::time::timeout(HOOKS_TIMEOUT, run_hooks(hooks)).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("a shutdown hook panicked"),
        Err(_) => tracing::warn!("the shutdown hooks took longer than {HOOKS_TIMEOUT:?} and were abandoned"),
    }
    flush();
}

fn end_at_the_latest() {
    let end = || {
        std::thread::sleep(LATEST);
        flush();
        std::process::exit(0);
    };
    // If no thread can be started, Lambda ends the process.
    let _ = std::thread::Builder::new().spawn(end);
}

/// Flushes standard output, and the metrics that no further invocation will write; log lines are not buffered. It gives
/// up after [`FLUSH_TIMEOUT`], since a full pipe without a reader would keep the process from ending.
fn flush() {
    let (written, wait) = std::sync::mpsc::channel::<()>();
    let write = move || {
        let _written = written;
        #[cfg(feature = "metrics")]
        crate::observe::metrics::flush();
        let _ = std::io::stdout().flush();
    };
    if std::thread::Builder::new().spawn(write).is_ok() {
        let _ = wait.recv_timeout(FLUSH_TIMEOUT);
    }
}
