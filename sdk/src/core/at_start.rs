//! Work of layers that changes the process, such as setting a global recorder. A layer that is built or applied does
//! none of it: [`run`](crate::run) does, when the whole function is built. A layer that is applied elsewhere does its
//! work at its first call.

use std::cell::RefCell;

type Work = Box<dyn FnOnce()>;

thread_local! {
    /// The work that was deferred during a [`perform`] on this thread; `None` outside of one.
    static DEFERRED: RefCell<Option<Vec<Work>>> = const { RefCell::new(None) };
}

/// Leaves work to the surrounding [`perform`]. Without one it is dropped.
pub(crate) fn defer(work: impl FnOnce() + 'static) {
    DEFERRED.with_borrow_mut(|deferred| {
        if let Some(deferred) = deferred {
            deferred.push(Box::new(work));
        }
    });
}

/// Builds a value out of layers, and then does the work that they deferred.
///
/// # Errors
///
/// Those of the build: then no work is done.
pub(crate) fn perform<T, E>(build: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    /// The previous state, which is restored on drop, also after a panic.
    struct Outer(Option<Vec<Work>>);

    impl Drop for Outer {
        fn drop(&mut self) {
            DEFERRED.set(self.0.take());
        }
    }

    let outer = Outer(DEFERRED.replace(Some(Vec::new())));
    let built = build()?;
    let deferred = DEFERRED.take();
    drop(outer);
    deferred.into_iter().flatten().for_each(|work| work());
    Ok(built)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn work_is_done_after_a_build_that_succeeds_and_dropped_otherwise() {
        let done = Rc::new(RefCell::new(Vec::new()));
        let work = |name| {
            let done = Rc::clone(&done);
            defer(move || done.borrow_mut().push(name));
        };
        work("outside");
        let failed: Result<(), &str> = perform(|| {
            work("failed");
            Err("no namespace")
        });
        assert_eq!(failed, Err("no namespace"));
        let built: Result<(), ()> = perform(|| {
            work("first");
            work("second");
            done.borrow_mut().push("built");
            Ok(())
        });
        assert_eq!(built, Ok(()));
        assert_eq!(*done.borrow(), ["built", "first", "second"]);
    }
}
