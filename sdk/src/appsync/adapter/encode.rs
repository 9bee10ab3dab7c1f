//! The response to a batch, a list of `{data}` and `{errorType, errorMessage}`, and the limit of a value. A single value is
//! sent as it is.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::appsync_request::failure::Failure;
use crate::core::error::FunctionError;
use crate::core::raw::Outgoing;

/// The largest response of a resolver that AppSync evaluates, in bytes
/// (<https://docs.aws.amazon.com/general/latest/gr/appsync.html>).
const LIMIT: usize = 5 * 1024 * 1024;

/// One item of the response to a batch. AppSync ignores other keys, and reads a value without `data` as null.
#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Value {
        data: &'a RawValue,
    },
    #[serde(rename_all = "camelCase")]
    Failed {
        error_type: &'a str,
        error_message: Cow<'a, str>,
    },
}

/// Returns the result of a field. A value that is too large for any response is its error alone.
pub(super) fn limited(result: Result<Box<RawValue>, Failure>) -> Result<Box<RawValue>, Failure> {
    match result {
        Ok(data) if data.get().len() > LIMIT => {
            Err(FunctionError::new("ResponseTooLarge", too_large("value", data.get().len())).into())
        }
        other => other,
    }
}

/// Returns the list of a batch.
pub(super) fn batch(results: &[Result<Box<RawValue>, Failure>]) -> Result<Outgoing, FunctionError> {
    let items = results.iter().map(|result| match result {
        Ok(data) => Item::Value { data },
        Err(failure) => failed(failure),
    });
    let items = items.collect::<Vec<_>>();
    let invalid = |_| FunctionError::new("InvalidResponse", "the response cannot be serialized as JSON");
    let response = Outgoing::serialize(&items).map_err(invalid)?.describing_failure(results.iter().any(Result::is_err));
    let length = response.as_json().map_or(0, |json| json.get().len());
    if length > LIMIT {
        return Err(FunctionError::new("ResponseTooLarge", too_large("response", length)));
    }
    Ok(response)
}

/// Returns the error of a single field, which is logged; or that of a text that is too large.
pub(super) fn limited_error(error: FunctionError, length: usize) -> FunctionError {
    match length > LIMIT {
        true => FunctionError::new("ResponseTooLarge", too_large("error", length)).logged(),
        false => error,
    }
}

/// Returns the item of a failure. A text that is too large for any response would fail the other items.
fn failed(failure: &Failure) -> Item<'_> {
    match failure.json_length() {
        length if length > LIMIT => {
            Item::Failed { error_type: "ResponseTooLarge", error_message: too_large("error", length).into() }
        }
        _ => Item::Failed { error_type: failure.error_type(), error_message: failure.message().into() },
    }
}

fn too_large(what: &str, length: usize) -> String {
    format!("the {what} has {length} bytes; the limit of AppSync is {LIMIT}")
}
