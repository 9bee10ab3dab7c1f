//! [`Identity`]: the client, as AppSync authenticated it. The keys that only one kind of identity has decide its kind;
//! then it is decoded once.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::cognito::CognitoUser;
use super::iam::IamCaller;
use super::lambda::LambdaContext;
use super::oidc::OidcUser;
use super::unauthorized::Unauthorized;
use crate::core::error::{BoxError, FunctionError};
use crate::core::json;
use crate::core::json::members::each_member;

/// The client of a request, by the way in which AppSync authenticated it.
///
/// | authorization of the API | variant | recognised by |
/// |---|---|---|
/// | API key | `ApiKey` | `identity` is null or missing |
/// | Lambda authorizer | `Lambda` | `resolverContext`, in Events `handlerContext` |
/// | IAM | `Iam` | `userArn` or `accountId` |
/// | Cognito user pool | `Cognito` | `username` and `claims`, or `username` and `sub` |
/// | OpenID Connect | `Oidc` | `claims` without `username` |
/// | anything that AWS adds | `Other` | – |
///
/// The forms are those of <https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference.html>.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::{Identity, Unauthorized};
///
/// async fn whoami(identity: Identity) -> Result<String, BoxError> {
///     match identity {
///         Identity::Cognito(user) => Ok(user.username),
///         Identity::Iam(caller) => Ok(caller.user_arn),
///         _ => Err(Unauthorized.into()),
///     }
/// }
/// # let _ = pilaster::handler(whoami);
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Identity {
    /// The client has an API key, which is in no event.
    ApiKey,
    /// The client signed its request by AWS credentials.
    Iam(IamCaller),
    /// The client has a token of a Cognito user pool.
    Cognito(CognitoUser),
    /// The client has a token of another provider.
    Oidc(OidcUser),
    /// The API's Lambda authorizer let the client in.
    Lambda(LambdaContext<Map<String, Value>>),
    /// A form that this version does not know.
    Other(Value),
}

/// The kinds of identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentityKind {
    ApiKey,
    Iam,
    Cognito,
    Oidc,
    Lambda,
    Other,
}

impl IdentityKind {
    /// Returns the kind by the keys of an identity, as JSON; a key whose value is null is missing.
    pub(crate) fn of(identity: &str) -> Self {
        if identity == "null" {
            return Self::ApiKey;
        }
        let (mut lambda, mut iam, mut username, mut claims, mut sub) = (false, false, false, false, false);
        let read = each_member(identity, |name, value| match &*name {
            "resolverContext" | "handlerContext" => lambda = true,
            _ if value.get() == "null" => {}
            "userArn" | "accountId" => iam = true,
            "username" => username = true,
            "claims" => claims = true,
            "sub" => sub = true,
            _ => {}
        });
        match read {
            Err(_) => Self::Other,
            Ok(()) if lambda => Self::Lambda,
            Ok(()) if iam => Self::Iam,
            Ok(()) if username && (claims || sub) => Self::Cognito,
            Ok(()) if claims && !username => Self::Oidc,
            Ok(()) => Self::Other,
        }
    }
}

impl Identity {
    /// Decodes the member `identity` of an event.
    ///
    /// # Errors
    ///
    /// `InvalidEvent`: the identity has the keys of a kind, but not its form.
    pub(crate) fn parse(identity: &str) -> Result<Self, FunctionError> {
        Ok(match IdentityKind::of(identity) {
            IdentityKind::ApiKey => Self::ApiKey,
            IdentityKind::Iam => Self::Iam(decode(identity)?),
            IdentityKind::Cognito => Self::Cognito(decode(identity)?),
            IdentityKind::Oidc => Self::Oidc(decode(identity)?),
            IdentityKind::Lambda => Self::Lambda(LambdaContext(lambda_context(identity)?)),
            IdentityKind::Other => Self::Other(decode(identity)?),
        })
    }
}

/// Returns the identity, if it is of this kind.
///
/// # Errors
///
/// [`Unauthorized`]: the client is of another kind.
pub(crate) fn require(identity: &str, kind: IdentityKind) -> Result<&str, BoxError> {
    if IdentityKind::of(identity) == kind { Ok(identity) } else { Err(Unauthorized.into()) }
}

/// Decodes an identity of a known kind.
pub(crate) fn decode<T: DeserializeOwned>(identity: &str) -> Result<T, FunctionError> {
    json::decode_by_name(identity.as_bytes()).map_err(|error| invalid(&error.for_client()))
}

