//! A [`JwtVerifier`] as an authorizer.

use serde_json::Value;

use super::{Authorizer, AuthorizerError, AuthorizerKind, ContextValue, Policy, SimpleResponse};
use crate::core::error::BoxError;
use crate::jwt::{JwtError, JwtReason, JwtVerifier, VerifiedJwt};

impl JwtVerifier {
    /// Answers an authorizer whose response is a [`Policy`]: it allows all methods and routes of the API's stage, since
    /// API Gateway caches it for the token, and has the claims as its context. Text, numbers, booleans and lists (as JSON)
    /// are passed on; objects are not, nor are claims named `claims`, `principalId` or
    /// `integrationLatency`.
    ///
    /// A token without a required right is a policy that denies: 403. One that is missing or not valid is a 401 of a REST
    /// or WebSocket API, and a policy that denies in an HTTP API, which has no 401. So is one of several in a request.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::events::authorizer::{AuthorizerError, Policy};
    /// use pilaster::{Authorizer, Client, JwtVerifier};
    ///
    /// async fn authorize(Client(tokens): Client<JwtVerifier>, request: Authorizer) -> Result<Policy, AuthorizerError> {
    ///     tokens.authorize(&request).await
    /// }
    /// # let _ = pilaster::handler(authorize);
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthorizerError::Unauthorized`]; any other error is a 500 of the API, which is not cached: the keys of the issuer
    /// are unavailable, or the verifier is misconfigured.
    pub async fn authorize(&self, request: &Authorizer) -> Result<Policy, AuthorizerError> {
        let arns = || Ok::<_, AuthorizerError>([request.arn()?.all()]);
        match self.verify_request(request).await {
            Ok(verified) => {
                let principal = verified.subject().or_else(|| verified.claim("client_id")?.as_str());
                let policy = Policy::allow(principal.unwrap_or("token"), arns()?);
                Ok(context(&verified).fold(policy, |policy, (name, value)| policy.context(name, value)))
            }
            Err(error) if error.is_unknown() => Err(AuthorizerError::Failed(BoxError::from(error))),
            // The events of an HTTP API have a version, with either payload; those of other APIs have none.
            Err(error) if error.is_forbidden() || request.0.version.is_some() => Ok(Policy::deny("token", arns()?)),
            Err(_) => Err(AuthorizerError::Unauthorized),
        }
    }

    /// Answers an authorizer of an HTTP API with simple responses. The context is that of [`authorize`](Self::authorize).
    ///
    /// # Errors
    ///
    /// An error is a 500 of the API, which is not cached: the keys of the issuer are unavailable, or the verifier is
    /// misconfigured.
    pub async fn authorize_simple(&self, request: &Authorizer) -> Result<SimpleResponse, AuthorizerError> {
        match self.verify_request(request).await {
            Ok(verified) => {
                let response = SimpleResponse::allow();
                Ok(context(&verified).fold(response, |response, (name, value)| response.context(name, json(value))))
            }
            Err(error) if error.is_unknown() => Err(AuthorizerError::Failed(BoxError::from(error))),
            Err(_) => Ok(SimpleResponse::deny()),
        }
    }

    async fn verify_request(&self, request: &Authorizer) -> Result<VerifiedJwt, JwtError> {
        let verified = match request.bearer_token() {
            _ if has_several(request) => Err(JwtError::new(JwtReason::Several)),
            Some(token) => self.verify(token).await,
            None => Err(JwtError::new(JwtReason::Missing)),
        };
        verified.inspect_err(JwtError::log)
    }
}

/// Returns whether the request has several `Authorization` headers, which a REST API passes only as multiple values.
fn has_several(request: &Authorizer) -> bool {
    let is_it = |name: &str| name.eq_ignore_ascii_case("authorization");
    let single = request.0.headers.iter().flatten().filter(|(name, _)| is_it(name)).count();
    let multiple = request.0.multi_value_headers.iter().flatten().filter(|(name, _)| is_it(name));
    let multiple: usize = multiple.map(|(_, values)| values.as_ref().map_or(0, Vec::len)).sum();
    request.kind() != AuthorizerKind::Token && single.max(multiple) > 1
}

/// Names that API Gateway, or [`Claims`](crate::http::Claims), gives another meaning among the values of an authorizer.
const RESERVED: [&str; 3] = ["claims", "principalId", "integrationLatency"];

/// Returns the claims that a context can have.
fn context(verified: &VerifiedJwt) -> impl Iterator<Item = (String, ContextValue)> {
    let claims = verified.all().iter().filter(|(name, _)| !RESERVED.contains(&name.as_str()));
    claims.filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => ContextValue::Text(text.clone()),
            Value::Number(number) => ContextValue::Number(number.clone()),
            Value::Bool(value) => ContextValue::Bool(*value),
            // `Claims` parses such a text where a list is required.
            Value::Array(_) => ContextValue::Text(value.to_string()),
            Value::Null | Value::Object(_) => return None,
        };
        Some((name.clone(), value))
    })
}

fn json(value: ContextValue) -> Value {
    match value {
        ContextValue::Text(text) => Value::String(text),
        ContextValue::Number(number) => Value::Number(number),
        ContextValue::Bool(value) => Value::Bool(value),
    }
}

#[cfg(test)]
mod tests;
