//! [`Descriptions`]: the functions that write a document. A release build without the feature `local` drops them.

use std::fmt;
#[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
use std::sync::Arc;

use super::Document;

#[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
type Describe = Arc<dyn Fn(&mut Document) + Send + Sync>;

/// The functions that write a document, in the order in which they were added.
#[derive(Clone, Default)]
pub struct Descriptions {
    #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
    each: Vec<Describe>,
}

impl Descriptions {
    #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
    pub(crate) fn add(&mut self, describe: impl Fn(&mut Document) + Send + Sync + 'static) {
        self.each.push(Arc::new(describe));
    }

    /// Drops the function, so that its code is not in the binary.
    #[cfg(not(any(debug_assertions, feature = "local", feature = "testing")))]
    pub(crate) fn add(&mut self, _: impl Fn(&mut Document) + Send + Sync + 'static) {}

    pub(crate) fn append(&mut self, other: &Self) {
        #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
        self.each.extend(other.each.iter().cloned());
        #[cfg(not(any(debug_assertions, feature = "local", feature = "testing")))]
        let _ = other;
    }

    pub(crate) fn describe(&self, document: &mut Document) {
        #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
        for describe in &self.each {
            describe(document);
        }
        #[cfg(not(any(debug_assertions, feature = "local", feature = "testing")))]
        let _ = document;
    }
}

impl fmt::Debug for Descriptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptions").finish_non_exhaustive()
    }
}
