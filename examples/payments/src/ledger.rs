//! The ledger of charges: a stand-in for the bank. Each entry is a charge to a customer.

use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

use crate::payments::{NewPayment, Payment};

/// The charges, in the DynamoDB table named by `LEDGER_TABLE` or in memory.
#[derive(Clone, Debug)]
pub struct Ledger(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory(Arc<Mutex<Vec<Payment>>>),
    #[cfg(feature = "aws")]
    DynamoDb {
        client: aws_sdk_dynamodb::Client,
        table: String,
    },
}

impl Ledger {
    /// Creates a ledger in memory.
    pub fn in_memory() -> Self {
        Self(Backend::Memory(Arc::default()))
    }

    /// Charges a payment. Not idempotent: each call charges again.
    ///
    /// # Errors
    ///
    /// [`InvalidAmount`](crate::payments::InvalidAmount), or the ledger is unavailable.
    pub async fn charge(&self, new: NewPayment) -> Result<Payment, BoxError> {
        let payment = new.charged()?;
        match &self.0 {
            Backend::Memory(entries) => entries.lock().unwrap_or_else(PoisonError::into_inner).push(payment.clone()),
            #[cfg(feature = "aws")]
            Backend::DynamoDb { client, table } => {
                use aws_sdk_dynamodb::types::AttributeValue;
                let put = client.put_item().table_name(table);
                let put = put.item("id", AttributeValue::S(payment.id.to_string()));
                let put = put.item("order_id", AttributeValue::S(payment.order_id.clone()));
                put.item("amount", AttributeValue::N(payment.amount.to_string())).send().await?;
            }
        }
        Ok(payment)
    }

    /// Returns the charges of an in-memory ledger.
    pub fn entries(&self) -> Vec<Payment> {
        match &self.0 {
            Backend::Memory(entries) => entries.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            #[cfg(feature = "aws")]
            Backend::DynamoDb { .. } => Vec::new(),
        }
    }
}

impl FromClients for Ledger {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("LEDGER_TABLE").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Backend::DynamoDb { client: clients.get().await?, table })),
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("LEDGER_TABLE is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("LEDGER_TABLE is not set: charges are kept in memory and lost when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}
