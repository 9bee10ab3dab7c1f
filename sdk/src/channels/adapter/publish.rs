//! Calls the handler of a publish: for each event, or once for all of them.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde_json::value::RawValue;
use tower::{Service, ServiceExt};
use tracing::Instrument;

use super::config::{AdapterConfig, LATE, PANICKED, unknown};
use crate::appsync_request::unauthorized::UNAUTHORIZED;
use crate::appsync_request::{calls, failure};
use crate::channels::call::{ChannelCall, ChannelResponse, IncomingEvent};
use crate::channels::context::ChannelContext;
use crate::channels::extract::payload::INVALID_PAYLOAD;
use crate::channels::unmatched::Unmatched;
use crate::core::deadline::until;
use crate::core::error::{self, BoxError, FunctionError};

/// An event of the response: the payload that is broadcast, or the error for its publisher.
pub(super) struct Answer {
    pub(super) id: String,
    pub(super) result: Result<Box<RawValue>, FunctionError>,
}

/// Returns the events of the response, and logs those that failed.
///
/// # Errors
///
/// `UnauthorizedException`: the whole publish is refused.
pub(super) async fn results<S>(
    service: &S,
    context: &ChannelContext,
    events: &[IncomingEvent],
    config: &AdapterConfig,
) -> Result<Vec<Answer>, FunctionError>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    let mut answers = match (config.table.publish.get(context.path()), config.table.unmatched) {
        (Some(entry), _) if entry.takes_all => all(service, context, events, config).await,
        (Some(_), _) => each(service, context, events, config).await,
        (None, Unmatched::Pass) => return Ok(passed(events)),
        (None, Unmatched::Refuse) => {
            let error = unknown(context.path());
            let failed = |event: &IncomingEvent| Answer { id: event.id().to_owned(), result: Err(copy(&error)) };
            return Ok(events.iter().map(failed).collect());
        }
    };
    let is_refusal = |answer: &Answer| answer.result.as_ref().is_err_and(is_refusal);
    let refusal = answers.iter().position(is_refusal).map(|at| answers.swap_remove(at));
    for Answer { id, result } in &answers {
        if let Err(error) = result
            && !is_refusal_of(error, refusal.as_ref())
        {
            log(context.path(), id, error);
        }
    }
    match refusal {
        Some(Answer { result: Err(error), .. }) => Err(error),
        _ => Ok(answers),
    }
}

fn is_refusal(error: &FunctionError) -> bool {
    error.error_type() == UNAUTHORIZED
}

/// The refusal is logged once, as that of the invocation.
fn is_refusal_of(error: &FunctionError, refusal: Option<&Answer>) -> bool {
    refusal.is_some() && is_refusal(error)
}

/// Emits the one log line of an event that failed.
fn log(channel: &str, event_id: &str, error: &FunctionError) {
    let error_type = error.error_type();
    // The publisher chose the payload.
    error::log(error, |error| match error_type {
        UNAUTHORIZED | INVALID_PAYLOAD => tracing::info!(channel, event_id, error_type, error, "the event was refused"),
        _ => tracing::error!(channel, event_id, error_type, error, "the event failed"),
    });
}

/// Returns the events as they came.
fn passed(events: &[IncomingEvent]) -> Vec<Answer> {
    let internal = |_| FunctionError::new("InvalidEvent", "the payload is not JSON");
    let answer = |event: &IncomingEvent| {
        let payload = serde_json::from_str::<&RawValue>(event.json()).map(ToOwned::to_owned);
        Answer { id: event.id().to_owned(), result: payload.map_err(internal) }
    };
    events.iter().map(answer).collect()
}

/// Returns the error without its causes, which are logged once.
fn copy(error: &FunctionError) -> FunctionError {
    FunctionError::new(error.error_type(), error.message())
}

/// Calls the handler for each event, a bounded number of them concurrently; a refusal ends the work.
async fn each<S>(service: &S, context: &ChannelContext, events: &[IncomingEvent], config: &AdapterConfig) -> Vec<Answer>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    let end = config.margin.and_then(|margin| until(context.invocation(), margin));
    let call = |index, event: IncomingEvent| {
        let span = tracing::error_span!("event", item = index);
        let called = called(service, ChannelCall::new(context.clone(), vec![event]), config);
        #[cfg(feature = "otel")]
        let called = called.inspect(|result| super::spans::failed(error_of(result)));
        called.instrument(span)
    };
    let refuses = |result: &Result<Vec<Answer>, FunctionError>| match result {
        Err(error) => is_refusal(error),
        Ok(answers) => answers.iter().any(|answer| answer.result.as_ref().is_err_and(is_refusal)),
    };
    let results = calls::each(events.to_vec(), config.concurrency, end.map(|(end, _)| end), call, refuses).await;
    let is_refused = results.iter().flatten().any(refuses);
    let mut answers = Vec::with_capacity(events.len());
    for (event, result) in events.iter().zip(results) {
        let failed = |error| Answer { id: event.id().to_owned(), result: Err(error) };
        match result {
            Some(Ok(of_event)) => answers.extend(of_event),
            Some(Err(error)) => answers.push(failed(error)),
            // The others of a publish that is refused.
            None if is_refused => {}
            None => answers.push(failed(failure::late(end.map(|(_, time)| time).unwrap_or_default(), LATE))),
        }
    }
    answers
}

/// Returns the error of an event.
#[cfg(feature = "otel")]
fn error_of(result: &Result<Vec<Answer>, FunctionError>) -> Option<&FunctionError> {
    match result {
        Ok(answers) => answers.iter().find_map(|answer| answer.result.as_ref().err()),
        Err(error) => Some(error),
    }
}

/// Calls the handler once for all events.
async fn all<S>(service: &S, context: &ChannelContext, events: &[IncomingEvent], config: &AdapterConfig) -> Vec<Answer>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    if events.is_empty() {
        return Vec::new();
    }
    let end = config.margin.and_then(|margin| until(context.invocation(), margin));
    let call = called(service, ChannelCall::new(context.clone(), events), config);
    let result = calls::until_end(end.map(|(end, _)| end), call).await;
    let late = || Err(failure::late(end.map(|(_, time)| time).unwrap_or_default(), LATE));
    let error = match result.unwrap_or_else(late) {
        Ok(answers) => return answers,
        Err(error) => error,
    };
    // The first one has the causes, for the log.
    let copies = events.iter().skip(1).map(|_| copy(&error)).collect::<Vec<_>>();
    let errors = std::iter::once(error).chain(copies);
    events.iter().zip(errors).map(|(event, error)| Answer { id: event.id().to_owned(), result: Err(error) }).collect()
}

/// Calls the handler; a panic is an error.
async fn called<S>(service: &S, call: ChannelCall, config: &AdapterConfig) -> Result<Vec<Answer>, FunctionError>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    let invocation = call.context().invocation().clone();
    // Catches a panic of the layers, the function, and the `Display` of their errors.
    let called = async {
        let response = service.clone().oneshot(call).await.map_err(Into::into);
        let response = response.map_err(|error| failure::of(error, &config.error_types, &invocation))?;
        let answers = response.into_events().into_iter().map(|event| {
            let result = event.content.map_err(|error| failure::of(error, &config.error_types, &invocation));
            Answer { id: event.id, result }
        });
        Ok(answers.collect())
    };
    let panicked = |payload| Err(failure::panicked(payload, &invocation, PANICKED));
    AssertUnwindSafe(called).catch_unwind().await.unwrap_or_else(panicked)
}
