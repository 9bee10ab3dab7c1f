//! The runtime: from a function to a process that serves events.
//!
//! On Lambda it polls the Runtime API; on Lambda Managed Instances with `AWS_LAMBDA_MAX_CONCURRENCY` polls at a time.
//! Run locally, it serves the function itself ([`local`](crate::local)).
//!
//! The loop runs on a current-thread tokio runtime: on tokio's default one the response to one invocation and the poll
//! for the next race for the same pooled connection, nearly every invocation opens a new one, and the CPU per
//! invocation doubles. Only with managed concurrency (`AWS_LAMBDA_MAX_CONCURRENCY` above 1) and more than one core is
//! there a thread for each core. Blocking and CPU-heavy work belongs in `tokio::task::spawn_blocking`.

mod api;
mod client_context;
mod init;
#[cfg(not(any(debug_assertions, feature = "local")))]
mod no_local;
mod serve;
mod shutdown;
mod snapstart;
#[cfg(all(test, feature = "http", feature = "secrets"))]
mod tests;
mod workers;

use std::any::Any;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::OptionFuture;

#[cfg(not(any(debug_assertions, feature = "local")))]
use self::no_local as local;
use crate::core::env;
use crate::core::error::BoxError;
use crate::core::panic::contained;
use crate::function::StartError;
use crate::function::into_service::IntoService;
use crate::function::lifecycle::{Hooks, Lifecycle};
use crate::function::steps::{Step, all};
#[cfg(any(debug_assertions, feature = "local"))]
use crate::local;

/// Runs a function until Lambda ends the process, or locally until Ctrl-C.
///
/// It is the whole of `main`, and makes its own tokio runtime. Run locally (`cargo run`), an HTTP function listens on
/// `127.0.0.1:3000`, or on the `host:port` in the environment variable `PILASTER_ADDR`. It accepts requests to
/// `localhost`, names below it, loopback addresses and the host of `PILASTER_ADDR`, and to the hosts that
/// `PILASTER_HOSTS` lists (`dev.example.com, 192.0.2.7`). It responds to any other with a 421, since a page of another
/// site could send it. With arguments (`cargo run -- event.json`) it is called with the event in each file instead, as
/// a function of another kind is. `cargo run -- --help` lists the options.
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
/// The reason why the function could not start, as a sentence: a layer that is configured wrongly, an environment
/// variable that Lambda did not set, a call from within a tokio runtime, or a Runtime API that went away. It is also
/// reported to Lambda as an error of initialisation, so it is in the function's log and in the response to its caller.
pub fn run<F: IntoService>(function: F) -> Result<(), StartError> {
    start(|| Ok(function), arguments()).inspect_err(init::report)
}

/// Runs the function that `make` returns. A panic of `make` is an error, too.
#[cfg(feature = "macros")]
pub fn run_made<F: IntoService>(make: impl FnOnce() -> F) -> Result<(), StartError> {
    start(|| built(|| Ok(make())), arguments()).inspect_err(init::report)
}

fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().skip(1)
}

