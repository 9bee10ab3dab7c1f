//! The ledger of charges: stands for the bank. Each entry is money that was taken from somebody.

use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

use crate::payments::{NewPayment, Payment};

/// Charges, in the DynamoDB table that `LEDGER_TABLE` names, or in memory.
#[derive(Clone, Debug)]
pub struct Ledger(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Memory(Arc<Mutex<Vec<Payment>>>),
    #[cfg(feature = "aws")]
    DynamoDb {
        client: aws_sdk_dynamodb::Client,
        table: String,
    },
}

impl Ledger {
    /// A ledger in this process.
    pub fn in_memory() -> Self {
        Self(Kind::Memory(Arc::default()))
    }

    /// Takes the money, each time that it is called.
    ///
    /// # Errors
    ///
    /// [`Declined`](crate::payments::Declined), or the ledger cannot be reached.
    pub async fn charge(&self, new: NewPayment) -> Result<Payment, BoxError> {
        let payment = new.charged()?;
        match &self.0 {
            Kind::Memory(entries) => entries.lock().unwrap_or_else(PoisonError::into_inner).push(payment.clone()),
            #[cfg(feature = "aws")]
            Kind::DynamoDb { client, table } => {
                use aws_sdk_dynamodb::types::AttributeValue;
                let put = client.put_item().table_name(table);
                let put = put.item("id", AttributeValue::S(payment.id.to_string()));
                let put = put.item("order_id", AttributeValue::S(payment.order_id.clone()));
                put.item("amount", AttributeValue::N(payment.amount.to_string())).send().await?;
            }
        }
        Ok(payment)
    }

    /// What was charged, of a ledger in memory.
    pub fn entries(&self) -> Vec<Payment> {
        match &self.0 {
            Kind::Memory(entries) => entries.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            #[cfg(feature = "aws")]
            Kind::DynamoDb { .. } => Vec::new(),
        }
    }
}

impl FromClients for Ledger {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("LEDGER_TABLE").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Kind::DynamoDb { client: clients.get().await?, table })),
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("LEDGER_TABLE is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("LEDGER_TABLE is not set: charges are kept in memory");
                Ok(Self::in_memory())
            }
        }
    }
}
