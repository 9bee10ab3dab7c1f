//! The catalogue of item prices.

use std::env;

use pilaster::{BoxError, Clients, FromClients};
use tracing::Instrument;

/// The prices, in the DynamoDB table named by `CATALOGUE_TABLE` or in memory.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory,
    #[cfg(feature = "aws")]
    DynamoDb {
        client: aws_sdk_dynamodb::Client,
        table: String,
    },
}

impl Catalogue {
    /// Creates a catalogue in memory that contains umbrellas only.
    pub(crate) fn in_memory() -> Self {
        Self(Backend::Memory)
    }

    /// Returns the price of an item in cents. The SDK adds a child span for the DynamoDB call.
    pub(crate) async fn price(&self, item: &str) -> Result<Option<u64>, BoxError> {
        self.find(item).instrument(tracing::info_span!("look up", item)).await
    }

    async fn find(&self, item: &str) -> Result<Option<u64>, BoxError> {
        match &self.0 {
            Backend::Memory => Ok((item == "umbrella").then_some(1990)),
            #[cfg(feature = "aws")]
            Backend::DynamoDb { client, table } => {
                use aws_sdk_dynamodb::types::AttributeValue;
                let get = client.get_item().table_name(table).key("id", AttributeValue::S(item.to_owned()));
                let found = get.send().await?.item;
                let cents = found.as_ref().and_then(|item| item.get("cents")).and_then(|cents| cents.as_n().ok());
                Ok(cents.map(|cents| cents.parse()).transpose()?)
            }
        }
    }
}

impl FromClients for Catalogue {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("CATALOGUE_TABLE").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Backend::DynamoDb { client: clients.get().await?, table })),
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("CATALOGUE_TABLE is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                Ok(Self::in_memory())
            }
        }
    }
}
