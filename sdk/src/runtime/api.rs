//! Calls to the Runtime API and the Extensions API that `lambda_runtime` does not make itself, with its client.

use std::pin::Pin;

use http::response::Parts;
use http::{Request, Uri};
use lambda_runtime_api_client::PooledClient;
use lambda_runtime_api_client::body::Body;

use crate::core::error::BoxError;

/// The variable with the `host:port` of the Runtime API.
pub(super) const VARIABLE: &str = "AWS_LAMBDA_RUNTIME_API";

/// Returns the address of the Runtime API; `None` if the variable is missing or not an address, for which the client
/// would panic.
pub(super) fn endpoint() -> Option<Uri> {
    crate::core::env::var(VARIABLE)?.parse().ok().filter(|uri: &Uri| uri.authority().is_some())
}

/// Sends a request, and returns the head of the response. Boxed, so that it is compiled once.
pub(super) fn call(request: Request<Body>) -> Pin<Box<dyn Future<Output = Result<Parts, BoxError>> + Send>> {
    Box::pin(async move {
        let endpoint = endpoint().ok_or_else(|| format!("{VARIABLE} is not an address"))?;
        let client = PooledClient::builder().with_endpoint(endpoint).build();
        Ok(client.call(request).await?.into_parts().0)
    })
}
