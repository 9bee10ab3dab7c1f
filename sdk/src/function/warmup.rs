//! [`WarmupLayer`] responds to the pings that keep sandboxes warm, without calling the function.

mod send;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::Either;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tower::{Layer, Service};

use crate::core::env;
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, Outgoing, RawEvent};

/// The maximum length of a ping, in bytes.
const LONGEST: usize = 512;

/// The maximum number of sandboxes that a ping starts.
const MOST: u64 = 100;

/// The time for which a sandbox is held, so that the next of several calls finds it busy: the default of lambda-warmer,
/// and the recommendation of serverless-plugin-warmup.
const HOLD: Duration = Duration::from_millis(75);
const HOLD_FOR_PLUGIN: Duration = Duration::from_millis(25);

/// The member with the number of an additional call, from 2 on, under lambda-warmer's name.
const NUMBER: &str = "__WARMER_INVOCATION__";

/// All members that lambda-warmer reads or sends.
const MEMBERS: [&str; 7] =
    ["warmer", "concurrency", "target", "test", NUMBER, "__WARMER_CONCURRENCY__", "__WARMER_CORRELATIONID__"];

type Predicate = Arc<dyn Fn(&RawEvent) -> bool + Send + Sync>;

/// The layer that applies [`Warmup`]: it responds to the pings that keep sandboxes warm, without calling the function.
///
/// It is part of every function of HTTP requests, of records, of AppSync's fields and channels, and of Bedrock agents,
/// around all of its layers, since their own events never have these formats. A function of whole events, such as an
/// authorizer, and a target of an AgentCore Gateway may be called with any event, so there it is opt-in, with
/// [`Function::outer`](crate::Function::outer) or with the environment variable `PILASTER_WARMUP=on`. It recognises two
/// formats; an event with any other member is neither:
///
/// - `{"source": "serverless-plugin-warmup"}`, as
///   [serverless-plugin-warmup](https://github.com/juanjoDiaz/serverless-plugin-warmup) sends it, to as many sandboxes
///   as it is configured for, so each call holds its sandbox for 25 ms, as the plugin recommends;
/// - `{"warmer": true, "concurrency": 3}`, as [lambda-warmer](https://github.com/jeremydaly/lambda-warmer) reads it.
///   With a `concurrency` above 1 the function calls itself `concurrency - 1` times, asynchronously, and each of these
///   calls holds its sandbox for 75 ms, so that `concurrency` sandboxes start. That requires pilaster's feature
///   `lambda` and the permission `lambda:InvokeFunction` on the function itself. It starts at most 100 sandboxes.
///
/// The response is `null`, and each warm-up call is logged at `INFO`. A call that cannot be sent is logged at `WARN`
/// and is not an error. `PILASTER_WARMUP=off` disables the layer.
///
/// For most events, only the length is read: an event of at most 512 bytes is searched for the names of the formats,
/// and parsed if it contains one.
///
/// # Example
///
/// ```
/// use pilaster::{Incoming, Invocation, Outgoing, RawEvent, WarmupLayer};
/// use serde_json::value::RawValue;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let function = service_fn(async |incoming: Incoming| Outgoing::try_from(incoming.event));
/// let incoming = |event: &str| -> serde_json::Result<Incoming> {
///     let event = RawEvent::parse(event)?;
///     Ok(Incoming { event, invocation: Invocation::new(lambda_runtime::Context::default()) })
/// };
///
/// let service = ServiceBuilder::new().layer(WarmupLayer::new()).service(function);
/// let response = service.clone().oneshot(incoming(r#"{"warmer": true}"#)?).await?;
/// assert_eq!(response.as_json().map(RawValue::get), Some("null"));
/// let response = service.oneshot(incoming(r#"{"order": 7}"#)?).await?;
/// assert_eq!(response.as_json().map(RawValue::get), Some(r#"{"order": 7}"#));
///
/// // Your own format.
/// let own = WarmupLayer::new().when(|event| event.get() == r#""ping""#);
/// let service = ServiceBuilder::new().layer(own).service(function);
/// let response = service.oneshot(incoming(r#""ping""#)?).await?;
/// assert_eq!(response.as_json().map(RawValue::get), Some("null"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied"]
pub struct WarmupLayer {
    forms: Forms,
}

#[derive(Clone)]
enum Forms {
    None,
    Known,
    Own(Predicate),
}

