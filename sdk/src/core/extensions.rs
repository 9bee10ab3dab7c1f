//! [`Extensions`]: values that modules leave in an invocation for one another, each by its type.

use std::any::Any;
use std::sync::OnceLock;

/// Values by their type, at most one of each; they are added and never taken away. Nothing is allocated or locked while
/// it is empty.
#[derive(Default)]
pub(crate) struct Extensions(OnceLock<Box<Entry>>);

struct Entry {
    value: Box<dyn Any + Send + Sync>,
    next: Extensions,
}

impl Extensions {
    /// Returns the value of this type, if there is one.
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        let mut entry = self.0.get();
        while let Some(at) = entry {
            if let Some(value) = at.value.downcast_ref() {
                return Some(value);
            }
            entry = at.next.0.get();
        }
        None
    }

    /// Adds a value, unless there is one of its type.
    #[cfg_attr(
        not(any(feature = "http", feature = "cloudformation", feature = "idempotency", feature = "testing")),
        allow(dead_code)
    )]
    pub(crate) fn insert<T: Any + Send + Sync>(&self, value: T) {
        let mut new = Box::new(Entry { value: Box::new(value), next: Self::default() });
        let mut at = self;
        // Where another thread was faster, its value is passed by.
        while let Err(not_set) = at.0.set(new) {
            let Some(entry) = at.0.get().filter(|entry| !entry.value.is::<T>()) else { return };
            (new, at) = (not_set, &entry.next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_type_and_the_first_one_stays() {
        let extensions = Extensions::default();
        assert_eq!(extensions.get::<u8>(), None);
        extensions.insert(1_u8);
        extensions.insert("text");
        extensions.insert(2_u8);
        assert_eq!((extensions.get::<u8>(), extensions.get::<&str>()), (Some(&1), Some(&"text")));
        assert_eq!(extensions.get::<u16>(), None);
    }
}
