//! [`Lifecycle`]: the work of a function before its first event, around a snapshot and at its end.

use std::fmt;
use std::pin::Pin;

#[cfg(feature = "clients")]
use crate::function::warm_ups::WarmUps;

/// The functions passed to [`Function::on_shutdown`](crate::Function::on_shutdown) and similar methods.
#[derive(Default)]
pub(crate) struct Hooks(Vec<Hook>);

/// A hook, which runs once.
pub(crate) type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl Hooks {
    pub(crate) fn add<F, Fut>(&mut self, hook: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0.push(Box::new(|| Box::pin(hook())));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<Hook> {
        self.0
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}

/// The parts of a function that run outside of its invocations.
#[derive(Debug, Default)]
pub struct Lifecycle {
    /// The values to create before the first event.
    #[cfg(feature = "clients")]
    pub(crate) warm: WarmUps,
    pub(crate) on_shutdown: Hooks,
    pub(crate) before_snapshot: Hooks,
    pub(crate) on_restore: Hooks,
    /// The routes of an HTTP function, from which the local server extracts path parameters.
    #[cfg_attr(not(all(feature = "http", any(debug_assertions, feature = "local"))), allow(dead_code))]
    pub(crate) routes: Vec<&'static str>,
    /// What the function says in its OpenAPI document, and its tools.
    #[cfg(any(feature = "openapi", feature = "tools"))]
    pub(crate) descriptions: crate::core::descriptions::Descriptions,
    /// True for an HTTP function, which a local run serves; any other takes its event from a file.
    #[cfg_attr(not(all(feature = "http", any(debug_assertions, feature = "local"))), allow(dead_code))]
    pub(crate) is_http: bool,
    /// True for a function that reads the client context, which the runtime then decodes by itself: see
    /// `runtime/client_context.rs`.
    pub(crate) reads_client_context: bool,
}
