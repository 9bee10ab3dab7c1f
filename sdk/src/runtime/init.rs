//! What keeps a function from starting: found before `lambda_runtime` would panic over it, and told to Lambda.
//!
//! Lambda logs what it is told, and answers a synchronous caller with it, instead of "exited with status 1".

use std::time::Duration;

use lambda_runtime_api_client::body::Body;
use serde::Serialize;

use super::{Serving, api};
use crate::core::env;
use crate::core::error::BoxError;
use crate::function::StartError;

/// How long Lambda may take to hear it; the process ends either way.
const TELLING: Duration = Duration::from_secs(1);

/// An error of initialisation, as the
/// [Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror) takes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InitError<'a> {
    error_type: &'a str,
    error_message: &'a str,
}

/// Tells Lambda why the function does not start. It says nothing of a failure to do so: `main` prints the sentence as well.
///
/// On a thread and a runtime of its own, since a function may also fail to start because it was called from within another.
pub(super) fn report(error: &StartError) {
    let Some(reason) = error.error_type().filter(|_| api::endpoint().is_some()) else { return };
    let message = error.to_string();
    let told = std::thread::Builder::new().spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        // Of the type of what serves, so that the running of it is compiled once.
        let telling: Serving = Box::pin(async move {
            // What became of it is nobody's business: the process ends either way.
            let _: Result<_, _> = tokio::time::timeout(TELLING, post(reason, &message)).await;
            Ok(())
        });
        let _: Result<(), StartError> = runtime.block_on(telling);
    });
    if let Ok(thread) = told {
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

/// Finds what `lambda_runtime` would panic over.
pub(super) fn check_environment() -> Result<(), StartError> {
    for name in ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"] {
        if env::var(name).is_none() {
            return Err(StartError::new(format!("the environment variable {name} is missing, which Lambda sets")));
        }
    }
    if env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").is_some_and(|size| size.parse::<i32>().is_err()) {
        return Err(StartError::new("the environment variable AWS_LAMBDA_FUNCTION_MEMORY_SIZE is no number of MB"));
    }
    if api::endpoint().is_none() {
        return Err(StartError::new(format!("the environment variable {} is no `host:port`", api::VARIABLE)));
    }
    Ok(())
}
