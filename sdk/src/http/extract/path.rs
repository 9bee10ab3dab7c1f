//! [`Path`]: the parameters of the path as a typed value.
//!
//! `T` is a plain type for one parameter; for several, a tuple in the order of the path or a struct with their names.
//! The parameters are those of the API's route (`pathParameters` of the event) or, inside an `axum::Router`, those of
//! the router's route. A parameter that does not match is a 400 that names it.
//!
//! # Example
//!
//! ```
//! use pilaster::http::Path;
//! use serde::Deserialize;
//!
//! async fn user(Path(id): Path<u64>) -> String {
//!     format!("user {id}")
//! }
//!
//! #[derive(Deserialize)]
//! struct Comment { post: u64, comment: String }
//!
//! async fn comment(Path(at): Path<Comment>) -> String {
//!     format!("comment {} of {}", at.comment, at.post)
//! }
//! # let _ = (user, comment);
//! ```

mod params;
#[cfg(feature = "macros")]
mod route;
#[cfg(test)]
mod tests;

use std::ops::Deref;

use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use self::params::{Mismatch, Params};
#[cfg(feature = "macros")]
pub(super) use self::route::route_mismatch;
use crate::core::json::message::without_values;
use crate::core::json::push_step;
use crate::http::error::{FieldError, Rejection};
use crate::http::extract::context::{BrokenPathParam, PathParams};

/// The parameters of the path as a typed value. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let params = params(parts, state).await?;
        T::deserialize(Params(&params)).map(Self).map_err(|mismatch| mismatch.into_rejection(params.is_empty()))
    }
}

impl<T, S> OptionalFromRequestParts<S> for Path<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// Returns `None` if the route has no parameters.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let params = params(parts, state).await?;
        if params.is_empty() {
            return Ok(None);
        }
        T::deserialize(Params(&params))
            .map(|value| Some(Self(value)))
            .map_err(|mismatch| mismatch.into_rejection(false))
    }
}

/// Returns the parameters by name. The route of a router inside the function takes precedence: that of the API may be
/// `/{proxy+}`.
async fn params<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<(String, String)>, Rejection> {
    match RawPathParams::from_request_parts(parts, state).await {
        Ok(params) if params.iter().next().is_some() => {
            Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        }
        // The API's parameters are not used: they belong to another route.
        Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
            Err(Rejection::new(StatusCode::BAD_REQUEST, "the path parameters must be percent-encoded UTF-8"))
        }
        _ => match parts.extensions.get::<BrokenPathParam>() {
            Some(BrokenPathParam(name)) => {
                let detail = format!("the path parameter `{name}` must be percent-encoded UTF-8");
                Err(Rejection::new(StatusCode::BAD_REQUEST, detail))
            }
            None => Ok(parts.extensions.get::<PathParams>().map(|params| params.0.clone()).unwrap_or_default()),
        },
    }
}

impl Mismatch {
    fn into_rejection(self, is_empty: bool) -> Rejection {
        let reason = match self {
            Self::Value { name, expected } => {
                let mut pointer = String::new();
                push_step(&mut pointer, &name);
                return invalid(FieldError::new(pointer, expected));
            }
            Self::Rejected(message) => return invalid(FieldError::new("", without_values(&message))),
            Self::Unparsed(expected) => return invalid(FieldError::new("", expected)),
            Self::Shape(_) if is_empty => String::from(
                "`Path`: the route has no parameters; write them into the API's route (`/users/{id}`), \
                 and into `route` for running locally",
            ),
            Self::Shape(message) => format!("`Path`: {message}"),
        };
        Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "the route lacks the path parameters").with_source(reason)
    }
}

fn invalid(field: FieldError) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "invalid path parameter").with_field(field)
}

impl<T> Deref for Path<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
