//! Hands an order to the carrier, unless it was cancelled.

#[cfg(test)]
mod tests;

use pilaster::{Client, Event, lambda_handler};
use saga::{Order, Progress, Shop, StepError};

#[lambda_handler(warm(Client<Shop>))]
async fn ship(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Progress, StepError> {
    shop.ship(&order).await
}
