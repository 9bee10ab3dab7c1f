//! State that layers share with the layers around them through the invocation, so that it outlives a cancelled layer.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::core::invocation::Invocation;
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
    pub(crate) fn set_until(invocation: &Invocation, until: Instant) {
        Self::set(invocation, |left| &left.until, until);
    }

    pub(crate) fn until(invocation: &Invocation) -> Option<Instant> {
        Self::get(invocation, |left| &left.until)
    }

    #[cfg(feature = "negotiation")]
    pub(crate) fn set_renderer(invocation: &Invocation, renderer: Renderer) {
        Self::set(invocation, |left| &left.renderer, renderer);
    }

    #[cfg(feature = "negotiation")]
    pub(crate) fn renderer(invocation: &Invocation) -> Option<Renderer> {
        Self::get(invocation, |left| &left.renderer)
    }

    fn set<T>(invocation: &Invocation, place: fn(&Self) -> &Mutex<Option<T>>, value: T) {
        let extensions = invocation.extensions();
        if extensions.get::<Self>().is_none() {
            extensions.insert(Self::default());
        }
        if let Some(left) = extensions.get() {
            *place(left).lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        }
    }

    fn get<T: Clone>(invocation: &Invocation, place: fn(&Self) -> &Mutex<Option<T>>) -> Option<T> {
        place(invocation.extensions().get()?).lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
