//! The calls with which a warm-up call starts additional sandboxes.

use crate::core::invocation::Invocation;

#[cfg(feature = "lambda")]
mod by_lambda {
    use std::time::Duration;

    use aws_sdk_lambda::Client;
    use aws_sdk_lambda::primitives::Blob;
    use aws_sdk_lambda::types::InvocationType;
    use futures_util::{StreamExt, stream};

    use super::super::NUMBER;
    use super::Invocation;
    use crate::clients::Clients;
    use crate::core::error::BoxError;

    /// The number of calls that are sent concurrently.
    const AT_A_TIME: usize = 10;
    /// The maximum time for sending; less if the invocation ends earlier.
    const WITHIN: Duration = Duration::from_secs(5);
    /// The time that is then left for the response.
    const MARGIN: Duration = Duration::from_millis(500);

    pub(super) async fn call_itself(concurrency: u64, invocation: &Invocation) -> Result<(), BoxError> {
        let within = invocation.remaining().map_or(WITHIN, |left| left.saturating_sub(MARGIN).min(WITHIN));
        let sent = tokio::time::timeout(within, call_all(concurrency, invocation)).await;
        sent.unwrap_or_else(|_| Err(format!("not sent within {within:?}").into()))
    }

    async fn call_all(concurrency: u64, invocation: &Invocation) -> Result<(), BoxError> {
        let clients = Clients::within(invocation);
        let client: Client = clients.get().await?;
        // The name with its alias, so that the same version is warmed.
        let name = match invocation.function_arn() {
            "" => invocation.function_name(),
            arn => arn,
        };
        let send = |number: u64| {
            let payload = serde_json::json!({ "warmer": true, NUMBER: number, "__WARMER_CONCURRENCY__": concurrency });
            let call = client.invoke().function_name(name).invocation_type(InvocationType::Event);
            call.payload(Blob::new(payload.to_string())).send()
        };
        let sent: Vec<_> = stream::iter(2..=concurrency).map(send).buffer_unordered(AT_A_TIME).collect().await;
        // All calls are sent, even if one of them fails.
        sent.into_iter().find_map(Result::err).map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Calls the function itself until this many sandboxes run, including this one. A call that cannot be sent is logged.
pub(super) async fn copies(concurrency: u64, invocation: &Invocation) {
    #[cfg(feature = "lambda")]
    if let Err(error) = by_lambda::call_itself(concurrency, invocation).await {
        let error = crate::core::error::chain(&*error).join(": ");
        tracing::warn!(concurrency, error, "not all sandboxes were warmed: the function could not call itself");
    }
    #[cfg(not(feature = "lambda"))]
    {
        let _ = invocation;
        tracing::warn!(
            concurrency,
            "only this sandbox was warmed: to call itself, the function needs pilaster's feature `lambda`"
        );
    }
}
