//! The runtime: from a function to a process that serves events.
//!
//! Under Lambda it polls the Runtime API; on Lambda Managed Instances as often at a time as `AWS_LAMBDA_MAX_CONCURRENCY` says.
//! Started by hand it serves itself ([`local`](crate::local)).
//!
//! The loop runs on a current-thread tokio runtime: on tokio's default one the answer to one invocation and the poll for the
//! next race for the same pooled connection, nearly every invocation opens a new one, and the CPU per invocation doubles.
//! Only with managed concurrency (`AWS_LAMBDA_MAX_CONCURRENCY` above 1) and more than one core there is a thread for each core.
//! Blocking and CPU-heavy work goes to `tokio::task::spawn_blocking`, as ever.

mod api;
mod init;
mod serve;
mod shutdown;
mod snapstart;
mod workers;

use std::any::Any;
use std::fmt;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::OptionFuture;
use tower::{Layer, Service};

use crate::core::deadline::contained;
use crate::core::error::{BoxError, FunctionError, chain};
use crate::core::raw::RawService;
use crate::core::raw::{Incoming, Outgoing, PAYLOAD_LIMIT};
use crate::function::lifecycle::{Hooks, Warming};
use crate::function::service::IntoRaw;
use crate::function::warmup::WarmupLayer;

/// How long one thing may take to be made during initialisation.
const WARMING: Duration = Duration::from_secs(8);

/// Why a function did not start. Its `Debug` text is a sentence too, since that is what `main` prints.
pub struct StartError {
    message: String,
    /// The `errorType` for Lambda, if initialisation failed and Lambda does not know yet.
    reason: Option<&'static str>,
}

impl StartError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: Some("Runtime.ConfigInvalid") }
    }

    fn because(what: &str, error: &BoxError) -> Self {
        Self { message: format!("{what}: {}", chain(&**error).join(": ")), reason: None }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}

/// Runs a function until Lambda ends the process; started by hand, until Ctrl-C.
///
/// It is what `main` does, and makes its own tokio runtime. Started by hand, an HTTP function listens on `127.0.0.1:3000`,
/// or where the environment variable `PILASTER_ADDR` says (`host:port`). It answers requests to `localhost`, names below it, loopback
/// addresses and the host of `PILASTER_ADDR`, and to the hosts that `PILASTER_HOSTS` lists (`dev.example.com, 192.0.2.7`); any other
/// is a 421, since a page of another site could send it.
///
/// # Example
///
/// ```no_run
/// use pilaster::http::Json;
///
/// async fn echo(Json(value): Json<serde_json::Value>) -> Json<serde_json::Value> {
///     Json(value)
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
///     pilaster::run(pilaster::handler(echo))
/// }
/// ```
///
/// # Errors
///
/// A sentence that says why the function could not start: a layer that is configured wrongly, an environment variable that
/// Lambda did not set, a call from within a tokio runtime, or a Runtime API that went away. Lambda is told the same, as an
/// error of initialisation, so it stands in the function's log and in the answer to its caller.
pub fn run<F: IntoRaw>(function: F) -> Result<(), StartError> {
    start(function).inspect_err(init::report)
}

/// As [`run`], with a function that is yet to be made: what panics over its configuration says so in its message.
#[cfg(feature = "macros")]
pub(crate) fn run_made<F: IntoRaw>(make: impl FnOnce() -> F) -> Result<(), StartError> {
    quietly(make).and_then(start).inspect_err(init::report)
}

fn start<F: IntoRaw>(mut function: F) -> Result<(), StartError> {
    if tokio::runtime::Handle::try_current().is_ok() {
        return Err(StartError::new(
            "pilaster::run makes its own runtime: call it from a plain `fn main`, without #[tokio::main]",
        ));
    }
    #[cfg(feature = "logging")]
    crate::observe::logging::init();
    #[cfg(panic = "abort")]
    tracing::warn!("a panic ends this process instead of failing its request: set `panic = \"unwind\"` in the profile");
    let mut start = function.take_start();
    let hooks = std::mem::take(&mut start.hooks);
    let on_lambda = std::env::var_os(api::VARIABLE).is_some();
    let runtime = tokio_runtime(managed_concurrency())
        .map_err(|error| StartError::new(format!("the tokio runtime could not be made: {error}")))?;
    let raw = {
        // Some layers spawn a task when they are built.
        let _entered = runtime.enter();
        build(function, start.is_of_whole_events)?
    };
    let shutdown = shutdown::Shutdown::start(hooks)?;
    let served: Serving = Box::pin(async move {
        let serving: Serving = if on_lambda {
            init::check_environment()?;
            let snapshot = snapstart::resource(&mut start);
            let registered = OptionFuture::from(shutdown.as_ref().map(|_| Box::pin(shutdown::register())));
            futures_util::future::join(registered, warm(start.warming)).await;
            #[cfg(feature = "http")]
            let serving: Serving = match F::STREAMS {
                true => Box::pin(served(serve::streaming(raw, snapshot))),
                false => Box::pin(served(serve::whole(raw, snapshot))),
            };
            #[cfg(not(feature = "http"))]
            let serving: Serving = Box::pin(served(serve::whole(raw, snapshot)));
            serving
        } else {
            Box::pin(by_hand(raw, start))
        };
        match shutdown {
            Some(shutdown) => shutdown.around(serving).await,
            None => serving.await,
        }
    });
    runtime.block_on(served)
}

