//! The response to CloudFormation, which is sent regardless of how the function ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::send::{ResponseUrl, is_on_lambda, send};
use super::{CustomResource, LeftBehind};
use crate::core::deadline::{DeadlineExceeded, until};
use crate::core::error::{FunctionError, log};
use crate::core::json::{is_object, or_default};
use crate::core::raw::{Incoming, Outgoing};
use crate::events::EventFuture;
use crate::events::calls::Calls;

/// The time that is reserved to deliver the response; at most a third of the remaining time.
const MARGIN: Duration = Duration::from_secs(5);

/// The maximum size of a response, in bytes
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html>).
const LIMIT: usize = 4096;

/// The maximum length of a resource id, in bytes (the same page).
const ID_LIMIT: usize = 1024;

/// The length to which a reason is truncated, in bytes; it is truncated further if the response is still too long.
const REASON: usize = 2048;

/// The prefix of the id of a resource that was never created.
const NEVER_MADE: &str = "pilaster:create-failed:";

/// The fields of an event that the response needs.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RequestFields {
    request_type: String,
    #[serde(default, rename = "ResponseURL")]
    response_url: Option<ResponseUrl>,
    #[serde(default)]
    service_token: Option<Value>,
    #[serde(default, deserialize_with = "or_default")]
    stack_id: String,
    #[serde(default, deserialize_with = "or_default")]
    request_id: String,
    #[serde(default, deserialize_with = "or_default")]
    logical_resource_id: String,
    #[serde(default)]
    physical_resource_id: Option<String>,
}

/// The recipient of the response.
enum To<'h> {
    /// CloudFormation, through the URL.
    CloudFormation(&'h ResponseUrl),
    /// None: locally and in tests, the function returns the response for CloudFormation.
    None,
    /// The function that called this one, such as CDK's Provider framework: it reads the response and reports to
    /// CloudFormation itself.
    Caller,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_echo: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    data: &'a Map<String, Value>,
}

/// Calls the function and delivers the response.
pub(super) fn around(incoming: Incoming, called: EventFuture) -> EventFuture {
    Box::pin(async move {
        // There is no address to respond to: the function rejects such an event.
        let text = Some(incoming.event.get()).filter(|text| is_object(text));
        let request = text.and_then(|text| serde_json::from_str::<RequestFields>(text).ok());
        let Some(request) = request else { return called.await };
        let to = request.to(incoming.invocation.function_arn());
        let is_made = !request.is_of_what_was_never_made();
        if !is_made {
            tracing::info!(
                logical_id = request.logical_resource_id,
                "nothing to delete: the resource was never created"
            );
        }
        if let To::Caller = to {
            let made = if is_made { read(&called.await?)? } else { CustomResource::new() };
            return request.value(made);
        }
        Calls::count(&incoming.invocation);
        let outcome = if is_made { call(&incoming, called).await } else { Ok(CustomResource::new()) };
        let (document, failure) = request.document(outcome, Calls::all_failed(&incoming.invocation))?;
        if let Some(error) = &failure {
            let (error_type, logical_id) = (error.error_type(), &request.logical_resource_id);
            log(error, |error| tracing::error!(error_type, logical_id, error, "the custom resource failed"));
        }
        let outgoing = match to {
            To::CloudFormation(url) => {
                send(url, document, &incoming.invocation).await?;
                Outgoing::serialize(&())
            }
            To::None | To::Caller => RawValue::from_string(document).map(Outgoing::from),
        };
        Ok(outgoing.map_err(FunctionError::from_error)?.describing_failure(failure.is_some()))
    })
}

/// Returns the region, the account and the name in a function's ARN, ignoring an alias or version.
fn function(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.split(':');
    let mut part = || parts.next();
    let (Some("arn"), Some(_), Some("lambda")) = (part(), part(), part()) else { return None };
    let (region, account, kind, name) = (part()?, part()?, part()?, part()?);
    (kind == "function").then_some((region, account, name))
}

/// Returns the result of the function, or the reason why it did not finish in time.
async fn call(incoming: &Incoming, called: EventFuture) -> Result<CustomResource, FunctionError> {
    let third = incoming.invocation.remaining().map_or(MARGIN, |remaining| remaining / 3);
    let response = match until(&incoming.invocation, MARGIN.min(third)) {
        None => called.await?,
        Some((at, time)) => tokio::time::timeout_at(at, called).await.map_err(|_| {
            let exceeded = DeadlineExceeded::after(time);
            let why = format!("the function was cancelled, since it did not finish within {time:.1?}");
            FunctionError::new("Timeout", why).with_source(exceeded)
        })??,
    };
    read(&response)
}

fn read(response: &Outgoing) -> Result<CustomResource, FunctionError> {
    // A function that returns `()` returns `null`.
    let read = response.as_json().and_then(|json| serde_json::from_str::<Option<CustomResource>>(json.get()).ok());
    read.map(Option::unwrap_or_default)
        .ok_or_else(|| FunctionError::new("InvalidResponse", "the function must return a `CustomResource` or `()`"))
}

impl RequestFields {
    fn is_of_what_was_never_made(&self) -> bool {
        let id = self.physical_resource_id.as_deref().unwrap_or_default();
        self.request_type == "Delete" && id.starts_with(NEVER_MADE)
    }

