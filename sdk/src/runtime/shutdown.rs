//! The end of the process: what [`Function::on_shutdown`](crate::Function::on_shutdown) was given runs before it.
//!
//! Lambda sends SIGTERM before it ends a sandbox, but only if an extension is registered; without one it just ends it. So a
//! function with hooks registers an internal extension that asks for no events. Lambda gives such a function
//! [500 ms](https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown);
//! the hooks have 300 ms of them. A function without hooks does none of this.

use std::io::Write as _;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::StatusCode;
use lambda_runtime_api_client::body::Body;

use super::{Serving, StartError, api, run_hooks};
use crate::error::{BoxError, chain};
use crate::handler::Hooks;

/// How long the hooks may take, all together.
const HOOKS: Duration = Duration::from_millis(300);

/// When the process ends at the latest: for a hook that blocks its thread, and with it the clock of [`HOOKS`].
const LATEST: Duration = Duration::from_millis(400);

/// How long Lambda may take to register the extension. It takes about a millisecond.
const REGISTERING: Duration = Duration::from_secs(1);

/// An internal extension's name is its own within a function.
const NAME: &str = "pilaster-on-shutdown";

const IDENTIFIER: &str = "lambda-extension-identifier";

/// Registers the extension, without which Lambda sends no SIGTERM. It has to happen before the first event is asked for.
///
/// Where there is no Extensions API, as in some engines, or where it refuses, the function starts without.
pub(super) async fn register(hooks: &Hooks) {
    if hooks.0.is_empty() {
        return;
    }
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

/// Serves until it ends by itself or by a signal, and runs the hooks then.
pub(super) async fn around(serving: Serving, hooks: Hooks) -> Result<(), StartError> {
    if hooks.0.is_empty() {
        return serving.await;
    }
    // Heard of before anything is served: a signal that nobody waits for ends the process.
    match select(pin!(terminated()), serving).await {
        Either::Right((ended, _)) => {
            run(hooks).await;
            ended
        }
        Either::Left(((), serving)) => {
            end_at_the_latest();
            // An answer that is on its way goes on beside the hooks.
            if let Either::Left((_, hooks)) = select(serving, pin!(run(hooks))).await {
                hooks.await;
            }
            Ok(())
        }
    }
}

/// Lambda's SIGTERM, or Ctrl-C.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => signal.recv().await.unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    };
    select(pin!(wait(SignalKind::terminate())), pin!(wait(SignalKind::interrupt()))).await;
}

/// Ctrl-C.
#[cfg(not(unix))]
async fn terminated() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
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

/// What the function printed, and the metrics that no further invocation will write; log lines are written one by one.
fn flush() {
    #[cfg(feature = "metrics")]
    crate::observe::metrics::flush();
    let _ = std::io::stdout().flush();
}
