//! [`SecretId`] identifies a secret and its version.

use std::borrow::Cow;
use std::fmt;

use super::SecretError;
use crate::clients::Variables;
use crate::config::NamedBy;
use crate::config::failure::Subject;
use crate::core::env;

/// A secret's name or ARN, and its version: the current one unless a stage or a version id is set.
///
/// # Example
///
/// ```
/// use pilaster::config::secrets::SecretId;
///
/// assert_eq!(SecretId::new("prod/db").to_string(), "secret `prod/db`");
/// assert_eq!(SecretId::new("prod/db").stage("AWSPENDING").to_string(), "secret `prod/db` (stage AWSPENDING)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretId {
    name: Cow<'static, str>,
    stage: Option<Cow<'static, str>>,
    version: Option<Cow<'static, str>>,
}

impl SecretId {
    /// Creates the id of the current version of the secret with this name or ARN.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), stage: None, version: None }
    }

    /// Creates the id of the current version of the secret named by an environment variable.
    ///
    /// # Errors
    ///
    /// The variable is not set, empty, or not UTF-8.
    pub fn from_env(variable: &'static str) -> Result<Self, SecretError> {
        match env::required(variable) {
            Ok(name) => Ok(Self::new(name)),
            Err(why) => Err(SecretError::no_name(variable, why)),
        }
    }

    /// Creates the id of the secret named by a variable of a registry, for `#[secret(env = "…")]`.
    #[doc(hidden)]
    pub fn named_by(variable: &NamedBy, variables: &Variables) -> Result<Self, SecretError> {
        match variable.read(variables) {
            (_, Ok(name)) => Ok(Self::new(name)),
            (variable, Err(why)) => Err(SecretError::no_name(variable, why)),
        }
    }

    /// Selects the version with this staging label: `AWSCURRENT`, `AWSPENDING`, `AWSPREVIOUS`, or your own label.
    #[must_use]
    pub fn stage(mut self, stage: impl Into<Cow<'static, str>>) -> Self {
        self.stage = Some(stage.into());
        self
    }

    /// Selects the version with this id.
    #[must_use]
    pub fn version(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Returns the name or ARN: `SecretId` of the API.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns `true` if two ids may identify the same secret, by name or by ARN, ignoring the version. An ARN ends in
    /// the name and six random characters
    /// ([format](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html#iam-resources)),
    /// which a partial ARN omits.
    pub(super) fn is_of_same_secret(&self, other: &Self) -> bool {
        let name = |id: &'_ Self| match id.name.starts_with("arn:").then(|| id.name.split_once(":secret:")).flatten() {
            Some((_, name)) => name.to_owned(),
            None => id.name.to_string(),
        };
        let (one, two) = (name(self), name(other));
        let is_suffix = |rest: &str| rest.len() == 7 && rest.starts_with('-');
        let is_longer = |longer: &str, name: &str| longer.strip_prefix(name).is_some_and(is_suffix);
        one == two || is_longer(&one, &two) || is_longer(&two, &one)
    }

    /// Returns the staging label, if one was set: `VersionStage` of the API.
    pub fn version_stage(&self) -> Option<&str> {
        self.stage.as_deref()
    }

    /// Returns the version's id, if one was set: `VersionId` of the API.
    pub fn version_id(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

impl From<&str> for SecretId {
    fn from(name: &str) -> Self {
        Self::new(name.to_owned())
    }
}

impl From<String> for SecretId {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret `{}`", self.name)?;
        match (&self.stage, &self.version) {
            (None, None) => Ok(()),
            (Some(stage), None) => write!(f, " (stage {stage})"),
            (None, Some(version)) => write!(f, " (version {version})"),
            (Some(stage), Some(version)) => write!(f, " (version {version}, stage {stage})"),
        }
    }
}

impl Subject for SecretId {
    fn subject(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_a_sentence() {
        static MISSING: NamedBy = NamedBy::new("PILASTER_TEST_NO_SUCH_VARIABLE");
        let error = SecretId::named_by(&MISSING, &Variables::default()).unwrap_err();
        let expected = "the environment variable `PILASTER_TEST_NO_SUCH_VARIABLE`, which names a secret, is not set";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_variable_names_the_secret() {
        // Every system sets it.
        static SET: NamedBy = NamedBy::new("PATH");
        assert_eq!(
            SecretId::named_by(&SET, &Variables::default()).unwrap(),
            SecretId::new(std::env::var("PATH").unwrap())
        );
    }
}
