//! [`ResolverHandler`] and [`BatchHandler`]: create the arguments of a resolver from the context of its field, and convert
//! its result into the response.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::batch::{Batch, Batched, Item};
use super::call::{ByBatch, ByResolver, FieldCall, FieldResponse};
use super::context::FieldContext;
use super::extract::{FromContext, FromField, FromRequestContext};
use crate::core::error::BoxError;
use crate::function::builder::Sealed;
use crate::function::handler::{Call, each_arity};

/// The return type of a resolver: `Result<T, E>`, with any `T` that can be serialized and any error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a resolver",
    label = "not a valid return type",
    note = "a resolver returns `Result<T, E>`: `T` implements `serde::Serialize`, `E` is any error",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait ResolverResult {
    /// Returns the value of the field. Other crates cannot implement it.
    ///
    /// # Errors
    ///
    /// The error of the function; a value that cannot be serialized as JSON.
    fn into_value(self, sealed: Sealed) -> Result<Box<RawValue>, BoxError>;
}

impl<T: Serialize, E: Into<BoxError> + 'static> ResolverResult for Result<T, E> {
    fn into_value(self, _: Sealed) -> Result<Box<RawValue>, BoxError> {
        Ok(to_raw_value(&self.map_err(Into::into)?)?)
    }
}

/// The return type of a resolver that takes a [`Batch`]: `Result<Batched<T>, E>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a resolver of batches",
    label = "not a valid return type",
    note = "a resolver of batches returns `Result<Batched<T>, E>`: `batch.answer(..)` and `batch.try_answer(..)` create it",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait BatchResult {
    /// Returns the results of the items. Other crates cannot implement it.
    ///
    /// # Errors
    ///
    /// The error of the function, which fails all items.
    fn into_results(self, sealed: Sealed) -> Result<Vec<Result<Box<RawValue>, BoxError>>, BoxError>;
}

impl<T: Serialize, E: Into<BoxError> + 'static> BatchResult for Result<Batched<T>, E> {
    fn into_results(self, _: Sealed) -> Result<Vec<Result<Box<RawValue>, BoxError>>, BoxError> {
        Ok(self.map_err(Into::into)?.into_results().collect())
    }
}

/// The last argument of a resolver of batches: [`Batch`]. Other types cannot implement it.
pub trait FromBatch: Sized + Send {
    /// Decodes the items; returns the batch of those that fit, and the place and the error of each other one.
    #[doc(hidden)]
    fn from_items(items: &[FieldContext], sealed: Sealed) -> (Self, Vec<(usize, BoxError)>);
    #[doc(hidden)]
    fn has_items(&self, sealed: Sealed) -> bool;
}

impl<S: DeserializeOwned + Send, A: DeserializeOwned + Send> FromBatch for Batch<S, A> {
    fn from_items(contexts: &[FieldContext], _: Sealed) -> (Self, Vec<(usize, BoxError)>) {
        let (mut items, mut failed) = (Vec::with_capacity(contexts.len()), Vec::new());
        for (index, context) in contexts.iter().enumerate() {
            match Item::decode(context) {
                Ok(item) => items.push(item),
                Err(error) => failed.push((index, error)),
            }
        }
        (Batch::new(items), failed)
    }

    fn has_items(&self, _: Sealed) -> bool {
        !self.is_empty()
    }
}

/// An async function whose last argument is a part of an event of AppSync; the others implement [`FromContext`].
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resolver",
    label = "an argument or the return type does not fit",
    note = "a resolver is an `async` function whose last argument is one of `pilaster::appsync`, such as `Arguments<T>`, `Source<T>` or `Identity`; `T` implements `serde::Deserialize`",
    note = "it returns `Result<T, E>`: `T` implements `serde::Serialize`, `E` is any error; a resolver with a `Batch<T>` is added by `batch`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait ResolverHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// Creates the arguments and calls the function.
    fn resolve(
        self,
        context: FieldContext,
        sealed: Sealed,
    ) -> impl Future<Output = Result<Box<RawValue>, BoxError>> + Send;
}

/// An async function whose last argument is a [`Batch`]; the others implement [`FromRequestContext`].
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resolver of batches",
    label = "an argument or the return type does not fit",
    note = "a resolver of batches is an `async` function whose last argument is `Batch<S>` or `Batch<S, A>` of `pilaster::appsync`, with the types of the parent and of the arguments, such as `Batch<Post, Page>`; both implement `serde::Deserialize`, and what stands before it is the same for all items",
    note = "it returns `Result<Batched<T>, E>`: `batch.answer(..)` and `batch.try_answer(..)` create it",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait BatchHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// Creates the arguments and calls the function.
    fn resolve(self, call: FieldCall, sealed: Sealed) -> impl Future<Output = Result<FieldResponse, BoxError>> + Send;
}

macro_rules! handlers {
    ($([$($part:ident),*];)*) => {$(
        #[allow(non_snake_case)]
        impl<F, Fut, Res, $($part,)* T> ResolverHandler<($($part,)* T,)> for F
        where
            F: Fn($($part,)* T) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: ResolverResult,
            $($part: FromContext,)*
            T: FromField,
        {
            async fn resolve(self, context: FieldContext, _: Sealed) -> Result<Box<RawValue>, BoxError> {
                $(let $part = $part::from_context(&context).await?;)*
                let last = T::from_context(&context).await?;
                drop(context);
                self($($part,)* last).await.into_value(Sealed)
            }
        }

        #[allow(non_snake_case)]
        impl<F, Fut, Res, $($part,)* T> BatchHandler<($($part,)* T,)> for F
        where
            F: Fn($($part,)* T) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: BatchResult,
            $($part: FromRequestContext,)*
            T: FromBatch,
        {
            async fn resolve(self, call: FieldCall, _: Sealed) -> Result<FieldResponse, BoxError> {
                let (batch, failed) = T::from_items(call.items(), Sealed);
                if !batch.has_items(Sealed) {
                    return Ok(merged(Vec::new(), failed));
                }
                if let Some(_context) = call.items().first() {
                    $(let $part = $part::from_context(_context).await?;)*
                    drop(call);
                    let results = self($($part,)* batch).await.into_results(Sealed)?;
                    return Ok(merged(results, failed));
                }
                Ok(merged(Vec::new(), failed))
            }
        }
    )*};
}

each_arity!(handlers);

/// Returns the results of all items, with those that failed at their places.
fn merged(results: Vec<Result<Box<RawValue>, BoxError>>, failed: Vec<(usize, BoxError)>) -> FieldResponse {
    let mut merged = Vec::with_capacity(results.len() + failed.len());
    let mut results = results.into_iter();
    for (index, error) in failed {
        let before = index.saturating_sub(merged.len());
        merged.extend(results.by_ref().take(before));
        merged.push(Err(error));
    }
    merged.extend(results);
    FieldResponse::new(merged)
}

impl<F: ResolverHandler<Args>, Args: 'static> Call<FieldCall, ByResolver<Args>> for F {
    type Output = FieldResponse;
    type Error = BoxError;

    async fn call(self, call: FieldCall) -> Result<FieldResponse, BoxError> {
        let [context] = call.items() else { return Err("a layer has changed the number of items".into()) };
        let context = context.clone();
        drop(call);
        Ok(FieldResponse::new([self.resolve(context, Sealed).await]))
    }
}

impl<F: BatchHandler<Args>, Args: 'static> Call<FieldCall, ByBatch<Args>> for F {
    type Output = FieldResponse;
    type Error = BoxError;

    fn call(self, call: FieldCall) -> impl Future<Output = Result<FieldResponse, BoxError>> + Send {
        self.resolve(call, Sealed)
    }
}
