//! What was done: [`Desk`], over memory or DynamoDB. It stands for whoever sends letters and counts boxes.

use std::collections::BTreeMap;
use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

/// A desk: in the DynamoDB table that `TABLE_NAME` names, or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Memory(Arc<Mutex<BTreeMap<String, String>>>),
    #[cfg(feature = "aws")]
    DynamoDb {
        client: aws_sdk_dynamodb::Client,
        table: String,
    },
}

impl Desk {
    /// A desk that is forgotten when the process ends.
    pub fn in_memory() -> Self {
        Self(Kind::Memory(Arc::default()))
    }

    /// Does something, unless it was done before; whether it was done now.
    ///
    /// A topic and a queue both send a message more than once now and then. What says that it was done is what was done, in one
    /// conditional write.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being done.
    pub async fn once(&self, id: String, what: String) -> Result<bool, BoxError> {
        match &self.0 {
            Kind::Memory(done) => {
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                let is_new = !done.contains_key(&id);
                done.entry(id).or_insert(what);
                Ok(is_new)
            }
            #[cfg(feature = "aws")]
            Kind::DynamoDb { client, table } => dynamodb::put(client, table, id, what).await,
        }
    }

    /// What was done at a desk in memory, by its id.
    pub fn done(&self) -> BTreeMap<String, String> {
        match &self.0 {
            Kind::Memory(done) => done.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            #[cfg(feature = "aws")]
            Kind::DynamoDb { .. } => BTreeMap::new(),
        }
    }
}

impl FromClients for Desk {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Kind::DynamoDb { client: clients.get().await?, table })),
            // Without a client, messages would silently be forgotten.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!(
                    "TABLE_NAME is not set: what is done is kept in memory, and forgotten when this process ends"
                );
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

    /// Writes it, if there is nothing with this id; whether there was nothing.
    pub(super) async fn put(client: &Client, table: &str, id: String, what: String) -> Result<bool, BoxError> {
        let put = client.put_item().table_name(table).item("id", S(id)).item("what", S(what));
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
