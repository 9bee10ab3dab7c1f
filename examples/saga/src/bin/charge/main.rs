//! Charges the card of an order, once.

#[cfg(test)]
mod tests;

use pilaster::{Client, Event, lambda_handler};
use saga::{Order, Progress, Shop, StepError};

#[lambda_handler(warm(Client<Shop>))]
async fn charge(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Progress, StepError> {
    shop.charge(&order).await
}
