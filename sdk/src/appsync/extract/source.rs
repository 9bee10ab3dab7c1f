//! [`Source`]: the parent of a field.

use std::fmt;

use serde::de::DeserializeOwned;

use super::super::context::{FieldContext, decode_hidden};
use super::{FromContext, FromField};
use crate::core::error::{BoxError, FunctionError};

/// The parent of a field, as its resolver returned it: all its fields, also those that the client did not select. A field
/// of `Query`, `Mutation` and `Subscription` has none: there, `Option<Source<T>>` is `None` and `Source<T>` fails.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::Source;
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Post { author_id: String }
///
/// async fn author(Source(post): Source<Post>) -> Result<String, BoxError> {
///     Ok(post.author_id)
/// }
/// # let _ = pilaster::handler(author);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Source<T>(pub T);

impl<T: DeserializeOwned + Send> FromContext for Source<T> {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self(source(context)?))
    }
}

impl<T: DeserializeOwned + Send> FromField for Source<T> {}

impl<T: DeserializeOwned + Send> FromContext for Option<Source<T>> {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(source::<Option<T>>(context)?.map(Source))
    }
}

impl<T: DeserializeOwned + Send> FromField for Option<Source<T>> {}

/// Decodes the source of a field.
pub(in crate::appsync) fn source<T: DeserializeOwned>(context: &FieldContext) -> Result<T, FunctionError> {
    decode_hidden(context.source().unwrap_or("null"), "InvalidSource", "source")
}

/// The source may hold secrets that the client did not select, and is not shown.
impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").finish_non_exhaustive()
    }
}