    /// Returns the recipient, for a function that was called with this ARN.
    fn to(&self, own_arn: &str) -> To<'_> {
        let url = match &self.response_url {
            Some(url) if url.is_url() => url,
            // Locally, a request may lack the URL; the function then returns the response.
            None if !is_on_lambda() => return To::None,
            _ => return To::Caller,
        };
        if !url.is_answered() {
            return To::None;
        }
        // CloudFormation calls the token's function. The Provider framework also responds to the URL.
        let token = self.service_token.as_ref().and_then(Value::as_str);
        match (token.and_then(function), function(own_arn)) {
            (Some(called), Some(own)) if called != own => To::Caller,
            _ => To::CloudFormation(url),
        }
    }

    /// Returns the id of the resource, if it has one.
    fn own_id(&self) -> Option<&str> {
        self.physical_resource_id.as_deref().filter(|id| !id.is_empty())
    }

    /// Returns the default id of a resource.
    fn default_id(&self) -> String {
        format!("{}-{}", self.logical_resource_id, self.request_id)
    }

    /// Returns the id of the resource that the function created, changed or deleted.
    fn id(&self, made: &mut CustomResource) -> String {
        let id = made.physical_resource_id.take().filter(|id| !id.is_empty() && self.request_type != "Delete");
        id.or_else(|| self.own_id().map(str::to_owned)).unwrap_or_else(|| self.default_id())
    }

    /// Returns the value for the caller.
    fn value(&self, mut made: CustomResource) -> Result<Outgoing, FunctionError> {
        let id = self.id(&mut made);
        let length = self.text("SUCCESS", None, &id, made.no_echo, &made.data)?.len();
        self.refused(&id, length).map_or(Ok(()), Err)?;
        let value = CustomResource { physical_resource_id: Some(id), ..made };
        Outgoing::serialize(&value).map_err(FunctionError::from_error)
    }

    /// Returns the text of the response, and the failure that it reports; `is_refused` if the function itself returned
    /// an error.
    fn document(
        &self,
        outcome: Result<CustomResource, FunctionError>,
        is_refused: bool,
    ) -> Result<(String, Option<FunctionError>), FunctionError> {
        let (error, made) = match outcome {
            Err(error) => (error, None),
            Ok(mut made) => {
                let id = self.id(&mut made);
                let text = self.text("SUCCESS", None, &id, made.no_echo, &made.data)?;
                match self.refused(&id, text.len()) {
                    None => return Ok((text, None)),
                    Some(error) => (error, Some(id)),
                }
            }
        };
        let is_known = |id: &&str| is_taken(id) && !id.starts_with(NEVER_MADE);
        let id = match (made.as_deref().filter(is_known), self.own_id(), LeftBehind::find(&error)) {
            // It was created, so the rollback deletes it by its id.
            (Some(made), ..) => made.to_owned(),
            (None, Some(own), _) => own.to_owned(),
            (None, None, Some(left)) if is_known(&left) && self.request_type == "Create" => left.to_owned(),
            (None, None, None) if is_refused && self.request_type == "Create" => {
                format!("{NEVER_MADE}{}", self.request_id)
            }
            // Something may have been created: the function is called for the rollback's `Delete`.
            (None, None, _) => self.default_id(),
        };
        self.failed(error, &id).map(|(text, error)| (text, Some(error)))
    }

    /// Returns the reason why a response of this length with this id is rejected.
    fn refused(&self, id: &str, length: usize) -> Option<FunctionError> {
        if self.request_type != "Delete" && id.starts_with(NEVER_MADE) {
            let why =
                format!("the id must not begin with `{NEVER_MADE}`, which marks a resource that was never created");
            return Some(FunctionError::new("InvalidResponse", why));
        }
        too_large(id, length)
    }

    /// Returns a failure, with its reason truncated so that CloudFormation accepts the response.
    fn failed(&self, error: FunctionError, id: &str) -> Result<(String, FunctionError), FunctionError> {
        let mut length = REASON;
        loop {
            let reason = cut(error.message(), length);
            let text = self.text("FAILED", Some(&reason), id, false, &Map::new())?;
            // Each byte of a reason may take up to six in JSON, so a few rounds suffice.
            if text.len() <= LIMIT || length < 16 {
                return Ok((text, error));
            }
            length /= 2;
        }
    }

    fn text(
        &self,
        status: &'static str,
        reason: Option<&str>,
        id: &str,
        no_echo: bool,
        data: &Map<String, Value>,
    ) -> Result<String, FunctionError> {
        let document = Document {
            status,
            reason,
            physical_resource_id: id,
            stack_id: &self.stack_id,
            request_id: &self.request_id,
            logical_resource_id: &self.logical_resource_id,
            no_echo,
            data,
        };
        serde_json::to_string(&document).map_err(FunctionError::from_error)
    }
}

/// Returns `true` if CloudFormation accepts this id of a resource.
fn is_taken(id: &str) -> bool {
    (1..=ID_LIMIT).contains(&id.len())
}

/// Returns the reason why CloudFormation rejects a response of this length with this id.
fn too_large(id: &str, length: usize) -> Option<FunctionError> {
    let why = if !is_taken(id) {
        format!("the id has {} bytes; CloudFormation accepts 1 to {ID_LIMIT}", id.len())
    } else if length > LIMIT {
        format!("the response has {length} bytes; CloudFormation accepts {LIMIT}: return less data")
    } else {
        return None;
    };
    Some(FunctionError::new("ResponseTooLarge", why))
}

/// Truncates a text to this number of bytes; CloudFormation requires at least one.
fn cut(text: &str, length: usize) -> String {
    match text {
        "" => "the function failed without a message; see its log".to_owned(),
        _ if text.len() <= length => text.to_owned(),
        _ => format!("{}… (the rest is in the log)", &text[..text.floor_char_boundary(length)]),
    }
}
