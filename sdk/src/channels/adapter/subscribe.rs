//! Calls the handler of a subscription.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tower::{Service, ServiceExt};

use super::config::{AdapterConfig, LATE, PANICKED, unknown};
use crate::appsync_request::unauthorized::UNAUTHORIZED;
use crate::appsync_request::{calls, failure};
use crate::channels::call::{ChannelCall, ChannelResponse};
use crate::channels::context::ChannelContext;
use crate::channels::unmatched::Unmatched;
use crate::core::deadline::until;
use crate::core::error::{BoxError, FunctionError, log};

/// Returns the error by which the subscriber is refused, which is logged; `None` lets it in.
///
/// # Errors
///
/// `UnauthorizedException`.
pub(super) async fn result<S>(
    service: &S,
    context: ChannelContext,
    config: &AdapterConfig,
) -> Result<Option<FunctionError>, FunctionError>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>> + Clone,
{
    match (config.table.subscribe.get(context.path()), config.table.unmatched) {
        (Some(_), _) => {}
        (None, Unmatched::Pass) => return Ok(None),
        (None, Unmatched::Refuse) => return Ok(Some(unknown(context.path()))),
    }
    let invocation = context.invocation().clone();
    let end = config.margin.and_then(|margin| until(&invocation, margin));
    // Catches a panic of the layers, the function, and the `Display` of their errors.
    let called = async {
        let response = service.clone().oneshot(ChannelCall::new(context.clone(), Vec::new())).await;
        match response.map_err(Into::into) {
            Ok(_) => Ok(()),
            Err(error) => Err(failure::of(error, &config.error_types, &invocation)),
        }
    };
    let panicked = |payload| Err(failure::panicked(payload, &invocation, PANICKED));
    let called = AssertUnwindSafe(called).catch_unwind().map(|called| called.unwrap_or_else(panicked));
    let late = || Err(failure::late(end.map(|(_, time)| time).unwrap_or_default(), LATE));
    match calls::until_end(end.map(|(end, _)| end), called).await.unwrap_or_else(late) {
        Ok(()) => Ok(None),
        Err(error) if error.error_type() == UNAUTHORIZED => Err(error),
        Err(error) => {
            let (channel, error_type) = (context.path(), error.error_type());
            log(&error, |error| tracing::error!(channel, error_type, error, "the subscription was refused"));
            Ok(Some(error))
        }
    }
}
