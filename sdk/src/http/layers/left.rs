//! What layers leave in the invocation for those around them: it is there also where a layer is cancelled and answers nothing.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

#[cfg(feature = "negotiation")]
use crate::http::error::Renderer;

/// What is left. A plain request leaves nothing, so that nothing is locked for it.
#[derive(Default)]
pub(crate) struct Left {
    /// Until when a layer lets its work last, where that is longer than the adapter would wait.
    until: Mutex<Option<Instant>>,
    /// How the client wants errors to be written.
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
