//! [`Variables`]: the environment variables of a registry.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::core::env;

/// The process's environment variables, replaced by those of [`Clients::with_variable`](super::Clients::with_variable).
///
/// Cheap to clone. It does not print values, which may be secrets.
///
/// # Example
///
/// ```
/// use pilaster::Clients;
///
/// let clients = Clients::new().with_variable("TABLE_NAME", "users-test");
/// assert_eq!(clients.variables().get("TABLE_NAME").as_deref(), Some("users-test"));
/// assert_eq!(clients.variables().get("NO_SUCH_VARIABLE"), None);
/// ```
#[derive(Clone, Default)]
pub struct Variables(Option<Arc<HashMap<String, String>>>);

impl Variables {
    /// Returns the value of a variable; `None` if it is not set, blank, or not UTF-8.
    pub fn get(&self, name: &str) -> Option<String> {
        match self.replaced(name) {
            Some(value) => (!value.trim().is_empty()).then(|| value.to_owned()),
            None => env::var(name),
        }
    }

    /// Returns the value that replaces that of the process, if any.
    pub(crate) fn replaced(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.get(name).map(String::as_str)
    }

    pub(super) fn set(&mut self, name: String, value: String) {
        Arc::make_mut(self.0.get_or_insert_default()).insert(name, value);
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let mut all = Self::default();
        variables.into_iter().for_each(|(name, value)| all.set(name.into(), value.into()));
        all
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().flat_map(|variables| variables.keys()).collect::<Vec<_>>();
        f.debug_struct("Variables").field("replaced", &names).finish()
    }
}
