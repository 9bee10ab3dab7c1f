//! The responses: a single value as it is, and the items of a batch as a list of `{data}` and `{errorType,
//! errorMessage}`.

use serde::Serialize;
use serde_json::value::RawValue;

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
        error_message: &'a str,
    },
}

/// Returns the value of a single field.
pub(super) fn single(result: Result<Box<RawValue>, FunctionError>) -> Result<Outgoing, FunctionError> {
    limited(result?.into())
}

/// Returns the result of an item. A value that is too large for any response is its error alone.
pub(super) fn limited_item(result: Result<Box<RawValue>, FunctionError>) -> Result<Box<RawValue>, FunctionError> {
    match result {
        Ok(data) if data.get().len() > LIMIT => {
            Err(FunctionError::new("ResponseTooLarge", too_large("value", data.get().len())))
        }
        other => other,
    }
}

/// Returns the list of a batch.
pub(super) fn batch(results: Vec<Result<Box<RawValue>, FunctionError>>) -> Result<Outgoing, FunctionError> {
    let items = results.iter().map(|result| match result {
        Ok(data) => Item::Value { data },
        Err(error) => Item::Failed { error_type: error.error_type(), error_message: error.message() },
    });
    let items = items.collect::<Vec<_>>();
    let has_failed = results.iter().any(Result::is_err);
    let response = Outgoing::serialize(&items);
    limited(response.map_err(|_| FunctionError::new("InvalidResponse", "the response cannot be serialized as JSON"))?)
        .map(|response| response.describing_failure(has_failed))
}

fn limited(response: Outgoing) -> Result<Outgoing, FunctionError> {
    let length = response.as_json().map_or(0, |json| json.get().len());
    if length > LIMIT {
        return Err(FunctionError::new("ResponseTooLarge", too_large("response", length)));
    }
    Ok(response)
}

fn too_large(what: &str, length: usize) -> String {
    format!("the {what} has {length} bytes; the limit of AppSync is {LIMIT}")
}
