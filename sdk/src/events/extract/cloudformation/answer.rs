//! What CloudFormation is told, however the function ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::send::{ResponseUrl, is_on_lambda, send};
use super::{CustomResource, LeftBehind};
use crate::core::deadline::{DeadlineExceeded, until};
use crate::core::error::FunctionError;
use crate::core::raw::{Incoming, Outgoing};
use crate::events::Called;

/// What is kept of the invocation's time to deliver the answer; a third of it, if that is less.
const MARGIN: Duration = Duration::from_secs(5);

/// The largest answer, in bytes
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html>).
const LIMIT: usize = 4096;

/// The longest id of a resource, in bytes (the same page).
const ID_LIMIT: usize = 1024;

/// What a reason is cut to, in bytes; to less, where that is still too much.
const REASON: usize = 2048;

/// Where the id of a resource begins that was never made.
const NEVER_MADE: &str = "pilaster:create-failed:";

/// Of an event, what the answer is made of.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Head {
    request_type: String,
    #[serde(default, rename = "ResponseURL")]
    response_url: Option<ResponseUrl>,
    #[serde(default)]
    service_token: Option<Value>,
    #[serde(default)]
    stack_id: String,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    logical_resource_id: String,
    #[serde(default)]
    physical_resource_id: Option<String>,
}

