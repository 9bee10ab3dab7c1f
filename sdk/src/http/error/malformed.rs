//! [`Malformed`]: the error of an event that the adapter could not decode.

use http::Request;

use super::HttpError;

/// The reason why the adapter could not decode an event, in the extensions of a placeholder request. That request
/// passes through the layers, so that its response has their headers; the function and the user's layers below the
/// error layer do not see it.
#[derive(Clone)]
pub(crate) struct Malformed(pub(crate) HttpError);

pub(crate) fn malformed<R>(request: &Request<R>) -> Option<HttpError> {
    request.extensions().get::<Malformed>().map(|malformed| malformed.0.clone())
}
