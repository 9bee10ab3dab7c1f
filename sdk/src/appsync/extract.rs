//! The arguments of resolvers.

pub(crate) mod arguments;
pub(crate) mod authorization;
#[cfg(feature = "macros")]
mod check;
pub(crate) mod field_info;
mod identity;
pub(crate) mod pipeline;
pub(crate) mod selection;
pub(crate) mod source;

use super::context::FieldContext;
use crate::core::error::BoxError;
use crate::core::invocation::FromInvocation;

/// An argument of a resolver: a part of the event, or anything that implements [`FromInvocation`].
///
/// # Example
///
/// ```
/// use pilaster::appsync::{Arguments, CognitoUser, FieldContext, FromContext, Unauthorized};
/// use pilaster::BoxError;
///
/// /// The tenant of the user, from a claim of the token.
/// struct Tenant(String);
///
/// impl FromContext for Tenant {
///     async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
///         let user = CognitoUser::from_context(context).await?;
///         Ok(Tenant(user.claim("custom:tenant").ok_or(Unauthorized)?.to_owned()))
///     }
/// }
///
/// #[derive(serde::Deserialize)]
/// struct ById { id: String }
///
/// async fn post(Tenant(tenant): Tenant, Arguments(by): Arguments<ById>) -> Result<String, BoxError> {
///     Ok(format!("{tenant}/{}", by.id))
/// }
/// # let _ = pilaster::handler(post);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a resolver",
    label = "created neither from an invocation nor from the context of a field",
    note = "a resolver takes `Arguments<T>`, `Source<T>`, `Identity`, `RequestHeaders`, `Selection`, `Prev<T>`, `Stash<T>`, … of `pilaster::appsync`, and before them `Client<T>`, `Secret<T>`, `Metrics`, `Invocation`, or a type that implements `pilaster::appsync::FromContext`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait FromContext: Sized + Send {
    /// Creates the argument.
    ///
    /// # Errors
    ///
    /// The reason why it could not be created: the field fails.
    fn from_context(context: &FieldContext) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

impl<T: FromInvocation> FromContext for T {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        T::from_invocation(context.invocation()).await
    }
}

impl FromContext for FieldContext {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(context.clone())
    }
}

impl FromField for FieldContext {}

/// The last argument of a resolver: a part of the event of AppSync, by which the compiler chooses the kind of the
/// function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a part of an event of AppSync",
    label = "cannot be the last argument of a resolver",
    note = "the last argument of a resolver is `Arguments<T>`, `Source<T>`, `Identity`, `FieldInfo`, … of `pilaster::appsync`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait FromField: FromContext {}

/// An argument beside a [`Batch`](super::Batch): the same for all its items, since they belong to one request.
///
/// [`Identity`](super::Identity), [`CognitoUser`](super::CognitoUser), [`IamCaller`](super::IamCaller),
/// [`LambdaContext<T>`](super::LambdaContext), [`RequestHeaders`](super::RequestHeaders), and anything that implements
/// [`FromInvocation`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument beside a batch",
    label = "not the same for all items of a batch",
    note = "beside a `Batch` a resolver takes `Identity`, `RequestHeaders`, `Client<T>`, `Secret<T>`, `Metrics` and `Invocation`; the sources and the arguments of the items are in the batch, such as `Batch<Post, Page>`: `item.source`, `item.arguments`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait FromRequestContext: FromContext {}

impl<T: FromInvocation> FromRequestContext for T {}
