//! [`Unauthorized`]: the error by which AppSync recognises a refusal.

use std::fmt;

use crate::core::error::{BoxError, FunctionError};

/// The `errorType` that AppSync recognises
/// (<https://docs.aws.amazon.com/appsync/latest/devguide/resolver-mapping-template-reference-lambda.html>).
pub(crate) const UNAUTHORIZED: &str = "UnauthorizedException";

/// The client must not do this: the `errorType` is `UnauthorizedException`, for which AppSync puts its own text "You are
/// not authorized to make this call." in place of ours.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::{Arguments, CognitoUser, Unauthorized};
///
/// #[derive(serde::Deserialize)]
/// struct ById { id: String }
///
/// async fn delete_post(user: CognitoUser, Arguments(by): Arguments<ById>) -> Result<String, BoxError> {
///     if !user.is_in_group("editors") {
///         return Err(Unauthorized.into());
///     }
///     Ok(by.id)
/// }
/// # let _ = pilaster::handler(delete_post);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Unauthorized;

impl fmt::Debug for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unauthorized")
    }
}

impl From<Unauthorized> for FunctionError {
    fn from(_: Unauthorized) -> Self {
        Self::new(UNAUTHORIZED, "the client is not authorized to make this call")
    }
}

impl From<Unauthorized> for BoxError {
    fn from(unauthorized: Unauthorized) -> Self {
        FunctionError::from(unauthorized).into()
    }
}
