//! The ledger: an item for each order, and one for the stock of each product.

use pilaster::table::Transaction;
use serde::{Deserialize, Serialize};

use crate::order::{Order, Progress, Stage, StepError};
use crate::shop::Shop;

#[derive(Serialize, Deserialize)]
struct Entry {
    order: Order,
    progress: Progress,
}

#[derive(Default, Serialize, Deserialize)]
struct Stock {
    units: u64,
}

impl Shop {
    /// Does a step, which returns the new stage of the order, and changes the stock by as much as the reserved units
    /// change, in one transaction. If too few units are left, the new stage is [`Stage::OutOfStock`] instead.
    pub(crate) async fn record<S>(&self, order: &Order, step: S) -> Result<Progress, StepError>
    where
        S: Fn(&mut Progress) -> Result<Stage, StepError>,
    {
        #[cfg(test)] // Other calls run here, and a call may be cut off here.
        tokio::task::yield_now().await;
        let (order_key, stock_key) = (format!("order#{}", order.id), format!("stock#{}", order.product));
        let work = async |transaction: Transaction| {
            let entry = transaction.get::<Entry>(order_key.as_str()).await?;
            if entry.as_ref().is_some_and(|entry| entry.order != *order) {
                return Err(StepError::OrderDiffers);
            }
            let before = entry.map(|entry| entry.progress).unwrap_or_default();
            let mut after = before.clone();
            after.stage = step(&mut after)?;
            if after.reserved != before.reserved {
                let stock = transaction.get::<Stock>(stock_key.as_str()).await?.unwrap_or_default();
                match (stock.units + before.reserved).checked_sub(after.reserved) {
                    Some(units) => transaction.put(stock_key.as_str(), &Stock { units })?,
                    None => after = Progress { stage: Stage::OutOfStock, ..before.clone() },
                }
            }
            if after != before {
                transaction.put(order_key.as_str(), &Entry { order: order.clone(), progress: after.clone() })?;
            }
            Ok(after)
        };
        let progress = self.table.atomically(work).await?;
        tracing::info!(order = order.id, stage = ?progress.stage, "recorded");
        #[cfg(test)]
        tokio::task::yield_now().await;
        Ok(progress)
    }
}
