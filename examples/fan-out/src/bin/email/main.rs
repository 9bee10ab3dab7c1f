//! Sends the customer an e-mail about each event of an order.

use fan_out::{EventKind, Order, Store};
use pilaster::table::Table;
use pilaster::{BoxError, Client, Sns, lambda_handler};
use serde_json::json;

#[cfg(test)]
mod tests;

#[lambda_handler(warm(Client<Store>))]
async fn email(Client(Store(table)): Client<Store>, order: Sns<Order>) -> Result<(), BoxError> {
    let (kind, id) = (EventKind::of(&order)?, &order.id);
    let text = match kind {
        EventKind::Placed => format!("We have received your order {id}: {} x {}.", order.quantity, order.product),
        EventKind::Paid => format!("We have received your payment for order {id}."),
        EventKind::Cancelled => format!("Your order {id} has been cancelled."),
    };
    let (key, sent) = (format!("{kind:?}#{id}"), format!("sent#{kind:?}#{id}"));
    let recorded = table.get::<Order>(&*sent).await?;
    let is_new = recorded.is_none();
    match recorded {
        None => {
            send(&table, &key, &order.email, &text).await?;
            // After the sending: a crash in between sends again, with the same key, and no e-mail is lost.
            table.put(&*sent, &order.message).await?;
        }
        Some(recorded) if recorded == order.message => {}
        Some(_) => return Err("the order has an e-mail about other content".into()),
    }
    tracing::info!(order = id, ?kind, is_new, "sent the e-mail");
    Ok(())
}

/// A stand-in for the API of an e-mail provider. It sends one e-mail per idempotency key, and keeps it in the table.
async fn send(table: &Table, key: &str, to: &str, text: &str) -> Result<(), BoxError> {
    if !to.contains('@') {
        return Err("the provider rejects the address".into());
    }
    let _ = table.put_if_absent(format!("provider#{key}"), &json!({ "to": to, "text": text })).await?;
    Ok(())
}