fn start<F: IntoService>(
    make: impl FnOnce() -> Result<F, StartError>,
    arguments: impl Iterator<Item = OsString>,
) -> Result<(), StartError> {
    if tokio::runtime::Handle::try_current().is_ok() {
        return Err(StartError::new(
            "pilaster::run makes its own runtime: call it from a plain `fn main`, without #[tokio::main]",
        ));
    }
    // Before any code of the function: `--help` has no other effect, and the files replace the values of AWS.
    let inputs = match env::is_on_lambda() {
        true => None,
        false => match local::Inputs::parse(arguments)? {
            None => return Ok(()),
            inputs => inputs,
        },
    };
    let mut function = make()?;
    #[cfg(all(feature = "openapi", any(debug_assertions, feature = "local")))]
    if let Some(local::Inputs::Document(documents, format)) = &inputs {
        return local::print_document(documents, *format, &function);
    }
    #[cfg(all(feature = "tools", any(debug_assertions, feature = "local")))]
    if let Some(local::Inputs::Tools(dialect)) = &inputs {
        return local::print_tools(*dialect, &function);
    }
    #[cfg(feature = "logging")]
    crate::observe::logging::init();
    #[cfg(panic = "abort")]
    tracing::warn!("a panic ends this process instead of failing its request: set `panic = \"unwind\"` in the profile");
    let mut lifecycle = function.take_lifecycle();
    let runtime = tokio_runtime(managed_concurrency())
        .map_err(|error| StartError::new(format!("the tokio runtime could not be created: {error}")))?;
    let service = {
        // Some layers spawn a task when they are built.
        let _entered = runtime.enter();
        let build = || built(|| function.into_service());
        #[cfg(any(feature = "metrics", feature = "validate"))]
        let build = || crate::core::at_start::perform(build);
        build()?
    };
    let local = inputs.map(|inputs| inputs.prepare(lifecycle.is_http)).transpose()?;
    let shutdown = shutdown::Shutdown::start(std::mem::take(&mut lifecycle.on_shutdown))?;
    let served: Serving = Box::pin(async move {
        let serving: Serving = if let Some(local) = local {
            Box::pin(async move {
                warm(&lifecycle).await;
                local.serve(service, lifecycle.routes).await
            })
        } else {
            init::check_environment()?;
            let snapshot = snapstart::resource(&mut lifecycle);
            let registered = OptionFuture::from(shutdown.as_ref().map(|_| Box::pin(shutdown::register())));
            futures_util::future::join(registered, warm(&lifecycle)).await;
            #[cfg(feature = "http")]
            let serving: Serving = match F::STREAMS {
                true => Box::pin(served(serve::streaming(service, snapshot))),
                false => Box::pin(served(serve::whole(service, snapshot, lifecycle.reads_client_context))),
            };
            #[cfg(not(feature = "http"))]
            let serving: Serving = Box::pin(served(serve::whole(service, snapshot, lifecycle.reads_client_context)));
            serving
        };
        match shutdown {
            Some(shutdown) => shutdown.around(serving).await,
            None => serving.await,
        }
    });
    runtime.block_on(served)
}

/// Reports a panic of the user's code that makes layers as an error, so that Lambda and the caller get its text.
fn built<T>(build: impl FnOnce() -> Result<T, StartError>) -> Result<T, StartError> {
    catch_unwind(AssertUnwindSafe(build))
        .unwrap_or_else(|panic| Err(StartError::not_built(panic_text(&*panic).unwrap_or("a layer panicked"))))
}

/// The future that serves until the end. It is boxed, so that the code that awaits it is compiled once.
type Serving = Pin<Box<dyn Future<Output = Result<(), StartError>>>>;

async fn served(serving: impl Future<Output = Result<(), BoxError>>) -> Result<(), StartError> {
    // `lambda_runtime` panics over a response without a request id, such as a 500 instead of an event.
    let served = AssertUnwindSafe(serving).catch_unwind().await;
    let served = served.unwrap_or_else(|panic| {
        let why = panic_text(&*panic).unwrap_or("a panic");
        Err(format!("the response of the Runtime API is not an event: {why}").into())
    });
    served.map_err(|error| StartError::because("the runtime ended", &error))
}

fn panic_text(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied())
}

fn managed_concurrency() -> usize {
    env::or_warn(env::parsed(&env::var, "AWS_LAMBDA_MAX_CONCURRENCY", "a number")).unwrap_or(1)
}

fn tokio_runtime(concurrency: usize) -> std::io::Result<tokio::runtime::Runtime> {
    // On one core a separate thread for the tasks costs a sixth more CPU time and gains nothing. The number of cores is only read
    // if it matters: that takes seven files of the control group.
    let several = concurrency > 1 && std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    let mut builder = match several {
        false => tokio::runtime::Builder::new_current_thread(),
        true => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

/// Creates the values of [`Function::warm`](crate::Function::warm) in the registry of the process.
async fn warm(lifecycle: &Lifecycle) {
    #[cfg(feature = "clients")]
    lifecycle.warm.run(crate::Clients::global()).await;
    #[cfg(not(feature = "clients"))]
    let _ = lifecycle;
}

/// Runs hooks concurrently. Returns `false` if one of them panicked.
async fn run_hooks(hooks: Hooks) -> bool {
    let each = hooks.into_vec().into_iter().map(|hook| -> Step<'_> {
        Box::pin(async move {
            let ran = AssertUnwindSafe(async move { hook().await }).catch_unwind().await;
            ran.map_err(|payload| contained(|| drop(payload))).is_ok()
        })
    });
    all(each.collect()).await
}
