//! The [`Outbox`], backed by memory or DynamoDB: a stand-in for the mail and stock services.

use std::collections::BTreeMap;
use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

/// The recorded actions, in the DynamoDB table named by `TABLE_NAME` or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory(Arc<Mutex<BTreeMap<String, String>>>),
    #[cfg(feature = "aws")]
    DynamoDb {
        client: aws_sdk_dynamodb::Client,
        table: String,
    },
}

impl Outbox {
    /// Creates an outbox that is lost when the process ends.
    pub fn in_memory() -> Self {
        Self(Backend::Memory(Arc::default()))
    }

    /// Records an action. Returns `false` if an action with this id was already recorded.
    ///
    /// Topics and queues may deliver a message more than once. One conditional write makes the action idempotent.
    ///
    /// # Errors
    ///
    /// The table is unavailable.
    pub async fn record(&self, id: String, action: String) -> Result<bool, BoxError> {
        match &self.0 {
            Backend::Memory(actions) => {
                let mut actions = actions.lock().unwrap_or_else(PoisonError::into_inner);
                let is_new = !actions.contains_key(&id);
                actions.entry(id).or_insert(action);
                Ok(is_new)
            }
            #[cfg(feature = "aws")]
            Backend::DynamoDb { client, table } => dynamodb::put(client, table, id, action).await,
        }
    }

    /// Returns the actions of an in-memory outbox by their ids.
    pub fn actions(&self) -> BTreeMap<String, String> {
        match &self.0 {
            Backend::Memory(actions) => actions.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            #[cfg(feature = "aws")]
            Backend::DynamoDb { .. } => BTreeMap::new(),
        }
    }
}

impl FromClients for Outbox {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Backend::DynamoDb { client: clients.get().await?, table })),
            // Without a client, messages would silently be lost.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: actions are kept in memory and lost when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}

#[cfg(feature = "aws")]
mod dynamodb {
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::types::AttributeValue::S;
    use pilaster::BoxError;

    /// Writes an action. Returns `false` if the id exists.
    pub(super) async fn put(client: &Client, table: &str, id: String, action: String) -> Result<bool, BoxError> {
        let put = client.put_item().table_name(table).item("id", S(id)).item("action", S(action));
        match put.condition_expression("attribute_not_exists(id)").send().await {
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
