//! What a function does before its first event and around it: warm-up, hooks, SnapStart.

use std::fmt;
use std::pin::Pin;

use crate::core::error::BoxError;

/// What [`Function::warm`] does before the first event.
pub(crate) type Warming = fn() -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// What [`Function::on_shutdown`] and its kin were given.
#[derive(Default)]
pub(crate) struct Hooks(pub(crate) Vec<Hook>);

type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}

/// What a function wants before its first event, and how it can be tried by hand.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Start {
    pub(crate) warming: Vec<(&'static str, Warming)>,
    pub(crate) hooks: Hooks,
    pub(crate) before_snapshot: Hooks,
    pub(crate) on_restore: Hooks,
    #[cfg_attr(not(all(feature = "http", any(debug_assertions, feature = "local"))), allow(dead_code))]
    pub(crate) routes: Vec<&'static str>,
    /// Whether it serves HTTP by hand, or takes an event from a file.
    #[cfg_attr(not(all(feature = "http", any(debug_assertions, feature = "local"))), allow(dead_code))]
    pub(crate) is_http: bool,
    /// Whether its event may be anything, so that none is taken for a warm-up call.
    pub(crate) is_of_whole_events: bool,
}
