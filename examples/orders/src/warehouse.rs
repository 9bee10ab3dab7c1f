//! The [`Warehouse`] that ships orders, backed by memory or DynamoDB.

use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

use crate::order::{Order, ShipError};

/// The shipments, in the DynamoDB table named by `TABLE_NAME` or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Warehouse(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory(Arc<Mutex<Vec<Order>>>),
    #[cfg(feature = "aws")]
    DynamoDb {
        client: aws_sdk_dynamodb::Client,
        table: String,
    },
}

impl Warehouse {
    /// Creates a warehouse whose shipments are lost when the process ends.
    pub fn in_memory() -> Self {
        Self(Backend::Memory(Arc::default()))
    }

    /// Ships an order. Returns `false` if it was already shipped.
    ///
    /// A queue may deliver a message more than once. The shipment is recorded by one conditional write, so that of two
    /// concurrent deliveries only one ships the order.
    ///
    /// # Errors
    ///
    /// [`ShipError`].
    pub async fn ship(&self, order: &Order) -> Result<bool, ShipError> {
        order.check()?;
        match &self.0 {
            Backend::Memory(shipped) => {
                let mut shipped = shipped.lock().unwrap_or_else(PoisonError::into_inner);
                let is_new = shipped.iter().all(|other| other.id != order.id);
                if is_new {
                    shipped.push(order.clone());
                }
                Ok(is_new)
            }
            #[cfg(feature = "aws")]
            Backend::DynamoDb { client, table } => {
                dynamodb::put(client, table, order).await.map_err(ShipError::Warehouse)
            }
        }
    }

    /// Returns the shipped orders of an in-memory warehouse, oldest first.
    pub fn shipped(&self) -> Vec<Order> {
        match &self.0 {
            Backend::Memory(shipped) => shipped.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            #[cfg(feature = "aws")]
            Backend::DynamoDb { .. } => Vec::new(),
        }
    }
}

impl FromClients for Warehouse {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Backend::DynamoDb { client: clients.get().await?, table })),
            // Without a client, orders would silently be lost.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: shipments are kept in memory and lost when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}

#[cfg(feature = "aws")]
mod dynamodb {
    use std::time::{SystemTime, UNIX_EPOCH};

    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::types::AttributeValue::{N, S};
    use pilaster::BoxError;

    use crate::order::Order;

    /// Writes the shipment. Returns `false` if the order already has one.
    pub(super) async fn put(client: &Client, table: &str, order: &Order) -> Result<bool, BoxError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let put = client.put_item().table_name(table).item("order_id", S(order.id.clone()));
        let put = put.item("customer", S(order.customer.clone())).item("product", S(order.product.clone()));
        let put = put.item("quantity", N(order.quantity.to_string()));
        let put = put.item("shipped_at_ms", N(now.as_millis().to_string()));
        match put.condition_expression("attribute_not_exists(order_id)").send().await {
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
