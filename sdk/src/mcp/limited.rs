//! The size of the answer to a call: the tool has run, so the client must not get a failed invocation, after which it
//! would call the tool again.

use super::encode::{Answer, Form};
use crate::tools::Outcome;

/// What the limit leaves to the headers of layers and to the JSON around the answer, in bytes.
const HEADERS: usize = 32 * 1024;

/// Returns the answer to a call of this tool, which `result` completes. One that is too large lacks the text copy of its
/// structured content; one that still is becomes an error for the model.
pub(super) fn answer(
    tool: &str,
    (outcome, form): (&Outcome, Form),
    limit: Option<usize>,
    result: impl Fn(&dyn Fn(&mut Answer)) -> Vec<u8>,
) -> Vec<u8> {
    let whole = result(&|answer| answer.outcome(outcome, form));
    let Some(limit) = limit else { return whole };
    let limit = limit.saturating_sub(HEADERS);
    let Some(mut length) = above(limit, &whole) else { return whole };
    drop(whole);
    if let Outcome::Structured(json) = outcome {
        let short = result(&|answer| answer.structured_alone(json.get(), form.is_wrapped));
        length = match above(limit, &short) {
            Some(length) => length,
            None => return short,
        };
    }
    tracing::error!(tool, length, limit, "the answer of the tool is too large: the client gets an error");
    let message = format!("the answer is too large: {length} bytes, at most {limit}");
    result(&|answer| answer.failure(&message))
}

/// Returns the length of an answer that is too large, and the limit. No tool has run.
pub(super) fn exceeded(answer: &[u8], limit: Option<usize>) -> Option<(usize, usize)> {
    let limit = limit?.saturating_sub(HEADERS);
    above(limit, answer).map(|length| (length, limit))
}

/// Returns the length of JSON in the response of a Lambda function, if it is above the limit.
fn above(limit: usize, json: &[u8]) -> Option<usize> {
    // Even if each of its bytes were escaped, it would fit.
    if json.len() < limit / 2 {
        return None;
    }
    Some(sent_length(json)).filter(|length| *length > limit)
}

/// Returns the length of JSON in the response of a Lambda function: as a text with its escapes, or in base64 where that is
/// shorter, as the HTTP adapter sends it.
fn sent_length(json: &[u8]) -> usize {
    let escapes = json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    (json.len() + escapes).min(json.len().div_ceil(3) * 4) + 2
}
