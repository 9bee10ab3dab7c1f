//! [`Valid`]: an extractor whose value also keeps its own rules, by [garde](https://docs.rs/garde).
//!
//! It goes around `Json`, `Form`, `Query` or `Path` and runs after it: first the shape, then the rules. A value that breaks
//! one is answered with 422 where it was in the body and 400 where it was in the address, with one JSON Pointer and one
//! sentence per broken rule, a hundred at most. garde's own sentences never hold the value; those of a `custom` rule are sent
//! as they are. A pointer has the names that the caller sent, also under `#[serde(rename_all = "..")]`, and no step for a
//! `#[serde(transparent)]` struct. What it cannot tell:
//!
//! - A field keeps its Rust name where nothing leads from one name to the other: where they have not the same letters, as in
//!   `#[serde(rename = "id")] order_number`, where several names have them and none or more than one follows a rule of `rename_all`,
//!   within `#[serde(flatten)]`, within an enum of several variants, in a tuple behind an item that cannot be made up (such as an
//!   `IpAddr`), and within a generic transparent struct of a struct.
//! - A field that is renamed to the Rust name of another one is named in its place: of `#[serde(rename = "kind")] sort` and
//!   `#[serde(rename = "sort")] order`, a broken rule of the former is at `/sort`.
//! - A field that the caller sent by an `alias` has its own name.
//!
//! It is an extractor and no layer, because only the extractor knows where the value came from. For rules that need a
//! database, call `validate_with` in the function.
//!
//! The derive writes `::garde`, so your `Cargo.toml` has garde too, with the features whose rules you use:
//!
//! ```toml
//! garde = { version = "0.23", features = ["derive", "email"] }
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
//! assert_eq!(rejection.fields()[0].detail(), "lower than 18");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # let _ = create;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ops::Deref;

use axum_core::extract::{FromRequest, FromRequestParts, Request};
use garde::{Report, Validate};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

#[cfg(feature = "form")]
use super::Form;
use super::member_names::renamed;
use super::{Json, Path, Query};
use crate::core::json::push_step;
use crate::http::rejection::{FieldError, Rejection};

/// The most broken rules that one answer tells: a body of a million wrong items must not make an answer larger than Lambda
/// takes.
const TOLD: usize = 100;

/// The value of the extractor `E`, all of whose rules hold. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Valid<E>(pub E);

/// An extractor with a value that [`Valid`] can check: implement it for one of your own.
#[diagnostic::on_unimplemented(
    message = "`Valid` does not know the value of `{Self}`",
    note = "`Valid` goes around `Json<T>`, `Form<T>`, `Query<T>` or `Path<T>`, such as `Valid<Json<T>>`, where `T: garde::Validate`"
)]
pub trait Checked {
    /// What has the rules.
    type Value;
    /// The status of the answer where one is broken.
    const STATUS: StatusCode;
    /// The part of the request, as the answer calls it.
    const PART: &'static str;

    /// What was extracted.
    fn value(&self) -> &Self::Value;

    /// The steps of a path in [`Value`](Self::Value), fields by the names that Rust gives them, as the caller's input names them.
    /// They stay as they are by default.
    fn names(path: Vec<String>) -> Vec<String> {
        path
    }
}

