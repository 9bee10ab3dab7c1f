//! Tools for tests: a caller of whole functions in this process, events of every source, a model of AWS's retries.
//!
//! With `#[lambda_handler]`, `Caller::new(ship::function())` calls what `main` of the handler `ship` runs, with all layers
//! and options of the attribute; [`Caller::warm_up`] creates its `warm(..)` values. Without the macro, a test calls the
//! function that it shares with `main`: `Caller::new(function())`.
//!
//! [`Caller::call`] takes the event of any source as JSON, or from a builder; with [`http`] the test of an HTTP
//! function sends requests and reads responses instead. [`Caller::with_clients`] replaces the values of
//! [`Client<T>`](crate::Client) by stubs, [`Caller::with_time_left`] gives each call a deadline, and
//! [`Caller::with_logs`] captures the log lines, [`Caller::with_metrics`] the metrics.
//!
//! # Failing tests
//!
//! A test that fails shows the log lines of its calls, also those with the causes of a 500 and the text of a panic, which
//! the response hides: they are printed to standard error, from `INFO` on or from `POWERTOOLS_LOG_LEVEL` on, and the test harness shows them
//! for failing tests only. The `Debug` text of a [response](http::TestResponse) has them, too:
//!
//! ```
//! use pilaster::http::{HttpError, Method};
//! use pilaster::testing::{Caller, http};
//!
//! async fn orders(_: Method) -> Result<String, HttpError> {
//!     Err(HttpError::internal(std::io::Error::other("the table is gone")))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let response = Caller::new(pilaster::handler(orders)).send(http::get("/orders")).await?;
//! assert_eq!(response.text(), r#"{"title":"Internal Server Error","status":500}"#);
//! assert!(format!("{response:?}").contains("the table is gone")); // as in `assert_eq!(.., "{response:?}")`
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The lines belong to the task of the call: a task that the function spawns (`tokio::spawn`, `spawn_blocking`, a thread)
//! has the subscriber of the process, so its lines are missing. To print or capture them, pass the subscriber of the call
//! on: `tracing::instrument::WithSubscriber::with_current_subscriber`.
//!
//! A test that sets a `tracing` subscriber itself gets the lines there instead. [`Caller::without_logs`] prints none, for
//! tests with thousands of calls. Without the feature `logging` there are none.
//!
//! # Sources
//!
//! | source | builder |
//! |---|---|
//! | SQS, standard and FIFO | [`sqs`](mod@sqs) |
//! | S3, directly and through SNS, SQS, EventBridge | [`s3_put`], [`s3_delete`], [`s3`](mod@s3), [`s3_test_event`] |
//! | S3 Batch Operations | [`s3_batch`](mod@s3_batch) |
//! | SNS, directly and through SQS, raw or not | [`sns`](mod@sns) |
//! | DynamoDB Streams | [`insert`], [`modify`], [`remove`] |
//! | Kinesis Data Streams | [`kinesis`](mod@kinesis) |
//! | Amazon MSK and self-managed Kafka | [`kafka`](mod@kafka) |
//! | Amazon MQ | [`active_mq`], [`rabbit_mq`] |
//! | Firehose | [`firehose`](mod@firehose) |
//! | CloudWatch Logs (feature `cloudwatch-logs`) | `logs` |
//! | SES | [`ses`](mod@ses) |
//! | EventBridge and schedules | [`event_bridge`](mod@event_bridge), [`schedule`], [`scheduler`] |
//! | AppSync (feature `appsync`): a field, a batch, a Lambda authorizer | `appsync`, `appsync_authorization` |
//! | AppSync Events (feature `appsync`): a publish, a subscription, a Lambda authorizer | `channel_publish`, `channel_subscribe`, `channel_authorization` |
//! | Bedrock Agents, AgentCore (features `bedrock`, `agentcore`) | `bedrock::function`, `bedrock::api`, `agentcore::tool` |
//! | clients of an MCP server (feature `mcp`) | `mcp::call`, `mcp::list` and others |
//! | Step Functions, Cognito, a direct invocation | [`serde_json::json!`] |
//!
//! `event()` of a builder returns its event, and so does `Into<Value>`. It serializes as that event, so that one can be
//! the content of another: `sqs([s3_put("photos", "a.jpg")])`. [`mapping::Mapping`] models how a queue or a stream
//! handles the response.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{HttpError, Json, Path};
//! use pilaster::testing::{Caller, http};
//! use pilaster::{BoxError, Client, Clients, FromClients};
//! use serde_json::{Value, json};
//!
//! #[derive(Clone)]
//! struct Users(Vec<&'static str>); // a table, in the cloud
//!
//! impl FromClients for Users {
//!     async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
//!         Err("there is no table here".into())
//!     }
//! }
//!
//! async fn user(Client(users): Client<Users>, Path(id): Path<usize>) -> Result<Json<Value>, HttpError> {
//!     let name = users.0.get(id).ok_or_else(|| HttpError::not_found("no such user"))?;
//!     Ok(Json(json!({ "name": name })))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let clients = Clients::new();
//! clients.insert(Users(vec!["ada"]));
//! let caller = Caller::new(pilaster::handler(user)).with_clients(clients);
//!
//! let response = caller.send(http::get("/users/0").path_parameter("id", "0")).await?;
//! assert_eq!((response.status(), response.json::<Value>()?), (200, json!({ "name": "ada" })));
//!
//! let response = caller.send(http::get("/users/1").path_parameter("id", "1")).await?;
//! assert_eq!(response.status(), 404);
//! assert_eq!(response.header("content-type"), Some("application/problem+json"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "agentcore")]
pub mod agentcore;
#[cfg(feature = "appsync")]
pub mod appsync;
#[cfg(feature = "appsync")]
mod appsync_identity;
#[cfg(feature = "bedrock")]
pub mod bedrock;
mod caller;
#[cfg(feature = "appsync")]
pub mod channels;
mod content;
#[cfg(all(feature = "http", feature = "json-schema"))]
mod contract;
#[cfg(any(feature = "openapi", feature = "tools"))]
mod document;
pub mod dynamodb;
pub mod event_bridge;
pub mod firehose;
#[cfg(feature = "http")]
pub mod http;
pub mod kafka;
pub mod kinesis;
#[cfg(feature = "logging")]
mod lines;
#[cfg(feature = "cloudwatch-logs")]
pub mod logs;
pub mod mapping;
#[cfg(all(feature = "http", feature = "mcp"))]
pub mod mcp;
pub mod mq;
#[cfg(feature = "openapi")]
mod openapi;
pub mod s3;
pub mod s3_batch;
#[cfg(feature = "tools")]
mod schema;
pub mod ses;
#[cfg(test)]
mod shape;
pub mod sns;
pub mod sqs;
#[cfg(any(feature = "metrics", feature = "otel"))]
mod variables;

