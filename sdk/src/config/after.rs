//! [`After`]: what is done when a future ends or is dropped.

/// Calls a function when it is dropped: at the end of its scope, and also where the future that holds it is given up.
pub(crate) struct After<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for After<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
