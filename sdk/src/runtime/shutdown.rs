//! The end of the process: what [`Function::on_shutdown`](crate::Function::on_shutdown) was given runs before it.
//!
//! Lambda sends SIGTERM before it ends a sandbox, but only if an extension is registered; without one it just ends it. So a
//! function with hooks registers an internal extension that asks for no events. Lambda gives such a function
//! [500 ms](https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown);
//! the hooks have 300 ms of them. A function without hooks does none of this.
//!
//! Signals are waited for, and hooks run, on a thread and a runtime of their own, which stand before the extension is
//! registered: handlers that block all threads of the function do not keep the signal from being heard.

use std::io::Write as _;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::StatusCode;
use lambda_runtime_api_client::body::Body;
use tokio::sync::oneshot;

use super::{Serving, api, run_hooks};
use crate::core::error::{BoxError, chain};
use crate::function::StartError;
use crate::function::lifecycle::Hooks;

/// How long the hooks may take, all together.
const HOOKS: Duration = Duration::from_millis(300);

/// When the process ends at the latest: for a hook that blocks its thread, and with it the clock of [`HOOKS`], and for a
/// function that blocks its own.
const LATEST: Duration = Duration::from_millis(400);

/// How long the last lines may take to be written: nobody may read them.
const FLUSHING: Duration = Duration::from_millis(50);

/// How long Lambda may take to register the extension. It takes about a millisecond.
const REGISTERING: Duration = Duration::from_secs(1);

/// An internal extension's name is its own within a function.
const NAME: &str = "pilaster-on-shutdown";

const IDENTIFIER: &str = "lambda-extension-identifier";

/// Registers the extension, without which Lambda sends no SIGTERM. It has to happen before the first event is asked for.
///
/// Where there is no Extensions API, as in some engines, or where it refuses, the function starts without.
pub(super) async fn register() {
    let registered = tokio::time::timeout(REGISTERING, try_to_register()).await;
    if let Err(error) = registered.unwrap_or_else(|_| Err(format!("no answer within {REGISTERING:?}").into())) {
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
    let answer = api::call(request).await?;
    if answer.status != StatusCode::OK {
        return Err(format!("the Extensions API answered {}", answer.status).into());
    }
    let id = answer.headers.get(IDENTIFIER).ok_or("the Extensions API gave no identifier")?;
    let next = lambda_runtime_api_client::build_request()
        .uri("/2020-01-01/extension/event/next")
        .header(IDENTIFIER, id)
        .body(Body::empty())?;
    // Initialisation lasts until each extension asks for its next event. This one gets none: the question stays open.
    tokio::spawn(async move {
        if let Err(error) = api::call(next).await {
            tracing::debug!(error, "the Extensions API went away");
        }
    });
    Ok(())
}

/// The thread that waits for the signal and runs the hooks.
pub(super) struct Shutdown {
    /// Tells the thread that the function ended by itself.
    ended: oneshot::Sender<()>,
    /// Resolves when the hooks have run.
    done: oneshot::Receiver<()>,
}

impl Shutdown {
    /// Starts to wait for a signal, if there are hooks. It is heard from when this returns.
    ///
    /// # Errors
    ///
    /// That there is no thread for it.
    pub(super) fn start(hooks: Hooks) -> Result<Option<Self>, StartError> {
        if hooks.is_empty() {
            return Ok(None);
        }
        let (ended, by_itself) = oneshot::channel();
        let (finished, done) = oneshot::channel();
        let (listens, heard) = std::sync::mpsc::channel();
        let failed = |error: std::io::Error| StartError::new(format!("no thread for the shutdown hooks: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let wait = move || {
            let waiting: Serving = Box::pin(async move {
                let signals = Signals::listen();
                // Dropped, it lets the function start: the other end waits for nothing else.
                drop(listens);
                if let Either::Left(_) = select(pin!(signals.received()), by_itself).await {
                    end_at_the_latest();
                }
                run(hooks).await;
                let _: Result<(), ()> = finished.send(());
                Ok(())
            });
            let _: Result<(), StartError> = runtime.block_on(waiting);
            // A task of a hook may still block.
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("shutdown".to_owned()).spawn(wait).map_err(failed)?;
        let _: Result<(), std::sync::mpsc::RecvError> = heard.recv();
        Ok(Some(Self { ended, done }))
    }

    /// Serves until it ends by itself or by a signal. The hooks have run when it returns, or have had their time.
    pub(super) async fn around(self, serving: Serving) -> Result<(), StartError> {
        let Self { ended, done } = self;
        match select(serving, done).await {
            Either::Left((served, done)) => {
                drop(ended);
                // A hook that blocks its thread does not keep a function alive that serves nothing.
                let _: Result<_, tokio::time::error::Elapsed> = tokio::time::timeout(LATEST, done).await;
                served
            }
            Either::Right(_) => Ok(()),
        }
    }
}

/// Lambda's SIGTERM, and Ctrl-C.
#[cfg(unix)]
struct Signals([Option<tokio::signal::unix::Signal>; 2]);

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self([SignalKind::terminate(), SignalKind::interrupt()].map(|kind| signal(kind).ok()))
    }

    async fn received(self) {
        let wait = |signal: Option<tokio::signal::unix::Signal>| async move {
            match signal {
                Some(mut signal) => signal.recv().await.unwrap_or_default(),
                None => std::future::pending().await,
            }
        };
        let [terminate, interrupt] = self.0;
        select(pin!(wait(terminate)), pin!(wait(interrupt))).await;
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn received(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// All hooks at once, within their time.
async fn run(hooks: Hooks) {
    match tokio::time::timeout(HOOKS, run_hooks(hooks)).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("a shutdown hook panicked"),
        Err(_) => tracing::warn!("the shutdown hooks took longer than {HOOKS:?} and were given up"),
    }
    flush();
}

fn end_at_the_latest() {
    let end = || {
        std::thread::sleep(LATEST);
        flush();
        std::process::exit(0);
    };
    // Without a thread to spare, Lambda ends the process itself.
    let _ = std::thread::Builder::new().spawn(end);
}

/// Writes what the function printed, and the metrics that no further invocation will write; log lines are written one by one. It
/// gives up where nobody reads: a full pipe would keep the process from its end.
fn flush() {
    let (written, wait) = std::sync::mpsc::channel::<()>();
    let write = move || {
        let _written = written;
        #[cfg(feature = "metrics")]
        crate::observe::metrics::flush();
        let _ = std::io::stdout().flush();
    };
    if std::thread::Builder::new().spawn(write).is_ok() {
        let _ = wait.recv_timeout(FLUSHING);
    }
}
