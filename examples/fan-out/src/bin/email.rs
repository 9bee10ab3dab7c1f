//! Notifies the customer of each event of an order: `cargo run -p fan-out -- examples/fan-out/event.json`

use fan_out::order::{EventKind, Order, email_body};
use fan_out::outbox::Outbox;
use pilaster::{BoxError, Client, Sns, lambda_handler};

#[lambda_handler(warm(Client<Outbox>))]
async fn email(Client(outbox): Client<Outbox>, order: Sns<Order>) -> Result<(), BoxError> {
    let kind = order.notification.attribute("kind");
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).ok_or("the message has no attribute `kind`")?;
    let body = email_body(kind.parse::<EventKind>()?, &order);
    let is_new = outbox.record(format!("email#{}#{kind}", order.id), body).await?;
    tracing::info!(order = order.id, kind, is_new, "sent the e-mail");
    Ok(())
}

#[cfg(test)]
mod tests {
    use pilaster::testing::{Caller, sns};
    use pilaster::{Clients, handler};
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn a_customer_is_notified_once_for_each_form_of_delivery() -> Result<(), Box<dyn std::error::Error>> {
        let (clients, outbox) = (Clients::new(), Outbox::in_memory());
        clients.insert(outbox.clone());
        let function = Caller::new(handler(email)).with_clients(clients);
        let response = function.call_text(include_str!("../../event.json")).await?;
        assert_eq!(response, json!({ "batchItemFailures": [] }));
        let expected = [("email#o-1#placed".to_owned(), "We have received your order o-1: 2 x tea.".to_owned())];
        assert_eq!(outbox.actions(), expected.into());

        let order = json!({ "id": "o-1", "email": "ada@example.com", "product": "tea", "quantity": 2, "cents": 1800 });
        let again = sns([order]).attribute("kind", "placed");
        for event in [again.event(), again.through_sqs().event(), again.through_sqs_raw().event()] {
            function.call(event).await?;
        }
        assert_eq!(outbox.actions().len(), 1);
        Ok(())
    }

    #[tokio::test]
    async fn a_message_without_a_known_kind_is_retried_alone() -> Result<(), Box<dyn std::error::Error>> {
        let clients = Clients::new();
        clients.insert(Outbox::in_memory());
        let function = Caller::new(handler(email)).with_clients(clients);
        let order = json!({ "id": "o-1", "email": "ada@example.com", "product": "tea", "quantity": 2, "cents": 1800 });
        for event in
            [sns([&order]), sns([&order]).attribute("kind", "lost"), sns([&Value::Null]).attribute("kind", "paid")]
        {
            let response = function.call(event.through_sqs()).await?;
            assert_eq!(response["batchItemFailures"].as_array().map(Vec::len), Some(1), "{response}");
        }
        Ok(())
    }
}
