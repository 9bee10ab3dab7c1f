//! [`DynFromClients`]: a trait object that the registry creates, such as `Arc<dyn Users>`.

use std::sync::Arc;

use super::{Clients, FromClients};
use crate::core::error::BoxError;

/// A trait, as `dyn Users`, for which a [`Clients`] registry creates an `Arc<dyn Users>`.
///
/// A handler then takes `Client<Arc<dyn Users>>` and is independent of the implementation; a test inserts a fake.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use pilaster::{BoxError, Client, Clients, DynFromClients};
///
/// trait Users: Send + Sync {
///     fn name(&self, id: u64) -> Option<String>;
/// }
///
/// /// The repository in production.
/// struct Table;
///
/// impl Users for Table {
///     fn name(&self, id: u64) -> Option<String> {
///         (id == 7).then(|| "ada".to_owned())
///     }
/// }
///
/// impl DynFromClients for dyn Users {
///     async fn from_clients(_: &Clients) -> Result<Arc<Self>, BoxError> {
///         Ok(Arc::new(Table))
///     }
/// }
///
/// async fn greet(Client(users): Client<Arc<dyn Users>>) -> String {
///     format!("hello {}", users.name(7).unwrap_or_default())
/// }
///
/// /// The repository in tests.
/// struct Fake;
///
/// impl Users for Fake {
///     fn name(&self, _: u64) -> Option<String> {
///         Some("grace".to_owned())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// assert_eq!(greet(Client(Clients::new().get().await?)).await, "hello ada");
///
/// let clients = Clients::new();
/// clients.insert::<Arc<dyn Users>>(Arc::new(Fake));
/// assert_eq!(greet(Client(clients.get().await?)).await, "hello grace");
/// # Ok::<(), BoxError>(()) })?;
/// # Ok::<(), BoxError>(())
/// ```
///
/// An `async fn` in a trait cannot be called through `dyn`; let the method return a boxed future
/// (`futures::future::BoxFuture`, or the crate `async-trait`).
#[diagnostic::on_unimplemented(
    message = "the registry cannot create an `Arc<{Self}>`",
    label = "not a `DynFromClients`",
    note = "implement `pilaster::clients::DynFromClients` for `{Self}`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait DynFromClients: Send + Sync + 'static {
    /// Creates the value. Like [`FromClients::from_clients`], it takes its dependencies from `clients`.
    ///
    /// # Errors
    ///
    /// The reason why the value cannot be created.
    fn from_clients(clients: &Clients) -> impl Future<Output = Result<Arc<Self>, BoxError>> + Send;
}

impl<T: DynFromClients + ?Sized> FromClients for Arc<T> {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        T::from_clients(clients).await
    }
}
