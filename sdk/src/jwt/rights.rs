//! [`Rights`]: the scopes and groups that a token needs.

use super::error::JwtError;
use super::verified::VerifiedJwt;

const NO_RIGHT: &str =
    "a list of required scopes or groups is empty, which would admit everyone: leave the call out to require none";
const NO_SCOPE: &str = "a scope consists of printable ASCII characters without spaces, `\"` and `\\`";

/// The rights that a token needs: all of the scopes, and one of the groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    scopes: Vec<String>,
    groups: Vec<String>,
    /// The first mistake in the lists.
    mistake: Option<&'static str>,
}

impl Rights {
    pub(crate) fn require_scopes(&mut self, scopes: Vec<String>) {
        let mistake = scopes.is_empty().then_some(NO_RIGHT);
        let is_malformed = !scopes.iter().all(|scope| is_scope(scope));
        self.mistake = self.mistake.or(mistake).or(is_malformed.then_some(NO_SCOPE));
        self.scopes.extend(scopes);
    }

    pub(crate) fn require_groups(&mut self, groups: Vec<String>) {
        self.mistake = self.mistake.or(groups.is_empty().then_some(NO_RIGHT));
        self.groups.extend(groups);
    }

    #[cfg(feature = "http")]
    pub(crate) fn scopes(&self) -> &[String] {
        &self.scopes
    }

    pub(crate) fn mistake(&self) -> Option<&'static str> {
        self.mistake
    }

    /// # Errors
    ///
    /// The token lacks a scope, or is in none of the groups.
    pub(crate) fn check(&self, token: &VerifiedJwt) -> Result<(), JwtError> {
        token.require_scopes(&self.scopes)?;
        if self.groups.is_empty() { Ok(()) } else { token.require_group(&self.groups) }
    }
}

/// Returns `true` for a scope ([RFC 6749, 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
pub(crate) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\')
}
