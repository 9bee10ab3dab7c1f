//! Issues the invoice of a paid order. The filter policy of the subscription selects these messages.

use fan_out::{Order, Store};
use pilaster::table::PutIfAbsent;
use pilaster::{BoxError, Client, Sns, lambda_handler};

#[cfg(test)]
mod tests;

/// The largest invoice that is issued without manual review, in minor units.
const MAX_AMOUNT: i64 = 1_000_000;

#[lambda_handler(warm(Client<Store>))]
async fn issue(Client(Store(table)): Client<Store>, order: Sns<Order>) -> Result<(), BoxError> {
    if !(1..=MAX_AMOUNT).contains(&order.total.amount) {
        return Err("the amount of the invoice needs manual review".into());
    }
    // One conditional write is the whole effect, so a crash leaves either nothing or the invoice.
    let is_new = match table.put_if_absent(format!("invoice#{}", order.id), &order.message).await? {
        PutIfAbsent::Stored => true,
        PutIfAbsent::Present(issued) if issued == order.message => false,
        PutIfAbsent::Present(_) => return Err("the order has an invoice with other content".into()),
    };
    tracing::info!(order = order.id, is_new, "issued the invoice");
    Ok(())
}
