//! What an idempotency layer below needs, so that it records the answer that the client gets.

use std::sync::Arc;

use axum_core::response::Response;

use super::{Negotiated, Offer};

/// Writes an answer in the form that was chosen. [`NegotiationLayer`](super::NegotiationLayer) leaves it in a request's extensions.
#[derive(Clone)]
pub(crate) struct Writing {
    offer: Arc<Offer>,
    chosen: Negotiated,
    /// The function's tags of the answers that the client has in the chosen media type.
    held: Vec<Vec<u8>>,
}

/// An answer that was written below the layer, or comes from its record.
#[derive(Clone, Copy)]
struct Written;

impl Writing {
    pub(super) fn new(offer: &Arc<Offer>, chosen: Negotiated, held: Vec<Vec<u8>>) -> Self {
        Self { offer: Arc::clone(offer), chosen, held }
    }

    /// The answer as the layer gives it.
    pub(crate) fn write(&self, response: Response) -> Response {
        let mut response = self.offer.writers.write(response, self.chosen.media_type, &self.held);
        let language = self.chosen.language.filter(|_| response.status().is_success());
        self.offer.complete(response.headers_mut(), language);
        Self::done(response)
    }

    /// An answer that the layer leaves as it is.
    pub(crate) fn done(mut response: Response) -> Response {
        response.extensions_mut().insert(Written);
        response
    }

    /// Whether the layer leaves an answer as it is.
    pub(super) fn is_done(response: &mut Response) -> bool {
        response.extensions_mut().remove::<Written>().is_some()
    }
}
