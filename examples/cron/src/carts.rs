//! The [`Carts`] of a shop, backed by memory or DynamoDB. They read no clock: the caller passes the cut-off time.

use std::env;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::{BoxError, Clients, FromClients};

/// The carts, in the DynamoDB table named by `TABLE_NAME` or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Carts(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory(Arc<Mutex<Vec<Cart>>>),
    #[cfg(feature = "aws")]
    DynamoDb(dynamodb::Table),
}

/// A cart, reduced to the fields that the clean-up needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// The id of the cart.
    pub id: String,
    /// The time of the last change.
    pub touched_at: SystemTime,
}

impl Cart {
    /// Creates a cart that was last touched at this Unix time in seconds.
    pub fn new(id: &str, touched_at: u64) -> Self {
        Self { id: id.to_owned(), touched_at: UNIX_EPOCH + Duration::from_secs(touched_at) }
    }
}

impl Carts {
    /// Creates carts in memory that are lost when the process ends.
    pub fn in_memory(carts: impl IntoIterator<Item = Cart>) -> Self {
        Self(Backend::Memory(Arc::new(Mutex::new(carts.into_iter().collect()))))
    }

    /// Removes the carts not touched since this time, and returns their number. An interrupted run is continued by the
    /// next one.
    ///
    /// # Errors
    ///
    /// The table is unavailable.
    pub async fn remove_untouched(&self, since: SystemTime) -> Result<usize, BoxError> {
        match &self.0 {
            Backend::Memory(carts) => {
                let mut carts = carts.lock().unwrap_or_else(PoisonError::into_inner);
                let before = carts.len();
                carts.retain(|cart| cart.touched_at >= since);
                Ok(before - carts.len())
            }
            #[cfg(feature = "aws")]
            Backend::DynamoDb(table) => table.remove_untouched(since).await,
        }
    }

    /// Adds a cart to carts in memory.
    pub fn add(&self, cart: Cart) {
        match &self.0 {
            Backend::Memory(carts) => carts.lock().unwrap_or_else(PoisonError::into_inner).push(cart),
            #[cfg(feature = "aws")]
            Backend::DynamoDb(_) => {}
        }
    }
}

impl FromClients for Carts {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(name) => Ok(Self(Backend::DynamoDb(dynamodb::Table { client: clients.get().await?, name }))),
            // Without a client, the clean-up would silently do nothing.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: using three sample carts in memory");
                let (september, october, november) = (1_788_220_800, 1_792_634_399, 1_795_197_600);
                Ok(Self::in_memory(
                    [("ada", september), ("bob", october), ("eve", november)].map(|(id, at)| Cart::new(id, at)),
                ))
            }
        }
    }
}

#[cfg(feature = "aws")]
mod dynamodb {
    use std::time::{SystemTime, UNIX_EPOCH};

    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::types::AttributeValue;
    use pilaster::BoxError;

    #[derive(Clone, Debug)]
    pub(super) struct Table {
        pub(super) client: Client,
        pub(super) name: String,
    }

    impl Table {
        pub(super) async fn remove_untouched(&self, since: SystemTime) -> Result<usize, BoxError> {
            let since = AttributeValue::N(since.duration_since(UNIX_EPOCH)?.as_secs().to_string());
            let (mut removed, mut start) = (0, None);
            loop {
                let scan = self.client.scan().table_name(&self.name).projection_expression("id");
                let scan = scan.filter_expression("touched_at < :since");
                let scan = scan.expression_attribute_values(":since", since.clone());
                let page = scan.set_exclusive_start_key(start).send().await?;
                for mut cart in page.items.unwrap_or_default() {
                    if let Some(id) = cart.remove("id") {
                        removed += usize::from(self.remove(id, since.clone()).await?);
                    }
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    return Ok(removed);
                }
            }
        }

        /// Removes a cart. Returns `false` if it was touched or removed in the meantime.
        async fn remove(&self, id: AttributeValue, since: AttributeValue) -> Result<bool, BoxError> {
            let delete = self.client.delete_item().table_name(&self.name).key("id", id);
            let delete = delete.condition_expression("touched_at < :since");
            match delete.expression_attribute_values(":since", since).send().await {
                Ok(_) => Ok(true),
                Err(error)
                    if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
                {
                    Ok(false)
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}
