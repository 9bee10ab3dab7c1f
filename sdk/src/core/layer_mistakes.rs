//! Mistakes in the configuration of layers, which `tower::Layer::layer` has no way to return.
//!
//! [`Function::into_service`](crate::Function::into_service) applies the layers within [`collect`], which returns the
//! first mistake that one of them [`reject`]s as an error. A layer that is applied elsewhere, for example in your own
//! `tower::ServiceBuilder`, panics.
//!
//! A mistake of a service whose type is erased, as that of one within a router, is found by [`living`].

use std::cell::{Cell, RefCell};
use std::fmt::Display;
#[cfg(feature = "mcp")]
use std::sync::{Arc, Weak};

thread_local! {
    /// The first mistake during a [`collect`] on this thread; `None` outside of one.
    static MISTAKE: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
    /// The mistakes of services that are configured on this thread before a function is built of them.
    #[cfg(feature = "mcp")]
    static OF_SERVICES: RefCell<Vec<Weak<str>>> = const { RefCell::new(Vec::new()) };
    /// The responses of the function around which layers are applied on this thread.
    static RESPONSES: Cell<Responses> = const { Cell::new(Responses { streams: false, hide_failures: false }) };
}

/// The responses of a function, as far as the layers around it need to know.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Responses {
    /// They may be streams.
    pub(crate) streams: bool,
    /// A response may describe a failure, such as that of a tool.
    pub(crate) hide_failures: bool,
}

/// Applies the outer layers of a function with these responses.
pub(crate) fn around<T>(responses: Responses, build: impl FnOnce() -> T) -> T {
    /// The previous state, which is restored on drop, also after a panic.
    struct Outer(Responses);

    impl Drop for Outer {
        fn drop(&mut self) {
            RESPONSES.set(self.0);
        }
    }

    let _outer = Outer(RESPONSES.replace(responses));
    build()
}

/// Returns `true` for a layer that is applied around a function that streams its responses.
#[cfg_attr(not(feature = "idempotency"), allow(dead_code))]
pub(crate) fn is_around_streams() -> bool {
    RESPONSES.get().streams
}

/// Returns `true` for a layer that is applied around a function whose responses may describe failures.
#[cfg_attr(not(feature = "idempotency"), allow(dead_code))]
pub(crate) fn is_around_hidden_failures() -> bool {
    RESPONSES.get().hide_failures
}

/// Reports a mistake to the surrounding [`collect`]. The caller goes on and builds any value of the right type: it is
/// never called.
///
/// # Panics
///
/// If there is no surrounding [`collect`].
#[track_caller]
#[cfg_attr(
    not(any(
        feature = "http",
        feature = "records",
        feature = "logging",
        feature = "metrics",
        feature = "idempotency"
    )),
    allow(dead_code)
)]
pub(crate) fn reject(mistake: impl Display) {
    let is_collected = MISTAKE.with_borrow_mut(|collected| {
        collected.as_mut().map(|first| first.get_or_insert_with(|| mistake.to_string())).is_some()
    });
    if !is_collected {
        panic!("{mistake}");
    }
}

/// Reports a mistake of a service to the surrounding [`collect`], and to the function that is built next on this thread
/// while the service, which keeps the returned text, lives.
#[cfg(feature = "mcp")]
pub(crate) fn reject_service(mistake: impl Display) -> Arc<str> {
    let mistake: Arc<str> = mistake.to_string().into();
    MISTAKE.with_borrow_mut(|collected| {
        if let Some(first) = collected {
            first.get_or_insert_with(|| mistake.to_string());
        }
    });
    OF_SERVICES.with_borrow_mut(|all| {
        all.retain(|mistake| mistake.strong_count() > 0);
        all.push(Arc::downgrade(&mistake));
    });
    mistake
}

/// Returns the first mistake of a service that lives.
pub(crate) fn living() -> Option<String> {
    #[cfg(feature = "mcp")]
    return OF_SERVICES.with_borrow(|all| all.iter().find_map(Weak::upgrade)).map(|mistake| mistake.to_string());
    #[cfg(not(feature = "mcp"))]
    None
}

/// Builds a value out of layers.
///
/// # Errors
///
/// The first mistake that was reported meanwhile.
pub(crate) fn collect<T>(build: impl FnOnce() -> T) -> Result<T, String> {
    /// The previous state, which is restored on drop, also after a panic.
    struct Outer(Option<Option<String>>);

    impl Drop for Outer {
        fn drop(&mut self) {
            MISTAKE.set(self.0.take());
        }
    }

    let _outer = Outer(MISTAKE.replace(Some(None)));
    let built = build();
    MISTAKE.take().flatten().map_or(Ok(built), Err)
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn the_first_mistake_is_the_error_and_the_one_around_it_is_not_touched() {
        let built = collect(|| {
            assert_eq!(collect(|| reject("inner")), Err("inner".to_owned()));
            assert_eq!(collect(|| 7), Ok(7));
            reject("first");
            reject("second");
        });
        assert_eq!(built, Err("first".to_owned()));
    }

    #[test]
    fn what_is_around_a_stream_knows_it_and_nothing_else_does() {
        let (streaming, plain) = (Responses { streams: true, hide_failures: true }, Responses::default());
        let is_known = || is_around_streams() && is_around_hidden_failures();
        let is_unknown = || !is_around_streams() && !is_around_hidden_failures();
        assert!(around(streaming, || is_known() && around(plain, is_unknown) && is_known()));
        assert!(catch_unwind(|| around(streaming, || panic!("built badly"))).is_err());
        assert!(!is_around_streams());
    }

    #[cfg(feature = "mcp")]
    #[test]
    fn the_mistake_of_a_service_is_known_while_it_lives_and_to_its_thread_alone() {
        assert_eq!(living(), None);
        let kept = reject_service("no page");
        let later = reject_service("no origin");
        assert_eq!(living().as_deref(), Some("no page"));
        assert_eq!(std::thread::spawn(living).join().unwrap(), None);
        drop(kept);
        assert_eq!(living().as_deref(), Some("no origin"));
        drop(later);
        assert_eq!(living(), None);
        assert_eq!(collect(|| drop(reject_service("no page"))), Err("no page".to_owned()));
    }

    #[test]
    fn without_a_collector_it_is_a_panic_also_after_a_build_that_panicked() {
        assert!(catch_unwind(|| collect(|| panic!("built badly"))).is_err());
        let text = catch_unwind(|| reject("no origin")).unwrap_err();
        assert_eq!(text.downcast_ref::<String>().map(String::as_str), Some("no origin"));
    }
}
