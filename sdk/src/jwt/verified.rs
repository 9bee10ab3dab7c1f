//! [`VerifiedJwt`]: a token whose signature and claims were verified.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{JwtError, JwtReason};
use crate::core::json::field::field;

/// The claims of a token that a [`JwtVerifier`](super::JwtVerifier) has verified. Cheap to clone.
///
/// Its `Debug` does not show them: claims are personal data.
#[derive(Clone)]
pub struct VerifiedJwt {
    claims: Arc<Map<String, Value>>,
}

impl VerifiedJwt {
    pub(super) fn new(claims: Map<String, Value>) -> Self {
        Self { claims: Arc::new(claims) }
    }

    /// Returns the claims as a `T`.
    ///
    /// # Errors
    ///
    /// [`JwtReason::Mismatch`]: they are not a `T`. The log names the claim, if it is a field of `T`.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, JwtError> {
        serde_path_to_error::deserialize(&*self.claims).map_err(|error| {
            let reason = error.inner().to_string();
            // "missing field `sub`" names a field of `T`; every other message may contain a value.
            let reason = if reason.starts_with("missing field") { &reason } else { "it has another type" };
            tracing::warn!(claim = field::<T>(error.path()), reason, "the claims do not match the expected type");
            JwtError::new(JwtReason::Mismatch)
        })
    }

    /// Returns the claim of this name.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// Returns the claim `sub`: the user, or the client of a token for a machine.
    pub fn subject(&self) -> Option<&str> {
        self.claim("sub")?.as_str()
    }

    /// Returns the scopes, from the claim `scope` or `scp`, as text with spaces or as a list.
    pub fn scopes(&self) -> Vec<&str> {
        let texts = ["scope", "scp"].into_iter().filter_map(|name| self.claim(name)).flat_map(texts);
        texts.flat_map(str::split_ascii_whitespace).collect()
    }

    /// Returns the groups, from the claims `cognito:groups` and `groups`.
    pub fn groups(&self) -> Vec<&str> {
        ["cognito:groups", "groups"].into_iter().filter_map(|name| self.claim(name)).flat_map(texts).collect()
    }

    /// Requires all of these scopes.
    ///
    /// # Errors
    ///
    /// [`JwtReason::Scope`]: one is missing.
    pub fn require_scopes<S: AsRef<str>>(&self, scopes: impl IntoIterator<Item = S>) -> Result<(), JwtError> {
        let own = self.scopes();
        let has_all = scopes.into_iter().all(|scope| own.contains(&scope.as_ref()));
        if has_all { Ok(()) } else { Err(JwtError::new(JwtReason::Scope)) }
    }

    /// Requires membership in one of these groups.
    ///
    /// # Errors
    ///
    /// [`JwtReason::Group`]: the caller is in none of them.
    pub fn require_group<S: AsRef<str>>(&self, groups: impl IntoIterator<Item = S>) -> Result<(), JwtError> {
        let own = self.groups();
        let has_one = groups.into_iter().any(|group| own.contains(&group.as_ref()));
        if has_one { Ok(()) } else { Err(JwtError::new(JwtReason::Group)) }
    }

    pub(crate) fn all(&self) -> &Map<String, Value> {
        &self.claims
    }
}

impl fmt::Debug for VerifiedJwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedJwt").finish_non_exhaustive()
    }
}

/// Returns a text, or the texts of a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
