//! [`Resolvers`]: many fields, answered by one function.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::ServiceExt;
use tower::layer::util::Identity;

use super::adapter::config::{Routes, Table};
use super::call::{ByBatch, ByResolver, FieldCall, FieldResponse, Innermost};
use super::function::FieldFunction;
use super::handler::{BatchHandler, ResolverHandler};
use super::name::{is_name, not_a_name};
use crate::core::descriptions::Describe;
use crate::core::error::{BoxError, ErrorType};
use crate::function::builder::{Function, Sealed};
use crate::function::handler::{Call, Handler, HandlerService, handler};
use crate::function::into_service::{IntoService, Kind};
use crate::function::lifecycle::Lifecycle;
use crate::function::start_error::StartError;

/// The marker of [`Resolvers`].
#[doc(hidden)]
#[derive(Debug)]
pub enum ByResolvers {}

/// The resolvers of many fields, as one function. [`run`](crate::run) takes it; with layers, pass it to
/// [`handler`](crate::handler) first: `pilaster::handler(resolvers).outer(MetricsLayer::from_env())`.
///
/// The names are those of the schema. A field that is registered twice, and a name that is not one of GraphQL, are errors
/// at start. A field without a resolver fails as `UnknownField`.
///
/// # Example
///
/// ```no_run
/// use pilaster::BoxError;
/// use pilaster::appsync::{Arguments, Batch, Batched, Resolvers, Source};
///
/// #[derive(serde::Deserialize)]
/// struct ById { id: String }
/// #[derive(serde::Deserialize)]
/// struct Post { id: String, author: String }
///
/// async fn post(Arguments(by): Arguments<ById>) -> Result<String, BoxError> {
///     Ok(by.id)
/// }
/// // It also answers batches: each item is one call.
/// async fn author(Source(post): Source<Post>) -> Result<String, BoxError> {
///     Ok(post.author)
/// }
/// // It sees the batch.
/// async fn comments(batch: Batch<Post>) -> Result<Batched<Vec<String>>, BoxError> {
///     Ok(batch.answer(|item| vec![item.source.id]))
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
///     let resolvers = Resolvers::new()
///         .field("Query", "post", post)
///         .field("Post", "author", author)
///         .batch("Post", "comments", comments)
///         .concurrency(16);
///     pilaster::run(resolvers)
/// }
/// ```
#[must_use = "resolvers do nothing until `pilaster::run` runs them"]
pub struct Resolvers {
    table: Table,
    function: FieldFunction<()>,
}

/// A field of [`Resolvers::fields`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Field<'a> {
    /// The type that has the field.
    pub parent_type_name: &'a str,
    /// The name of the field.
    pub field_name: &'a str,
}

impl Default for Resolvers {
    fn default() -> Self {
        Self::new()
    }
}

impl Resolvers {
    /// Creates a function without fields.
    pub fn new() -> Self {
        let routes = Routes::OfOneField { takes_batches: false };
        Self { table: Table::default(), function: FieldFunction::new((), routes) }
    }

    /// Adds the resolver of a field. It also answers a batch: each item is one call, up to
    /// [`concurrency`](Self::concurrency) of them at the same time.
    pub fn field<F, Args>(self, parent_type: impl Into<String>, field: impl Into<String>, resolver: F) -> Self
    where
        F: ResolverHandler<Args>,
        Args: 'static,
    {
        self.add(parent_type.into(), field.into(), false, HandlerService::new::<F, ByResolver<Args>>(resolver))
    }

    /// Adds the resolver of a field that takes a [`Batch`](super::Batch). It also answers a single event, as a batch of
    /// one item.
    pub fn batch<F, Args>(self, parent_type: impl Into<String>, field: impl Into<String>, resolver: F) -> Self
    where
        F: BatchHandler<Args>,
        Args: 'static,
    {
        self.add(parent_type.into(), field.into(), true, HandlerService::new::<F, ByBatch<Args>>(resolver))
    }

    fn add(mut self, parent: String, field: String, takes_batches: bool, service: Innermost) -> Self {
        let mistake = match [&parent, &field].into_iter().find(|name| !is_name(name)) {
            Some(name) => Some(not_a_name(name)),
            None => self.table.add(&parent, &field, takes_batches, service),
        };
        self.function.mistake = self.function.mistake.or(mistake);
        self
    }

    /// Sets the number of items of a batch that a resolver of [`field`](Self::field) handles concurrently; the default is
    /// 10.
    pub fn concurrency(mut self, items: usize) -> Self {
        self.function.concurrency = items;
        self
    }

    /// Sets the time between the end of the work and the deadline of the invocation: 250 ms by default. See
    /// [`Function::margin`](crate::Function::margin).
    pub fn margin(mut self, margin: impl Into<Option<Duration>>) -> Self {
        self.function.margin = margin.into();
        self
    }

    /// Sends the text of an `E` to the client, with its `errorType`, where `E` is anywhere in the chain of causes of an
    /// error. Without it, only a [`FunctionError`](crate::FunctionError) reaches the client.
    pub fn error_type<E: ErrorType>(mut self) -> Self {
        self.function.error_types.add::<E>();
        self
    }

    /// Returns the fields in the order of their names, for a test against the schema.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let fields = self.table.fields();
        fields.map(|(parent_type_name, field_name)| Field { parent_type_name, field_name })
    }
}

/// The innermost service of all fields: it calls the resolver of the field.
#[derive(Clone, Debug)]
struct Dispatch(Arc<Table>);

impl Call<FieldCall, ByResolvers> for Dispatch {
    type Output = FieldResponse;
    type Error = BoxError;

    async fn call(self, call: FieldCall) -> Result<FieldResponse, BoxError> {
        let Some(context) = call.items().first() else { return Err("a layer has changed the number of items".into()) };
        let service = self.0.get(context)?.service.clone();
        service.oneshot(call).await
    }
}

impl Handler<ByResolvers> for Resolvers {
    type Kind = FieldFunction<Innermost>;
    type Layers = Identity;

    fn into_kind(self, _: Sealed) -> Self::Kind {
        let Self { table, function: FieldFunction { concurrency, margin, error_types, mistake, .. } } = self;
        let is_empty = table.fields().next().is_none();
        let none = is_empty.then(|| "no resolver is registered: add one by `field` or `batch`".to_owned());
        let mistake = mistake.or(none);
        let table = Arc::new(table);
        let service = HandlerService::new::<_, ByResolvers>(Dispatch(Arc::clone(&table)));
        FieldFunction { service, routes: Routes::OfTable(table), concurrency, margin, error_types, mistake }
    }
}

type Made = Function<FieldFunction<Innermost>, Identity>;

impl IntoService for Resolvers {
    type Service = <Made as IntoService>::Service;
    const STREAMS: bool = <FieldFunction<Innermost> as Kind<Identity>>::STREAMS;

    fn into_service(self) -> Result<Self::Service, StartError> {
        handler(self).into_service()
    }

    fn take_lifecycle(&mut self) -> Lifecycle {
        Lifecycle::default()
    }
}

impl Describe for Resolvers {
    fn describe(&self, _: &mut dyn Any) -> Result<(), String> {
        Ok(())
    }
}

impl fmt::Debug for Resolvers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = BTreeMap::<_, Vec<_>>::new();
        for Field { parent_type_name, field_name } in self.fields() {
            fields.entry(parent_type_name).or_default().push(field_name);
        }
        f.debug_tuple("Resolvers").field(&fields).finish()
    }
}
