//! Counts what an order takes out of the stock, or puts back: `cargo run -p fan-out --bin stock -- examples/fan-out/event.json`

use fan_out::desk::Desk;
use fan_out::order::{Kind, Order, movement};
use pilaster::{BoxError, Client, Sns, lambda_handler};

#[lambda_handler(warm(Client<Desk>))]
async fn stock(Client(desk): Client<Desk>, order: Sns<Order>) -> Result<(), BoxError> {
    let kind = order.notification.attribute("kind");
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).ok_or("the message has no attribute `kind`")?;
    // Should the filter of its subscription be widened, there is nothing to be counted.
    let Some(by) = movement(kind.parse::<Kind>()?, &order) else { return Ok(()) };
    let is_new = desk.once(format!("stock#{}#{kind}", order.id), format!("{by:+} {}", order.product)).await?;
    tracing::info!(order = order.id, by, is_new, "counted");
    Ok(())
}

#[cfg(test)]
mod tests {
    use pilaster::testing::{Caller, sns};
    use pilaster::{Clients, handler};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_is_placed_goes_out_and_what_is_cancelled_comes_back() -> Result<(), Box<dyn std::error::Error>> {
        let (clients, desk) = (Clients::new(), Desk::in_memory());
        clients.insert(desk.clone());
        let function = Caller::new(handler(stock)).with_clients(clients);
        let order = json!({ "id": "o-1", "email": "ada@example.com", "product": "tea", "quantity": 2, "cents": 1800 });
        for kind in ["placed", "paid", "cancelled", "placed"] {
            // As `template.yaml` has it: by raw delivery.
            let answer = function.call(sns([&order]).attribute("kind", kind).through_sqs_raw()).await?;
            assert_eq!(answer, json!({ "batchItemFailures": [] }));
        }
        let counted = [("stock#o-1#cancelled", "+2 tea"), ("stock#o-1#placed", "-2 tea")];
        assert_eq!(desk.done(), counted.map(|(id, what)| (id.to_owned(), what.to_owned())).into());
        Ok(())
    }
}
