//! Errors of initialisation: they are detected before `lambda_runtime` would panic, and reported to Lambda.
//!
//! Lambda logs the report and returns it to a synchronous caller, instead of "exited with status 1".

use std::time::Duration;

use lambda_runtime_api_client::body::Body;
use serde::Serialize;

use super::{Serving, api};
use crate::core::env;
use crate::core::error::BoxError;
use crate::function::StartError;

/// The time-out for the report; the process ends in any case.
const REPORT_TIMEOUT: Duration = Duration::from_secs(1);

/// An initialisation error in the format of the
/// [Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InitError<'a> {
    error_type: &'a str,
    error_message: &'a str,
}

/// Reports to Lambda the reason why the function does not start. A failed report is ignored, since `main` also prints
/// the reason.
///
/// It has its own thread and runtime, since the reason may be that the function was run inside another runtime.
pub(super) fn report(error: &StartError) {
    let Some(error_type) = error.error_type().filter(|_| api::endpoint().is_some()) else { return };
    let message = error.to_string();
    let thread = std::thread::Builder::new().spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        // The same future type as for serving, so that `block_on` is compiled once.
        let reporting: Serving = Box::pin(async move {
            let _: Result<_, _> = tokio::time::timeout(REPORT_TIMEOUT, post(error_type, &message)).await;
            Ok(())
        });
        let _: Result<(), StartError> = runtime.block_on(reporting);
    });
    if let Ok(thread) = thread {
        let _: std::thread::Result<()> = thread.join();
    }
}

async fn post(error_type: &str, error_message: &str) -> Result<(), BoxError> {
    let body = serde_json::to_vec(&InitError { error_type, error_message })?;
    let request = lambda_runtime_api_client::build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Function-Error-Type", error_type)
        .body(Body::from(body))?;
    api::call(request).await.map(drop)
}

/// Checks the variables without which `lambda_runtime` would panic.
pub(super) fn check_environment() -> Result<(), StartError> {
    for name in ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"] {
        if env::var(name).is_none() {
            return Err(StartError::new(format!("the environment variable {name} is missing; Lambda sets it")));
        }
    }
    if env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").is_some_and(|size| size.parse::<i32>().is_err()) {
        return Err(StartError::new("the environment variable AWS_LAMBDA_FUNCTION_MEMORY_SIZE must be a number of MB"));
    }
    if api::endpoint().is_none() {
        return Err(StartError::new(format!("the environment variable {} must be a `host:port`", api::VARIABLE)));
    }
    Ok(())
}
