//! Clients, pools and repositories, made once per process and outside the handler.
//!
//! A type says by [`FromClients`] how it is made; [`Clients`] makes it when it is first asked for, once, however many ask at
//! the same time, and keeps it as long as the sandbox lives. In a handler it arrives as an argument, [`Client<T>`]; with
//! `#[lambda_handler(warm(Client<T>))]` it is made during init, where Lambda gives a burst of CPU. The AWS SDK's clients
//! implement [`FromClients`] by feature (`dynamodb`, `s3`, …) and share one configuration and one connection pool.
//!
//! An attempt that fails is an error that names the type; whoever waited for that attempt gets the same error, and the next
//! call tries again.
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
//! // A test puts its own in place of what would be made.
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
mod error;
mod extract;
mod graph;
mod slot;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

pub use self::error::ClientError;
pub use self::extract::{Client, Warm};
use self::graph::{Graph, Named};
use self::slot::Slot;
use crate::core::error::BoxError;

#[cfg(all(test, feature = "secrets"))]
pub(crate) use self::aws::replay;
#[cfg(all(
    feature = "_aws",
    any(feature = "http", feature = "secrets", feature = "parameters", feature = "appconfig")
))]
pub(crate) use self::aws::throttled;

/// A value that a [`Clients`] registry can make. See the [module docs](self).
///
/// Values are handed out by `clone`, so let it be cheap: an `Arc` inside, as in the AWS SDK's clients and in pools.
#[diagnostic::on_unimplemented(
    message = "the registry does not know how to make `{Self}`",
    label = "not a `FromClients`",
    note = "implement `pilaster::FromClients` for it, or turn on pilaster's feature for this AWS client (`dynamodb`, `s3`, …)"
)]
pub trait FromClients: Clone + Send + Sync + 'static {
    /// Makes the value. Ask `clients`, and not [`Clients::global`], for what it needs: so a test's stub reaches it, and a
    /// type that needs itself is an error instead of a wait without end.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being made. The registry names the type; the error needs only the reason.
    fn from_clients(clients: &Clients) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

/// The registry: each type is made once. Cheap to clone; clones share their values. See the [module docs](self).
#[derive(Clone)]
pub struct Clients {
    registry: Arc<Registry>,
    /// The type whose `from_clients` holds this handle, if any: what it asks for is an edge of the graph.
    building: Option<Named>,
}

#[derive(Default)]
struct Registry {
    slots: RwLock<HashMap<TypeId, Kept>>,
    waits: Graph,
}

struct Kept {
    /// A `Slot` of the type.
    slot: Arc<dyn Any + Send + Sync>,
    /// Whether it was put in by hand, so that nothing can make it again.
    inserted: bool,
}

static GLOBAL: LazyLock<Clients> = LazyLock::new(Clients::new);

impl Clients {
    /// An empty registry, for a test or for a life shorter than the process.
    ///
    /// The AWS clients of one registry share a connection pool that belongs to the tokio runtime it was first used on, so
    /// give each `#[tokio::test]` its own registry.
    pub fn new() -> Self {
        Self { registry: Arc::default(), building: None }
    }

    /// The process's registry: what [`Client<T>`] uses unless the request's extensions hold another.
    pub fn global() -> &'static Self {
        &GLOBAL
    }

    /// The value of this type, made now if it is the first time.
    ///
    /// # Errors
    ///
    /// [`ClientError`] names the type: it could not be made, or it needs itself.
    pub async fn get<T: FromClients>(&self) -> Result<T, ClientError> {
        let slot = self.slot::<T>();
        if let Some(value) = slot.ready() {
            return Ok(value);
        }
        let this = Named::of::<T>();
        let _wait = match self.building {
            Some(building) => Some(self.registry.waits.wait(building, this).map_err(ClientError::needs_itself)?),
            None => None,
        };
        let inner = Self { registry: Arc::clone(&self.registry), building: Some(this) };
        // Boxed, so that types may need one another in any order without an infinite future.
        let make: std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(T::from_clients(&inner));
        slot.get_or_make(async { make.await.map_err(|source| ClientError::not_made(this, source)) }).await
    }

    /// Puts a ready value in place: a stub, or one that was made elsewhere. It replaces an earlier one for later calls;
    /// what was made with the earlier one keeps it.
    pub fn insert<T: FromClients>(&self, value: T) {
        let mut slots = self.registry.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(TypeId::of::<T>(), Kept { slot: Arc::new(Slot::with(value)), inserted: true });
    }

    /// The value of this type if it is there.
    #[cfg(any(feature = "secrets", feature = "parameters"))]
    pub(crate) fn ready<T: FromClients>(&self) -> Option<T> {
        self.slot::<T>().ready()
    }

    /// Drops what was made here, connections and all; the next call makes it again. What was put in by hand stays.
    pub(crate) fn forget_made(&self) {
        let mut slots = self.registry.slots.write().unwrap_or_else(PoisonError::into_inner);
        let made: Vec<Kept> = slots.extract_if(|_, kept| !kept.inserted).map(|(_, kept)| kept).collect();
        drop(slots);
        // Outside the lock: what is dropped may hold this registry.
        drop(made);
    }

    fn slot<T: FromClients>(&self) -> Arc<Slot<T>> {
        let id = TypeId::of::<T>();
        let slots = self.registry.slots.read().unwrap_or_else(PoisonError::into_inner);
        let found = slots.get(&id).map(|kept| Arc::clone(&kept.slot));
        drop(slots);
        let slot = found.unwrap_or_else(|| {
            let mut slots = self.registry.slots.write().unwrap_or_else(PoisonError::into_inner);
            let new = || Kept { slot: Arc::new(Slot::<T>::default()), inserted: false };
            Arc::clone(&slots.entry(id).or_insert_with(new).slot)
        });
        // Under a type's id lies that type's slot, so the downcast always succeeds.
        slot.downcast().unwrap_or_default()
    }
}

impl Default for Clients {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values are not shown: they hold credentials.
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
