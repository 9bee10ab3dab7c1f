//! [`Clients::env_or`]: a variable of the environment that chooses between a service of AWS and a local stand-in.

use super::Clients;
use crate::core::env;
use crate::core::error::BoxError;

impl Clients {
    /// Returns what `configured` makes of the value of an environment variable: the client of a queue or a bucket, for
    /// example. In a local run (`cargo run`, `cargo lambda watch`) without that variable, it logs a line and returns what
    /// `local` makes, such as a stand-in in memory; it is called each time. A blank variable counts as not set. Every machine
    /// on which Lambda does not run the function counts as local; `sam local` counts as Lambda.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use pilaster::{BoxError, Clients, FromClients};
    ///
    /// #[derive(Clone)]
    /// enum Mailbox {
    ///     Queue { url: String }, // with an SQS client
    ///     Memory(Arc<Mutex<Vec<String>>>),
    /// }
    ///
    /// impl FromClients for Mailbox {
    ///     async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
    ///         let queue = async |url| Ok(Self::Queue { url });
    ///         clients.env_or("QUEUE_URL", queue, || Self::Memory(Arc::default())).await
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// assert!(matches!(Clients::new().get().await?, Mailbox::Memory(_)));
    /// let clients = Clients::new().with_variable("QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/123456789012/mail");
    /// assert!(matches!(clients.get().await?, Mailbox::Queue { url } if url.ends_with("/mail")));
    /// # Ok::<(), BoxError>(()) })?;
    /// # Ok::<(), BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The variable is not set on Lambda, where the stand-in would lose data; or the error of `configured`.
    pub async fn env_or<T, C>(&self, variable: &str, configured: C, local: impl FnOnce() -> T) -> Result<T, BoxError>
    where
        C: AsyncFnOnce(String) -> Result<T, BoxError>,
    {
        match self.variables().get(variable) {
            Some(value) => configured(value).await,
            None if !env::is_local_run(&|name| self.variables().get(name)) => {
                Err(format!("the environment variable {variable} is not set, or blank").into())
            }
            None => {
                tracing::info!("{variable} is not set: this local run uses a stand-in");
                Ok(local())
            }
        }
    }
}
