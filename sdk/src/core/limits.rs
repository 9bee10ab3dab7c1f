//! The largest events and responses that AWS accepts, in bytes.

/// The largest event and the largest response of a synchronous invocation, as Lambda counts them. The guard enforces it
/// for every function (`function/guard.rs`), and the HTTP adapter for responses with layers' headers
/// (`http/adapter.rs`) (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(crate) const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// The largest response to a load balancer as JSON. It responds with a 502 to a larger one, and only its own log has
/// the reason (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>).
#[cfg(feature = "http")]
pub(crate) const LOAD_BALANCER_LIMIT: usize = 1024 * 1024;

/// The largest message of a WebSocket API, which is the body of a response. A larger one is dropped silently
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
#[cfg(feature = "http")]
pub(crate) const WEBSOCKET_MESSAGE_LIMIT: usize = 128 * 1024;
