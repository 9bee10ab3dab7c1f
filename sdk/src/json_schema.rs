//! Payloads checked by JSON Schema: of HTTP requests, records and whole events, and of their responses.
//!
//! [`SchemaLayer`] checks the payload before the function runs, and the response before it is sent. Use it for a schema
//! that others maintain, such as the contract of a topic; for your own API, types and
#![cfg_attr(feature = "validate", doc = "[`http::Valid`](crate::http::Valid)")]
#![cfg_attr(not(feature = "validate"), doc = "`http::Valid` (feature `validate`)")]
//! are faster and smaller. The feature `json-schema` adds **5.8 MB** to a binary, and neither `default` nor `full` has it.
//!
//! | function | what is checked | a payload that does not match |
//! |---|---|---|
//! | HTTP, in [`Stack::layer`](crate::http::Stack::layer) | the JSON body | 422, with a JSON Pointer for each violation |
//! | records, in [`Function::layer`](crate::Function::layer) | the payload of each record: see [below](#records) | this record fails alone |
//! | whole events, in [`Function::layer`](crate::Function::layer) | the event | the invocation fails with the `errorType` `SchemaValidation` |
//! | any, in [`Function::outer`](crate::Function::outer) | the event as Lambda delivers it | the same |
//!
//! A response that does not match is not sent: an HTTP function responds with a 500, a record fails, and an invocation
//! fails with the `errorType` `ResponseSchemaValidation`. The places are logged.
//!
//! # The schema
//!
//! A schema is compiled when the function starts, in the dialect that its `$schema` names: draft 4, 6, 7, 2019-09 or
//! 2020-12, which is also the default. A function whose schema does not compile does not start; the message names the
//! keyword or the `$ref`. **Nothing is ever fetched**: a `$ref` leads to a part of the same schema. `format` is checked
//! where the library knows it, and ignored elsewhere.
//!
//! # What is reported
//!
//! At most 100 violations, each with a JSON Pointer and a text from the schema. Neither repeats a value, nor a key that the
//! schema does not name: the pointer then ends at the enclosing object. The places are not searched, and the pointer is
//! empty, in a payload of more than 64 KiB (each value counts at least 32 bytes), and in a deeply nested one if the
//! schema contains itself: a search through all alternatives would take too long.
//!
//! # Limits
//!
//! - Patterns are matched in linear time, so a schema whose `pattern` has look-around or a back-reference does not
//!   compile.
//! - JSON beyond serde_json's limits is a 400: more than 128 levels, or a number beyond `f64`. Of two equal keys the last
//!   one counts.
//! - A request without a body passes, unless it is a `POST`, `PUT` or `PATCH` with a `Content-Type`: the extractor decides if it
//!   needs one.
//! - A streamed response is read as a whole before it is sent.
//!
//! # Records
//!
//! | source | payload |
//! |---|---|
//! | SQS | the body; with [`notifications`](SchemaLayer::notifications), the message that SNS published into it |
//! | SNS | the message |
//! | EventBridge, also through SNS and SQS | `detail` |
//! | Kinesis, Firehose, Amazon MQ | the data |
//! | Kafka | the value; `null` if there is none |
//! | any other | the record as in the event |
//!
//! The response is the data that Firehose delivers; other records have none.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{self, Json};
//! use pilaster::json_schema::SchemaLayer;
//! use pilaster::testing::{Caller, http::post};
//! use serde_json::{Value, json};
//!
//! // In a function: `include_str!("../new-user.schema.json")`
//! const NEW_USER: &str = r#"{
//!     "type": "object",
//!     "properties": { "name": { "type": "string", "maxLength": 100 }, "age": { "type": "integer", "minimum": 18 } },
//!     "required": ["name", "age"]
//! }"#;
//!
//! async fn create(Json(user): Json<Value>) -> Json<Value> {
//!     Json(json!({ "id": 1, "name": user["name"] }))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let stack = http::Stack::new().layer(SchemaLayer::new().incoming(NEW_USER));
//! let caller = Caller::new(pilaster::handler(create).layer(stack));
//!
//! assert_eq!(caller.send(post("/users").json(json!({ "name": "Ada", "age": 36 }))).await?.status(), 200);
//! let rejected = caller.send(post("/users").json(json!({ "age": 17 }))).await?;
//! assert_eq!(rejected.status(), 422);
//! assert_eq!(rejected.json::<Value>()?["errors"], json!([
//!     { "pointer": "/age", "detail": "must be at least 18" },
//!     { "pointer": "/name", "detail": "is required" },
//! ]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod describe;
mod layer;
mod mismatch;
mod places;
mod recursion;
mod schema;
#[cfg(test)]
mod tests;

pub use self::layer::{SchemaLayer, SchemaService};
pub use self::mismatch::{Mismatch, Violation};
pub use self::schema::{Schema, SchemaError};
