//! Decoding of secrets and parameters: JSON with errors that do not contain the value, and [`Decoded`], which stores
//! the result.

#[cfg(any(feature = "secrets", feature = "parameters"))]
pub(crate) use self::decoded::Decoded;
use serde::de::DeserializeOwned;

/// Decodes JSON. The error completes a sentence that starts with the name of the secret or parameter, without the
/// value.
pub(crate) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| (error.path().to_string(), error.into_inner()))
        .and_then(|value| deserializer.end().map(|()| value).map_err(|error| (String::new(), error)));
    value.map_err(|(path, error)| why_not_json(&path, &error))
}

/// Describes an error without serde's message, which repeats the value (`invalid type: string "hunter2"`); only the
/// name of a missing field is kept, since it belongs to the type.
fn why_not_json(path: &str, error: &serde_json::Error) -> String {
    if !error.is_data() {
        return format!("is not valid JSON: see line {}, column {}", error.line(), error.column());
    }
    let parent = if path == "." { "" } else { path };
    let text = error.to_string();
    match text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
        // The keys of a map may be secrets themselves, so the path is omitted.
        Some((field, _)) if parent.is_empty() => format!("has no field `{field}`"),
        Some((field, _)) => format!("has no field `{field}` in one of its objects"),
        None => "does not match the expected type".to_owned(),
    }
}

#[cfg(any(feature = "secrets", feature = "parameters"))]
mod decoded {
    use std::any::{Any, TypeId};
    use std::sync::{Arc, Mutex, PoisonError};

    /// The results of decoding a value, by type; they are dropped with the value.
    #[derive(Default)]
    pub(crate) struct Decoded(Mutex<Vec<(TypeId, Arc<dyn Any + Send + Sync>)>>);

    impl Decoded {
        /// Returns the value as `T`, and decodes it on first use.
        pub(crate) fn get_or_decode<T, E>(&self, decode: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E>
        where
            T: Send + Sync + 'static,
        {
            let id = TypeId::of::<T>();
            let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let found = lock().iter().find(|(of, _)| *of == id).map(|(_, value)| Arc::clone(value));
            if let Some(value) = found.and_then(|value| value.downcast().ok()) {
                return Ok(value);
            }
            let value = Arc::new(decode()?);
            lock().push((id, Arc::clone(&value) as _));
            Ok(value)
        }
    }
}
