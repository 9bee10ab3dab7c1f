//! The catalogue: what an item costs.

use std::env;

use pilaster::{BoxError, Clients, FromClients};
use tracing::Instrument;

/// Prices, in the DynamoDB table that `CATALOGUE_TABLE` names, or in memory.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Memory,
    #[cfg(feature = "aws")]
    DynamoDb {
        client: aws_sdk_dynamodb::Client,
        table: String,
    },
}

impl Catalogue {
    /// One that knows umbrellas.
    pub(crate) fn in_memory() -> Self {
        Self(Kind::Memory)
    }

    /// The price of one, in cents. The call of DynamoDB is a span of its own below this one.
    pub(crate) async fn price(&self, item: &str) -> Result<Option<u64>, BoxError> {
        self.find(item).instrument(tracing::info_span!("look up", item)).await
    }

    async fn find(&self, item: &str) -> Result<Option<u64>, BoxError> {
        match &self.0 {
            Kind::Memory => Ok((item == "umbrella").then_some(1990)),
            #[cfg(feature = "aws")]
            Kind::DynamoDb { client, table } => {
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
            Some(table) => Ok(Self(Kind::DynamoDb { client: clients.get().await?, table })),
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
