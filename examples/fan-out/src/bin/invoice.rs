//! Writes the invoice of an order that was paid: `cargo run -p fan-out --bin invoice -- examples/fan-out/event.json`

use fan_out::desk::Desk;
use fan_out::order::{Order, invoice};
use pilaster::{BoxError, Client, Sns, lambda_handler};

// The filter of its subscription lets through what was paid.
#[lambda_handler(warm(Client<Desk>))]
async fn write(Client(desk): Client<Desk>, order: Sns<Order>) -> Result<(), BoxError> {
    let is_new = desk.once(format!("invoice#{}", order.id), invoice(&order)?).await?;
    tracing::info!(order = order.id, is_new, "wrote the invoice");
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
    async fn an_invoice_of_too_much_waits_for_a_person_and_the_others_are_written() {
        let (clients, desk) = (Clients::new(), Desk::in_memory());
        clients.insert(desk.clone());
        let function = Caller::new(handler(write)).with_clients(clients);
        let order = |id: &str, cents: u32| json!({ "id": id, "email": "ada@example.com", "product": "tea", "quantity": 2, "cents": cents });
        let paid = sns([order("o-1", 1805), order("o-2", 2_000_000), order("o-3", 5)]).attribute("kind", "paid");
        let report = Mapping::sqs(paid.through_sqs()).max_receive_count(5).run(&function).await;
        assert_eq!((report.completed().len(), report.dead_lettered().len()), (2, 1));
        let written = [("invoice#o-1", "2 x tea: 18.05 EUR"), ("invoice#o-3", "2 x tea: 0.05 EUR")];
        assert_eq!(desk.done(), written.map(|(id, what)| (id.to_owned(), what.to_owned())).into());
    }
}
