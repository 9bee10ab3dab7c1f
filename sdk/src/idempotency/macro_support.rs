//! The functions that `#[idempotent]` calls. Not public API.
#![allow(missing_docs)]

use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::engine::{Begun, CallKey, Idempotency};
use super::error::IdempotencyError;
use crate::core::expression::{Document, Expression, Selected};

/// The prefix of the keys.
#[derive(Clone, Copy, Debug)]
pub enum Name {
    /// The prefix in the attribute.
    Prefix(&'static str),
    /// The Lambda function, the module and the function.
    Function(&'static str, &'static str),
}

/// A selected part of an argument.
#[derive(Debug)]
pub struct Part(Selected);

/// Selects a part of an argument with the path after its name in the attribute.
pub fn select(argument: &impl Serialize, path: &str) -> Result<Part, IdempotencyError> {
    let document = Document::of(argument).map_err(|error| IdempotencyError::bad_key(error.to_string()))?;
    let selected = Expression::parse(&format!("@{path}")).map_err(IdempotencyError::setup)?.select(&document);
    selected.map(Part).map_err(IdempotencyError::bad_key)
}

/// Joins the parts of a key: one part is the key, as in Powertools, several are a list.
fn joined<const N: usize>(parts: [Result<Part, IdempotencyError>; N]) -> Result<Selected, IdempotencyError> {
    let mut parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    if N == 1 {
        return Ok(parts.remove(0).0);
    }
    let (mut values, mut joined) = (Vec::new(), Selected::default());
    for Part(Selected { value, large }) in parts {
        values.push(value);
        joined.large.extend(large);
    }
    joined.value = Value::Array(values);
    Ok(joined)
}

pub async fn begin<const K: usize, const P: usize>(
    idempotency: &Idempotency,
    name: Name,
    key: [Result<Part, IdempotencyError>; K],
    payload: Option<[Result<Part, IdempotencyError>; P]>,
    deadline: Option<SystemTime>,
) -> Result<Begun, IdempotencyError> {
    let named = match name {
        Name::Prefix(prefix) => idempotency.clone().prefix(prefix),
        Name::Function(module, function) => idempotency.of_function(&format!("{module}.{function}").replace("::", ".")),
    };
    let (key, payload) = (joined(key)?, payload.map(joined).transpose()?);
    named.begin_with(|| Ok(CallKey { key, payload, deadline, ..CallKey::default() })).await
}

pub async fn finish<T, E, W, F>(begun: Begun, work: W) -> Result<T, E>
where
    W: FnOnce() -> F,
    F: Future<Output = Result<T, E>>,
    T: Serialize + DeserializeOwned,
    E: From<IdempotencyError>,
{
    begun.finish_value(work).await
}
