//! The local run of a record or an event function: `cargo run -- event.json`, or the event on standard input. Its response is printed.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use std::time::Duration;

use serde_json::value::RawValue;

use super::arguments::Input;
use super::{invocation, print};
use crate::core::error::{BoxError, chain};
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::raw::RawService;
use crate::core::raw::{Incoming, RawEvent};

/// The maximum time-out of a Lambda function
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>).
const TIMEOUT: Duration = Duration::from_secs(900);

/// Calls the function with each event of its arguments.
pub(super) async fn serve<S: RawService>(raw: S, inputs: Vec<Input>) -> Result<(), BoxError> {
    let mut failed = 0;
    for input in inputs {
        let event = match input {
            Input::Stdin => standard_input()?,
            Input::File(file) => read(&file)?,
        };
        failed += usize::from(!call(raw.clone(), event).await?);
    }
    match failed {
        0 => Ok(()),
        _ => Err("the function failed; its error is printed above".into()),
    }
}

fn standard_input() -> Result<String, BoxError> {
    if io::stdin().is_terminal() {
        return Err("an event is missing: name a file that contains one (`cargo run -- event.json`), or pipe one in; `--event sqs` prints one".into());
    }
    let mut text = String::new();
    // One more byte shows that it is too long.
    io::stdin().take(PAYLOAD_LIMIT as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn read(path: &Path) -> Result<String, BoxError> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

/// Prints the response, or the error as Lambda reports it. Returns `false` for an error.
async fn call<S: RawService>(mut raw: S, text: String) -> Result<bool, BoxError> {
    if text.len() > PAYLOAD_LIMIT {
        return Err("the event is larger than the 6 MB limit of Lambda".into());
    }
    let event: RawEvent = RawValue::from_string(text).map_err(|error| format!("the event is not JSON: {error}"))?;
    std::future::poll_fn(|cx| raw.poll_ready(cx)).await?;
    let called = raw.call(Incoming { event, invocation: invocation(TIMEOUT)? });
    let answered = tokio::select! {
        answered = called => answered,
        stopped = tokio::signal::ctrl_c() => return Err(stopped.err().map_or_else(|| "stopped".into(), Into::into)),
    };
    match answered {
        Ok(response) => {
            print(format_args!("{}", response.as_json().map_or("null", |json| json.get())));
            Ok(true)
        }
        Err(error) => {
            let (name, message) = (error.error_type(), error.message());
            print(format_args!("{}", serde_json::json!({ "errorType": name, "errorMessage": message })));
            let causes = chain(&error);
            if causes.len() > 1 {
                eprintln!("{}", causes.join(": "));
            }
            Ok(false)
        }
    }
}
