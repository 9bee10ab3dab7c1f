//! Clients, pools and repositories that are created once per process, outside the handler.
//!
//! A type implements [`FromClients`], and [`Clients`] creates it on first use: once, even if many callers need it at
//! the same time. The registry keeps it for the life of the sandbox. A handler takes it as an argument, [`Client<T>`];
//! with `#[lambda_handler(warm(Client<T>))]` it is created in the init phase, where Lambda provides a CPU burst. The
//! AWS SDK's clients implement [`FromClients`] by feature (`dynamodb`, `s3`, …) and share one configuration and one
//! connection pool. A trait object, such as `Arc<dyn Users>`, is created through [`DynFromClients`].
//!
//! A failed attempt returns an error that names the type. All callers that waited for that attempt get the same error,
//! and the next call tries again.
//!
//! # Example
//!
//! ```
//! use pilaster::clients::{Clients, FromClients};
//! use pilaster::BoxError;
//!
//! #[derive(Clone)]
//! struct Pool(&'static str);
//!
//! impl FromClients for Pool {
//!     async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
//!         Ok(Pool("postgres://localhost"))
//!     }
//! }
//!
//! #[derive(Clone)]
//! struct Users { pool: Pool }
//!
//! impl FromClients for Users {
//!     async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
//!         Ok(Users { pool: clients.get().await? })
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let users: Users = Clients::global().get().await?;
//! assert_eq!(users.pool.0, "postgres://localhost");
//!
//! // A test inserts a stub in its place.
//! let clients = Clients::new();
//! clients.insert(Pool("a stub"));
//! assert_eq!(clients.get::<Users>().await?.pool.0, "a stub");
//! # Ok::<(), BoxError>(()) })?;
//! # Ok::<(), pilaster::BoxError>(())
//! ```

#[cfg(feature = "_aws")]
mod aws;
#[cfg(feature = "macros")]
mod check;
mod cycle;
mod dynamic;
mod env_or;
mod error;
mod extract;
#[cfg(feature = "_https")]
mod https;
mod once;
mod variables;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use self::cycle::{TypeName, Waits};
pub use self::dynamic::DynFromClients;
pub use self::error::ClientError;
pub use self::extract::{Client, Warm};
use self::once::Once;
pub use self::variables::Variables;
use crate::core::error::BoxError;

#[cfg(all(feature = "dynamodb", feature = "table"))]
pub(crate) use self::aws::THROTTLED_REASONS;
#[cfg(feature = "cloudformation")]
pub(crate) use self::aws::connections::Connections;
#[cfg(feature = "websocket")]
pub(crate) use self::aws::management::management_client;
#[cfg(test)]
#[cfg(feature = "secrets")]
pub(crate) use self::aws::replay;
#[cfg(all(
    feature = "_aws",
    any(feature = "http", feature = "secrets", feature = "parameters", feature = "appconfig")
))]
pub(crate) use self::aws::throttled;
#[cfg(all(feature = "dynamodb", any(feature = "idempotency", feature = "table")))]
pub(crate) use self::aws::{attribute_value, unique::unique};
#[cfg(feature = "jwt")]
pub(crate) use self::https::Tls;

/// A value that a [`Clients`] registry can create. See the [module docs](self).
///
/// Each caller gets a clone, which must be cheap: an `Arc` inside, as in the AWS SDK's clients and in pools.
#[diagnostic::on_unimplemented(
    message = "the registry cannot create `{Self}`",
    label = "not a `FromClients`",
    note = "implement `pilaster::FromClients` for it, or enable pilaster's feature for this AWS client (`dynamodb`, `s3`, …)",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait FromClients: Clone + Send + Sync + 'static {
    /// Creates the value. Take its dependencies from `clients` instead of [`Clients::global`]: a test's stub then
    /// reaches it, and a type that needs itself is an error instead of a deadlock.
    ///
    /// # Errors
    ///
    /// The reason why the value cannot be created. The registry adds the name of the type.
    fn from_clients(clients: &Clients) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

/// A registry that creates each type once. Cheap to clone; clones share their values. See the [module docs](self).
#[derive(Clone)]
pub struct Clients {
    registry: Arc<Registry>,
    variables: Variables,
    /// The type whose `from_clients` holds this handle: its calls are checked for cycles.
    building: Option<TypeName>,
}

#[derive(Default)]
struct Registry {
    entries: RwLock<HashMap<TypeId, Entry>>,
    waits: Waits,
}

struct Entry {
    /// A `Once` of the type.
    value: Arc<dyn Any + Send + Sync>,
    /// `true` for a value of `insert`, which cannot be created again.
    inserted: bool,
}

static GLOBAL: LazyLock<Clients> = LazyLock::new(Clients::new);

