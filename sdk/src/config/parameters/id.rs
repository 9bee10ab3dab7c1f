//! [`ParameterId`] and [`ParameterPath`] identify a parameter, or all below a path.

use std::borrow::Cow;
use std::fmt;

use super::ParameterError;
use crate::clients::Variables;
use crate::config::NamedBy;
use crate::config::failure::Subject;
use crate::core::env;

/// A parameter's name, and whether a `SecureString` is decrypted.
///
/// # Example
///
/// ```
/// use pilaster::config::parameters::ParameterId;
///
/// assert_eq!(ParameterId::new("/shop/limit").to_string(), "parameter `/shop/limit`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParameterId {
    name: Cow<'static, str>,
    decrypt: Option<bool>,
}

impl ParameterId {
    /// Creates the id of the parameter with this name.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), decrypt: None }
    }

    /// Creates the id of the parameter named by an environment variable.
    ///
    /// # Errors
    ///
    /// The variable is not set, empty, or not UTF-8.
    pub fn from_env(variable: &'static str) -> Result<Self, ParameterError> {
        match env::required(variable) {
            Ok(name) => Ok(Self::new(name)),
            Err(why) => Err(ParameterError::no_name(variable, why)),
        }
    }

    /// Creates the id of the parameter named by a variable of a registry, for `#[parameter(env = "…")]`.
    #[doc(hidden)]
    pub fn named_by(variable: &NamedBy, variables: &Variables) -> Result<Self, ParameterError> {
        match variable.read(variables) {
            (_, Ok(name)) => Ok(Self::new(name)),
            (variable, Err(why)) => Err(ParameterError::no_name(variable, why)),
        }
    }

    /// Sets whether SSM decrypts it; [`Parameters::decrypt`](super::Parameters::decrypt) sets the default.
    #[must_use]
    pub fn decrypt(mut self, decrypt: bool) -> Self {
        self.decrypt = Some(decrypt);
        self
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns `true` if a `SecureString` is decrypted: `WithDecryption` of the API.
    pub fn is_decrypted(&self) -> bool {
        self.decrypt.unwrap_or(false)
    }

    pub(super) fn or_decrypt(mut self, decrypt: bool) -> Self {
        self.decrypt.get_or_insert(decrypt);
        self
    }
}

impl From<&str> for ParameterId {
    fn from(name: &str) -> Self {
        Self::new(name.to_owned())
    }
}

impl From<String> for ParameterId {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for ParameterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter `{}`", self.name)
    }
}

/// Returns a name or ARN, and the optional version or label after it (`/name:3`, `/name:prod`): a name itself has no
/// colon, and the last part of an ARN is the name.
pub(super) fn without_selector(name: &str) -> (&str, Option<&str>) {
    let begin = if name.starts_with("arn:") { name.find(":parameter").map_or(name.len(), |at| at + 1) } else { 0 };
    match name[begin..].find(':') {
        Some(at) => (&name[..begin + at], Some(&name[begin + at + 1..])),
        None => (name, None),
    }
}

/// Returns the part of a name, label or ARN that identifies the parameter.
pub(super) fn base(name: &str) -> &str {
    let (name, _) = without_selector(name);
    let name = match name.starts_with("arn:") {
        true => name.split_once(":parameter").map_or(name, |(_, name)| name),
        false => name,
    };
    // An ARN has one slash before the name, even if the name starts with one.
    name.trim_start_matches('/')
}

/// A path with the parameters below it, of the next level or of all levels.
///
/// # Example
///
/// ```
/// use pilaster::config::parameters::ParameterPath;
///
/// assert_eq!(ParameterPath::new("/shop").to_string(), "the parameters below `/shop`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParameterPath {
    path: Cow<'static, str>,
    recursive: bool,
    decrypt: Option<bool>,
}

impl ParameterPath {
    /// Creates the id of the next level below this path.
    pub fn new(path: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.into(), recursive: false, decrypt: None }
    }

    /// Includes all levels below the path.
    #[must_use]
    pub fn recursive(mut self) -> Self {
        self.recursive = true;
        self
    }

    /// Sets whether SSM decrypts them, like [`ParameterId::decrypt`].
    #[must_use]
    pub fn decrypt(mut self, decrypt: bool) -> Self {
        self.decrypt = Some(decrypt);
        self
    }

    /// Returns the path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns `true` if all levels are included.
    pub fn is_recursive(&self) -> bool {
        self.recursive
    }

    /// Returns `true` if a `SecureString` is decrypted, like [`ParameterId::is_decrypted`].
    pub fn is_decrypted(&self) -> bool {
        self.decrypt.unwrap_or(false)
    }

    pub(super) fn or_decrypt(mut self, decrypt: bool) -> Self {
        self.decrypt.get_or_insert(decrypt);
        self
    }
}

impl From<&str> for ParameterPath {
    fn from(path: &str) -> Self {
        Self::new(path.to_owned())
    }
}

impl From<String> for ParameterPath {
    fn from(path: String) -> Self {
        Self::new(path)
    }
}

impl fmt::Display for ParameterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the parameters below `{}`", self.path)
    }
}

impl Subject for ParameterId {
    fn subject(&self) -> &str {
        &self.name
    }
}

impl Subject for ParameterPath {
    fn subject(&self) -> &str {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_a_sentence() {
        static MISSING: NamedBy = NamedBy::new("PILASTER_TEST_NO_SUCH_VARIABLE");
        let error = ParameterId::named_by(&MISSING, &Variables::default()).unwrap_err();
        let expected = "the environment variable `PILASTER_TEST_NO_SUCH_VARIABLE`, which names a parameter, is not set";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_variable_names_the_parameter() {
        // Every system sets it.
        static SET: NamedBy = NamedBy::new("PATH");
        assert_eq!(
            ParameterId::named_by(&SET, &Variables::default()).unwrap(),
            ParameterId::new(std::env::var("PATH").unwrap())
        );
    }
}