macro_rules! checked {
    ($($(#[$cfg:meta])? $extractor:ident $status:ident $part:literal;)*) => {$(
        $(#[$cfg])?
        impl<T: DeserializeOwned> Checked for $extractor<T> {
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

checked! {
    Json UNPROCESSABLE_ENTITY "body";
    #[cfg(feature = "form")] Form UNPROCESSABLE_ENTITY "form";
    Query BAD_REQUEST "query";
    Path BAD_REQUEST "path";
}

impl<E, S> FromRequest<S> for Valid<E>
where
    E: FromRequest<S> + Checked,
    E::Rejection: Into<Rejection>,
    E::Value: Validate<Context: Default>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        check(E::from_request(request, state).await.map_err(Into::into)?)
    }
}

impl<E, S> FromRequestParts<S> for Valid<E>
where
    E: FromRequestParts<S> + Checked,
    E::Rejection: Into<Rejection>,
    E::Value: Validate<Context: Default>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        check(E::from_request_parts(parts, state).await.map_err(Into::into)?)
    }
}

fn check<E>(extracted: E) -> Result<Valid<E>, Rejection>
where
    E: Checked,
    E::Value: Validate<Context: Default>,
{
    match extracted.value().validate() {
        Ok(()) => Ok(Valid(extracted)),
        Err(report) => Err(reject::<E>(&report)),
    }
}

fn reject<E: Checked>(report: &Report) -> Rejection {
    let told =
        report.iter().take(TOLD).map(|(path, error)| FieldError::new(pointer(E::names(steps(path))), error.message()));
    let rejection = Rejection::new(E::STATUS, format!("the {} breaks a rule", E::PART));
    told.fold(rejection, Rejection::with_field)
}

/// The steps of garde's path. Its `Display` does not tell a dot in a key from one between keys; its serde form does.
fn steps(path: &garde::Path) -> Vec<String> {
    // `[["key", "items"], ["index", "0"]]`; what is within an `Option` or a newtype is no step (`none`).
    let steps = serde_json::to_value(path).and_then(serde_json::from_value::<Vec<(String, String)>>);
    steps.unwrap_or_default().into_iter().filter(|(kind, _)| kind != "none").map(|(_, step)| step).collect()
}

/// Steps as a JSON Pointer.
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum_core::body::Body;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize, Validate)]
    struct Item {
        #[garde(range(max = 10))]
        amount: u32,
    }

    #[derive(Debug, Deserialize, Validate)]
    struct Order {
        #[garde(dive)]
        items: Vec<Item>,
        #[garde(dive)]
        #[serde(default)]
        by_name: BTreeMap<String, Item>,
        #[garde(inner(length(max = 3)))]
        #[serde(default)]
        note: Option<String>,
        #[garde(prefix("a"), contains("b"), suffix("c"), ascii, alphanumeric, ip)]
        #[serde(default = "kept")]
        text: String,
    }

    fn kept() -> String {
        String::new()
    }

    #[derive(Debug, Deserialize, Validate)]
    struct Page {
        #[garde(range(min = 1))]
        page: u32,
    }

    async fn body(text: &str) -> Result<Valid<Json<Page>>, Rejection> {
        let request = http::Request::post("/").header("content-type", "application/json");
        let request = request.body(Body::from(text.to_owned())).unwrap();
        <Valid<Json<Page>> as FromRequest<()>>::from_request(request, &()).await
    }

    fn broken(order: &str) -> Vec<(String, String)> {
        let Json(order) = Json::<Order>::from_bytes(order.as_bytes()).unwrap();
        let rejection = check(Json(order)).unwrap_err();
        rejection.fields().iter().map(|f| (f.pointer().to_owned(), f.detail().to_owned())).collect()
    }

    #[tokio::test]
    async fn the_shape_comes_before_the_rules() {
        assert_eq!(body(r#"{"page":2}"#).await.unwrap().page, 2);
        assert_eq!(body(r#"{"page":0}"#).await.unwrap_err().status(), 422);
        assert_eq!(body(r#"{"page":0"#).await.unwrap_err().status(), 400);
        assert_eq!(body(r#"{}"#).await.unwrap_err().fields()[0].detail(), "is missing");
    }

    #[tokio::test]
    async fn a_rule_broken_in_the_address_is_a_400() {
        let (mut parts, ()) = http::Request::get("/?page=0").body(()).unwrap().into_parts();
        let rejection = <Valid<Query<Page>> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
        let rejection = rejection.unwrap_err();
        assert_eq!(rejection.status(), 400);
        assert_eq!(rejection.fields(), [FieldError::new("/page", "lower than 1")]);
    }

    #[test]
    fn each_broken_rule_has_its_pointer() {
        let order =
            r#"{"items":[{"amount":1},{"amount":11}],"by_name":{"a.b/c":{"amount":11}},"note":"long","text":"abc"}"#;
        let pointers = broken(order).into_iter().map(|(pointer, _)| pointer).collect::<Vec<_>>();
        assert_eq!(pointers, ["/by_name/a.b~1c/amount", "/items/1/amount", "/note", "/text"]);
    }

    #[tokio::test]
    async fn a_pointer_has_the_name_that_the_caller_sent() {
        #[derive(Debug, Deserialize, Validate)]
        #[serde(rename_all = "camelCase")]
        struct Person {
            #[garde(length(min = 1))]
            first_name: String,
            #[garde(dive)]
            home_address: Address,
            #[serde(rename = "customer")]
            #[garde(range(min = 1))]
            customer_: u32,
        }
        #[derive(Debug, Deserialize, Validate)]
        #[serde(rename_all = "PascalCase")]
        struct Address {
            #[garde(inner(length(min = 1)))]
            street_lines: Vec<String>,
        }
        let text = r#"{"firstName":"","homeAddress":{"StreetLines":["a",""]},"customer":0}"#;
        let rejection = check(Json::<Person>::from_bytes(text.as_bytes()).unwrap()).unwrap_err();
        let pointers = rejection.fields().iter().map(FieldError::pointer).collect::<Vec<_>>();
        assert_eq!(pointers, ["/customer", "/firstName", "/homeAddress/StreetLines/1"]);

        #[derive(Debug, Deserialize, Validate)]
        #[serde(rename_all = "kebab-case")]
        struct Filter {
            #[garde(range(min = 1))]
            page_size: u32,
        }
        let (mut parts, ()) = http::Request::get("/?page-size=0").body(()).unwrap().into_parts();
        let rejection = <Valid<Query<Filter>> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
        assert_eq!(rejection.unwrap_err().fields()[0].pointer(), "/page-size");
    }

    #[test]
    fn the_sentences_of_the_built_in_rules_never_hold_the_value() {
        let told = broken(r#"{"items":[{"amount":424242}],"note":"hunter2","text":"hünter2"}"#);
        assert_eq!(told.len(), 7, "{told:?}");
        for (_, detail) in told {
            assert!(!detail.contains("nter2") && !detail.contains("4242"), "{detail}");
        }
    }

    #[test]
    fn a_million_broken_rules_make_a_short_answer() {
        let items = vec![r#"{"amount":11}"#; 10_000].join(",");
        assert_eq!(broken(&format!(r#"{{"items":[{items}],"text":"abc"}}"#)).len(), TOLD);
    }
}
