//! OpenAPI 3.1 documents, made from the types of handlers.
//!
//! An operation is made from what is there anyway: the route, the doc comment, the extractors and the response.
//! [`#[http::operation]`](crate::http::operation) stands above each handler of a router, and
//! [`http::routes!`](crate::http::routes) makes the router and the document from them.
//! `cargo run -- openapi > openapi.json` writes the document, and `testing::assert_openapi` fails when the file in the
//! repository no longer is the document. Neither opens a connection nor reads the environment.
//!
//! Types derive [`schemars::JsonSchema`], which honours the attributes of serde and garde. Add schemars to your
//! `Cargo.toml`, with the features of the types that you use:
//!
//! ```toml
//! schemars = { version = "1.2", default-features = false, features = ["derive", "std", "uuid1"] }
//! ```
//!
//! A release build contains nothing of it, unless it has the feature `local`.
//!
//! # What is written
//!
//! | in the handler | in the document |
//! |---|---|
//! | first paragraph of the doc comment, the rest of it | `summary`, `description` |
//! | name of the function | `operationId` |
//! | `#[deprecated]` | `deprecated` |
//! | `Json<T>`, `Form<T>` | the body; 400, 413, 415, 422 |
//! | `Query<T>`, `Path<T>`, `TypedHeader<H>` | parameters; 400 |
//! | `Valid<_>` | the rules of garde in the schema; 422 for a body, 400 for the query and the path |
//! | `Claims<T>`, `Jwt<T>` | 401, 403; with `Jwt<T>` also the security scheme |
//! | `Preconditions`, `IdempotencyKey` | `If-Match`, `If-None-Match`, 412, 428; 400 |
//! | `JwtLayer`, `RateLimitLayer`, `NegotiationLayer`, `ConditionalLayer` | the security scheme, 401, 403; 429; 406; 304, 412 |
//! | `IdempotencyLayer`, `SchemaLayer`, `PartialResponseLayer` | the key, 400, 409, 422; 400, 413, 415, 422; `fields`, 400 |
//! | `Option<_>` | a part that need not be there |
//! | `Json<T>`, `Created<T>`, `Accepted`, `NoContent`, `Redirect` | 200, 201, 202, 204, `3XX` |
//! | `Document::webhook` | a request that the service sends |
//! | any | `default`: an error of 500 and above, as a problem ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) |
//!
//! An extractor or a response of another crate is silent until it implements [`OperationPart`]. A type of which serde
//! reads other than it writes has two schemas, `User` for responses and `UserInput` for requests.
//!
//! # Limits
//!
//! - `length` of a `String` counts bytes in garde, and `maxLength` counts characters: a text that the document allows may
//!   still be a 422. Write `length(chars, ..)`.
//! - What `custom` rules check is not in the document, unless you write it: `#[schemars(extend("format" = "email"))]`.
//! - A map, or an enum with a tag, is no query: a fault, since no parameter has its name.
//! - An `alias` is not in the document, and a variant with `#[serde(other)]` is there by its name, although serde takes any
//!   text: write `#[schemars(with = "String")]`. An `Option` with `#[serde(flatten)]` in a query is `None` if it holds a
//!   number, since serde drops the error.
//! - The schema of a response is that of the whole one, although a `PartialResponseLayer` sends a part of it by request.
//! - schemars knows a type by its module and its name: two types of one name within two functions of a module are one. Those
//!   of bodies and parameters are a fault, those within them are not found.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{self, Created, HttpError, Json};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize, JsonSchema)]
//! struct User {
//!     name: String,
//! }
//!
//! /// Creates a user.
//! #[http::operation(route = "POST /users", tags("users"), responses(409 = "The name is taken"))]
//! async fn create_user(Json(user): Json<User>) -> Result<Created<User>, HttpError> {
//!     Ok(Created::at("/users/1", user))
//! }
//!
//! fn service() -> impl pilaster::IntoService {
//!     http::service(http::routes![create_user]).layer(http::Stack::new())
//! }
//!
//! let document = pilaster::openapi::of(&service())?;
//! let operation = &document.as_value()["paths"]["/users"]["post"];
//! assert_eq!(operation["summary"], "Creates a user.");
//! assert!(operation["responses"]["409"].is_object());
//! # Ok::<(), pilaster::openapi::Faults>(())
//! ```

mod aws;
mod build;
mod doc_comment;
mod document;
mod local_types;
mod merge;
mod names;
mod operation;
mod part;
mod problem;
mod references;
mod responses;
mod route_table;
mod schemas;
mod security;
#[cfg(test)]
mod tests;
mod webhook;

pub use schemars;

pub use self::build::{Faults, FinishedDocument, of};
pub use self::document::Document;
pub(crate) use self::document::Methods;
pub use self::merge::merge;
pub use self::operation::{Operation, Parameter};
pub use self::part::OperationPart;
#[doc(hidden)]
pub use self::part::probe;
pub use self::responses::Response;
pub(crate) use self::route_table::RouteTable;
pub use self::security::SecurityScheme;
