//! The correlation id of each event source: JSON Pointers for
//! [`LoggingLayer::correlation_id`](super::LoggingLayer::correlation_id), under Powertools' names.
//!
//! # Example
//!
//! ```
//! use pilaster::observe::logging::{LoggingLayer, correlation_paths};
//!
//! let layer = LoggingLayer::new().correlation_id(correlation_paths::API_GATEWAY_HTTP);
//! # let _ = layer;
//! ```

/// The request id of a REST API, which is also in API Gateway's access log.
pub const API_GATEWAY_REST: &str = "/requestContext/requestId";
/// The request id of an HTTP API.
pub const API_GATEWAY_HTTP: &str = API_GATEWAY_REST;
/// The request id of a function URL.
pub const LAMBDA_FUNCTION_URL: &str = API_GATEWAY_REST;
/// The request id of a WebSocket API connection.
pub const API_GATEWAY_WEBSOCKET: &str = API_GATEWAY_REST;
/// The request id of an AppSync Lambda authorizer.
pub const APPSYNC_AUTHORIZER: &str = API_GATEWAY_REST;
/// The trace header of the request that an AppSync resolver handles.
pub const APPSYNC_RESOLVER: &str = "/request/headers/x-amzn-trace-id";
/// The trace header of a load balancer's request.
pub const APPLICATION_LOAD_BALANCER: &str = "/headers/x-amzn-trace-id";
/// The trace header of a VPC Lattice request.
pub const VPC_LATTICE: &str = "/headers/x-amzn-trace-id";
/// The id of an EventBridge event.
pub const EVENT_BRIDGE: &str = "/id";
/// The request id of S3 Object Lambda.
pub const S3_OBJECT_LAMBDA: &str = "/xAmzRequestId";

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::super::correlation::find;
    use super::*;

    #[test]
    fn each_path_finds_the_id_of_its_source() {
        for (event, path, id) in [
            (r#"{"requestContext":{"requestId":"r-1"}}"#, API_GATEWAY_REST, "r-1"),
            (r#"{"version":"2.0","requestContext":{"requestId":"r-1"}}"#, API_GATEWAY_HTTP, "r-1"),
            (r#"{"headers":{"x-amzn-trace-id":"Root=1-2-3"}}"#, APPLICATION_LOAD_BALANCER, "Root=1-2-3"),
            (r#"{"headers":{"x-amzn-trace-id":"Root=1-2-3"}}"#, VPC_LATTICE, "Root=1-2-3"),
            (r#"{"request":{"headers":{"x-amzn-trace-id":"Root=1-2-3"}}}"#, APPSYNC_RESOLVER, "Root=1-2-3"),
            (r#"{"id":"6a7e8feb","detail":{"id":"other"}}"#, EVENT_BRIDGE, "6a7e8feb"),
            (r#"{"xAmzRequestId":"x-1"}"#, S3_OBJECT_LAMBDA, "x-1"),
        ] {
            let event = RawValue::from_string(event.to_owned()).unwrap();
            assert_eq!(find(event.get(), path).as_deref(), Some(id), "{path}");
        }
    }
}
