//! What the authorizers of GraphQL and of Events have in common: an authorizer that fails denies access, and the
//! response of both has a context and a time to live.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::core::error::FunctionError;
use crate::core::from_event::EventFuture;
use crate::core::json;
use crate::core::json::members::member;
use crate::core::raw::{Incoming, Outgoing};

/// The longest time for which AppSync caches a response
/// (<https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html>).
const LONGEST: Duration = Duration::from_secs(3600);

/// The largest context, in bytes (the same page).
const LARGEST_CONTEXT: usize = 5 * 1024 * 1024;

/// The parts of a response that both APIs have.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) is_authorized: bool,
    pub(crate) context: BTreeMap<String, String>,
    pub(crate) ttl: Option<Duration>,
}

impl Grant {
    pub(crate) fn new(is_authorized: bool) -> Self {
        Self { is_authorized, context: BTreeMap::new(), ttl: None }
    }

    /// Returns the mistake in these parts, if there is one.
    pub(crate) fn mistake(&self) -> Option<String> {
        if let Some(ttl) = self.ttl.filter(|ttl| *ttl > LONGEST) {
            let (given, most) = (ttl.as_secs(), LONGEST.as_secs());
            return Some(format!("the time to live is {given} s, but AppSync caches a response for at most {most} s"));
        }
        let size = self.context.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        (size > LARGEST_CONTEXT)
            .then(|| format!("the context has {size} bytes; the limit of AppSync is {LARGEST_CONTEXT}"))
    }

    /// Returns the time to live in whole seconds, as AppSync reads it.
    pub(crate) fn seconds(&self) -> Option<u64> {
        self.ttl.map(|ttl| ttl.as_secs())
    }
}

/// Decodes the event of an authorizer.
///
/// # Errors
///
/// `InvalidEvent`: it does not have the expected form.
pub(crate) fn decode<T: DeserializeOwned>(event: &str) -> Result<T, FunctionError> {
    let invalid =
        |why: &str| FunctionError::new("InvalidEvent", format!("the event does not match the expected schema: {why}"));
    // A derived `Deserialize` also accepts a list of the fields in their order.
    if !json::is_object(event) {
        return Err(invalid("it is not an object"));
    }
    json::decode(event.as_bytes()).map_err(|error| invalid(&error.to_string()))
}

/// Returns a token without its prefix `Bearer`.
pub(crate) fn bearer(token: &str) -> Option<&str> {
    let (scheme, token) = token.trim().split_once(' ')?;
    let token = token.trim_start();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Denies access where the authorizer failed, panicked, was late, or returned a value that is not a response of an
/// authorizer. AppSync would deny it as well, but the reason would be a failed invocation.
pub(crate) fn denied_on_failure(_: Incoming, called: EventFuture) -> EventFuture {
    Box::pin(async move {
        let error = match called.await {
            Ok(response) if is_response(&response) => return Ok(response),
            Ok(_) => FunctionError::new(
                "InvalidResponse",
                "the authorizer returned a value without `isAuthorized`: return `Access`",
            ),
            Err(error) => error,
        };
        let cause: &(dyn std::error::Error + 'static) = &error;
        tracing::error!(error_type = error.error_type(), error = cause, "the authorizer failed: access is denied");
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Denied {
            is_authorized: bool,
        }
        Outgoing::serialize(&Denied { is_authorized: false }).map_err(|_| error)
    })
}

/// Returns `true` for an object that says whether access is granted.
fn is_response(response: &Outgoing) -> bool {
    let json = response.as_json().map(serde_json::value::RawValue::get).unwrap_or_default();
    member(json, "isAuthorized").is_some_and(|value| matches!(value.get(), "true" | "false"))
}
