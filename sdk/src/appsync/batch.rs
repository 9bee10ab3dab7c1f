//! [`Batch`]: all items of a batch as one argument, and [`Batched`], its response, whose length and order are those of
//! the batch by construction.

use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::context::FieldContext;
use super::extract::arguments::arguments;
use super::extract::selection::Selection;
use super::extract::source::source;
use crate::core::error::BoxError;

/// The items of a batch: a resolver with this as its last argument is called once for all of them.
///
/// AppSync sends a batch for a resolver whose `MaxBatchSize` is set, of at most 2,000 items of one field. A single event
/// is a batch of one item, and is answered as a single one. Items whose source or arguments do not fit are answered with
/// their error and are not in the batch.
///
/// # Example
///
/// ```
/// use std::collections::HashMap;
/// use pilaster::BoxError;
/// use pilaster::appsync::{Batch, Batched};
///
/// #[derive(serde::Deserialize)]
/// struct Post { id: u32 }
///
/// async fn load(ids: Vec<u32>) -> Result<HashMap<u32, Vec<String>>, BoxError> {
///     Ok(ids.into_iter().map(|id| (id, vec![format!("a comment on {id}")])).collect())
/// }
///
/// async fn comments(batch: Batch<Post>) -> Result<Batched<Vec<String>>, BoxError> {
///     let by_post = load(batch.sources().map(|post| post.id).collect()).await?; // one query
///     Ok(batch.answer(|item| by_post.get(&item.source.id).cloned().unwrap_or_default()))
/// }
/// # let _ = pilaster::handler(comments);
/// ```
///
/// `Batch<S, A>` also has the arguments of each item: `S` is the type of the parent and `A` that of the arguments, such as
/// `Batch<Post, Page>`. Aliases of one field with other arguments may be in one batch.
pub struct Batch<S, A = Unread> {
    items: Vec<Item<S, A>>,
}

/// One item of a [`Batch`].
#[non_exhaustive]
pub struct Item<S, A = Unread> {
    /// The parent of the field; `Batch<Option<S>>` for a field that may have none.
    pub source: S,
    /// The arguments of the field.
    pub arguments: A,
    context: FieldContext,
}

/// Arguments that a resolver does not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(value).map(|_| Self)
    }
}

impl<S, A> Item<S, A> {
    /// Returns the fields that the client selected below this item.
    pub fn selection(&self) -> Selection {
        Selection::of(&self.context)
    }

    /// Returns the event of this item.
    pub fn context(&self) -> &FieldContext {
        &self.context
    }
}

impl<S: DeserializeOwned, A: DeserializeOwned> Item<S, A> {
    pub(super) fn decode(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self { source: source(context)?, arguments: arguments(context)?, context: context.clone() })
    }
}

impl<S, A> Batch<S, A> {
    pub(super) fn new(items: Vec<Item<S, A>>) -> Self {
        Self { items }
    }

    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns `true` for a batch without items, with which no function is called.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the items in the order of the request.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Item<S, A>> {
        self.items.iter()
    }

    /// Returns the sources in the order of the request. Two of them may be equal.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &S> {
        self.iter().map(|item| &item.source)
    }

    /// Returns the response: the value of each item.
    pub fn answer<T>(self, mut answer: impl FnMut(Item<S, A>) -> T) -> Batched<T> {
        Batched { results: self.items.into_iter().map(|item| Ok(answer(item))).collect() }
    }

    /// Returns the response: the value or the error of each item.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::{BoxError, FunctionError};
    /// use pilaster::appsync::{Batch, Batched};
    ///
    /// async fn halves(batch: Batch<u32>) -> Result<Batched<u32>, BoxError> {
    ///     Ok(batch.try_answer(|item| match item.source % 2 {
    ///         0 => Ok(item.source / 2),
    ///         _ => Err(FunctionError::new("Odd", "the number is odd")),
    ///     }))
    /// }
    /// # let _ = pilaster::handler(halves);
    /// ```
    pub fn try_answer<T, E: Into<BoxError>>(self, mut answer: impl FnMut(Item<S, A>) -> Result<T, E>) -> Batched<T> {
        Batched { results: self.items.into_iter().map(|item| answer(item).map_err(Into::into)).collect() }
    }
}

/// The response to a [`Batch`], which [`Batch::answer`] and [`Batch::try_answer`] create.
#[must_use = "return it from the resolver"]
pub struct Batched<T> {
    results: Vec<Result<T, BoxError>>,
}

impl<T: Serialize> Batched<T> {
    pub(super) fn into_results(self) -> impl ExactSizeIterator<Item = Result<Box<RawValue>, BoxError>> {
        self.results.into_iter().map(|result| Ok(to_raw_value(&result?)?))
    }
}

/// Sources may hold secrets that the client did not select, and are not shown.
impl<S, A> fmt::Debug for Batch<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Batch").field(&format_args!("{} items", self.items.len())).finish()
    }
}

impl<S, A> fmt::Debug for Item<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("context", &self.context).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Batched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Batched").field(&format_args!("{} items", self.results.len())).finish()
    }
}
