//! Tells the customer of everything that happens to an order: `cargo run -p fan-out -- examples/fan-out/event.json`

use fan_out::desk::Desk;
use fan_out::order::{Kind, Order, letter};
use pilaster::{BoxError, Client, Sns, lambda_handler};

#[lambda_handler(warm(Client<Desk>))]
async fn email(Client(desk): Client<Desk>, order: Sns<Order>) -> Result<(), BoxError> {
    let kind = order.notification.attribute("kind");
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).ok_or("the message has no attribute `kind`")?;
    let what = letter(kind.parse::<Kind>()?, &order);
    let is_new = desk.once(format!("email#{}#{kind}", order.id), what).await?;
    tracing::info!(order = order.id, kind, is_new, "told the customer");
    Ok(())
}

#[cfg(test)]
mod tests {
    use pilaster::testing::{Caller, sns};
    use pilaster::{Clients, handler};
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn a_customer_is_told_once_in_whatever_form_the_message_comes() -> Result<(), Box<dyn std::error::Error>> {
        let (clients, desk) = (Clients::new(), Desk::in_memory());
        clients.insert(desk.clone());
        let function = Caller::new(handler(email)).with_clients(clients);
        let answer = function.call_text(include_str!("../../event.json")).await?;
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        let told = [("email#o-1#placed".to_owned(), "We have your order o-1: 2 x tea.".to_owned())];
        assert_eq!(desk.done(), told.into());

        let order = json!({ "id": "o-1", "email": "ada@example.com", "product": "tea", "quantity": 2, "cents": 1800 });
        let again = sns([order]).attribute("kind", "placed");
        for event in [again.event(), again.through_sqs().event(), again.through_sqs_raw().event()] {
            function.call(event).await?;
        }
        assert_eq!(desk.done().len(), 1);
        Ok(())
    }

    #[tokio::test]
    async fn what_says_nothing_of_its_kind_comes_again_alone() -> Result<(), Box<dyn std::error::Error>> {
        let clients = Clients::new();
        clients.insert(Desk::in_memory());
        let function = Caller::new(handler(email)).with_clients(clients);
        let order = json!({ "id": "o-1", "email": "ada@example.com", "product": "tea", "quantity": 2, "cents": 1800 });
        for event in
            [sns([&order]), sns([&order]).attribute("kind", "lost"), sns([&Value::Null]).attribute("kind", "paid")]
        {
            let answer = function.call(event.through_sqs()).await?;
            assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1), "{answer}");
        }
        Ok(())
    }
}
