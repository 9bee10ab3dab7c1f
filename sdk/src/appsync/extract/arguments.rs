//! [`Arguments`]: the arguments of a field.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::super::context::{FieldContext, not_as_expected};
use super::{FromContext, FromField};
use crate::core::error::{BoxError, FunctionError};
use crate::core::json;

/// The `errorType` of arguments that do not fit.
const INVALID: &str = "InvalidArguments";

/// The arguments of a field, after the coercion of GraphQL: a default of the schema is filled in, `AWSJSON` is parsed.
///
/// Arguments that do not fit `T` fail the field as `InvalidArguments`, with the path and without the value. A field
/// without arguments may leave them out: `arguments` that are missing or null are `{}`, and an empty `{}` also fits a type
/// that null fits, such as `()` and `Option<T>`.
///
/// # Absent and null
///
/// `Option<T>` takes an argument that is absent and one that is null alike. To distinguish "not given" from "set to null", use a
/// double option with [`double_option`].
///
/// # Scalars
///
/// | GraphQL | Rust |
/// |---|---|
/// | `ID`, `String`, `AWSEmail`, `AWSPhone`, `AWSURL`, `AWSIPAddress` | `String` |
/// | `Int`, 32 bits | `i32`; a value of `i64` above them fails in AppSync and not here |
/// | `Float` | `f64` |
/// | `AWSTimestamp`: seconds, may be negative | `i64` |
/// | `AWSJSON`: any JSON | `serde_json::Value`, or a type of your own |
/// | `AWSDate`, `AWSTime`, `AWSDateTime` | `String`, or the types of `jiff` |
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::Arguments;
///
/// #[derive(serde::Deserialize)]
/// struct Page { limit: Option<u32>, after: Option<String> }
///
/// async fn posts(Arguments(page): Arguments<Page>) -> Result<Vec<String>, BoxError> {
///     Ok(vec![format!("{} after {:?}", page.limit.unwrap_or(10), page.after)])
/// }
/// # let _ = pilaster::handler(posts);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Arguments<T>(pub T);

/// The arguments of a client may be secret or personal, and are not shown.
impl<T> fmt::Debug for Arguments<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Arguments").finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned + Send> FromContext for Arguments<T> {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self(arguments(context)?))
    }
}

impl<T: DeserializeOwned + Send> FromField for Arguments<T> {}

/// Decodes the arguments of a field.
pub(in crate::appsync) fn arguments<T: DeserializeOwned>(context: &FieldContext) -> Result<T, FunctionError> {
    let given = context.arguments().unwrap_or("{}");
    // A derived `Deserialize` also accepts a list of the fields in their order.
    if !json::is_object(given) {
        return Err(FunctionError::new(INVALID, "`arguments` is not an object"));
    }
    json::decode(given.as_bytes()).or_else(|error| {
        let is_empty = given.strip_prefix('{').is_some_and(|rest| rest.trim_ascii() == "}");
        let none = if is_empty { serde_json::from_str("null").ok() } else { None };
        none.ok_or_else(|| not_as_expected(&error, INVALID, "arguments"))
    })
}

/// Decodes an argument that is absent, null or set into three different values, in a field with
/// `#[serde(default, deserialize_with = "pilaster::appsync::double_option")]`: `None`, `Some(None)`, `Some(Some(value))`.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::{Arguments, double_option};
///
/// #[derive(serde::Deserialize)]
/// struct Change {
///     id: String,
///     #[serde(default, deserialize_with = "double_option")]
///     title: Option<Option<String>>,
/// }
///
/// async fn change_post(Arguments(change): Arguments<Change>) -> Result<String, BoxError> {
///     Ok(match change.title {
///         None => "the title stays".to_owned(),
///         Some(None) => "the title is removed".to_owned(),
///         Some(Some(title)) => format!("the title is {title}"),
///     })
/// }
/// # let _ = pilaster::handler(change_post);
/// ```
///
/// # Errors
///
/// The value is not a `T`.
pub fn double_option<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}
