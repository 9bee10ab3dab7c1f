//! What CloudFormation is told, however the function ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::send::{ResponseUrl, send};
use super::{CustomResource, LeftBehind};
use crate::deadline::{DeadlineExceeded, until};
use crate::error::FunctionError;
use crate::event::{Called, Incoming, RawResponse};

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
    stack_id: String,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    logical_resource_id: String,
    #[serde(default)]
    physical_resource_id: Option<String>,
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
        let (document, failure) = match head.is_of_what_was_never_made() {
            true => {
                tracing::info!(logical_id = head.logical_resource_id, "nothing to delete: the resource was never made");
                head.document(Ok(CustomResource::new()))?
            }
            false => head.document(call(&incoming, called).await)?,
        };
        if let Some(error) = &failure {
            let (error_type, logical_id) = (error.error_type(), &head.logical_resource_id);
            let error = error as &(dyn std::error::Error + 'static);
            tracing::error!(error_type, logical_id, error, "the custom resource failed");
        }
        match head.response_url.as_ref().filter(|url| url.is_answered()) {
            None => RawValue::from_string(document).map_err(FunctionError::from_error),
            Some(url) => {
                send(url, document, &incoming.invocation).await?;
                RawValue::from_string("null".to_owned()).map_err(FunctionError::from_error)
            }
        }
    })
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

fn read(response: &RawResponse) -> Result<CustomResource, FunctionError> {
    // `null` is what a function returns that has nothing to say.
    let read = serde_json::from_str::<Option<CustomResource>>(response.get());
    read.map(Option::unwrap_or_default)
        .map_err(|_| FunctionError::new("InvalidResponse", "the function did not return a `CustomResource`, or `()`"))
}

impl Head {
    fn is_of_what_was_never_made(&self) -> bool {
        let id = self.physical_resource_id.as_deref().unwrap_or_default();
        self.request_type == "Delete" && id.starts_with(NEVER_MADE)
    }

    /// The text of the answer, and the failure that it tells of.
    fn document(
        &self,
        outcome: Result<CustomResource, FunctionError>,
    ) -> Result<(String, Option<FunctionError>), FunctionError> {
        let own = self.physical_resource_id.as_deref().filter(|id| !id.is_empty());
        let error = match outcome {
            Err(error) => error,
            Ok(made) => {
                let id = made.physical_resource_id.filter(|id| !id.is_empty() && self.request_type != "Delete");
                let id = id.or_else(|| own.map(str::to_owned));
                let id = id.unwrap_or_else(|| format!("{}-{}", self.logical_resource_id, self.request_id));
                let text = self.text("SUCCESS", None, &id, made.no_echo, &made.data)?;
                match (id.len(), text.len()) {
                    (0..=ID_LIMIT, 0..=LIMIT) => return Ok((text, None)),
                    (0..=ID_LIMIT, length) => {
                        let why = format!(
                            "the answer has {length} bytes, and CloudFormation takes {LIMIT}: let the resource say less data"
                        );
                        let error = FunctionError::new("ResponseTooLarge", why);
                        // It was made: the rollback deletes it by its id.
                        return self.failed(error, &id).map(|(text, error)| (text, Some(error)));
                    }
                    (length, _) => {
                        let why = format!("the id has {length} bytes, and CloudFormation takes {ID_LIMIT}");
                        FunctionError::new("ResponseTooLarge", why)
                    }
                }
            }
        };
        let id = match (own, self.request_type.as_str()) {
            (Some(id), _) => id.to_owned(),
            (None, "Create") => LeftBehind::find(&error)
                .filter(|id| (1..=ID_LIMIT).contains(&id.len()))
                .map_or_else(|| format!("{NEVER_MADE}{}", self.request_id), str::to_owned),
            (None, _) => format!("{}-{}", self.logical_resource_id, self.request_id),
        };
        self.failed(error, &id).map(|(text, error)| (text, Some(error)))
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

/// At most so many bytes of a text; CloudFormation wants at least one.
fn cut(text: &str, length: usize) -> String {
    match text {
        "" => "the function failed without a word: see its log".to_owned(),
        _ if text.len() <= length => text.to_owned(),
        _ => format!("{}… (the rest is in the log)", &text[..text.floor_char_boundary(length)]),
    }
}
