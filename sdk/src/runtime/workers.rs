//! Managed concurrency: as many polls for events as Lambda asks for, kept up over faults of their connections.
//!
//! `lambda_runtime` 1.5.0 has a loop for each of them that ends for good with the first connection that is cut, so that a process
//! loses its capacity piece by piece. Here a fault costs its invocation alone: its poll begins again, after a pause that
//! grows while it fails. A poll that fails too often ends the process, which Lambda starts again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use lambda_runtime::{Config, Context, LambdaInvocation, Runtime};
use lambda_runtime_api_client::PooledClient;
use lambda_runtime_api_client::body::Body;
use serde_json::json;
use tower::{Layer, Service, ServiceExt};

use crate::error::{BoxError, chain};

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";

/// The pause after the first poll that failed. It doubles with each further one, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A poll that failed this many times in a row, which takes about six seconds, ends the process.
const FAILURES: u32 = 12;

/// Polls and serves `count` events at a time.
///
/// # Errors
///
/// Why a poll failed too often, or that one panicked. The other polls are ended with it.
pub(super) async fn serve<S>(runtime: Runtime<S>, count: usize) -> Result<(), BoxError>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let service = service_of(runtime).ok_or("the runtime has no service")?;
    let shared = Arc::new(Shared {
        client: PooledClient::builder().with_pool_size(count).build(),
        config: Arc::new(Config::from_env()),
    });
    let polls: FuturesUnordered<_> =
        (0..count).map(|_| tokio::spawn(poll(service.clone(), Arc::clone(&shared)))).collect();
    let Some(ended) = { polls }.next().await else { return Ok(()) };
    Err(ended?)
}

struct Shared {
    client: PooledClient,
    config: Arc<Config>,
}

/// The service that `Runtime` has around the handler: it decodes an event, calls the handler and posts the answer.
fn service_of<S: Service<LambdaInvocation, Response = (), Error = BoxError> + Clone>(runtime: Runtime<S>) -> Option<S> {
    let slot = Arc::default();
    let _ = runtime.layer(Taken(Arc::clone(&slot)));
    Arc::into_inner(slot)?.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A layer that keeps the service that it is put around.
struct Taken<S>(Arc<Mutex<Option<S>>>);

impl<S: Clone> Layer<S> for Taken<S> {
    type Service = S;

    fn layer(&self, inner: S) -> S {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(inner.clone());
        inner
    }
}

/// Serves one event after the other. Ends only with an error.
async fn poll<S>(mut service: S, shared: Arc<Shared>) -> BoxError
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError>,
{
    let mut failures = 0;
    loop {
        match shared.next().await {
            Ok(Some(invocation)) => {
                failures = 0;
                let id = invocation.context.request_id.clone();
                let ready = service.ready().await;
                let answered = match ready {
                    Ok(service) => service.call(invocation).await,
                    Err(error) => Err(error),
                };
                // Whether the answer arrived is not known, so it is not sent again.
                if let Err(error) = answered {
                    let error = chain(&*error).join(": ");
                    tracing::error!(function_request_id = id, error, "the answer could not be sent to Lambda");
                }
            }
            Ok(None) => failures = 0,
            Err(error) => {
                failures += 1;
                if failures >= FAILURES {
                    return error;
                }
                let error = chain(&*error).join(": ");
                tracing::warn!(error, failures, "no event could be read from Lambda; asking again");
                tokio::time::sleep((PAUSE * 2_u32.saturating_pow(failures - 1)).min(LONGEST_PAUSE)).await;
            }
        }
    }
}

impl Shared {
    /// The next invocation; `None` for an answer without one, as `cargo lambda watch` sends it.
    async fn next(&self) -> Result<Option<LambdaInvocation>, BoxError> {
        let request =
            lambda_runtime_api_client::build_request().uri("/2018-06-01/runtime/invocation/next").body(Body::empty())?;
        let (parts, body) = self.client.call(request).await?.into_parts();
        if parts.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        if !parts.status.is_success() {
            return Err(format!("the Runtime API answered {} instead of an event", parts.status).into());
        }
        let id = text(&parts.headers, REQUEST_ID)?.to_owned();
        // `Context::new` panics without it.
        text(&parts.headers, DEADLINE)?;
        let event = async {
            let body = body.collect().await?.to_bytes();
            let context = Context::new(&id, Arc::clone(&self.config), &parts.headers)?;
            Ok::<_, BoxError>((body, context))
        };
        match event.await {
            Ok((body, context)) => Ok(Some(LambdaInvocation { parts, body, context })),
            Err(error) => {
                // Its caller would wait until the time-out otherwise.
                let posted = self.refuse(&id).await;
                tracing::error!(
                    function_request_id = id,
                    error = chain(&*error).join(": "),
                    is_reported = posted.is_ok(),
                    "an event could not be read"
                );
                posted.map(|()| None)
            }
        }
    }

    /// Posts that the event of this invocation could not be read.
    async fn refuse(&self, id: &str) -> Result<(), BoxError> {
        let error = json!({
            "errorType": "Runtime.UnreadableEvent",
            "errorMessage": "the event could not be read from the Runtime API",
        });
        let request = Request::post(format!("/2018-06-01/runtime/invocation/{id}/error"))
            .header("Content-Type", "application/json")
            .header("Lambda-Runtime-Function-Error-Type", "Runtime.UnreadableEvent")
            .body(Body::from(error.to_string()))?;
        self.client.call(request).await.map(drop)
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, BoxError> {
    let value = headers.get(name).ok_or_else(|| format!("the Runtime API sent an event without `{name}`"))?;
    Ok(value.to_str()?)
}
