//! Event functions: the function is called once for each event, with the whole event.

pub mod adapter;
#[cfg(feature = "cloudformation")]
mod calls;
pub(crate) mod extract;
pub(crate) mod function;
pub(crate) mod handler;

pub use self::extract::authorizer::{self, Authorizer};
#[cfg(feature = "cloudformation")]
pub use self::extract::cloudformation::{self, CloudFormation, CustomResource};
pub use self::extract::event::Event;
pub use self::extract::schedule::Schedule;
pub use self::function::{ByEvent, EventFunction};
#[doc(hidden)]
pub use self::handler::{EventFuture, Wrap};
pub use self::handler::{EventHandler, EventResult, FromEvent};
