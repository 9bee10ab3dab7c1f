//! Managed concurrency: as many concurrent polls for events as Lambda allows, which survive failures of their
//! connections.
//!
//! `lambda_runtime` 1.5.0 has a loop for each of them that ends permanently with the first broken connection, so that a
//! process gradually loses its capacity. Here, a failure only affects its invocation: the poll restarts after a pause
//! that grows with each failure. A poll that fails too often ends the process, which Lambda restarts, once the other
//! polls have finished their invocations.

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
use tokio::sync::watch;
use tower::{Layer, Service, ServiceExt};

use super::client_context;
use crate::core::error::{BoxError, chain};
use crate::core::invocation::Invocation;

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";

/// The pause after the first failed poll. It doubles with each further failure, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The number of consecutive failures of a poll, over about six seconds, after which the process ends.
const FAILURES: u32 = 12;

/// The time after the deadline at which an invocation, including its response, is dropped. Lambda has ended it by then.
const GRACE: Duration = Duration::from_secs(5);

/// Polls and serves `count` events at a time.
///
/// # Errors
///
/// A poll failed too often or panicked. The others finish their current invocations and take no more.
pub(super) async fn serve<S>(runtime: Runtime<S>, count: usize) -> Result<(), BoxError>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let service = service_of(runtime).ok_or("the runtime has no service")?;
    let (stop, stopped) = watch::channel(false);
    let shared = Arc::new(Shared {
        client: PooledClient::builder().with_pool_size(count).build(),
        config: Arc::new(Config::from_env()),
        stopped,
    });
    let mut polls: FuturesUnordered<_> =
        (0..count).map(|_| tokio::spawn(poll(service.clone(), Arc::clone(&shared)))).collect();
    let mut ended = Ok(());
    while let Some(poll) = polls.next().await {
        if let Some(error) = poll.unwrap_or_else(|panicked| Some(panicked.into()))
            && ended.is_ok()
        {
            ended = Err(error);
        }
        stop.send_replace(true);
    }
    ended
}

struct Shared {
    client: PooledClient,
    config: Arc<Config>,
    /// Set once no further event is requested.
    stopped: watch::Receiver<bool>,
}

