//! What the authorizers of GraphQL and of Events have in common: an authorizer that fails denies access, and the
//! response of both has a context and a time to live.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serializer;
use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeMap as _};

use crate::core::error::{FunctionError, log};
use crate::core::from_event::EventFuture;
use crate::core::json;
use crate::core::json::members::member;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::raw::{Incoming, Outgoing};

/// The longest time for which AppSync caches a response
/// (<https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html>).
const LONGEST: Duration = Duration::from_secs(3600);

/// The largest context, in bytes of JSON (the same page).
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

    /// Writes the response: with this name of the context, and with the fields that are hidden.
    ///
    /// # Errors
    ///
    /// The context or the time to live is one that AppSync does not accept.
    pub(crate) fn serialize<S: Serializer>(
        &self,
        serializer: S,
        context: &'static str,
        denied_fields: &[String],
    ) -> Result<S::Ok, S::Error> {
        if let Some(mistake) = self.mistake() {
            return Err(S::Error::custom(mistake));
        }
        let mut response = serializer.serialize_map(None)?;
        response.serialize_entry("isAuthorized", &self.is_authorized)?;
        if !self.context.is_empty() {
            response.serialize_entry(context, &self.context)?;
        }
        if !denied_fields.is_empty() {
            response.serialize_entry("deniedFields", denied_fields)?;
        }
        if let Some(ttl) = self.ttl {
            response.serialize_entry("ttlOverride", &whole_seconds(ttl))?;
        }
        response.end()
    }

    /// Returns the mistake in these parts, if there is one.
    fn mistake(&self) -> Option<String> {
        if let Some(ttl) = self.ttl.filter(|ttl| *ttl > LONGEST) {
            let (given, most) = (ttl.as_secs_f64(), LONGEST.as_secs());
            return Some(format!("the time to live is {given} s, but AppSync caches a response for at most {most} s"));
        }
        // As it is sent: escapes make a text longer.
        let size = serde_json::to_vec(&self.context).map_or(0, |context| context.len());
        (size > LARGEST_CONTEXT)
            .then(|| format!("the context has {size} bytes; the limit of AppSync is {LARGEST_CONTEXT}"))
    }
}

/// Returns the whole seconds that AppSync reads, rounded up: 0 would turn the cache off.
fn whole_seconds(ttl: Duration) -> u64 {
    ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0))
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
    json::decode(event.as_bytes()).map_err(|error| invalid(&error.for_client()))
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
            Ok(response) if is_response(&response) => match length(&response) {
                length if length > PAYLOAD_LIMIT => FunctionError::new(
                    "ResponseTooLarge",
                    format!("the authorizer returned {length} bytes; the limit of Lambda is {PAYLOAD_LIMIT}"),
                ),
                _ => return Ok(response),
            },
            Ok(_) => FunctionError::new(
                "InvalidResponse",
                "the authorizer returned a value without `isAuthorized`: return `Access`",
            ),
            Err(error) => error,
        };
        let error_type = error.error_type();
        log(&error, |error| tracing::error!(error_type, error, "the authorizer failed: access is denied"));
        #[cfg(feature = "otel")]
        crate::observe::traces::span::set_failed(error_type);
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Denied {
            is_authorized: bool,
        }
        let denied = Outgoing::serialize(&Denied { is_authorized: false }).map_err(|_| error)?;
        Ok(denied.describing_failure(true))
    })
}

fn length(response: &Outgoing) -> usize {
    response.as_json().map_or(0, |json| json.get().len())
}

/// Returns `true` for an object with a Boolean `isAuthorized`.
fn is_response(response: &Outgoing) -> bool {
    let json = response.as_json().map(serde_json::value::RawValue::get).unwrap_or_default();
    member(json, "isAuthorized").is_some_and(|value| matches!(value.get(), "true" | "false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(change: impl FnOnce(&mut Grant)) -> Option<String> {
        let mut grant = Grant::new(true);
        change(&mut grant);
        grant.mistake()
    }

    #[test]
    fn a_time_to_live_is_rounded_up_to_whole_seconds() {
        let written = |ttl| {
            let grant = Grant { ttl: Some(ttl), ..Grant::new(true) };
            let mut json = Vec::new();
            grant.serialize(&mut serde_json::Serializer::new(&mut json), "context", &[]).unwrap();
            String::from_utf8(json).unwrap()
        };
        for (ttl, seconds) in [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(500), 1),
            (Duration::from_secs(1), 1),
            (Duration::from_millis(1_001), 2),
            (Duration::from_millis(3_599_001), 3600),
            (LONGEST, 3600),
        ] {
            assert_eq!(written(ttl), format!(r#"{{"isAuthorized":true,"ttlOverride":{seconds}}}"#), "{ttl:?}");
        }
    }

    #[test]
    fn a_time_to_live_of_more_than_an_hour_is_a_mistake() {
        let of = |ttl| mistake(|grant| grant.ttl = Some(ttl));
        assert_eq!(of(LONGEST), None);
        for (millis, sentence) in [
            (3_600_001, "the time to live is 3600.001 s, but AppSync caches a response for at most 3600 s"),
            (3_601_000, "the time to live is 3601 s, but"),
        ] {
            assert!(of(Duration::from_millis(millis)).unwrap().starts_with(sentence), "{millis}");
        }
        assert!(of(Duration::MAX).is_some());
    }

    #[test]
    fn a_context_is_measured_as_it_is_sent() {
        let of = |text: &str, count| mistake(|grant| drop(grant.context.insert("a".into(), text.repeat(count))));
        assert_eq!(of("x", LARGEST_CONTEXT - 8), None);
        assert!(of("x", LARGEST_CONTEXT - 7).unwrap().contains("the context has 5242881 bytes"));
        assert!(of("\u{1}", 2_000_000).unwrap().contains("the context has 12000008 bytes"));
    }
}
