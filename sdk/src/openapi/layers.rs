//! What Pilaster's layers answer.

use std::any::Any;

use super::Descriptions;

/// The methods that change a resource.
#[cfg(feature = "conditional")]
const CHANGES: &[&str] = &["put", "patch", "delete"];

/// Adds what one of Pilaster's layers answers. Any other layer is silent: `Stack::openapi` describes it.
pub(crate) fn describe(layer: &dyn Any, descriptions: &mut Descriptions) {
    #[cfg(feature = "negotiation")]
    if layer.is::<crate::http::NegotiationLayer>() {
        descriptions.add(|document| {
            document.problem(406, "None of the accepted media types is available.");
        });
    }
    let _ = (layer, descriptions);
}

/// Adds what conditional requests are answered.
#[cfg(feature = "conditional")]
pub(crate) fn conditional(descriptions: &mut Descriptions) {
    use super::Response;

    descriptions.add(|document| {
        document.common(Some(&["get"]), "304", Response::new("The client has the current response."));
        document.common(Some(CHANGES), "412", Response::problem("The resource is not as the request expects it."));
    });
}