impl Clients {
    /// Creates an empty registry: for a test, or for a scope shorter than the process.
    ///
    /// The AWS clients of one registry share a connection pool that belongs to the tokio runtime it was first used on,
    /// so give each `#[tokio::test]` its own registry.
    pub fn new() -> Self {
        Self { registry: Arc::default(), variables: Variables::default(), building: None }
    }

    /// Returns the registry of the process. [`Client<T>`] uses it unless the request's extensions hold another.
    pub fn global() -> &'static Self {
        &GLOBAL
    }

    /// Sets an environment variable for this handle and its later clones, instead of that of the process: for a test of
    /// a type that reads its settings with [`variables`](Self::variables), as `#[secret(env = ..)]` and
    /// `#[parameter(env = ..)]` do. The AWS SDK reads its own variables from the process. All clones share the values
    /// that were made or inserted, so a value that was made with other variables stays: give each set of variables a
    /// registry of its own with [`new`](Self::new).
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::{BoxError, Clients, FromClients};
    ///
    /// #[derive(Clone)]
    /// struct Users { table: String }
    ///
    /// impl FromClients for Users {
    ///     async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
    ///         Ok(Users { table: clients.variables().get("TABLE_NAME").ok_or("TABLE_NAME is not set")? })
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let clients = Clients::new().with_variable("TABLE_NAME", "users-test");
    /// assert_eq!(clients.get::<Users>().await?.table, "users-test");
    /// # Ok::<(), BoxError>(()) })?;
    /// # Ok::<(), BoxError>(())
    /// ```
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.set(name.into(), value.into());
        self
    }

    /// Returns the environment variables of this registry.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Returns the value of this type, and creates it on first use.
    ///
    /// # Errors
    ///
    /// [`ClientError`] names the type, which could not be created or depends on itself.
    pub async fn get<T: FromClients>(&self) -> Result<T, ClientError> {
        let once = self.once::<T>();
        if let Some(value) = once.ready() {
            return Ok(value);
        }
        let this = TypeName::of::<T>();
        let _wait = match self.building {
            Some(building) => Some(self.registry.waits.wait(building, this).map_err(ClientError::needs_itself)?),
            None => None,
        };
        let inner = Self { building: Some(this), ..self.clone() };
        // Boxed: types may depend on one another in any order, and the future would be infinite.
        let make: std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(T::from_clients(&inner));
        once.get_or_make(async { make.await.map_err(|source| ClientError::not_made(this, source)) }).await
    }

    /// Inserts a value: a stub, or one that was created elsewhere. It replaces an earlier value for later calls; values
    /// that were created with the earlier one keep it.
    pub fn insert<T: FromClients>(&self, value: T) {
        let mut entries = self.registry.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.insert(TypeId::of::<T>(), Entry { value: Arc::new(Once::with(value)), inserted: true });
    }

    /// Returns `true` if the value of this type has been created or inserted. It creates none.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::{BoxError, Clients, FromClients};
    ///
    /// #[derive(Clone)]
    /// struct Users;
    ///
    /// impl FromClients for Users {
    ///     async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
    ///         Ok(Users)
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let clients = Clients::new();
    /// assert!(!clients.contains::<Users>());
    /// clients.get::<Users>().await?;
    /// assert!(clients.contains::<Users>());
    /// # Ok::<(), BoxError>(()) })?;
    /// # Ok::<(), BoxError>(())
    /// ```
    pub fn contains<T: FromClients>(&self) -> bool {
        self.ready::<T>().is_some()
    }

    /// Returns the value of this type, if it has been created or inserted.
    pub(crate) fn ready<T: FromClients>(&self) -> Option<T> {
        self.once::<T>().ready()
    }

    /// Drops the values that were created here, with their connections; the next call creates them again. Inserted
    /// values stay.
    pub(crate) fn forget_made(&self) {
        let mut entries = self.registry.entries.write().unwrap_or_else(PoisonError::into_inner);
        let made: Vec<Entry> = entries.extract_if(|_, entry| !entry.inserted).map(|(_, entry)| entry).collect();
        drop(entries);
        // Dropped outside the lock: a value may hold this registry.
        drop(made);
    }

    fn once<T: FromClients>(&self) -> Arc<Once<T>> {
        let id = TypeId::of::<T>();
        let entries = self.registry.entries.read().unwrap_or_else(PoisonError::into_inner);
        let found = entries.get(&id).map(|entry| Arc::clone(&entry.value));
        drop(entries);
        let value = found.unwrap_or_else(|| {
            let mut entries = self.registry.entries.write().unwrap_or_else(PoisonError::into_inner);
            let new = || Entry { value: Arc::new(Once::<T>::default()), inserted: false };
            Arc::clone(&entries.entry(id).or_insert_with(new).value)
        });
        // The entry of a type's id holds that type, so the downcast always succeeds.
        value.downcast().unwrap_or_default()
    }
}

impl Default for Clients {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are omitted: they hold credentials.
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
