//! Changes the stock when an order is placed or cancelled. It may be below zero for a while: events come in any order.

use fan_out::{EventKind, Order, Store};
use pilaster::table::Transaction;
use pilaster::{BoxError, Client, Sns, lambda_handler};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The stock of a product, or a change of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Units {
    product: String,
    units: i64,
}

#[lambda_handler(warm(Client<Store>))]
async fn stock(Client(Store(table)): Client<Store>, order: Sns<Order>) -> Result<(), BoxError> {
    let (kind, product) = (EventKind::of(&order)?, &order.product);
    let units = match kind {
        EventKind::Placed => -i64::from(order.quantity),
        EventKind::Cancelled => i64::from(order.quantity),
        EventKind::Paid => return Ok(()), // The filter policy excludes these messages.
    };
    let change = Units { product: product.clone(), units };
    let (key, stock_key) = (format!("change#{kind:?}#{}", order.id), format!("stock#{product}"));
    // The change and the stock are written together, so a crash leaves either nothing or both.
    let work = async |transaction: Transaction| {
        match transaction.get::<Units>(&*key).await? {
            None => {}
            Some(made) if made == change => return Ok(false),
            Some(_) => return Err(BoxError::from("the order has changed the stock with other content")),
        }
        let stock = transaction.get::<Units>(&*stock_key).await?.map_or(0, |stock| stock.units);
        transaction.put(&*key, &change)?;
        transaction.put(&*stock_key, &Units { product: product.clone(), units: stock.saturating_add(units) })?;
        Ok(true)
    };
    let is_new = table.atomically(work).await?;
    tracing::info!(order = order.id, units, is_new, "changed the stock");
    Ok(())
}
