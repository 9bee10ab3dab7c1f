//! [`NamedParameters`]: several parameters, each with its value or its own error.

use std::fmt;
use std::ops::Index;
use std::vec;

use super::{ParameterError, ParameterId, ParameterValue};

type Found = Result<ParameterValue, ParameterError>;

/// Several parameters in the order of the request, each with its value or its own error. Returned by
/// [`Parameters::named`](super::Parameters::named).
///
/// A name that was requested both decrypted and encrypted has two entries; the name alone selects the first, and
/// [`of`](Self::of) distinguishes them.
///
/// # Example
///
/// ```
/// use pilaster::config::parameters::{ParameterError, Parameters};
///
/// async fn limits(parameters: &Parameters) -> Result<(u32, u32), ParameterError> {
///     let mut all = parameters.named(["/shop/items", "/shop/retries"]).await;
///     let retries = match all.remove("/shop/retries") {
///         Some(Ok(value)) => value.json()?,
///         _ => 3,
///     };
///     Ok((all["/shop/items"].as_ref().map_err(Clone::clone)?.json()?, retries))
/// }
/// # let _ = limits;
/// ```
#[derive(Clone)]
pub struct NamedParameters {
    all: Vec<(ParameterId, Found)>,
}

impl NamedParameters {
    /// Collects the results. A parameter that was requested more than once in the same way has one entry.
    pub(super) fn new(requested: Vec<(ParameterId, Found)>) -> Self {
        let mut all: Vec<(ParameterId, Found)> = Vec::with_capacity(requested.len());
        for (id, found) in requested {
            if all.iter().all(|(known, _)| *known != id) {
                all.push((id, found));
            }
        }
        Self { all }
    }

    /// Returns the parameter of this name.
    pub fn get(&self, name: &str) -> Option<&Found> {
        self.iter().find(|(id, _)| id.name() == name).map(|(_, found)| found)
    }

    /// Returns the parameter with this id, which includes whether it is decrypted.
    pub fn of(&self, id: &ParameterId) -> Option<&Found> {
        let is_same = |own: &ParameterId| own.name() == id.name() && own.is_decrypted() == id.is_decrypted();
        self.iter().find(|(own, _)| is_same(own)).map(|(_, found)| found)
    }

    /// Removes and returns the parameter of this name.
    pub fn remove(&mut self, name: &str) -> Option<Found> {
        let at = self.all.iter().position(|(id, _)| id.name() == name)?;
        Some(self.all.remove(at).1)
    }

    /// Iterates over all parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&ParameterId, &Found)> {
        self.all.iter().map(|(id, found)| (id, found))
    }

    /// Returns the number of parameters.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns `true` if no parameter was requested.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl Index<&str> for NamedParameters {
    type Output = Found;

    /// # Panics
    ///
    /// If the name was not requested.
    fn index(&self, name: &str) -> &Found {
        match self.get(name) {
            Some(found) => found,
            None => panic!("a parameter of this name was not requested"),
        }
    }
}

impl IntoIterator for NamedParameters {
    type Item = (ParameterId, Found);
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl fmt::Debug for NamedParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
