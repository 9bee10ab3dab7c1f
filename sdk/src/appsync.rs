//! Functions of AWS AppSync: direct Lambda resolvers of a GraphQL API, single and in batches, and its Lambda authorizer.
//!
//! A resolver is an async function. Its arguments are parts of the event, and its value is the value of the field:
//!
//! ```no_run
//! use pilaster::appsync::{Arguments, Identity};
//! use pilaster::{FunctionError, lambda_handler};
//!
//! #[derive(serde::Deserialize)]
//! struct ById { id: String }
//!
//! #[derive(serde::Serialize)]
//! struct Post { id: String, title: String }
//!
//! #[lambda_handler]
//! async fn get_post(identity: Identity, Arguments(by): Arguments<ById>) -> Result<Option<Post>, FunctionError> {
//!     Ok(Some(Post { id: by.id, title: "Hello".to_owned() }))
//! }
//! ```
//!
//! [`Resolvers`] serves many fields by one function. A resolver also answers a batch, item by item, and a function that
//! takes a [`Batch`] sees the batch as a whole. [`Authorization`] makes a function the API's Lambda authorizer.
//!
//! # Arguments
//!
//! | argument | value |
//! |---|---|
//! | [`Arguments<T>`](Arguments) | the arguments of the field |
//! | [`Source<T>`](Source), `Option<Source<T>>` | the parent, as its resolver returned it |
//! | [`Identity`], [`CognitoUser`], [`IamCaller`], [`LambdaContext<T>`](LambdaContext) | the client; the last three refuse every other client |
//! | [`Selection`] | the selected fields |
//! | [`RequestHeaders`] | the headers of the client's request |
//! | [`FieldInfo`] | the names of the field and its type, the variables |
//! | [`Prev<T>`](Prev), `Option<Prev<T>>`, [`Stash<T>`](Stash) | in a pipeline: the result of the step before, the shared object |
//! | [`FieldContext`] | the whole event |
//! | [`Batch<S, A>`](Batch), as the last argument | the sources and the arguments of all items |
//!
//! Before the last argument, which is one of these, a function also takes what implements
//! [`FromInvocation`](crate::FromInvocation): `Client<T>`, `Invocation`, ….
//!
//! # Errors
//!
//! A text reaches the client only from a type that is meant for it: a [`FunctionError`](crate::FunctionError), or a type
//! with [`#[derive(ErrorType)]`](derive@crate::ErrorType). `#[lambda_handler]` finds that of its function;
//! [`Resolvers::error_type`], and [`Function::error_type`](crate::Function::error_type) without the macro, name one. Any
//! other error is logged with its causes, and the client reads `InternalError` with the id of the invocation. In a batch of
//! single resolvers, an error, a panic, and an argument that does not fit fail only their item.
//!
//! What is meant for the client, and a mistake in what it sent, is logged at INFO; any other failure at ERROR.
//!
//! | failure | `errorType` |
//! |---|---|
//! | an error that is meant for the client | its own |
//! | any other error, a panic | `InternalError` |
//! | arguments that do not fit their type | `InvalidArguments`, with the path |
//! | work that is not done before the deadline | `Timeout` |
//! | [`Unauthorized`] | `UnauthorizedException` |
//! | a field without a resolver | `UnknownField` |
//! | a response above 5 MB | `ResponseTooLarge` |

pub mod adapter;
pub(crate) mod authorizer;
pub(crate) mod batch;
pub(crate) mod call;
pub(crate) mod context;
pub(crate) mod extract;
pub(crate) mod function;
pub(crate) mod handler;
pub(crate) mod name;
mod resolvers;

pub use self::authorizer::Access;
pub use self::batch::{Batch, Batched, Item, Unread};
pub use self::call::{ByBatch, ByResolver, FieldCall, FieldResponse};
pub use self::context::FieldContext;
pub use self::extract::arguments::{Arguments, double_option};
pub use self::extract::authorization::Authorization;
pub use self::extract::field_info::FieldInfo;
pub use self::extract::pipeline::{Prev, Stash};
pub use self::extract::selection::Selection;
pub use self::extract::source::Source;
pub use self::extract::{FromContext, FromField, FromRequestContext};
pub use self::function::FieldFunction;
pub use self::handler::{BatchHandler, BatchResult, FromBatch, ResolverHandler, ResolverResult};
pub use self::resolvers::{ByResolvers, Field, Resolvers};
pub use crate::appsync_request::cognito::CognitoUser;
pub use crate::appsync_request::headers::RequestHeaders;
pub use crate::appsync_request::iam::IamCaller;
pub use crate::appsync_request::identity::Identity;
pub use crate::appsync_request::lambda::LambdaContext;
pub use crate::appsync_request::oidc::OidcUser;
pub use crate::appsync_request::unauthorized::Unauthorized;
