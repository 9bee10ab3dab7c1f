//! [`LambdaContext`]: what the Lambda authorizer said about the client.

use std::fmt;

/// What the API's Lambda authorizer put into its response: the `resolverContext` of a GraphQL API, the `handlerContext`
/// of an Events API. AppSync accepts only values without nesting in it; write them as strings.
///
/// As an argument of a resolver it refuses a client that came another way as unauthorized.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::LambdaContext;
///
/// #[derive(serde::Deserialize)]
/// struct Tenant { tenant: String }
///
/// async fn tenant(LambdaContext(context): LambdaContext<Tenant>) -> Result<String, BoxError> {
///     Ok(context.tenant)
/// }
/// # let _ = pilaster::handler(tenant);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LambdaContext<T>(pub T);

/// The context may be personal and is not shown.
impl<T> fmt::Debug for LambdaContext<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LambdaContext").finish_non_exhaustive()
    }
}
