//! State that layers share with the layers around them through the invocation, so that it outlives a cancelled layer.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

#[cfg(feature = "negotiation")]
use crate::http::error::Renderer;

/// The shared state. It is empty for most requests, which then lock nothing.
#[derive(Default)]
pub(crate) struct Left {
    /// The time until which a layer lets its work last, if that is later than the adapter's.
    until: Mutex<Option<Instant>>,
    /// The renderer of errors that the client has negotiated.
    #[cfg(feature = "negotiation")]
    renderer: Mutex<Option<Renderer>>,
}

impl Left {
    pub(crate) fn set_until(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    pub(crate) fn until(&self) -> Option<Instant> {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "negotiation")]
    pub(crate) fn set_renderer(&self, renderer: Renderer) {
        *self.renderer.lock().unwrap_or_else(PoisonError::into_inner) = Some(renderer);
    }

    #[cfg(feature = "negotiation")]
    pub(crate) fn renderer(&self) -> Option<Renderer> {
        self.renderer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
