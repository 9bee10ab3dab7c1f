//! The local run: started outside of Lambda, the same binary serves itself.
//!
//! An HTTP function starts a server; any other reads an event from a file or from standard input and prints its
//! response, as an HTTP function does if its arguments name files. It is compiled into debug builds and with feature `local`; a release
//! build does not contain it otherwise.

mod arguments;
mod event;
mod files;
#[cfg(feature = "http")]
mod hosts;
#[cfg(feature = "http")]
mod http;

use std::fmt;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;

use self::arguments::Arguments;
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::raw::RawService;
use crate::function::lifecycle::Lifecycle;

/// Serves the function until Ctrl-C, or with the events of its arguments.
pub(crate) async fn serve<S: RawService>(service: S, lifecycle: Lifecycle) -> Result<(), BoxError> {
    let inputs = match Arguments::parse(std::env::args_os().skip(1))? {
        Arguments::Print(text) => {
            print(format_args!("{}", text.trim_end()));
            return Ok(());
        }
        Arguments::Call(inputs) => inputs,
    };
    #[cfg(feature = "clients")]
    files::insert()?;
    #[cfg(feature = "http")]
    if lifecycle.is_http && inputs.is_empty() {
        return http::serve(service, lifecycle.routes).await;
    }
    let _ = lifecycle;
    event::serve(service, inputs).await
}

/// Creates an invocation with this time-out.
fn invocation(timeout: Duration) -> Result<Invocation, BoxError> {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let mut context = Context::default();
    context.request_id = format!("local-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    context.deadline = u64::try_from((now + timeout).as_millis())?;
    context.invoked_function_arn = "arn:aws:lambda:local:000000000000:function:local".to_owned();
    Ok(Invocation::first_is_cold(context))
}

/// Prints a line. `println!` panics once standard output has no reader (`cargo run | head`).
fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