impl WarmupLayer {
    /// Creates a layer that responds to the two known formats.
    pub fn new() -> Self {
        Self { forms: Forms::Known }
    }

    /// Responds to the events for which the predicate returns `true`, instead of the two known formats. It is called
    /// with every event, so it should be cheap. Such an event starts no additional sandboxes.
    ///
    /// Functions respond to the known formats anyway, so add this layer with
    /// [`Function::outer`](crate::Function::outer).
    pub fn when(self, is_warmup: impl Fn(&RawEvent) -> bool + Send + Sync + 'static) -> Self {
        Self { forms: Forms::Own(Arc::new(is_warmup)) }
    }

    /// Creates the layer that each function has.
    pub(crate) fn from_env(is_of_whole_events: bool) -> Self {
        Self::set_to(&env::var("PILASTER_WARMUP").unwrap_or_default(), is_of_whole_events)
    }

    fn set_to(variable: &str, is_of_whole_events: bool) -> Self {
        let is_on = env::or_warn(env::boolean(&|_| Some(variable.to_owned()), "PILASTER_WARMUP"));
        let is_on = is_on.unwrap_or(!is_of_whole_events);
        Self { forms: if is_on { Forms::Known } else { Forms::None } }
    }
}

impl Default for WarmupLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WarmupLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let forms = match self.forms {
            Forms::None => "none",
            Forms::Known => "known",
            Forms::Own(_) => "own",
        };
        f.debug_struct("WarmupLayer").field("forms", &forms).finish()
    }
}

impl<S> Layer<S> for WarmupLayer {
    type Service = Warmup<S>;

    fn layer(&self, inner: S) -> Warmup<S> {
        Warmup { inner, layer: self.clone() }
    }
}

/// The service that responds to warm-up calls instead of the inner one. See [`WarmupLayer`].
#[derive(Clone, Debug)]
pub struct Warmup<S> {
    inner: S,
    layer: WarmupLayer,
}

impl<S> Service<Incoming> for Warmup<S>
where
    S: Service<Incoming, Response = Outgoing>,
{
    type Response = Outgoing;
    type Error = S::Error;
    // Only the response to a ping is boxed.
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Result<Outgoing, S::Error>> + Send>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let Some(ping) = self.layer.recognise(&incoming.event) else {
            return Either::Left(self.inner.call(incoming));
        };
        Either::Right(Box::pin(async move {
            ping.warm(&incoming.invocation).await;
            Ok(RawValue::NULL.to_owned().into())
        }))
    }
}

/// A warm-up call.
#[derive(Debug, PartialEq)]
struct Ping {
    /// The number of sandboxes, including this one.
    concurrency: u64,
    /// The time that the response waits.
    hold: Duration,
}

impl WarmupLayer {
    fn recognise(&self, event: &RawEvent) -> Option<Ping> {
        match &self.forms {
            Forms::None => None,
            Forms::Known => Ping::read(event.get()),
            Forms::Own(is_warmup) => is_warmup(event).then_some(Ping { concurrency: 1, hold: Duration::ZERO }),
        }
    }
}

impl Ping {
    fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST || !(text.contains("\"warmer\"") || text.contains("serverless-plugin-warmup")) {
            return None;
        }
        let event: Map<String, Value> = serde_json::from_str(text).ok()?;
        if event.len() == 1 && event.get("source").is_some_and(|source| source == "serverless-plugin-warmup") {
            return Some(Self { concurrency: 1, hold: HOLD_FOR_PLUGIN });
        }
        if event.get("warmer")? != true || event.keys().any(|member| !MEMBERS.contains(&member.as_str())) {
            return None;
        }
        let is_copy = event.contains_key(NUMBER);
        // A rule's constant input may contain the number as text.
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let concurrency = event.get("concurrency").and_then(number).filter(|_| !is_copy).unwrap_or(1).clamp(1, MOST);
        let hold = if is_copy || concurrency > 1 { HOLD } else { Duration::ZERO };
        Some(Self { concurrency, hold })
    }

    async fn warm(self, invocation: &Invocation) {
        let concurrency = self.concurrency;
        tracing::info!(concurrency, "responded to a warm-up call without the function");
        if concurrency > 1 {
            send::copies(concurrency, invocation).await;
        }
        if !self.hold.is_zero() {
            tokio::time::sleep(self.hold).await;
        }
    }
}

#[cfg(test)]
mod tests;
