//! [`FieldCall`] and [`FieldResponse`]: the request and the response of the services around a resolver.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::context::FieldContext;
use crate::core::error::BoxError;
use crate::function::handler::HandlerService;

/// The marker of resolvers with these arguments.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByResolver<Args>(PhantomData<Args>);

/// The marker of resolvers of batches with these arguments.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByBatch<Args>(PhantomData<Args>);

/// The innermost service of a function.
pub(super) type Innermost = HandlerService<FieldCall, FieldResponse, BoxError>;

/// One call of a resolver: one field, or all items of a batch for a resolver that takes a [`Batch`](super::Batch). A
/// clone shares the contexts.
///
/// A layer of an AppSync function is a `tower::Layer` of services from `FieldCall` to [`FieldResponse`]:
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::{FieldCall, FieldInfo};
/// use tower::util::MapRequestLayer;
///
/// async fn now(_: FieldInfo) -> Result<i64, BoxError> {
///     Ok(7)
/// }
///
/// let layer = MapRequestLayer::new(|call: FieldCall| {
///     tracing::info!(items = call.items().len(), "called");
///     call
/// });
/// let function = pilaster::handler(now).layer(layer);
/// # let _ = function;
/// ```
#[derive(Clone)]
pub struct FieldCall {
    items: Arc<[FieldContext]>,
}

impl FieldCall {
    pub(super) fn new(items: impl Into<Arc<[FieldContext]>>) -> Self {
        Self { items: items.into() }
    }

    /// Returns the contexts: one, or those of all items of a batch.
    pub fn items(&self) -> &[FieldContext] {
        &self.items
    }
}

/// The data of the event is not shown.
impl fmt::Debug for FieldCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.items).finish()
    }
}

/// The response of a resolver: the JSON or the error of each item of its [`FieldCall`], in the same order.
pub struct FieldResponse {
    results: Vec<Result<Box<RawValue>, BoxError>>,
}

impl FieldResponse {
    /// Creates the response of a call: the JSON or the error of each of its items, in their order. A response with another
    /// number of results fails all items.
    ///
    /// # Example
    ///
    /// A layer that answers the items of a batch itself:
    ///
    /// ```
    /// use pilaster::FunctionError;
    /// use pilaster::appsync::{FieldCall, FieldContext, FieldResponse};
    /// use serde_json::value::to_raw_value;
    ///
    /// fn closed(call: &FieldCall) -> FieldResponse {
    ///     FieldResponse::new(call.items().iter().map(|item: &FieldContext| match item.field_name() {
    ///         "isOpen" => Ok(to_raw_value(&false)?),
    ///         _ => Err(FunctionError::new("Closed", "the shop is closed").into()),
    ///     }))
    /// }
    /// # let _ = closed;
    /// ```
    pub fn new(results: impl IntoIterator<Item = Result<Box<RawValue>, BoxError>>) -> Self {
        Self { results: results.into_iter().collect() }
    }

    /// Returns the response of a call with one item.
    ///
    /// # Errors
    ///
    /// The value cannot be serialized as JSON.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self::new([Ok(to_raw_value(value)?)]))
    }

    /// Returns the result of each item.
    pub fn results(&self) -> impl ExactSizeIterator<Item = Result<&RawValue, &BoxError>> {
        self.results.iter().map(|result| result.as_deref())
    }

    pub(super) fn into_results(self) -> Vec<Result<Box<RawValue>, BoxError>> {
        self.results
    }
}

/// The values may be personal: only their number is shown.
impl fmt::Debug for FieldResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FieldResponse").field(&format_args!("{} items", self.results.len())).finish()
    }
}
