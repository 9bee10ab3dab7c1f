//! Where orders are shipped from: [`Warehouse`], over memory or DynamoDB.

use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

use crate::order::{Order, ShipError};

/// Shipments, in the DynamoDB table that `TABLE_NAME` names, or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Warehouse(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Memory(Arc<Mutex<Vec<Order>>>),
    #[cfg(feature = "aws")]
    DynamoDb {
        client: aws_sdk_dynamodb::Client,
        table: String,
    },
}

impl Warehouse {
    /// A warehouse that forgets its shipments when the process ends.
    pub fn in_memory() -> Self {
        Self(Kind::Memory(Arc::default()))
    }

    /// Ships an order, unless it was shipped before; whether it was shipped now.
    ///
    /// A queue delivers a message more than once now and then. What says that an order was shipped is the shipment itself, in
    /// one conditional write, so that of two deliveries at the same moment one does nothing.
    ///
    /// # Errors
    ///
    /// [`ShipError`].
    pub async fn ship(&self, order: &Order) -> Result<bool, ShipError> {
        order.check()?;
        match &self.0 {
            Kind::Memory(shipped) => {
                let mut shipped = shipped.lock().unwrap_or_else(PoisonError::into_inner);
                let is_new = shipped.iter().all(|other| other.id != order.id);
                if is_new {
                    shipped.push(order.clone());
                }
                Ok(is_new)
            }
            #[cfg(feature = "aws")]
            Kind::DynamoDb { client, table } => dynamodb::put(client, table, order).await.map_err(ShipError::Warehouse),
        }
    }

    /// What was shipped, in that order, by a warehouse in memory.
    pub fn shipped(&self) -> Vec<Order> {
        match &self.0 {
            Kind::Memory(shipped) => shipped.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            #[cfg(feature = "aws")]
            Kind::DynamoDb { .. } => Vec::new(),
        }
    }
}

impl FromClients for Warehouse {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Kind::DynamoDb { client: clients.get().await?, table })),
            // Without a client, orders would silently be forgotten.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!(
                    "TABLE_NAME is not set: shipments are kept in memory, and forgotten when this process ends"
                );
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

    /// Writes the shipment, if there is none of this order; whether there was none.
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
