//! Lets an inner idempotency layer write the response, so that the recorded response is the one that the client gets.

use std::sync::Arc;

use axum_core::response::Response;

use super::{Negotiated, Offer};

/// The writer of a response in the negotiated media type. [`NegotiationLayer`](super::NegotiationLayer) puts it into
/// the request's extensions.
#[derive(Clone)]
pub(crate) struct ResponseWriter {
    offer: Arc<Offer>,
    chosen: Negotiated,
    /// The function's tags of the responses that the client has in the chosen media type.
    held: Vec<Vec<u8>>,
}

/// Marks a response that was written inside the layer, or replayed.
#[derive(Clone, Copy)]
struct Written;

impl ResponseWriter {
    pub(super) fn new(offer: &Arc<Offer>, chosen: Negotiated, held: Vec<Vec<u8>>) -> Self {
        Self { offer: Arc::clone(offer), chosen, held }
    }

    /// Writes a response in the same way as the layer.
    pub(crate) fn write(&self, response: Response) -> Response {
        let mut response = self.offer.writers.write(response, self.chosen.media_type, &self.held);
        let language = self.chosen.language.filter(|_| response.status().is_success());
        self.offer.complete(response.headers_mut(), language);
        Self::mark_written(response)
    }

    /// Marks a response that the layer must not write.
    pub(crate) fn mark_written(mut response: Response) -> Response {
        response.extensions_mut().insert(Written);
        response
    }

    /// Returns `true` if the layer must not write a response.
    pub(super) fn is_written(response: &mut Response) -> bool {
        response.extensions_mut().remove::<Written>().is_some()
    }
}
