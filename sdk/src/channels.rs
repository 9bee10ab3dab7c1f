//! Functions of AWS AppSync Events: the handlers of channels, and the Lambda authorizer of an Events API.
//!
//! A handler is an async function. [`Handlers`] has those of a function, by the channels for which they are:
//!
//! ```no_run
//! use pilaster::BoxError;
//! use pilaster::channels::{Channel, CognitoUser, Handlers, Payload, Unauthorized};
//!
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Message { text: String }
//!
//! // Called for each event of a publish. `None` is not broadcast.
//! async fn moderate(Payload(message): Payload<Message>, channel: Channel) -> Result<Option<Message>, BoxError> {
//!     tracing::info!(channel = channel.path(), "published");
//!     Ok((!message.text.is_empty()).then_some(message))
//! }
//!
//! // An error refuses the subscriber.
//! async fn admit(user: CognitoUser, channel: Channel) -> Result<(), BoxError> {
//!     if channel.segments().nth(1) != Some(&*user.username) {
//!         return Err(Unauthorized.into());
//!     }
//!     Ok(())
//! }
//!
//! fn main() -> Result<(), pilaster::StartError> {
//!     pilaster::run(Handlers::new().publish("/chat/*", moderate).subscribe("/chat/*", admit))
//! }
//! ```
//!
//! A function of [`Handlers::publish_all`] sees all events of a publish at once, as [`Publish<T>`](Publish).
//! [`Authorization`] makes a function the API's Lambda authorizer.
//!
//! # Arguments
//!
//! | argument | value |
//! |---|---|
//! | [`Payload<T>`](Payload) | the payload of the event, in a function of `publish` |
//! | [`Publish<T>`](Publish), as the last argument | all events, in a function of `publish_all` |
//! | [`Channel`] | the channel: its path, its segments, its namespace |
//! | [`Identity`], [`CognitoUser`], [`IamCaller`], [`LambdaContext<T>`](LambdaContext) | the client; the last three refuse every other client |
//! | [`RequestHeaders`] | the headers of the client's request |
//! | [`ChannelContext`] | the whole event |
//!
//! A function also takes what implements [`FromInvocation`](crate::FromInvocation): `Client<T>`, `Invocation`, ….
//!
//! # Errors
//!
//! A text reaches the client only from a type that is meant for it: a [`FunctionError`](crate::FunctionError), or a type
//! that [`Handlers::error_type`] names. Any other error is logged with its causes, and the client reads `InternalError`
//! with the id of the invocation.
//!
//! | failure | publish | subscribe |
//! |---|---|---|
//! | an error that is meant for the client | `error` of the event, with its type and its text | `error` |
//! | any other error, a panic | `error` of the event: `InternalError` | `error` |
//! | a payload that does not fit its type | `error` of the event: `InvalidPayload`, with the path | – |
//! | work that is not done before the deadline | `error` of each event that is not done: `Timeout` | `error` |
//! | [`Unauthorized`] | the whole publish is refused: `UnauthorizedException` | `UnauthorizedException` |
//! | a channel without a handler | `error` of each event: `UnknownChannel` | `error` |
//! | a payload above 240 KB | `error` of the event: `PayloadTooLarge` | – |
//! | an id in the response that is not in the publish | the whole publish fails: `InvalidResponse` | – |
//!
//! An error of a function of `publish_all` is that of each event.

pub mod adapter;
pub(crate) mod authorizer;
pub(crate) mod call;
pub(crate) mod context;
pub(crate) mod extract;
pub(crate) mod function;
pub(crate) mod handler;
pub(crate) mod handlers;
pub(crate) mod outgoing;
pub(crate) mod patterns;
pub(crate) mod unmatched;

pub use self::authorizer::Access;
pub use self::call::{ChannelCall, ChannelResponse, IncomingEvent};
pub use self::context::{ChannelContext, Operation};
pub use self::extract::authorization::Authorization;
pub use self::extract::channel::Channel;
pub use self::extract::payload::Payload;
pub use self::extract::publish::{FromPublish, Publish, PublishedEvent};
pub use self::extract::{FromChannel, FromPublished};
pub use self::function::{ByHandlers, ChannelFunction};
pub use self::handler::{
    PublishAllHandler, PublishAllResult, PublishHandler, PublishResult, SubscribeHandler, SubscribeResult,
};
pub use self::handlers::Handlers;
pub use self::outgoing::Outgoing;
pub use self::unmatched::Unmatched;
pub use crate::appsync_request::cognito::CognitoUser;
pub use crate::appsync_request::headers::RequestHeaders;
pub use crate::appsync_request::iam::IamCaller;
pub use crate::appsync_request::identity::Identity;
pub use crate::appsync_request::lambda::LambdaContext;
pub use crate::appsync_request::oidc::OidcUser;
pub use crate::appsync_request::unauthorized::Unauthorized;
