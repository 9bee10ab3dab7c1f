//! [`Client`] as an extractor of HTTP functions.

use axum_core::extract::FromRequestParts;
use http::Extensions;
use http::request::Parts;

use crate::clients::{Client, Clients, FromClients};
use crate::http::error::HttpError;

/// Returns the registry of a request: the one in its extensions, or that of the process.
pub(in crate::http) fn registry(extensions: &Extensions) -> &Clients {
    extensions.get().unwrap_or_else(|| Clients::global())
}

impl<S: Send + Sync, T: FromClients> FromRequestParts<S> for Client<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        Ok(Client(registry(&parts.extensions).get().await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoxError;

    #[derive(Clone)]
    struct Name(&'static str);

    impl FromClients for Name {
        async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
            Err("no name is configured".into())
        }
    }

    async fn extract(request: http::Request<()>) -> Result<Client<Name>, HttpError> {
        Client::from_request_parts(&mut request.into_parts().0, &()).await
    }

    #[tokio::test]
    async fn the_registry_of_the_request_comes_first() {
        let clients = Clients::new();
        clients.insert(Name("stub"));
        let mut request = http::Request::new(());
        request.extensions_mut().insert(clients);
        assert_eq!(extract(request).await.unwrap().0.0, "stub");
    }

    #[tokio::test]
    async fn a_value_that_cannot_be_made_is_an_opaque_500() {
        let error = extract(http::Request::new(())).await.map(|_| ()).unwrap_err();
        assert_eq!(error.status(), 500);
    }
}