fn invalid(why: &str) -> FunctionError {
    FunctionError::new("InvalidEvent", format!("the identity of the event does not match the expected schema: {why}"))
}

/// Decodes the context of a Lambda authorizer; an absent one has no values.
pub(crate) fn lambda_context<T: DeserializeOwned>(identity: &str) -> Result<T, FunctionError> {
    let context = ["resolverContext", "handlerContext"].iter().find_map(|name| json::members::member(identity, name));
    let context = context.map(|context| context.get()).filter(|context| *context != "null").unwrap_or("{}");
    json::decode_by_name(context.as_bytes()).map_err(|error| {
        // The authorizer wrote it, and the client may not see its keys.
        let message = "the context of the authorizer does not match the expected type";
        FunctionError::new("InvalidEvent", message).with_source(error.for_client())
    })
}

/// Identities are personal: only the kind is shown.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey => "ApiKey",
            Self::Iam(_) => "Iam(..)",
            Self::Cognito(_) => "Cognito(..)",
            Self::Oidc(_) => "Oidc(..)",
            Self::Lambda(_) => "Lambda(..)",
            Self::Other(_) => "Other(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_decide_the_kind() {
        let iam = r#"{"accountId":"1","cognitoIdentityPoolId":null,"sourceIp":["1.1.1.1"],"username":"AROA:s","userArn":"arn"}"#;
        let cognito = r#"{"sub":"1","issuer":"i","username":"ada","claims":{},"sourceIp":["1.1.1.1"],"defaultAuthStrategy":"ALLOW","groups":null}"#;
        for (identity, kind) in [
            ("null", IdentityKind::ApiKey),
            (iam, IdentityKind::Iam),
            (cognito, IdentityKind::Cognito),
            (r#"{"sub":"1","username":"ada"}"#, IdentityKind::Cognito),
            (r#"{"sub":"1","issuer":"i","claims":{}}"#, IdentityKind::Oidc),
            (r#"{"resolverContext":{"a":"1"}}"#, IdentityKind::Lambda),
            (r#"{"handlerContext":null}"#, IdentityKind::Lambda),
            (r#"{"certificate":"c"}"#, IdentityKind::Other),
            (r#"{"username":"ada"}"#, IdentityKind::Other),
            ("{}", IdentityKind::Other),
            ("7", IdentityKind::Other),
            (r#""admin""#, IdentityKind::Other),
        ] {
            assert_eq!(IdentityKind::of(identity), kind, "{identity}");
        }
    }

    #[test]
    fn a_user_without_groups_has_an_empty_list() {
        let identity = r#"{"sub":"1","username":"ada","claims":{"email":"a@b.c"},"groups":null}"#;
        let Ok(Identity::Cognito(user)) = Identity::parse(identity) else { panic!("not a Cognito user") };
        assert_eq!((user.groups.len(), user.claim("email")), (0, Some("a@b.c")));
        assert!(!user.is_in_group("editors"));
    }

    #[test]
    fn an_identity_of_a_known_kind_in_another_form_is_an_error_without_its_values() {
        let error = Identity::parse(r#"{"sub":"1","username":"ada","claims":{},"groups":"hunter2"}"#).unwrap_err();
        assert_eq!(error.error_type(), "InvalidEvent");
        assert!(error.message().contains("/groups") && !error.message().contains("hunter2"), "{error}");
    }

    #[test]
    fn the_context_of_an_authorizer_is_an_object() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Tenant {
            tenant: String,
        }
        let of = |identity: &str| lambda_context::<Tenant>(identity).map(|context| context.tenant);
        assert_eq!(of(r#"{"resolverContext":{"tenant":"7"}}"#).unwrap(), "7");
        for identity in [r#"{"resolverContext":["7"]}"#, r#"{"handlerContext":["7"]}"#] {
            let error = of(identity).unwrap_err();
            assert!(format!("{error:?}").contains("expected an object, got an array"), "{error:?}");
        }
    }

    #[test]
    fn debug_shows_the_kind_alone() {
        for identity in [
            r#"{"userArn":"hunter2","accountId":"hunter2"}"#,
            r#"{"sub":"hunter2","username":"hunter2","claims":{}}"#,
            r#"{"sub":"hunter2","claims":{}}"#,
            r#"{"resolverContext":{"hunter2":"hunter2"}}"#,
            r#"{"hunter2":"hunter2"}"#,
        ] {
            let shown = format!("{:?}", Identity::parse(identity).unwrap());
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
