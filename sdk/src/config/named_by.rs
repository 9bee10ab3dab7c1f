//! [`NamedBy`]: a secret or parameter whose name is in an environment variable.

use once_cell::sync::OnceCell;

use crate::clients::Variables;
use crate::core::env;

/// The name in an environment variable, read once per process: the static of `#[secret(env = "…")]` and
/// `#[parameter(env = "…")]`. A missing variable is read again, so the error is not permanent.
#[doc(hidden)]
#[derive(Debug)]
pub struct NamedBy {
    variable: &'static str,
    name: OnceCell<String>,
}

impl NamedBy {
    pub const fn new(variable: &'static str) -> Self {
        Self { variable, name: OnceCell::new() }
    }

    /// Returns the variable, and its value or the rest of a sentence that starts with its name.
    pub(crate) fn read(&self, variables: &Variables) -> (&'static str, Result<String, &'static str>) {
        let name = match variables.replaced(self.variable) {
            Some("") => Err("is not set"),
            Some(name) => Ok(name.to_owned()),
            None => self.name.get_or_try_init(|| env::required(self.variable)).cloned(),
        };
        (self.variable, name)
    }
}
