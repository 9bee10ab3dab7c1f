//! [`Function::into_service`]: builds the service that the runtime, the local server and tests call.

use std::any::Any;

use tower::Layer;

use crate::core::descriptions::Describe;
use crate::core::error::NamedErrors;
use crate::core::layer_mistakes::{self, Responses};
use crate::core::raw::RawService;
use crate::function::builder::Function;
use crate::function::guard::Guard;
use crate::function::lifecycle::Lifecycle;
use crate::function::start_error::StartError;
use crate::function::warmup::{Warmup, WarmupLayer};
#[cfg(feature = "logging")]
use crate::observe::logging::{Logging, LoggingLayer};

/// A kind of function: of requests, of records or of whole events. The crate implements it; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{L}` does not fit around this handler",
    note = "the layers of an HTTP function make a service from `http::Request<http::Body>` to `http::Response<B>` that is `Clone + Send + Sync + 'static`",
    note = "the layers of a record function make one from `records::Record` to `records::RecordResponse`, those of an event function one from `Incoming` to `Outgoing`, those of AppSync one from `appsync::FieldCall` to `appsync::FieldResponse`, those of channels one from `channels::ChannelCall` to `channels::ChannelResponse`, those of a function of tools one from `tools::Call` to `tools::Outcome`",
    note = "a layer of raw events, such as `MetricsLayer`, is added by `.outer(..)`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait Kind<L>: Sized {
    /// The service of raw events around the handler and its layers.
    type Adapter;
    #[doc(hidden)]
    const IS_HTTP: bool = false;
    /// The event may be anything, so warm-up calls are recognised only with `PILASTER_WARMUP=on`.
    #[doc(hidden)]
    const IS_OF_WHOLE_EVENTS: bool = false;
    /// The responses may be streams. A constant, so that the binary of a function that does not stream contains no code
    /// for it.
    #[doc(hidden)]
    const STREAMS: bool = false;
    /// A response may describe a failure, so a layer around the function must not record it as a success.
    #[doc(hidden)]
    const HIDES_FAILURES: bool = false;

    #[doc(hidden)]
    fn adapter(self, layers: L, error_types: NamedErrors) -> Self::Adapter;
}

/// A [`Function`] that can be run: its layers fit its handler. Other crates use it as a bound and cannot implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be run: it is not a function, or its layers do not fit its handler",
    note = "an async function becomes one by `pilaster::handler(..)`, a router by `pilaster::http::service(..)`, as does an `mcp::Server`; tools by `Tools::for_bedrock()` or `Tools::for_agentcore()`",
    note = "the layers of an HTTP function make a service from `http::Request<http::Body>` to `http::Response<B>` that is `Clone + Send + Sync + 'static`",
    note = "the layers of a record function make one from `records::Record` to `records::RecordResponse`, those of an event function one from `Incoming` to `Outgoing`, those of AppSync one from `appsync::FieldCall` to `appsync::FieldResponse`, those of channels one from `channels::ChannelCall` to `channels::ChannelResponse`, those of a function of tools one from `tools::Call` to `tools::Outcome`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait IntoService: Describe {
    /// The whole function: see [`Function::into_service`].
    type Service: RawService;
    /// See [`Kind::STREAMS`].
    #[doc(hidden)]
    const STREAMS: bool;

    /// Builds the service. See [`Function::into_service`].
    ///
    /// # Errors
    ///
    /// A layer or the function is configured wrongly.
    fn into_service(self) -> Result<Self::Service, StartError>;
    #[doc(hidden)]
    fn take_lifecycle(&mut self) -> Lifecycle;
}

/// All services around the adapter and the outer layers, the outermost first.
#[cfg(feature = "logging")]
type Around<S> = Logging<Guard<Warmup<S>>>;
#[cfg(not(feature = "logging"))]
type Around<S> = Guard<Warmup<S>>;

