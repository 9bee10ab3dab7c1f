//! Calls the handler of a publish: for each event, or once for all of them.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde_json::value::RawValue;
use tower::{Service, ServiceExt};
use tracing::Instrument;

use super::answer::Answer;
use super::config::{AdapterConfig, LATE, PANICKED, unknown};
use super::log;
use crate::appsync_request::calls;
use crate::appsync_request::failure::Failure;
use crate::channels::call::{ChannelCall, ChannelResponse, IncomingEvent};
use crate::channels::context::ChannelContext;
use crate::channels::unmatched::Unmatched;
use crate::core::deadline::until;
use crate::core::error::{BoxError, FunctionError};

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
) -> Result<Vec<Answer>, Failure>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    let mut answers = match (config.table.publish.get(context.path()), config.table.unmatched) {
        (Some(entry), _) if entry.takes_all => all(service, context, events, config).await?,
        (Some(_), _) => each(service, context, events, config).await,
        (None, Unmatched::Pass) => return Ok(passed(context, events)),
        (None, Unmatched::Refuse) => {
            let failure = unknown(context.path());
            #[cfg(feature = "otel")]
            super::spans::failed(Some(&failure));
            return Ok(every(events, &failure));
        }
    };
    let is_refusal = |answer: &Answer| answer.failure().is_some_and(Failure::is_refusal);
    let refusal = answers.iter().position(is_refusal).map(|at| answers.swap_remove(at));
    for answer in &answers {
        // The refusal is logged once, as that of the invocation.
        if let Some(failure) = answer.failure()
            && !(refusal.is_some() && failure.is_refusal())
        {
            log::event(context.path(), &answer.id, failure);
        }
    }
    match refusal {
        Some(Answer { result: Err(failure), .. }) => Err(failure),
        _ => Ok(answers),
    }
}

/// Returns the events as they came.
fn passed(context: &ChannelContext, events: &[IncomingEvent]) -> Vec<Answer> {
    let invalid = |_| FunctionError::new("InvalidEvent", "the payload is not JSON").into();
    let answer = |event: &IncomingEvent| {
        let payload = serde_json::from_str::<&RawValue>(event.json()).map(ToOwned::to_owned);
        Answer { id: event.id().to_owned(), result: payload.map_err(invalid) }.limited(context)
    };
    events.iter().map(answer).collect()
}

/// Returns a failure, which is logged, for each event.
fn every(events: &[IncomingEvent], failure: &Failure) -> Vec<Answer> {
    events.iter().map(|event| Answer::failed(event, failure.copy())).collect()
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
        let called = called.inspect(|result| super::spans::failed(failure_of(result)));
        called.instrument(span)
    };
    let refuses = |result: &Result<Vec<Answer>, Failure>| match result {
        Err(failure) => failure.is_refusal(),
        Ok(answers) => answers.iter().filter_map(Answer::failure).any(Failure::is_refusal),
    };
    let results = calls::each(events.to_vec(), config.concurrency, end.map(|(end, _)| end), call, refuses).await;
    let is_refused = results.iter().flatten().any(refuses);
    // The deadline is one failure of all events that are not done. A refusal is one of the others, too.
    let late = results.iter().filter(|result| result.is_none() && !is_refused).count();
    let failure = (late > 0).then(|| Failure::late(end.map(|(_, time)| time).unwrap_or_default(), LATE));
    if let Some(failure) = &failure {
        log::events(context.path(), late, failure);
        #[cfg(feature = "otel")]
        super::spans::failed(Some(failure));
    }
    let mut answers = Vec::with_capacity(events.len());
    for (event, result) in events.iter().zip(results) {
        match (result, &failure) {
            (Some(Ok(of_event)), _) => answers.extend(of_event),
            (Some(Err(failure)), _) => answers.push(Answer::failed(event, failure)),
            (None, Some(late)) => answers.push(Answer::failed(event, late.copy())),
            (None, None) => {}
        }
    }
    answers
}

/// Returns the failure of an event.
#[cfg(feature = "otel")]
fn failure_of(result: &Result<Vec<Answer>, Failure>) -> Option<&Failure> {
    match result {
        Ok(answers) => answers.iter().find_map(Answer::failure),
        Err(failure) => Some(failure),
    }
}

/// Calls the handler once for all events.
///
/// # Errors
///
/// It refuses the whole publish.
async fn all<S>(
    service: &S,
    context: &ChannelContext,
    events: &[IncomingEvent],
    config: &AdapterConfig,
) -> Result<Vec<Answer>, Failure>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let end = config.margin.and_then(|margin| until(context.invocation(), margin));
    let call = called(service, ChannelCall::new(context.clone(), events), config);
    let result = calls::until_end(end.map(|(end, _)| end), call).await;
    let late = || Err(Failure::late(end.map(|(_, time)| time).unwrap_or_default(), LATE));
    let result = result.unwrap_or_else(late);
    #[cfg(feature = "otel")]
    super::spans::failed(failure_of(&result));
    match result {
        Err(failure) if !failure.is_refusal() => {
            log::events(context.path(), events.len(), &failure);
            Ok(every(events, &failure))
        }
        result => result,
    }
}

/// Calls the handler; a panic is an error.
async fn called<S>(service: &S, call: ChannelCall, config: &AdapterConfig) -> Result<Vec<Answer>, Failure>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    let context = call.context().clone();
    let public = |error| Failure::of(error, &config.error_types, context.invocation());
    // Catches a panic of the layers, the function, and the texts of their errors.
    let called = async {
        let response = service.clone().oneshot(call).await.map_err(|error| public(error.into()))?;
        let answers = response
            .into_events()
            .into_iter()
            .map(|event| Answer { id: event.id, result: event.content.map_err(public) }.limited(&context));
        Ok(answers.collect())
    };
    let panicked = |payload| Err(Failure::panicked(payload, context.invocation(), PANICKED));
    AssertUnwindSafe(called).catch_unwind().await.unwrap_or_else(panicked)
}