/// Returns the service that `Runtime` puts around the handler: it decodes an event, calls the handler and posts the
/// response.
fn service_of<S: Service<LambdaInvocation, Response = (), Error = BoxError> + Clone>(runtime: Runtime<S>) -> Option<S> {
    let slot = Arc::default();
    let _ = runtime.layer(Taken(Arc::clone(&slot)));
    Arc::into_inner(slot)?.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A layer that captures the service that it wraps.
struct Taken<S>(Arc<Mutex<Option<S>>>);

impl<S: Clone> Layer<S> for Taken<S> {
    type Service = S;

    fn layer(&self, inner: S) -> S {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(inner.clone());
        inner
    }
}

/// The result of a request for an event.
enum Next {
    Event(Box<LambdaInvocation>),
    /// No event, as from `cargo lambda watch`, or a rejected one: the next event is requested immediately.
    Nothing,
    /// No more events are served.
    Stopped,
}

/// Serves events one by one. Returns the error that ended the poll, or `None` once the polls are stopped.
async fn poll<S>(mut service: S, shared: Arc<Shared>) -> Option<BoxError>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError>,
{
    let mut failures = 0;
    loop {
        match shared.next().await {
            Ok(Next::Event(invocation)) => {
                failures = 0;
                let context = invocation.context.clone();
                if let Err(error) = handle(&mut service, *invocation).await {
                    // It is unknown whether the response arrived, so it is not sent again.
                    let error = chain(&*error).join(": ");
                    span_of(context).in_scope(|| tracing::error!(error, "the response could not be sent to Lambda"));
                }
            }
            Ok(Next::Nothing) => failures = 0,
            Ok(Next::Stopped) => return None,
            Err(error) => {
                failures += 1;
                if failures >= FAILURES {
                    return Some(error);
                }
                let error = chain(&*error).join(": ");
                tracing::warn!(error, failures, "no event could be read from Lambda; retrying");
                tokio::time::sleep((PAUSE * 2_u32.saturating_pow(failures - 1)).min(LONGEST_PAUSE)).await;
            }
        }
    }
}

/// Calls the handler and posts its response, within the time of the invocation: otherwise, a Runtime API that never
/// accepts the response would block the poll forever.
async fn handle<S>(service: &mut S, invocation: LambdaInvocation) -> Result<(), BoxError>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError>,
{
    let remaining = Invocation::new(invocation.context.clone()).remaining();
    let called = async { service.ready().await?.call(invocation).await };
    match remaining {
        Some(remaining) => tokio::time::timeout(remaining + GRACE, called)
            .await
            .unwrap_or_else(|_| Err("the invocation exceeded its deadline".into())),
        None => called.await,
    }
}

impl Shared {
    /// Requests the next event.
    async fn next(&self) -> Result<Next, BoxError> {
        let request =
            lambda_runtime_api_client::build_request().uri("/2018-06-01/runtime/invocation/next").body(Body::empty())?;
        let mut stopped = self.stopped.clone();
        let received = tokio::select! {
            biased;
            // An event that Lambda has delivered must be served.
            received = self.client.call(request) => received?,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(Next::Stopped),
        };
        let (mut parts, body) = received.into_parts();
        if parts.status == StatusCode::NO_CONTENT {
            return Ok(Next::Nothing);
        }
        if !parts.status.is_success() {
            return Err(format!("the Runtime API responded with {} instead of an event", parts.status).into());
        }
        let id = text(&parts.headers, REQUEST_ID)?.to_owned();
        client_context::repair(&mut parts.headers);
        let event = async {
            // `Context::new` panics without this header.
            text(&parts.headers, DEADLINE)?;
            let context = Context::new(&id, Arc::clone(&self.config), &parts.headers)?;
            Ok::<_, BoxError>((body.collect().await?.to_bytes(), context))
        };
        match event.await {
            Ok((body, context)) => Ok(Next::Event(Box::new(LambdaInvocation { parts, body, context }))),
            Err(error) => {
                // Otherwise, its caller would wait until the time-out.
                let is_reported = self.refuse(&id).await.is_ok();
                let mut context = Context::default();
                context.request_id = id;
                context.env_config = Arc::clone(&self.config);
                let error = chain(&*error).join(": ");
                span_of(context).in_scope(|| tracing::error!(error, is_reported, "an event could not be read"));
                Ok(Next::Nothing)
            }
        }
    }

    /// Reports that the event of this invocation could not be read.
    async fn refuse(&self, id: &str) -> Result<(), BoxError> {
        let error = json!({
            "errorType": "Runtime.UnreadableEvent",
            "errorMessage": "the event could not be read from the Runtime API",
        });
        let request = Request::post(format!("/2018-06-01/runtime/invocation/{id}/error"))
            .header("Content-Type", "application/json")
            .header("Lambda-Runtime-Function-Error-Type", "Runtime.UnreadableEvent")
            .body(Body::from(error.to_string()))?;
        let status = tokio::time::timeout(GRACE, self.client.call(request)).await??.status();
        status.is_success().then_some(()).ok_or_else(|| format!("the Runtime API responded with {status}").into())
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, BoxError> {
    let value = headers.get(name).ok_or_else(|| format!("the Runtime API sent an event without `{name}`"))?;
    Ok(value.to_str()?)
}

/// Returns the span that adds the ids of the invocation to a log line.
#[cfg_attr(not(feature = "logging"), allow(unused_variables))]
fn span_of(context: Context) -> tracing::Span {
    #[cfg(feature = "logging")]
    return crate::observe::logging::invocation_span(&Invocation::new(context));
    #[cfg(not(feature = "logging"))]
    tracing::error_span!("invocation", function_request_id = context.request_id)
}
