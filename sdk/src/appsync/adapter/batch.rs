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
use super::log::{self, Of};
use crate::appsync::call::{FieldCall, FieldResponse};
use crate::appsync::context::FieldContext;
use crate::appsync_request::calls;
use crate::appsync_request::failure::Failure;
use crate::core::deadline::until;
use crate::core::error::{BoxError, FunctionError};
use crate::core::invocation::Invocation;

const LATE: &str = "the resolver did not finish in time";

type ItemResult = Result<Box<RawValue>, Failure>;

/// Resolves one field.
///
/// # Errors
///
/// The error of the invocation; it is logged already, if it is one for the client.
pub(super) async fn single<S>(
    service: &S,
    context: FieldContext,
    config: &AdapterConfig,
) -> Result<Box<RawValue>, FunctionError>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    config.routes.takes_batches(&context)?;
    #[cfg(feature = "otel")]
    super::spans::began(&context);
    let results = called(service, vec![context.clone()], config).await;
    results.and_then(only).map_err(|failure| {
        let length = failure.json_length();
        encode::limited_error(log::single(failure, &context), length)
    })
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
    // A clone shares the context.
    let contexts = items.iter().map(|item| item.as_ref().ok().cloned()).collect::<Vec<_>>();
    // A batch has one field; its first item decides which resolver it has.
    let first = contexts.iter().flatten().next();
    let takes_batches = first.map_or(Ok(false), |first| config.routes.takes_batches(first));
    #[cfg(feature = "otel")]
    if let Some(first) = first.filter(|_| takes_batches.is_ok()) {
        super::spans::began(first);
    }
    let results = match (takes_batches, first) {
        (Ok(true), Some(first)) => whole(service, items, first, config).await,
        (Err(error), Some(first))
            if contexts.len() > 1 && contexts.iter().all(|context| is_same(context.as_ref(), first)) =>
        {
            every(error.into(), contexts.len(), Some(first))
        }
        _ => each(service, items, first, invocation, config).await,
    };
    for (index, (result, context)) in results.iter().zip(&contexts).enumerate() {
        if let Err(failure) = result {
            log::failed(failure, Of::Item(index), context.as_ref());
        }
    }
    results
}

/// Returns `true` for an item of the same field as the first one.
fn is_same(context: Option<&FieldContext>, first: &FieldContext) -> bool {
    context.is_some_and(|context| {
        context.field_name() == first.field_name() && context.parent_type_name() == first.parent_type_name()
    })
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
    let (mut contexts, mut failed) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for item in items {
        failed.push(match item {
            Ok(context) if is_same(Some(&context), first) => {
                contexts.push(context);
                None
            }
            Ok(_) => Some(FunctionError::new("InvalidEvent", "the items of a batch are not of one field").into()),
            Err(error) => Some(Failure::from(error)),
        });
    }
    let length = contexts.len();
    let results = called(service, contexts, config).await;
    let mut results = results.unwrap_or_else(|failure| every(failure, length, Some(first))).into_iter();
    let merged = |failed: Option<Failure>| failed.map_or_else(|| results.next().unwrap_or_else(lost), Err);
    let results = failed.into_iter().map(merged).collect::<Vec<_>>();
    #[cfg(feature = "otel")]
    super::spans::ended(&results);
    results
}

/// Calls the resolver for each item, a bounded number of them concurrently.
async fn each<S>(
    service: &S,
    items: Vec<Result<FieldContext, FunctionError>>,
    first: Option<&FieldContext>,
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
            let results = guarded(service, vec![context], invocation, config).await;
            results.and_then(only)
        };
        #[cfg(feature = "otel")]
        let called = called.inspect(|result| super::spans::ended([result]));
        called.instrument(span)
    };
    let results = calls::each(items, config.concurrency, end.map(|(end, _)| end), call, |_| false).await;
    let late = results.iter().filter(|result| result.is_none()).count();
    if late == 0 {
        return results.into_iter().flatten().collect();
    }
    // The deadline is one failure of all items that are not done.
    let time = end.map(|(_, time)| time).unwrap_or_default();
    let mut failures = every(Failure::late(time, LATE), late, first).into_iter();
    #[cfg(feature = "otel")]
    super::spans::ended(failures.as_slice());
    results.into_iter().map(|result| result.or_else(|| failures.next()).unwrap_or_else(lost)).collect()
}

/// Calls the resolver for these items, until the deadline. Returns one result for each.
///
/// # Errors
///
/// The failure of the whole call.
async fn called<S>(service: &S, items: Vec<FieldContext>, config: &AdapterConfig) -> Result<Vec<ItemResult>, Failure>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    let Some(invocation) = items.first().map(|context| context.invocation().clone()) else { return Ok(Vec::new()) };
    let end = config.margin.and_then(|margin| until(&invocation, margin));
    let called = calls::until_end(end.map(|(end, _)| end), guarded(service, items, &invocation, config)).await;
    called.unwrap_or_else(|| Err(Failure::late(end.map(|(_, time)| time).unwrap_or_default(), LATE)))
}

/// Calls the resolver.
///
/// # Errors
///
/// The failure of the whole call: its error, or its panic.
async fn guarded<S>(
    service: &S,
    items: Vec<FieldContext>,
    invocation: &Invocation,
    config: &AdapterConfig,
) -> Result<Vec<ItemResult>, Failure>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>> + Clone,
{
    let length = items.len();
    let public = |error| Failure::of(error, &config.error_types, invocation);
    // Catches a panic of the layers, the function, and the texts of their errors.
    let called = async {
        let response = service.clone().oneshot(FieldCall::new(items)).await.map_err(|error| public(error.into()))?;
        let results = response.into_results();
        if results.len() != length {
            return Err(public("a layer has changed the number of items".into()));
        }
        Ok(results.into_iter().map(|result| encode::limited(result.map_err(public))).collect())
    };
    let panicked = |payload| Err(Failure::panicked(payload, invocation, "the resolver panicked"));
    AssertUnwindSafe(called).catch_unwind().await.unwrap_or_else(panicked)
}

/// Logs the failure of so many items, and returns it for each of them.
fn every(failure: Failure, length: usize, context: Option<&FieldContext>) -> Vec<ItemResult> {
    log::failed(&failure, Of::Items(length), context);
    (0..length).map(|_| Err(failure.copy())).collect()
}

/// Returns the result of a call with one item.
fn only(results: Vec<ItemResult>) -> ItemResult {
    results.into_iter().next().unwrap_or_else(lost)
}

fn lost() -> ItemResult {
    Err(FunctionError::new("InternalError", "internal error").into())
}
