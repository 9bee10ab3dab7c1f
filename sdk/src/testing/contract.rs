//! [`Contract`]: an OpenAPI document against which a [`Caller`](super::Caller) checks what a test sends and receives.

mod find;
mod parameter;
mod request;
mod response;
mod schemas;
mod sent;
mod shape;
#[cfg(test)]
#[cfg(feature = "logging")]
mod tests;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use self::schemas::Schemas;
use self::sent::Sent;
use super::http::{Request, TestResponse};

/// An OpenAPI document against which a [`Caller`](super::Caller) checks the requests and responses of a test: see
/// [`Caller::against`](super::Caller::against). It is made from
#[cfg_attr(feature = "openapi", doc = "a [`FinishedDocument`](crate::openapi::FinishedDocument), or from")]
/// a document of OpenAPI 3.1 or 3.2 as a `Value`.
#[derive(Clone)]
pub struct Contract {
    document: Arc<Value>,
    schemas: Arc<Schemas>,
}

impl From<&Value> for Contract {
    fn from(document: &Value) -> Self {
        let schemas = Schemas::new(document.get("components").cloned().unwrap_or_default());
        Self { document: Arc::new(document.clone()), schemas: Arc::new(schemas) }
    }
}

#[cfg(feature = "openapi")]
impl From<&crate::openapi::FinishedDocument> for Contract {
    fn from(document: &crate::openapi::FinishedDocument) -> Self {
        document.as_value().into()
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").field("title", &self.document["info"]["title"]).finish_non_exhaustive()
    }
}

impl Contract {
    /// Returns what is checked of a request, before it is sent.
    pub(super) fn request(request: &Request) -> Sent {
        Sent::of(request)
    }

    /// Checks a request and its response.
    ///
    /// # Errors
    ///
    /// A sentence that names the operation, the status, and the place.
    pub(super) fn check(&self, sent: &Sent, response: &TestResponse) -> Result<(), String> {
        let version = self.document["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.1") && !version.starts_with("3.2") {
            return Err(format!("the document has the version `{version}`: tests need OpenAPI 3.1 or 3.2"));
        }
        let status = response.status();
        let Some(operation) = find::operation(self, sent, status)? else {
            // An unknown path, another method, or a preflight.
            return match (&*sent.method, status) {
                (_, 404 | 405) | ("OPTIONS", _) => Ok(()),
                _ => Err(format!(
                    "`{} {}` is not in the document, and its response has the status {status}",
                    sent.method, sent.path
                )),
            };
        };
        let named = |fault: String| format!("{}: {fault}", operation.name());
        response::check(self, &operation, sent, response).map_err(named)?;
        if status >= 400 {
            // A test may send what is not valid.
            return Ok(());
        }
        request::check(self, &operation, sent).map_err(|fault| {
            named(format!(
                "the response has the status {status}, although the document does not allow the request: {fault}"
            ))
        })
    }

    /// Follows references within the document: those of paths, responses, parameters, headers, bodies and schemas.
    ///
    /// # Errors
    ///
    /// A sentence that names the reference, if it leads nowhere.
    fn resolve<'d>(&'d self, mut value: &'d Value) -> Result<&'d Value, String> {
        // A document may refer in a circle.
        for _ in 0..8 {
            let Some(to) = value.get("$ref").and_then(Value::as_str) else { return Ok(value) };
            let found = to.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
            value = found.ok_or_else(|| format!("a reference leads to `{to}`, which is not in the document"))?;
        }
        Err("a reference leads to itself".to_owned())
    }
}

/// Returns the entry of a media type: that of its name, or of a range such as `text/*`.
fn of_media_type<'d>(content: &'d Value, media_type: &str) -> Option<&'d Value> {
    let content = content.as_object()?;
    let essence = essence(media_type);
    let range = essence.split('/').next().map(|kind| format!("{kind}/*"));
    let names = [Some(essence), range, Some("*/*".to_owned())];
    names
        .into_iter()
        .flatten()
        .find_map(|name| content.iter().find(|(known, _)| self::essence(known) == name).map(|(_, entry)| entry))
}

/// Returns a media type without its parameters.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence.ends_with("/json") || essence.ends_with("+json")
}

/// Checks a body by the schema of its media type.
fn check_body(
    contract: &Contract,
    content: &Value,
    media_type: Option<&str>,
    body: &[u8],
    what: &str,
) -> Result<(), String> {
    let documented = || {
        let names = content.as_object().into_iter().flatten().map(|(name, _)| format!("`{name}`"));
        names.collect::<Vec<_>>().join(", ")
    };
    let Some(media_type) = media_type else {
        return Err(format!("{what} has no `Content-Type`; the document has {}", documented()));
    };
    let Some(entry) = of_media_type(content, media_type) else {
        return Err(format!("{what} has the media type `{media_type}`; the document has {}", documented()));
    };
    let Some(schema) = entry.get("schema").filter(|_| is_json(media_type)) else { return Ok(()) };
    let value = serde_json::from_slice(body).map_err(|_| format!("{what} is not JSON"))?;
    contract.schemas.check(schema, &value, what)
}
