//! [`Prev`] and [`Stash`]: what the steps of a pipeline resolver share.

use std::fmt;

use serde::de::DeserializeOwned;

use super::super::context::{FieldContext, decode_hidden};
use super::{FromContext, FromField};
use crate::core::error::{BoxError, FunctionError};
use crate::core::json::members::member;

/// The result of the step before this one in a pipeline resolver. The first step has none: there, `Option<Prev<T>>` is
/// `None`.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::Prev;
///
/// async fn double(Prev(number): Prev<i64>) -> Result<i64, BoxError> {
///     Ok(number.checked_mul(2).ok_or("too large")?)
/// }
/// # let _ = pilaster::handler(double);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Prev<T>(pub T);

/// Decodes the result of the step before.
fn prev<T: DeserializeOwned>(context: &FieldContext) -> Result<T, FunctionError> {
    let result = context.prev().and_then(|prev| member(prev, "result"));
    decode_hidden(result.map_or("null", |result| result.get()), "InvalidPrev", "prev.result")
}

impl<T: DeserializeOwned + Send> FromContext for Prev<T> {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self(prev(context)?))
    }
}

impl<T: DeserializeOwned + Send> FromField for Prev<T> {}

impl<T: DeserializeOwned + Send> FromContext for Option<Prev<T>> {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(prev::<Option<T>>(context)?.map(Prev))
    }
}

impl<T: DeserializeOwned + Send> FromField for Option<Prev<T>> {}

/// The object that the steps of a pipeline resolver share. The response of a direct resolver cannot change it.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::Stash;
///
/// #[derive(serde::Deserialize)]
/// struct Shared { tenant: String }
///
/// async fn tenant(Stash(shared): Stash<Shared>) -> Result<String, BoxError> {
///     Ok(shared.tenant)
/// }
/// # let _ = pilaster::handler(tenant);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stash<T>(pub T);

impl<T: DeserializeOwned + Send> FromContext for Stash<T> {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self(decode_hidden(context.stash().unwrap_or("{}"), "InvalidStash", "stash")?))
    }
}

impl<T: DeserializeOwned + Send> FromField for Stash<T> {}

/// The result may hold secrets that the client did not select, and is not shown.
impl<T> fmt::Debug for Prev<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Prev").finish_non_exhaustive()
    }
}

/// The object may hold secrets, and is not shown.
impl<T> fmt::Debug for Stash<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stash").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_what_the_steps_share() {
        assert_eq!(format!("{:?} {:?}", Prev("hunter2"), Stash("hunter2")), "Prev(..) Stash(..)");
    }
}