/// Who gets the answer.
enum To<'h> {
    /// CloudFormation, by the URL.
    CloudFormation(&'h ResponseUrl),
    /// What CloudFormation would get is the response: locally and in tests.
    Nobody,
    /// The function that called this one, such as CDK's Provider framework: it reads the response, and reports to CloudFormation itself.
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

/// Calls the function and delivers the answer.
pub(super) fn around(incoming: Incoming, called: Called) -> Called {
    Box::pin(async move {
        // What is no such request has nobody to answer to: the function refuses it.
        let Ok(head) = serde_json::from_str::<Head>(incoming.event.get()) else { return called.await };
        let to = head.to(incoming.invocation.function_arn());
        let is_made = !head.is_of_what_was_never_made();
        if !is_made {
            tracing::info!(logical_id = head.logical_resource_id, "nothing to delete: the resource was never made");
        }
        if let To::Caller = to {
            let made = if is_made { read(&called.await?)? } else { CustomResource::new() };
            return head.value(made);
        }
        let outcome = if is_made { call(&incoming, called).await } else { Ok(CustomResource::new()) };
        let (document, failure) = head.document(outcome, incoming.invocation.all_calls_refused())?;
        if let Some(error) = &failure {
            let (error_type, logical_id) = (error.error_type(), &head.logical_resource_id);
            let error = error as &(dyn std::error::Error + 'static);
            tracing::error!(error_type, logical_id, error, "the custom resource failed");
        }
        match to {
            To::CloudFormation(url) => {
                send(url, document, &incoming.invocation).await?;
                Outgoing::serialize(&()).map_err(FunctionError::from_error)
            }
            To::Nobody | To::Caller => {
                RawValue::from_string(document).map(Outgoing::from).map_err(FunctionError::from_error)
            }
        }
    })
}

/// The region, the account and the name of a function, whatever its alias or version, out of its ARN.
fn function(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.split(':');
    let mut part = || parts.next();
    let (Some("arn"), Some(_), Some("lambda")) = (part(), part(), part()) else { return None };
    let (region, account, kind, name) = (part()?, part()?, part()?, part()?);
    (kind == "function").then_some((region, account, name))
}

/// The function's answer, or why there is none in time.
async fn call(incoming: &Incoming, called: Called) -> Result<CustomResource, FunctionError> {
    let third = incoming.invocation.remaining().map_or(MARGIN, |remaining| remaining / 3);
    let response = match until(&incoming.invocation, MARGIN.min(third)) {
        None => called.await?,
        Some((at, time)) => tokio::time::timeout_at(at, called).await.map_err(|_| {
            let exceeded = DeadlineExceeded::after(time);
            let why = format!("the function did not finish within {time:.1?}, and was cancelled");
            FunctionError::new("Timeout", why).with_source(exceeded)
        })??,
    };
    read(&response)
}

fn read(response: &Outgoing) -> Result<CustomResource, FunctionError> {
    // `null` is what a function returns that has nothing to say.
    let read = response.as_json().and_then(|json| serde_json::from_str::<Option<CustomResource>>(json.get()).ok());
    read.map(Option::unwrap_or_default)
        .ok_or_else(|| FunctionError::new("InvalidResponse", "the function did not return a `CustomResource`, or `()`"))
}

impl Head {
    fn is_of_what_was_never_made(&self) -> bool {
        let id = self.physical_resource_id.as_deref().unwrap_or_default();
        self.request_type == "Delete" && id.starts_with(NEVER_MADE)
    }

    /// Who is answered, if this function is called by this ARN.
    fn to(&self, own_arn: &str) -> To<'_> {
        let url = match &self.response_url {
            Some(url) if url.is_url() => url,
            // Locally a request may leave it out, and the response is what CloudFormation would get.
            None if !is_on_lambda() => return To::Nobody,
            _ => return To::Caller,
        };
        if !url.is_answered() {
            return To::Nobody;
        }
        // CloudFormation calls what the token names. The Provider framework passes the URL on, and answers to it as well.
        let token = self.service_token.as_ref().and_then(Value::as_str);
        match (token.and_then(function), function(own_arn)) {
            (Some(called), Some(own)) if called != own => To::Caller,
            _ => To::CloudFormation(url),
        }
    }

    /// The id of the resource, if it has one.
    fn own_id(&self) -> Option<&str> {
        self.physical_resource_id.as_deref().filter(|id| !id.is_empty())
    }

    /// The id of a resource that was given none.
    fn default_id(&self) -> String {
        format!("{}-{}", self.logical_resource_id, self.request_id)
    }

    /// The id of the resource that the function made, changed or deleted.
    fn id(&self, made: &mut CustomResource) -> String {
        let id = made.physical_resource_id.take().filter(|id| !id.is_empty() && self.request_type != "Delete");
        id.or_else(|| self.own_id().map(str::to_owned)).unwrap_or_else(|| self.default_id())
    }

    /// What the caller reads.
    fn value(&self, mut made: CustomResource) -> Result<Outgoing, FunctionError> {
        let id = self.id(&mut made);
        let length = self.text("SUCCESS", None, &id, made.no_echo, &made.data)?.len();
        self.refused(&id, length).map_or(Ok(()), Err)?;
        let value = CustomResource { physical_resource_id: Some(id), ..made };
        Outgoing::serialize(&value).map_err(FunctionError::from_error)
    }

    /// The text of the answer, and the failure that it tells of; `is_refused` if the function itself returned an error.
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
            // It was made, so the rollback deletes it by its id.
            (Some(made), ..) => made.to_owned(),
            (None, Some(own), _) => own.to_owned(),
            (None, None, Some(left)) if is_known(&left) && self.request_type == "Create" => left.to_owned(),
            (None, None, None) if is_refused && self.request_type == "Create" => {
                format!("{NEVER_MADE}{}", self.request_id)
            }
            // Something may have been made: the function is called for the rollback's `Delete`.
            (None, None, _) => self.default_id(),
        };
        self.failed(error, &id).map(|(text, error)| (text, Some(error)))
    }

    /// Why an answer of this length with this id is not given.
    fn refused(&self, id: &str, length: usize) -> Option<FunctionError> {
        if self.request_type != "Delete" && id.starts_with(NEVER_MADE) {
            let why = format!(
                "the id begins with `{NEVER_MADE}`, by which a resource is known that was never made: use another"
            );
            return Some(FunctionError::new("InvalidResponse", why));
        }
        too_large(id, length)
    }

    /// A failure, its reason cut so that the answer is taken.
    fn failed(&self, error: FunctionError, id: &str) -> Result<(String, FunctionError), FunctionError> {
        let mut length = REASON;
        loop {
            let reason = cut(error.message(), length);
            let text = self.text("FAILED", Some(&reason), id, false, &Map::new())?;
            // Each byte of a reason may take six in JSON, so a few rounds are enough.
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

/// Whether CloudFormation takes this id of a resource.
fn is_taken(id: &str) -> bool {
    (1..=ID_LIMIT).contains(&id.len())
}

/// Why CloudFormation does not take an answer of this length with this id.
fn too_large(id: &str, length: usize) -> Option<FunctionError> {
    let why = if !is_taken(id) {
        format!("the id has {} bytes, and CloudFormation takes {ID_LIMIT}", id.len())
    } else if length > LIMIT {
        format!("the response has {length} bytes, and CloudFormation takes {LIMIT}: return less data")
    } else {
        return None;
    };
    Some(FunctionError::new("ResponseTooLarge", why))
}

/// At most so many bytes of a text; CloudFormation wants at least one.
fn cut(text: &str, length: usize) -> String {
    match text {
        "" => "the function failed without a word: see its log".to_owned(),
        _ if text.len() <= length => text.to_owned(),
        _ => format!("{}… (the rest is in the log)", &text[..text.floor_char_boundary(length)]),
    }
}
