//! Calls the handler of a subscription.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tower::{Service, ServiceExt};

use super::config::{AdapterConfig, LATE, PANICKED, unknown};
use super::log;
use crate::appsync_request::calls;
use crate::appsync_request::failure::Failure;
use crate::channels::call::{ChannelCall, ChannelResponse};
use crate::channels::context::ChannelContext;
use crate::channels::unmatched::Unmatched;
use crate::core::deadline::until;
use crate::core::error::BoxError;

/// Returns the failure by which the subscriber is not let in, which is logged; `None` lets it in.
///
/// # Errors
///
/// `UnauthorizedException`.
pub(super) async fn result<S>(
    service: &S,
    context: &ChannelContext,
    config: &AdapterConfig,
) -> Result<Option<Failure>, Failure>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    let failure = match (config.table.subscribe.get(context.path()), config.table.unmatched) {
        (Some(_), _) => called(service, context, config).await.err(),
        (None, Unmatched::Pass) => None,
        (None, Unmatched::Refuse) => Some(unknown(context.path())),
    };
    #[cfg(feature = "otel")]
    super::spans::failed(failure.as_ref());
    match failure {
        Some(failure) if failure.is_refusal() => Err(failure),
        Some(failure) => {
            log::subscription(context.path(), &failure);
            Ok(Some(failure))
        }
        None => Ok(None),
    }
}

/// Calls the handler; a panic is an error.
async fn called<S>(service: &S, context: &ChannelContext, config: &AdapterConfig) -> Result<(), Failure>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    let invocation = context.invocation();
    let end = config.margin.and_then(|margin| until(invocation, margin));
    // Catches a panic of the layers, the function, and the texts of their errors.
    let called = async {
        let response = service.clone().oneshot(ChannelCall::new(context.clone(), Vec::new())).await;
        response.map(drop).map_err(|error| Failure::of(error.into(), &config.error_types, invocation))
    };
    let panicked = |payload| Err(Failure::panicked(payload, invocation, PANICKED));
    let called = AssertUnwindSafe(called).catch_unwind().map(|called| called.unwrap_or_else(panicked));
    let late = || Err(Failure::late(end.map(|(_, time)| time).unwrap_or_default(), LATE));
    calls::until_end(end.map(|(end, _)| end), called).await.unwrap_or_else(late)
}
