//! Calls the resolver: for one field, for each item of a batch, or once for all of its items.
//!
//! A panic fails its item alone.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde_json::value::RawValue;
use tower::{Service, ServiceExt};
use tracing::Instrument;

use super::config::AdapterConfig;
use super::encode;
use crate::appsync::call::{FieldCall, FieldResponse};
use crate::appsync::context::FieldContext;
use crate::appsync_request::unauthorized::UNAUTHORIZED;
use crate::appsync_request::{calls, failure};
use crate::core::deadline::until;
use crate::core::error::{self, BoxError, FunctionError};
use crate::core::invocation::Invocation;

const LATE: &str = "the resolver did not finish in time";

type ItemResult = Result<Box<RawValue>, FunctionError>;

/// Resolves one field.
pub(super) async fn single<S>(service: &S, context: FieldContext, config: &AdapterConfig) -> ItemResult
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    config.routes.takes_batches(&context)?;
    #[cfg(feature = "otel")]
    super::spans::began(&context);
    let results = called(service, vec![context], config).await;
    results.into_iter().next().unwrap_or_else(|| Err(FunctionError::new("InternalError", "internal error")))
}

/// Resolves all items of a batch, and logs those that failed. The results are in the order of the items.
pub(super) async fn all<S>(
    service: &S,
    items: Vec<Result<FieldContext, FunctionError>>,
    invocation: &Invocation,
    config: &AdapterConfig,
) -> Vec<ItemResult>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    let fields = items.iter().map(|item| item.as_ref().ok().map(FieldContext::path)).collect::<Vec<_>>();
    // A batch has one field; its first item decides which resolver it has.
    let first = items.iter().find_map(|item| item.as_ref().ok()).cloned();
    let takes_batches = first.as_ref().map_or(Ok(false), |first| config.routes.takes_batches(first));
    #[cfg(feature = "otel")]
    if let Some(first) = first.as_ref().filter(|_| takes_batches.is_ok()) {
        super::spans::began(first);
    }
    let results = match (takes_batches, first) {
        (Ok(true), Some(first)) => whole(service, items, &first, config).await,
        _ => each(service, items, invocation, config).await,
    };
    let results = results.into_iter().map(encode::limited_item).collect::<Vec<_>>();
    for (index, (result, field)) in results.iter().zip(&fields).enumerate() {
        if let Err(error) = result {
            log(index, field.as_deref(), error);
        }
    }
    results
}

/// Emits the one log line of an item that failed; a single field is logged as a failed invocation.
fn log(index: usize, field: Option<&str>, error: &FunctionError) {
    let error_type = error.error_type();
    if error_type == UNAUTHORIZED {
        return error::log(error, |error| {
            tracing::info!(item = index, field, error_type, error, "the client is not authorized");
        });
    }
    error::log(error, |error| {
        tracing::error!(item = index, field, error_type, error, "the item of the batch failed");
    });
}

/// Calls the resolver once for all items of its field.
async fn whole<S>(
    service: &S,
    items: Vec<Result<FieldContext, FunctionError>>,
    first: &FieldContext,
    config: &AdapterConfig,
) -> Vec<ItemResult>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    let is_same = |context: &FieldContext| {
        context.field_name() == first.field_name() && context.parent_type_name() == first.parent_type_name()
    };
    let (mut contexts, mut failed) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for item in items {
        failed.push(match item {
            Ok(context) if is_same(&context) => {
                contexts.push(context);
                None
            }
            Ok(_) => Some(FunctionError::new("InvalidEvent", "the items of a batch are not of one field")),
            Err(error) => Some(error),
        });
    }
    let mut results = called(service, contexts, config).await.into_iter();
    let lost = || Err(FunctionError::new("InternalError", "internal error"));
    failed.into_iter().map(|failed| failed.map_or_else(|| results.next().unwrap_or_else(lost), Err)).collect()
}

/// Calls the resolver for each item, a bounded number of them concurrently.
async fn each<S>(
    service: &S,
    items: Vec<Result<FieldContext, FunctionError>>,
    invocation: &Invocation,
    config: &AdapterConfig,
) -> Vec<ItemResult>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    let end = config.margin.and_then(|margin| until(invocation, margin));
    let call = |index, item: Result<FieldContext, FunctionError>| {
        let span = tracing::error_span!("item", item = index);
        let called = async {
            let context = item?;
            config.routes.takes_batches(&context)?;
            one(service, context, config).await
        };
        #[cfg(feature = "otel")]
        let called = called.inspect(super::spans::ended);
        called.instrument(span)
    };
    let results = calls::each(items, config.concurrency, end.map(|(end, _)| end), call, |_| false).await;
    let late = || failure::late(end.map(|(_, time)| time).unwrap_or_default(), LATE);
    results.into_iter().map(|result| result.unwrap_or_else(|| Err(late()))).collect()
}

/// Calls the resolver for one item; its time is that of the batch.
async fn one<S>(service: &S, context: FieldContext, config: &AdapterConfig) -> ItemResult
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    let invocation = context.invocation().clone();
    let results = guarded(service, vec![context], &invocation, config).await;
    results.into_iter().next().unwrap_or_else(|| Err(FunctionError::new("InternalError", "internal error")))
}

/// Calls the resolver for these items, until the deadline. Returns one result for each.
async fn called<S>(service: &S, items: Vec<FieldContext>, config: &AdapterConfig) -> Vec<ItemResult>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    let Some(invocation) = items.first().map(|context| context.invocation().clone()) else { return Vec::new() };
    let length = items.len();
    let end = config.margin.and_then(|margin| until(&invocation, margin));
    let called = calls::until_end(end.map(|(end, _)| end), guarded(service, items, &invocation, config)).await;
    called.unwrap_or_else(|| {
        let time = end.map(|(_, time)| time).unwrap_or_default();
        (0..length).map(|_| Err(failure::late(time, LATE))).collect()
    })
}

/// Calls the resolver; an error and a panic are those of each item.
async fn guarded<S>(
    service: &S,
    items: Vec<FieldContext>,
    invocation: &Invocation,
    config: &AdapterConfig,
) -> Vec<ItemResult>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    let length = items.len();
    // Catches a panic of the layers, the function, and the `Display` of their errors.
    let called = async {
        let response = service.clone().oneshot(FieldCall::new(items)).await.map_err(Into::into)?;
        let results = response.into_results();
        if results.len() != length {
            return Err(BoxError::from("a layer has changed the number of items"));
        }
        let public = |error| failure::of(error, &config.error_types, invocation);
        Ok(results.into_iter().map(|result| result.map_err(public)).collect::<Vec<_>>())
    };
    let failed = match AssertUnwindSafe(called).catch_unwind().await {
        Ok(Ok(results)) => return results,
        Ok(Err(error)) => Failure::Error(error),
        Err(payload) => Failure::Panic(payload),
    };
    let error = match failed {
        Failure::Error(error) => failure::of(error, &config.error_types, invocation),
        Failure::Panic(payload) => failure::panicked(payload, invocation, "the resolver panicked"),
    };
    every(error, length)
}

enum Failure {
    Error(BoxError),
    Panic(Box<dyn std::any::Any + Send>),
}

/// Returns the error for each item; the first one has its causes.
fn every(error: FunctionError, length: usize) -> Vec<ItemResult> {
    let copies = (1..length).map(|_| Err(FunctionError::new(error.error_type(), error.message()))).collect::<Vec<_>>();
    std::iter::once(Err(error)).chain(copies).take(length).collect()
}
