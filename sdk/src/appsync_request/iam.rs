//! [`IamCaller`]: a client that signed its request.

use std::fmt;

use serde::Deserialize;

use crate::core::json::or_default;

/// A client that signed its request by AWS credentials: a role, a user, or an identity of a Cognito identity pool.
///
/// As an argument of a resolver it refuses every other client as unauthorized.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::IamCaller;
///
/// async fn account(caller: IamCaller) -> Result<String, BoxError> {
///     Ok(caller.account_id)
/// }
/// # let _ = pilaster::handler(account);
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IamCaller {
    /// The account of the credentials.
    #[serde(default, deserialize_with = "or_default")]
    pub account_id: String,
    /// The ARN of the role or the user.
    #[serde(default, deserialize_with = "or_default")]
    pub user_arn: String,
    /// The id of the credentials: `AROA…:session` for a role.
    #[serde(default, deserialize_with = "or_default")]
    pub username: String,
    /// The addresses of the client.
    #[serde(default, deserialize_with = "or_default")]
    pub source_ip: Vec<String>,
    /// The identity pool; `None` for credentials of no pool.
    #[serde(default)]
    pub cognito_identity_pool_id: Option<String>,
    /// The identity in the pool.
    #[serde(default)]
    pub cognito_identity_id: Option<String>,
    /// `authenticated` or `unauthenticated`.
    #[serde(default)]
    pub cognito_identity_auth_type: Option<String>,
    /// The provider by which the identity signed in.
    #[serde(default)]
    pub cognito_identity_auth_provider: Option<String>,
}

/// The data of the caller is not shown.
impl fmt::Debug for IamCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IamCaller").finish_non_exhaustive()
    }
}
