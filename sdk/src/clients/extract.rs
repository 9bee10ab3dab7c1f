//! [`Client`]: a value of the registry as an argument; [`Warm`]: an argument that is created in the init phase.

use std::ops::Deref;

use super::{Clients, FromClients};
use crate::core::error::BoxError;
use crate::core::invocation::{FromInvocation, Invocation};

/// Extracts a value of the registry: an AWS client, a pool, a repository.
///
/// The registry is the [`Clients`] in the request's extensions, or otherwise [`Clients::global`]. If the value cannot
/// be created, an HTTP function responds with an opaque 500 (503 if AWS throttled), and the log line names the type and
/// the reason; a record fails and is retried; the invocation of an event function fails.
///
/// # Example
///
/// ```
/// use pilaster::{BoxError, Client, Clients, FromClients};
///
/// #[derive(Clone)]
/// struct Greeting(String);
///
/// impl FromClients for Greeting {
///     async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
///         Ok(Greeting("hello".to_owned()))
///     }
/// }
///
/// async fn greet(Client(greeting): Client<Greeting>) -> String {
///     greeting.0
/// }
/// # let _ = greet;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Client<T>(pub T);

impl<T> Deref for Client<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// An argument that `#[lambda_handler(warm(T, …))]` creates in the init phase, before the first event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be created in the init phase",
    label = "not a client, a secret, a parameter or a token",
    note = "`warm(..)` takes `Client<T>`, `Secret<T>`, `Parameter<T>` and `Jwt<T>`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait Warm: 'static {
    /// Creates the value and keeps it in the registry.
    ///
    /// # Errors
    ///
    /// The reason why it could not be created.
    fn warm(clients: &Clients) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<T: FromClients> Warm for Client<T> {
    async fn warm(clients: &Clients) -> Result<(), BoxError> {
        clients.get::<T>().await?;
        Ok(())
    }
}

impl Clients {
    /// Returns the registry of this invocation.
    pub(crate) fn within(invocation: &Invocation) -> &Clients {
        Self::replaced(invocation).unwrap_or_else(|| Clients::global())
    }

    /// Returns the registry with which a test replaces that of the process.
    pub(crate) fn replaced(invocation: &Invocation) -> Option<&Clients> {
        invocation.extensions().get()
    }
}

impl<T: FromClients> FromInvocation for Client<T> {
    async fn from_invocation(invocation: &Invocation) -> Result<Self, BoxError> {
        Ok(Client(Clients::within(invocation).get().await?))
    }
}