impl<K, L, O> Function<K, L, O>
where
    K: Kind<L>,
    O: Layer<K::Adapter>,
    O::Service: RawService,
{
    /// Builds the whole function as one service of raw events. [`run`](crate::run), the local server and
    /// `testing::Caller` call nothing else, so that tests run the same stack as production. From the outside in:
    ///
    /// 1. the log context ([`observe::logging`](crate::observe::logging)), with feature `logging`;
    /// 2. a guard, which converts a panic and a response above 6 MB into errors;
    /// 3. [`WarmupLayer`]; opt-in for whole events and for AgentCore;
    /// 4. the layers of [`outer`](Self::outer), the first is the outermost;
    /// 5. the adapter, which decodes the event into a request, records or a value, and encodes the response;
    /// 6. the layers of [`layer`](Self::layer), the first is the outermost; `http::Stack` has its own order;
    /// 7. the handler.
    ///
    /// # Example
    ///
    /// ```
    /// use lambda_runtime::{Context, LambdaEvent};
    /// use pilaster::{BoxError, Event, Incoming};
    /// use serde_json::value::RawValue;
    /// use tower::ServiceExt;
    ///
    /// async fn double(Event(number): Event<u32>) -> Result<u32, BoxError> {
    ///     Ok(number.checked_mul(2).ok_or("too large")?)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let service = pilaster::handler(double).into_service()?;
    /// let event = LambdaEvent::new(RawValue::from_string("21".into())?, Context::default());
    /// let response = service.oneshot(Incoming::new(event)).await?;
    /// assert_eq!(response.as_json().map(RawValue::get), Some("42"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A layer or the function is configured wrongly, such as a `CorsLayer` with a malformed origin.
    pub fn into_service(self) -> Result<Around<O::Service>, StartError> {
        let Self { kind, layers, outer, error_types, lifecycle: _ } = self;
        let of_a_service = layer_mistakes::living();
        let service = layer_mistakes::collect(|| {
            let guarded = || {
                let responses = Responses { streams: K::STREAMS, hide_failures: K::HIDES_FAILURES };
                // A layer around a function that streams may build this one.
                let adapter = layer_mistakes::around(Responses::default(), || kind.adapter(layers, error_types));
                let service = layer_mistakes::around(responses, || outer.layer(adapter));
                Guard::new(WarmupLayer::from_env(K::IS_OF_WHOLE_EVENTS).layer(service))
            };
            #[cfg(feature = "logging")]
            return LoggingLayer::around(guarded);
            #[cfg(not(feature = "logging"))]
            guarded()
        });
        let service = of_a_service.map_or(service, Err);
        service.map_err(|mistake| StartError::not_built(&mistake))
    }
}

impl<K, L, O> Describe for Function<K, L, O> {
    fn describe(&self, document: &mut dyn Any) -> Result<(), String> {
        #[cfg(any(feature = "openapi", feature = "tools"))]
        self.lifecycle.descriptions.write(document);
        let _ = document;
        Ok(())
    }
}

impl<K, L, O> IntoService for Function<K, L, O>
where
    K: Kind<L>,
    O: Layer<K::Adapter>,
    O::Service: RawService,
{
    type Service = Around<O::Service>;
    const STREAMS: bool = K::STREAMS;

    fn into_service(self) -> Result<Self::Service, StartError> {
        // The inherent method.
        self.into_service()
    }

    fn take_lifecycle(&mut self) -> Lifecycle {
        Lifecycle { is_http: K::IS_HTTP, ..std::mem::take(&mut self.lifecycle) }
    }
}

#[cfg(all(test, feature = "http", feature = "idempotency"))]
mod tests {
    use crate::http;
    use crate::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};

    #[test]
    fn a_function_that_a_layer_around_a_streaming_one_builds_does_not_stream() {
        async fn hello(_: http::Method) -> &'static str {
            ""
        }
        let layer = tower::layer::layer_fn(|service| {
            let idempotency = IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f"));
            let inner = crate::handler(hello).layer(http::Stack::new().idempotency(idempotency)).into_service();
            assert!(inner.is_ok(), "{:?}", inner.err());
            service
        });
        assert!(crate::handler(hello).streaming().outer(layer).into_service().is_ok());
    }
}