#[cfg(feature = "appsync-schema")]
pub use self::appsync::assert_appsync_schema;
#[cfg(feature = "appsync")]
pub use self::appsync::{AppSyncAuthorizationEvent, AppSyncEvent, appsync, appsync_authorization};
pub use self::caller::Caller;
#[cfg(feature = "appsync")]
pub use self::channels::{
    ChannelAuthorizationEvent, ChannelEvent, channel_authorization, channel_publish, channel_subscribe,
};
pub use self::content::{Content, Raw, raw};
#[cfg(all(feature = "http", feature = "json-schema"))]
pub use self::contract::Contract;
pub use self::dynamodb::{insert, modify, remove};
pub use self::event_bridge::{event_bridge, schedule, scheduler};
pub use self::firehose::firehose;
pub use self::kafka::kafka;
pub use self::kinesis::kinesis;
#[cfg(feature = "cloudwatch-logs")]
pub use self::logs::{logs, logs_control_message};
pub use self::mq::{active_mq, rabbit_mq};
#[cfg(feature = "openapi")]
pub use self::openapi::assert_openapi;
pub use self::s3::{s3, s3_delete, s3_put, s3_test_event};
pub use self::s3_batch::s3_batch;
#[cfg(feature = "tools")]
pub use self::schema::assert_schema;
pub use self::ses::ses;
pub use self::sns::sns;
pub use self::sqs::sqs;
#[cfg(feature = "metrics")]
pub use self::variables::metrics_layer;
#[cfg(feature = "otel")]
pub use self::variables::traces_layer;
#[cfg(feature = "jwt")]
pub use crate::jwt::TokenIssuer;

/// The request id of every call, unless [`Caller::with_context`] sets another.
const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";
