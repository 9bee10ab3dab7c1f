//! [`Query`]: the query string as a typed value.
//!
//! A repeated key is a `Vec`; a missing key is an `Option` or a default. A query that does not match `T` is a 400.
//!
//! # Example
//!
//! ```
//! use pilaster::http::Query;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Filter {
//!     #[serde(default)]
//!     tag: Vec<String>, // ?tag=a&tag=b
//!     limit: Option<u8>,
//! }
//!
//! async fn list(Query(filter): Query<Filter>) -> String {
//!     format!("{:?}, at most {:?}", filter.tag, filter.limit)
//! }
//! # let _ = list;
//! ```
//!
//! Fields within `#[serde(flatten)]` are read by their types, too; a map that takes each other field has texts as values.
//! serde does not name those types, so their search takes several reads. A text whose search would take too long, such as
//! one of thousands of fields, is refused as too large.

mod flattened;

use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use self::flattened::{Mistake, MistakeKind};
use crate::core::json::message;
use crate::core::json::{pointer, push_step};
use crate::http::error::{FieldError, Rejection};

/// The query string as a typed value. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        let decoded = decode(query.as_bytes());
        decoded.map(Self).map_err(|field| mismatch(StatusCode::BAD_REQUEST, "query string", field))
    }
}

impl<T, S> OptionalFromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// Returns `None` if the request has no query.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        if parts.uri.query().unwrap_or_default().is_empty() {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
    }
}

/// Creates the rejection of a form in this part of the request.
pub(super) fn mismatch(status: StatusCode, part: &str, field: FieldError) -> Rejection {
    Rejection::new(status, format!("the {part} does not match the expected schema")).with_field(field)
}

/// Decodes `application/x-www-form-urlencoded` text. The error is the invalid field.
pub(super) fn decode<T: DeserializeOwned>(text: &[u8]) -> Result<T, FieldError> {
    let deserializer = serde_html_form::Deserializer::from_bytes(text);
    serde_path_to_error::deserialize(deserializer).or_else(|error| {
        let mut message = error.inner().to_string();
        let path = error.path();
        // The path does not go into `#[serde(flatten)]`. A field that collects its value has it.
        if path.iter().len() == 0 || message.starts_with("invalid type: string ") {
            match flattened::decode(text) {
                Some(Ok(value)) => return Ok(value),
                Some(Err(Mistake { field: None, kind: MistakeKind::Refused(last) })) => message = last,
                Some(Err(mistake)) => return Err(in_flattened(mistake)),
                None => {}
            }
        }
        let mut at = pointer(path);
        // serde reports these without a path.
        let duplicate = flattened::duplicate_field(&message).filter(|_| at.is_empty());
        if let Some(named) = flattened::missing_field(&message).or(duplicate) {
            push_step(&mut at, named);
        }
        let key = path.iter().find_map(|step| match step {
            Segment::Map { key } => Some(key.as_str()),
            _ => None,
        });
        Err(FieldError::new(at, message::of_key::<T>(key, &message)))
    })
}

/// Describes a mistake in a field within `#[serde(flatten)]`.
fn in_flattened(Mistake { field, kind }: Mistake) -> FieldError {
    let mut at = String::new();
    if let Some((key, element)) = field {
        push_step(&mut at, &key);
        if let Some(element) = element {
            push_step(&mut at, &element.to_string());
        }
    }
    let detail = match kind {
        MistakeKind::Refused(message) if message.starts_with("invalid type") => message::expected_in(&message),
        MistakeKind::Refused(message) => message::without_values(&message),
        MistakeKind::Repeated => "must occur only once".to_owned(),
        MistakeKind::TooLarge => "has too many or too long fields to find their types".to_owned(),
    };
    FieldError::new(at, detail)
}

impl<T> Deref for Query<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Filter {
        #[serde(default)]
        tag: Vec<String>,
        limit: u8,
    }

    async fn extract(uri: &str) -> Result<Filter, Rejection> {
        let (mut parts, ()) = http::Request::builder().uri(uri).body(()).unwrap().into_parts();
        <Query<Filter> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await.map(|query| query.0)
    }

    #[tokio::test]
    async fn repeated_keys_are_a_vec() {
        let filter = extract("/?tag=a&limit=3&tag=b%20c").await.unwrap();
        assert_eq!(filter, Filter { tag: vec!["a".into(), "b c".into()], limit: 3 });
    }

    #[tokio::test]
    async fn a_wrong_or_missing_key_is_named_without_its_value() {
        let rejection = extract("/?limit=hunter2").await.unwrap_err();
        assert_eq!(rejection.status(), 400);
        assert_eq!(rejection.fields()[0].pointer(), "/limit");
        assert_eq!(rejection.fields()[0].detail(), "expected an integer from 0 to 255");
        assert_eq!(extract("/").await.unwrap_err().fields()[0], FieldError::new("/limit", "is missing"));
    }

    #[test]
    fn each_type_of_value_has_its_message() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Sort {
            Name,
        }
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        #[allow(dead_code)]
        struct Ask {
            page: u64,
            deep: Option<bool>,
            weights: Vec<f64>,
            sort: Option<Sort>,
        }
        for (query, pointer, detail) in [
            ("page=-1", "/page", "expected a non-negative integer"),
            ("page=99999999999999999999", "/page", "is too large"),
            ("page=1&page=2", "/page", "must occur only once"),
            ("deep=hunter2", "/deep", "expected `true` or `false`"),
            ("weights=1&weights=hunter2", "/weights/1", "expected a number"),
            ("sort=hunter2", "/sort", "expected `name`"),
        ] {
            assert_eq!(decode::<Ask>(query.as_bytes()).unwrap_err(), FieldError::new(pointer, detail), "{query}");
        }
    }

    #[tokio::test]
    async fn no_query_is_none_and_a_wrong_one_is_not() {
        let optional = async |uri: &str| {
            let (mut parts, ()) = http::Request::builder().uri(uri).body(()).unwrap().into_parts();
            Option::<Query<Filter>>::from_request_parts(&mut parts, &()).await
        };
        assert!(optional("/").await.unwrap().is_none());
        assert!(optional("/?").await.unwrap().is_none());
        assert_eq!(optional("/?limit=1").await.unwrap().unwrap().limit, 1);
        assert_eq!(optional("/?limit=x").await.unwrap_err().status(), 400);
    }
}
