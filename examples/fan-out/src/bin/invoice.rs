//! Issues the invoice of a paid order: `cargo run -p fan-out --bin invoice -- examples/fan-out/event.json`

use fan_out::order::{Order, invoice};
use fan_out::outbox::Outbox;
use pilaster::{BoxError, Client, Sns, lambda_handler};

// The filter policy of the subscription selects paid orders.
#[lambda_handler(warm(Client<Outbox>))]
async fn issue(Client(outbox): Client<Outbox>, order: Sns<Order>) -> Result<(), BoxError> {
    let is_new = outbox.record(format!("invoice#{}", order.id), invoice(&order)?).await?;
    tracing::info!(order = order.id, is_new, "issued the invoice");
    Ok(())
}

#[cfg(test)]
mod tests {
    use pilaster::testing::mapping::Mapping;
    use pilaster::testing::{Caller, sns};
    use pilaster::{Clients, handler};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn an_invoice_above_the_limit_is_dead_lettered_and_the_others_are_issued() {
        let (clients, outbox) = (Clients::new(), Outbox::in_memory());
        clients.insert(outbox.clone());
        let function = Caller::new(handler(issue)).with_clients(clients);
        let order = |id: &str, cents: u32| json!({ "id": id, "email": "ada@example.com", "product": "tea", "quantity": 2, "cents": cents });
        let paid = sns([order("o-1", 1805), order("o-2", 2_000_000), order("o-3", 5)]).attribute("kind", "paid");
        let report = Mapping::sqs(paid.through_sqs()).max_receive_count(5).run(&function).await;
        assert_eq!((report.completed().len(), report.dead_lettered().len()), (2, 1));
        let expected = [("invoice#o-1", "2 x tea: 18.05 EUR"), ("invoice#o-3", "2 x tea: 0.05 EUR")];
        assert_eq!(outbox.actions(), expected.map(|(id, action)| (id.to_owned(), action.to_owned())).into());
    }
}
