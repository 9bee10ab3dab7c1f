//! [`Valid`]: an extractor, or a response, whose value is also validated, with [garde](https://docs.rs/garde).
//!
//! It wraps `Json`, `Form`, `Query` or `Path` and validates after the schema has matched. An invalid value is a 422 in
//! the body and a 400 in the query or the path, with a JSON Pointer and a message per violation, at most a hundred. The
//! messages of built-in rules never contain the value; those of a `custom` rule are sent unchanged. A pointer has the
//! names that the client sent, also under `#[serde(rename_all = "..")]`, and omits a `#[serde(transparent)]` struct.
//! Its limits:
//!
//! - A field keeps its Rust name if the serialized name cannot be derived: if the letters differ, as in
//!   `#[serde(rename = "id")] order_number`; if several names have the same letters and none or more than one follows a
//!   rule of `rename_all`; within `#[serde(flatten)]`; within an enum of several variants; in a tuple after an item
//!   without a default value (such as an `IpAddr`); and within a generic transparent struct of a struct.
//! - A field that is renamed to the Rust name of another field is confused with it: with
//!   `#[serde(rename = "kind")] sort` and `#[serde(rename = "sort")] order`, a violation of the former is at `/sort`.
//! - A field that the client sent under an `alias` has its serialized name.
//!
//! It is an extractor and not a layer, because only the extractor knows the part of the request that the value comes
//! from. For rules that need a database, call `validate_with` in the function.
//!
//! The derive refers to `::garde`, so add garde to your `Cargo.toml`, with the features of the rules you use:
//!
//! ```toml
//! garde = { version = "0.23", features = ["derive", "email"] }
//! ```
//!
//! # Responses
//!
//! A handler may also return it around `Json`, `Created`, `Form` or `Negotiate`. In a debug build and in tests, a value that
//! breaks a rule is a 500: the log has its pointers, by the names in Rust, and nothing of the value is sent. A release build
//! sends the value unchecked, unless [`Stack::validate_responses`](crate::http::Stack::validate_responses) is called. The
//! rules of a type are the same in both directions; for others in responses, use `SchemaLayer::outgoing` of
//! `json_schema`.
//!
//! ```
//! use garde::Validate;
//! use pilaster::http::{Json, Path, Valid};
//! use serde::Serialize;
//!
//! #[derive(Serialize, Validate)]
//! struct User {
//!     #[garde(length(chars, min = 1, max = 100))]
//!     name: String,
//! }
//!
//! async fn get(Path(name): Path<String>) -> Valid<Json<User>> {
//!     Valid(Json(User { name }))
//! }
//! # let _ = get;
//! ```
//!
//! # Example
//!
//! ```
//! use garde::Validate;
//! use pilaster::http::{Body, FromRequest, Json, Request, Valid};
//! use serde::Deserialize;
//!
//! #[derive(Debug, Deserialize, Validate)]
//! struct NewUser {
//!     #[garde(length(chars, min = 1, max = 100))]
//!     name: String,
//!     #[garde(range(min = 18))]
//!     age: u8,
//! }
//!
//! async fn create(Valid(Json(new)): Valid<Json<NewUser>>) -> String {
//!     format!("welcome, {}", new.name)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let request = Request::post("/")
//!     .header("content-type", "application/json")
//!     .body(Body::from(r#"{"name": "", "age": 17}"#))?;
//! let rejection = Valid::<Json<NewUser>>::from_request(request, &()).await.unwrap_err();
//! assert_eq!(rejection.status(), 422);
//! assert_eq!(rejection.fields()[0].pointer(), "/age");
//! assert_eq!(rejection.fields()[0].detail(), "must be at least 18");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # let _ = create;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod messages;
mod response;
#[cfg(test)]
mod tests;

use std::ops::Deref;

use axum_core::extract::{FromRequest, FromRequestParts, Request};
use garde::{Report, Validate, with_i18n};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use self::messages::Messages;
pub use self::response::ValidResponse;
pub(crate) use self::response::validate_responses;
#[cfg(feature = "form")]
use super::Form;
use super::member_names::renamed;
use super::{Json, Path, Query};
use crate::core::json::push_step;
use crate::http::error::{FieldError, Rejection};

