//! [`OnDrop`]: runs a function when a future ends or is dropped.

/// A guard that calls a function when it is dropped: at the end of its scope, even if the future that holds it is
/// cancelled.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
