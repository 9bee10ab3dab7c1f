//! Updates the stock when an order is placed or cancelled:
//! `cargo run -p fan-out --bin stock -- examples/fan-out/event.json`

use fan_out::order::{EventKind, Order, stock_change};
use fan_out::outbox::Outbox;
use pilaster::{BoxError, Client, Sns, lambda_handler};

#[lambda_handler(warm(Client<Outbox>))]
async fn stock(Client(outbox): Client<Outbox>, order: Sns<Order>) -> Result<(), BoxError> {
    let kind = order.notification.attribute("kind");
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).ok_or("the message has no attribute `kind`")?;
    // The filter policy excludes these kinds; ignore them if it is ever widened.
    let Some(change) = stock_change(kind.parse::<EventKind>()?, &order) else { return Ok(()) };
    let is_new = outbox.record(format!("stock#{}#{kind}", order.id), format!("{change:+} {}", order.product)).await?;
    tracing::info!(order = order.id, change, is_new, "updated the stock");
    Ok(())
}

#[cfg(test)]
mod tests {
    use pilaster::testing::{Caller, sns};
    use pilaster::{Clients, handler};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_placed_order_decreases_the_stock_and_a_cancelled_one_restores_it()
    -> Result<(), Box<dyn std::error::Error>> {
        let (clients, outbox) = (Clients::new(), Outbox::in_memory());
        clients.insert(outbox.clone());
        let function = Caller::new(handler(stock)).with_clients(clients);
        let order = json!({ "id": "o-1", "email": "ada@example.com", "product": "tea", "quantity": 2, "cents": 1800 });
        for kind in ["placed", "paid", "cancelled", "placed"] {
            // Raw delivery, as in `template.yaml`.
            let response = function.call(sns([&order]).attribute("kind", kind).through_sqs_raw()).await?;
            assert_eq!(response, json!({ "batchItemFailures": [] }));
        }
        let expected = [("stock#o-1#cancelled", "+2 tea"), ("stock#o-1#placed", "-2 tea")];
        assert_eq!(outbox.actions(), expected.map(|(id, action)| (id.to_owned(), action.to_owned())).into());
        Ok(())
    }
}