/// The maximum number of violations in a response: a million invalid items must not exceed Lambda's response limit.
const VIOLATIONS: usize = 100;

/// The validated value of the extractor `E`, or a response `E` that is validated before it is sent. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Valid<E>(pub E);

/// An extractor whose value [`Valid`] can validate. Implement it for your own extractor.
#[diagnostic::on_unimplemented(
    message = "`Valid` cannot validate `{Self}`",
    note = "`Valid` wraps `Json<T>`, `Form<T>`, `Query<T>` or `Path<T>`, such as `Valid<Json<T>>`, where `T: garde::Validate`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait Validated {
    /// The type that is validated.
    type Value;
    /// The status of the response if the value is invalid.
    const STATUS: StatusCode;
    /// The name of the part of the request in the rejection, such as `query string`.
    const PART: &'static str;

    /// Returns the extracted value.
    fn value(&self) -> &Self::Value;

    /// Converts the steps of a path in [`Value`](Self::Value), which are names of Rust fields, to the names in the
    /// client's input. By default they stay unchanged.
    fn names(path: Vec<String>) -> Vec<String> {
        path
    }
}

macro_rules! validated {
    ($($(#[$cfg:meta])? $extractor:ident $status:ident $part:literal;)*) => {$(
        $(#[$cfg])?
        impl<T: DeserializeOwned> Validated for $extractor<T> {
            type Value = T;
            const STATUS: StatusCode = StatusCode::$status;
            const PART: &'static str = $part;

            fn value(&self) -> &T {
                &self.0
            }

            fn names(path: Vec<String>) -> Vec<String> {
                renamed::<T>(&path)
            }
        }
    )*};
}

validated! {
    Json UNPROCESSABLE_ENTITY "request body";
    #[cfg(feature = "form")] Form UNPROCESSABLE_ENTITY "form";
    Query BAD_REQUEST "query string";
    Path BAD_REQUEST "path";
}

impl<E, S> FromRequest<S> for Valid<E>
where
    E: FromRequest<S> + Validated,
    E::Rejection: Into<Rejection>,
    E::Value: Validate<Context: Default>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        validate(E::from_request(request, state).await.map_err(Into::into)?)
    }
}

impl<E, S> FromRequestParts<S> for Valid<E>
where
    E: FromRequestParts<S> + Validated,
    E::Rejection: Into<Rejection>,
    E::Value: Validate<Context: Default>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        validate(E::from_request_parts(parts, state).await.map_err(Into::into)?)
    }
}

fn validate<E>(extracted: E) -> Result<Valid<E>, Rejection>
where
    E: Validated,
    E::Value: Validate<Context: Default>,
{
    match with_i18n(Messages, || extracted.value().validate()) {
        Ok(()) => Ok(Valid(extracted)),
        Err(report) => Err(reject::<E>(&report)),
    }
}

fn reject<E: Validated>(report: &Report) -> Rejection {
    let violations = report.iter().take(VIOLATIONS);
    let fields = violations.map(|(path, error)| FieldError::new(pointer(E::names(steps(path))), error.message()));
    fields.fold(Rejection::new(E::STATUS, format!("the {} failed validation", E::PART)), Rejection::with_field)
}

/// Returns the steps of garde's path. Its `Display` does not distinguish a dot in a key from a separator; its
/// serialization does.
fn steps(path: &garde::Path) -> Vec<String> {
    // `[["key", "items"], ["index", "0"]]`; an `Option` or a newtype is not a step (`none`).
    let steps = serde_json::to_value(path).and_then(serde_json::from_value::<Vec<(String, String)>>);
    steps.unwrap_or_default().into_iter().filter(|(kind, _)| kind != "none").map(|(_, step)| step).collect()
}

/// Joins steps into a JSON Pointer.
fn pointer(steps: Vec<String>) -> String {
    let mut pointer = String::new();
    for step in steps {
        if !push_step(&mut pointer, &step) {
            break;
        }
    }
    pointer
}

impl<E> Deref for Valid<E> {
    type Target = E;
    fn deref(&self) -> &E {
        &self.0
    }
}