/// What serves until it ends. Boxed, as what is awaited once is here, so that whatever awaits it is compiled once, too.
type Serving = Pin<Box<dyn Future<Output = Result<(), StartError>>>>;

async fn served(serving: impl Future<Output = Result<(), BoxError>>) -> Result<(), StartError> {
    // `lambda_runtime` panics over an answer that has no request id: a 500 instead of an event.
    let served = AssertUnwindSafe(serving).catch_unwind().await;
    let served = served.unwrap_or_else(|panic| {
        let why = panic_text(&*panic).unwrap_or("a panic");
        Err(format!("the Runtime API's answer is no event: {why}").into())
    });
    served.map_err(|error| StartError::because("the runtime ended", &error))
}

/// Calls what makes layers; one that panics over its configuration says so in its message.
fn quietly<T>(make: impl FnOnce() -> T) -> Result<T, StartError> {
    // The sentence is told once, by `main`.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let made = catch_unwind(AssertUnwindSafe(make));
    std::panic::set_hook(hook);
    made.map_err(|panic| {
        let message = panic_text(&*panic).unwrap_or("a layer panicked");
        StartError::new(format!("the function could not be built: {message}"))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied())
}

fn build<F: IntoRaw>(function: F, is_of_whole_events: bool) -> Result<impl RawService, StartError> {
    let raw = quietly(|| function.into_raw())?;
    let raw = Guarded(WarmupLayer::from_env(is_of_whole_events).layer(raw));
    #[cfg(feature = "logging")]
    let raw = Layer::layer(&crate::observe::logging::LoggingLayer::new(), raw);
    Ok(raw)
}

fn managed_concurrency() -> usize {
    std::env::var("AWS_LAMBDA_MAX_CONCURRENCY").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn tokio_runtime(concurrency: usize) -> std::io::Result<tokio::runtime::Runtime> {
    // On one core a thread of its own for the tasks costs a sixth more of CPU, and gains nothing.
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut builder = match concurrency.min(cores) {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

/// Makes what should be there before the first event, all at once. A failure is no reason not to start: the first request
/// that needs it tries again.
///
/// Lambda allows initialisation 10 s; then it would start it again, within the first invocation.
async fn warm(warming: Vec<(&'static str, Warming)>) {
    let each = warming.into_iter().map(|(name, warm)| -> Step {
        Box::pin(async move {
            let warmed = tokio::time::timeout(WARMING, AssertUnwindSafe(warm()).catch_unwind()).await;
            let why = match warmed {
                Ok(Ok(Ok(()))) => return true,
                Ok(Ok(Err(error))) => chain(&*error).join(": "),
                Ok(Err(_)) => "it panicked".to_owned(),
                Err(_) => format!("it took longer than {WARMING:?}"),
            };
            tracing::warn!(name, error = why, "not warmed; the first request tries again");
            false
        })
    });
    all(each.collect()).await;
}

/// Runs hooks all at once, and tells whether none panicked.
async fn run_hooks(hooks: Hooks) -> bool {
    let each = hooks.0.into_iter().map(|hook| -> Step {
        Box::pin(async move {
            let ran = AssertUnwindSafe(async move { hook().await }).catch_unwind().await;
            ran.map_err(|payload| contained(|| drop(payload))).is_ok()
        })
    });
    all(each.collect()).await
}

/// One of the things that are done at the start or the end, and whether it went well.
type Step = Pin<Box<dyn Future<Output = bool> + Send>>;

fn all(steps: Vec<Step>) -> Step {
    Box::pin(async { futures_util::future::join_all(steps).await.into_iter().all(|went_well| went_well) })
}

#[cfg(any(debug_assertions, feature = "local"))]
async fn by_hand<S: RawService>(raw: S, mut start: crate::function::lifecycle::Start) -> Result<(), StartError> {
    warm(std::mem::take(&mut start.warming)).await;
    crate::local::serve(raw, start).await.map_err(|error| StartError::because("by hand", &error))
}

#[cfg(not(any(debug_assertions, feature = "local")))]
async fn by_hand<S: RawService>(_: S, _: crate::function::lifecycle::Start) -> Result<(), StartError> {
    Err(StartError::new(
        "this is a Lambda function, started by hand without AWS_LAMBDA_RUNTIME_API: try it with `cargo run` (a debug build), \
         with pilaster's feature `local`, or with `cargo lambda watch`",
    ))
}

/// The raw landing with what must not reach `lambda_runtime`: a panic, whose text it would post to the caller, and a response
/// that Lambda refuses, after which the connection may close and the process end.
#[derive(Clone)]
struct Guarded<S>(S);

impl<S: RawService> Service<Incoming> for Guarded<S> {
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // Asked in `call`: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let mut raw = self.0.clone();
        let called = AssertUnwindSafe(async move {
            std::future::poll_fn(|cx| raw.poll_ready(cx)).await?;
            raw.call(incoming).await
        });
        Box::pin(async move {
            // What it carries may panic when it is dropped.
            let panicked = |payload| {
                contained(|| drop(payload));
                Err(FunctionError::new("Panic", "the function panicked"))
            };
            let response = called.catch_unwind().await.unwrap_or_else(panicked)?;
            let length = response.as_json().map_or(0, |json| json.get().len());
            if length > PAYLOAD_LIMIT {
                let message = format!("the response has {length} bytes; Lambda takes {PAYLOAD_LIMIT}");
                return Err(FunctionError::new("ResponseTooLarge", message));
            }
            Ok(response)
        })
    }
}
