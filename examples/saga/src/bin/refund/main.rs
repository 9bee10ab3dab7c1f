//! Cancels an order and refunds its charge, unless it was shipped.

#[cfg(test)]
mod tests;

use pilaster::{Client, Event, lambda_handler};
use saga::{Order, Progress, Shop, StepError};

#[lambda_handler(warm(Client<Shop>))]
async fn refund(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Progress, StepError> {
    shop.refund(&order).await
}
